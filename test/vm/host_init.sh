#!/usr/lib/vgpu-test/busybox sh
# SPDX-License-Identifier: Apache-2.0
# /init of a booted host: modules, then systemd.  The root is put on top of itself: services get
# roots of their own, and the kernel lets nobody move away from the very first one.
export PATH=/usr/lib/vgpu-test
while read -r module; do
    busybox insmod "/lib/modules/$module" || echo "init: $module cannot be loaded"
done </etc/modules
busybox mount --bind / /mnt
cd /mnt || exit 1
busybox mount --move . /
exec busybox chroot . /lib/systemd/systemd
