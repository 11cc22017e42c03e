# Stands in for docker.io/library/postgres:16-alpine, of which the one-shot tasks use the shell and psql alone.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
# Debian keeps the newest version of a package only, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
