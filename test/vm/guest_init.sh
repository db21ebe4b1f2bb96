#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# /init of a guest: file systems, loopback, modules; then /etc/script if there is one, else the agent
# that serves commands.  Powers off when either ends.
export PATH=/bin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
for folder in /dev/shm /run /tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "$folder"
done
ip link set lo up
while read -r module; do
    insmod "/lib/modules/$module" || echo "init: $module cannot be loaded"
done </etc/modules

if [ -e /etc/script ]; then
    sh /etc/script
    echo "init: the script ended with status $?"
else
    agent
fi
sync
poweroff -f
