# Stands in for docker.io/library/postgres:16-alpine, of which the one-shot tasks use the shell and psql alone.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
