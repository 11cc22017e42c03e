# Stands in for docker.io/matrixdotorg/synapse:v<version>: the same Synapse from PyPI, on Debian's Python, with the
# Debian packages that the original's last stage has. PostgreSQL's driver is Debian's, so that nothing is compiled. It
# lacks pip and /start.py, which our entrypoint replaces.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
ARG SYNAPSE_VERSION
# Debian keeps the newest version of a package only, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl gosu libjpeg62-turbo libpq5 libwebp7 xmlsec1 libjemalloc2 \
      openssl python3 python3-psycopg2 \
 && rm -rf /var/lib/apt/lists/*
RUN --mount=type=bind,source=uv,target=/uv \
    /uv venv --quiet --allow-existing --python /usr/bin/python3 /usr/local \
 && cp -r /usr/lib/python3/dist-packages/psycopg2* /usr/local/lib/python3.*/site-packages/ \
 && /uv pip install --quiet --system-certs --cache-dir /var/cache/uv --link-mode copy --compile-bytecode \
      --python /usr/local/bin/python "matrix-synapse[postgres,oidc,jwt,url-preview,redis]==${SYNAPSE_VERSION}"
VOLUME ["/data"]
EXPOSE 8008/tcp 8009/tcp 8448/tcp
HEALTHCHECK --interval=15s --timeout=5s --start-period=5s CMD ["curl", "-fSs", "http://localhost:8008/health"]
