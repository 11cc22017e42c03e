# Stands in for docker.io/curlimages/curl, of which the metadata task uses the shell and curl.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/*
USER 100:101
