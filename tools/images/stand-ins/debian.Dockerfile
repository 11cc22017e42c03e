# Debian bookworm as mmdebstrap makes it, for the other stand-ins to start from.
FROM scratch
ADD debian.tar /
