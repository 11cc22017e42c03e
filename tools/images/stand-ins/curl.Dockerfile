# Stands in for docker.io/curlimages/curl, of which the metadata task uses the shell and curl.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
# Debian keeps the newest version of a package only, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/*
USER 100:101
