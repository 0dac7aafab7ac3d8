# Two images: `--target node` is a member, `--target operator` the operator. What they hold is laid
# out outside (`npm run build && npm run stage:images`): built JavaScript and the packages that it
# imports, no toolchain, no network. BASE is any image with Node.js 24 or later as `node`; neither a
# shell nor npm is needed.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS node
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zkcluster" \
      org.opencontainers.image.description="A ZooKeeper 3.9 member" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
COPY --chown=1000:1000 build/images/empty/ /data/
COPY --chown=1000:1000 build/images/empty/ /datalog/
COPY --chown=1000:1000 build/images/empty/ /conf/
COPY --chown=1000:1000 build/images/empty/ /logs/
COPY build/images/node/ /app/
USER 1000:1000
VOLUME ["/data", "/datalog", "/conf", "/logs"]
EXPOSE 2181 2888 3888 7000 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/dist/node/main.js", "--health"]
ENTRYPOINT ["node", "/app/dist/node/main.js"]
CMD []

FROM ${BASE} AS operator
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zkcluster-operator" \
      org.opencontainers.image.description="Runs ZooKeeper ensembles on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
COPY build/images/operator/ /app/
USER 1000:1000
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/operator/main.js"]
CMD []
