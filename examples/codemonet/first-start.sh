#!/bin/sh
set -eu
# A volume appears under a name of its own on instances of this kind.
device=$(readlink -f /dev/sdf)
blkid "$device" >/dev/null || mkfs.xfs -L data "$device"
mkdir -p /var/lib/codemonet
grep -q ' /var/lib/codemonet ' /etc/fstab || echo 'LABEL=data /var/lib/codemonet xfs defaults,nofail 0 2' >> /etc/fstab
mount --all
chown 1000:1000 /var/lib/codemonet
dnf install --assumeyes docker amazon-cloudwatch-agent
systemctl enable --now docker
