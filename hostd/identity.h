/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_IDENTITY_H
#define HD_IDENTITY_H

/*
 * Whether a process that has connected to a machine's socket belongs to that machine.
 *
 * What the kernel says counts first: the control group that libvirt made, the root folder
 * that Xen's toolstack gave it, or the account that owns that folder.  Then the command line, which
 * QEMU can rewrite: it finds mistakes, and stops nobody who has taken QEMU over.
 */

#include <stddef.h>
#include <sys/types.h>

#include "proto/control.h"

struct hd_hostd;
struct hd_vm;

/* The verdict on process `pid` at the machine's socket, and its reason in `why`.  `uid`: the
 * account that connected, as the kernel says; (uid_t)-1: not known. */
enum vgpu_ctl_verdict hd_identity_check(const struct hd_hostd *hostd, const struct hd_vm *vm,
                                        pid_t pid, uid_t uid, char *why, size_t cap);

#endif
