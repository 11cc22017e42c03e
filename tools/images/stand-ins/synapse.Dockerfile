# Stands in for docker.io/matrixdotorg/synapse:v<version>: the same Synapse from PyPI, on Debian's Python, with the
# Debian packages that the original's last stage has. It lacks /start.py, which our entrypoint replaces.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
ARG SYNAPSE_VERSION
# Debian keeps the newest version of a package only, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl gosu libjpeg62-turbo libpq5 libwebp7 xmlsec1 libjemalloc2 \
      openssl python3-venv gcc libc6-dev libpq-dev python3-dev \
 && python3 -m venv /usr/local \
 && /usr/local/bin/pip install --no-cache-dir "matrix-synapse[postgres,oidc,jwt,url-preview,redis]==${SYNAPSE_VERSION}" \
 && apt-get purge -y --auto-remove gcc libc6-dev libpq-dev python3-dev \
 && rm -rf /var/lib/apt/lists/*
VOLUME ["/data"]
EXPOSE 8008/tcp 8009/tcp 8448/tcp
