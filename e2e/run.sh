#!/usr/bin/env bash
# npm run test:e2e [-- NAME...]: the end-to-end tests (those whose file names contain a NAME).
#
# Makes a throw-away Kubernetes of three nodes in namespaces of this machine (Linux, root), with our
# images, and takes it down afterwards; E2E_KEEP=1 leaves it running. Kubernetes is built from Go
# modules once, into the cache folder. With KUBECONFIG set it uses that cluster instead, which must
# have the images E2E_NODE_IMAGE, E2E_OPERATOR_IMAGE and E2E_LOAD_IMAGE.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export E2E_BIN="${E2E_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/zkcluster/e2e/bin}"
export E2E_TOOLS="${E2E_TOOLS:-${E2E_BIN%/bin}/tools}" E2E_NODES="${E2E_NODES:-3}"
export E2E_STATE="${E2E_STATE:-$PWD/.e2e}" PATH="$PWD/node_modules/.bin:$E2E_BIN:$PATH"
TESTS=()
for file in e2e/*.test.ts; do
  [ $# -eq 0 ] && TESTS+=("$file")
  for name in "$@"; do case "$file" in *"$name"*) TESTS+=("$file") ;; esac; done
done
[ ${#TESTS[@]} -gt 0 ] || { echo "no file of e2e/*.test.ts contains: $*" >&2; exit 2; }
RUN=(node --import tsx --test --test-concurrency=1 "${TESTS[@]}")

[ -z "${KUBECONFIG:-}" ] || exec "${RUN[@]}"

missing=()
for each in etcd:etcd-server containerd:containerd runc:runc iptables:iptables conntrack:conntrack \
  catatonit:catatonit buildah:buildah openssl:openssl ip:iproute2; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${each%%:*}" > /dev/null || missing+=("${each#*:}")
done
[ -x /usr/lib/cni/bridge ] || missing+=(containernetworking-plugins)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
fi
tools=()
[ -x "$E2E_BIN/kubelet" ] && [ -x "$E2E_BIN/kubectl" ] || tools+=(k8s)
[ -x "$E2E_BIN/coredns" ] || tools+=(coredns)
[ -x "$E2E_BIN/helm" ] || tools+=(helm)
[ ${#tools[@]} -eq 0 ] || e2e/cluster/tools.sh "${tools[@]}"

export BASE=localhost/node-tiny:24-bookworm-slim
e2e/cluster/image-pause.sh
e2e/cluster/image-base.sh tiny > /dev/null 2>&1
npm run -s build
npm run -s stage:images
build() { e2e/cluster/image-build.sh "localhost/zkcluster-$1:e2e" . --build-arg "BASE=$BASE" "${@:2}" > /dev/null; }
build node --target node
build operator --target operator
build load -f e2e/Dockerfile

[ -n "${E2E_KEEP:-}" ] || trap 'e2e/cluster/cluster-down.sh' EXIT
e2e/cluster/cluster-up.sh
e2e/cluster/cluster-exec.sh "${RUN[@]}"
