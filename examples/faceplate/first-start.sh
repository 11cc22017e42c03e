#!/bin/sh
set -eu
dnf install --assumeyes docker jq
systemctl enable --now docker
cat > /usr/local/bin/deploy <<'END_OF_SCRIPT'
@DEPLOY@
END_OF_SCRIPT
chmod 755 /usr/local/bin/deploy
# The image exists only after the first release.
deploy "@VERSION@" || echo "faceplate @VERSION@ does not run yet" >&2
