#!/usr/bin/env bash
# tools.sh [k8s] [coredns] [helm]: builds the cluster's programs from Go modules into E2E_BIN (default: k8s coredns helm).
# Everything Debian has as a binary (etcd, containerd, runc, CNI plugins, iptables, conntrack) is not built here.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${K8S_VERSION:=1.36.3}" "${COREDNS_VERSION:=v1.13.1}" "${HELM_VERSION:=v3.22.0}"
: "${E2E_TOOLS:=$E2E_STATE/tools}" "${E2E_JOBS:=2}"
need go
export GOTOOLCHAIN=local GOTELEMETRY=off CGO_ENABLED=0

mkdir -p "$E2E_BIN" "$E2E_TOOLS"
MINOR="$(echo "$K8S_VERSION" | cut -d. -f2)"; STAGING_VERSION="v0.${K8S_VERSION#1.}"
# the staging modules that k8s.io/kubernetes names with v0.0.0 and that a consumer must pin itself
STAGING="api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin sample-controller"
[ "$MINOR" -lt 36 ] || STAGING="$STAGING cri-streaming streaming"
build_k8s() {
  local d="$E2E_TOOLS/k8s-$K8S_VERSION" m c p=k8s.io/component-base/version cmds="${K8S_COMMANDS:-kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl}"
  mkdir -p "$d"; cd "$d"
  if [ ! -e go.sum ]; then
    { echo "module e2e.test/k8s"; echo; echo "go 1.$([ "$MINOR" -ge 36 ] && echo 26.0 || echo 24.0)"; echo
      echo "require k8s.io/kubernetes v$K8S_VERSION"; echo
      echo "replace ("; for m in $STAGING; do echo "	k8s.io/$m => k8s.io/$m $STAGING_VERSION"; done; echo ")"; } > go.mod
    # "go get -tool" resolves what the commands import and nothing else; "go mod tidy" would want every test's modules too
    # shellcheck disable=SC2046
    go get -tool $(for c in $cmds; do echo "k8s.io/kubernetes/cmd/$c@v$K8S_VERSION"; done)
  fi
  for c in $cmds; do
    log "building $c"; local s; s=$(date +%s)
    go build -p "$E2E_JOBS" -trimpath -ldflags "-s -w -X $p.gitVersion=v$K8S_VERSION -X $p.gitMajor=1 -X $p.gitMinor=$MINOR -X $p.gitTreeState=clean" -o "$E2E_BIN/$c" "k8s.io/kubernetes/cmd/$c"
    log "$c: $(( $(date +%s) - s )) s, $(du -h "$E2E_BIN/$c" | cut -f1)"
  done
}
build_coredns() {
  local d="$E2E_TOOLS/coredns-$COREDNS_VERSION" p; mkdir -p "$d"; cd "$d"
  local plugins="bind reload health ready errors log cache hosts kubernetes forward"
  { echo "package main"; echo; echo 'import ('
    echo '	"github.com/coredns/coredns/core/dnsserver"'; echo '	"github.com/coredns/coredns/coremain"'
    for p in $plugins metrics; do echo "	_ \"github.com/coredns/coredns/plugin/$p\""; done; echo ')'; echo
    echo 'func init() {'; printf '	dnsserver.Directives = []string{"prometheus"'; for p in $plugins; do printf ', "%s"' "$p"; done; echo '}'; echo '}'; echo
    echo 'func main() { coremain.Run() }'; } > main.go
  if [ ! -e go.sum ]; then rm -f go.mod; go mod init e2e.test/coredns; go get "github.com/coredns/coredns@$COREDNS_VERSION"; go get .; fi
  go build -p "$E2E_JOBS" -trimpath -ldflags "-s -w" -o "$E2E_BIN/coredns" .
}
build_helm() { GOBIN="$E2E_BIN" go install -p "$E2E_JOBS" -trimpath -ldflags "-s -w" "helm.sh/helm/v3/cmd/helm@$HELM_VERSION"; }
[ $# -gt 0 ] || set -- k8s coredns helm
for t in "$@"; do "build_$t"; done
