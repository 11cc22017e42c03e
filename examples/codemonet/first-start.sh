#!/bin/sh
set -eu
# A volume appears under a name of its own on instances of this kind.
device=$(readlink -f /dev/sdf)
blkid "$device" >/dev/null || mkfs.xfs -L data "$device"
mkdir -p /home/ec2-user/data
grep -q ' /home/ec2-user/data ' /etc/fstab || echo 'LABEL=data /home/ec2-user/data xfs defaults,nofail 0 2' >> /etc/fstab
mount --all
chown ec2-user:ec2-user /home/ec2-user/data
dnf install --assumeyes docker amazon-cloudwatch-agent
systemctl enable --now docker
