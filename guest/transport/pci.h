/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_PCI_H
#define GS_PCI_H

/*
 * The PCI device as sysfs shows it: which one it is, and its files.
 *
 *   /sys/bus/pci/devices/0000:00:05.0/   vendor device enable config resource0 resource1 ...
 *
 * $VGPU_SYSFS names another folder than /sys/bus/pci, for tests; a program that runs
 * with another user's rights does not look at it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/transport/obstacle.h"

#define GS_PCI_ADDRESS 32u
#define GS_PCI_FOLDER  256u
#define GS_PCI_PATH    320u

struct gs_pci {
    char address[GS_PCI_ADDRESS]; /* "0000:00:05.0" */
    char folder[GS_PCI_FOLDER];
};

/* Finds the vgpu-cuda device with the lowest address, by vendor and device id.  0 or -ENODEV. */
int gs_pci_find(struct gs_pci *pci);

/* The path of one of the device's files, GS_PCI_PATH bytes. */
void gs_pci_path(const struct gs_pci *pci, const char *file, char path[static GS_PCI_PATH]);

/* Reads a file that holds one number.  0 or -errno. */
int gs_pci_number(const struct gs_pci *pci, const char *file, uint32_t *value);

/* The name of the kernel driver that is bound to the device; false: none is. */
bool gs_pci_driver(const struct gs_pci *pci, char *name, size_t cap);

/* The device node of uio_pci_generic, if that is bound.  0 or -errno. */
int gs_pci_uio(const struct gs_pci *pci, char path[static GS_PCI_PATH]);

/* Where the kernel put BAR `bar`: its first and last byte.  0 or -errno. */
int gs_pci_bar(const struct gs_pci *pci, unsigned int bar, uint64_t *first, uint64_t *last);

/* The path of the kernel's list of memory types, for root where debugfs is mounted. */
void gs_pci_memtypes(char path[static GS_PCI_PATH]);

/* Has the device answer to memory accesses.  0; -EPERM with DECODING; -errno. */
int gs_pci_enable(const struct gs_pci *pci, struct gs_obstacle *obstacle);

/* Opens a file of the device to read, write and map; close-on-exec.  0 with the descriptor in *fd,
 * owned by the caller; -errno. */
int gs_pci_open(const struct gs_pci *pci, const char *file, int *fd, struct gs_obstacle *obstacle);

/* Says why a file of the device cannot be mapped; `rc` is mmap's -errno and is returned. */
int gs_pci_unmappable(const struct gs_pci *pci, const char *file, int rc,
                      struct gs_obstacle *obstacle);

#endif
