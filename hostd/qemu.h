/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_QEMU_H
#define HD_QEMU_H

/*
 * What a QEMU's command line says.  QEMU counts as hostile and can rewrite it, so it tells
 * honest mistakes from the right machine, no more; see hostd/identity.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostd/machine.h"

struct hd_qemu {
    uint32_t pid;
    char binary[64];              /* the program's file, without its folder */
    char name[HD_NAME_MAX + 1];   /* -name; empty: none, or no name that a machine can have */
    char uuid[HD_UUID_LEN + 1];   /* -uuid, lower case; empty: none */
    char socket[HD_PATH_MAX + 1]; /* of the device's chardev; empty: none */
    bool device;                  /* -device vgpu-cuda */
    bool loader;                  /* our loader is preloaded */
};

/* Reads a command line as /proc has it: texts with a zero byte behind each, `len` bytes of
 * whatever content.  Sets name, uuid, socket and device. */
void hd_qemu_read(struct hd_qemu *qemu, const char *cmdline, size_t len);

/* True for the name of a QEMU system emulator: qemu-system-*, qemu-kvm, kvm. */
bool hd_qemu_is_binary(const char *name);

#endif
