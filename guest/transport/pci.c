/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "proto/device.h"

#define SYSFS "/sys/bus/pci"

static const char * override(void)
{
    const char *root = secure_getenv("VGPU_SYSFS");

    return root != NULL && *root != '\0' ? root : NULL;
}

void gs_pci_path(const struct gs_pci *pci, const char *file, char path[static GS_PCI_PATH])
{
    (void)snprintf(path, GS_PCI_PATH, "%s/%s", pci->folder, file);
}

/* The text of a small file, without the end of its line. */
static int read_text(const struct gs_pci *pci, const char *file, char *text, size_t cap)
{
    VGPU_CLEANUP_FD int fd = -1;
    char path[GS_PCI_PATH];
    ssize_t len;

    gs_pci_path(pci, file, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    len = read(fd, text, cap - 1);
    if (len < 0) {
        return -errno;
    }
    text[len] = '\0';
    return 0;
}

int gs_pci_number(const struct gs_pci *pci, const char *file, uint32_t *value)
{
    char text[32];
    char *end;
    unsigned long number;
    int rc = read_text(pci, file, text, sizeof(text));

    if (rc != 0) {
        return rc;
    }
    number = strtoul(text, &end, 0);
    if (end == text || number > UINT32_MAX) {
        return -EINVAL;
    }
    *value = (uint32_t)number;
    return 0;
}

static bool is_ours(const struct gs_pci *pci)
{
    uint32_t vendor;
    uint32_t device;

    return gs_pci_number(pci, "vendor", &vendor) == 0 && vendor == VGPU_DEVICE_PCI_VENDOR &&
           gs_pci_number(pci, "device", &device) == 0 && device == VGPU_DEVICE_PCI_DEVICE;
}

/* False: a name that is no PCI address, or too long a path. */
static bool name(struct gs_pci *pci, const char *root, const char *address)
{
    int len = snprintf(pci->folder, sizeof(pci->folder), "%s/devices/%s", root, address);

    if (address[0] == '.' || strlen(address) >= sizeof(pci->address) || len < 0 ||
        (size_t)len >= sizeof(pci->folder)) {
        return false;
    }
    memcpy(pci->address, address, strlen(address) + 1);
    return true;
}

int gs_pci_find(struct gs_pci *pci)
{
    const char *root = override() != NULL ? override() : SYSFS;
    char path[GS_PCI_PATH];
    struct dirent *entry;
    struct gs_pci at;
    bool found = false;
    DIR *folder;

    (void)snprintf(path, sizeof(path), "%s/devices", root);
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (name(&at, root, entry->d_name) && is_ours(&at) &&
            (!found || strcmp(at.address, pci->address) < 0)) {
            *pci = at;
            found = true;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return found ? 0 : -ENODEV;
}

bool gs_pci_driver(const struct gs_pci *pci, char *driver, size_t cap)
{
    char target[GS_PCI_PATH];
    char path[GS_PCI_PATH];
    const char *base;
    ssize_t len;

    gs_pci_path(pci, "driver", path);
    len = readlink(path, target, sizeof(target) - 1);
    if (len <= 0) {
        return false;
    }
    target[len] = '\0';
    base = strrchr(target, '/');
    (void)snprintf(driver, cap, "%s", base != NULL ? base + 1 : target);
    return true;
}

int gs_pci_uio(const struct gs_pci *pci, char path[static GS_PCI_PATH])
{
    struct dirent *entry;
    char driver[64];
    int rc = -ENODEV;
    DIR *folder;

    if (!gs_pci_driver(pci, driver, sizeof(driver)) || strcmp(driver, "uio_pci_generic") != 0) {
        return -ENODEV;
    }
    gs_pci_path(pci, "uio", path);
    folder = opendir(path);
    while (folder != NULL && rc != 0 && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, "uio", 3) == 0 && strlen(entry->d_name) < 16) {
            (void)snprintf(path, GS_PCI_PATH, "%s/dev/%.15s", override() != NULL ? override() : "",
                           entry->d_name);
            rc = 0;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return rc;
}

int gs_pci_bar(const struct gs_pci *pci, unsigned int bar, uint64_t *first, uint64_t *last)
{
    char text[1024]; /* a line of 57 bytes for each of 13 resources */
    const char *line = text;
    int rc = read_text(pci, "resource", text, sizeof(text));

    for (unsigned int i = 0; rc == 0 && i < bar; i++) {
        line = strchr(line, '\n');
        if (line == NULL) {
            return -EINVAL;
        }
        line++;
    }
    if (rc == 0 && sscanf(line, "%" SCNx64 " %" SCNx64, first, last) != 2) {
        rc = -EINVAL;
    }
    return rc;
}

void gs_pci_memtypes(char path[static GS_PCI_PATH])
{
    (void)snprintf(path, GS_PCI_PATH, "%s/pat_memtype_list",
                   override() != NULL ? override() : "/sys/kernel/debug/x86");
}

static int switch_on(const struct gs_pci *pci)
{
    VGPU_CLEANUP_FD int fd = -1;
    char path[GS_PCI_PATH];

    gs_pci_path(pci, "enable", path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd < 0 || write(fd, "1", 1) != 1 ? -errno : 0;
}

int gs_pci_enable(const struct gs_pci *pci, struct gs_obstacle *obstacle)
{
    uint32_t enabled = 0;
    int rc = gs_pci_number(pci, "enable", &enabled);

    if (rc == 0 && enabled != 0) {
        return 0;
    }
    rc = switch_on(pci);
    if (rc == 0) {
        return 0;
    }
    if (rc == -EROFS) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_PERMISSION, rc,
                               "%s/enable cannot be written, because /sys is mounted read-only: "
                               "let the container have it writable",
                               pci->folder);
    }
    if (rc == -EACCES || rc == -EPERM) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_DECODING, -EPERM,
                               "the memory of %s is switched off and only root may switch it on: "
                               "install 70-vgpu.rules, or as root: echo 1 > %s/enable",
                               pci->address, pci->folder);
    }
    return gs_obstacle_set(obstacle, GS_OBSTACLE_DECODING, rc,
                           "the memory of %s cannot be switched on: %s: see the kernel's log",
                           pci->address, strerror(-rc));
}

static int lockdown(const char *path, struct gs_obstacle *obstacle)
{
    return gs_obstacle_set(obstacle, GS_OBSTACLE_LOCKDOWN, -EPERM,
                           "kernel lockdown forbids mapping %s: only a signed kernel module could, "
                           "and there is none yet: switch Secure Boot off in this machine",
                           path);
}

int gs_pci_open(const struct gs_pci *pci, const char *file, int *fd, struct gs_obstacle *obstacle)
{
    char path[GS_PCI_PATH];
    int rc;

    gs_pci_path(pci, file, path);
    *fd = open(path, O_RDWR | O_CLOEXEC);
    if (*fd >= 0) {
        return 0;
    }
    rc = -errno;
    if (rc == -EPERM) {
        return lockdown(path, obstacle);
    }
    if (rc == -EROFS) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_PERMISSION, rc,
                               "%s cannot be written, because /sys is mounted read-only: let the "
                               "container have it writable",
                               path);
    }
    if (rc == -EACCES) {
        return gs_obstacle_set(
            obstacle, GS_OBSTACLE_PERMISSION, rc,
            "user %u may not open %s: %s: install 70-vgpu.rules and add the user "
            "to the group vgpu",
            (unsigned int)geteuid(), path, strerror(-rc));
    }
    return gs_obstacle_set(obstacle, rc == -ENOENT ? GS_OBSTACLE_FOREIGN : GS_OBSTACLE_SYSTEM, rc,
                           "%s cannot be opened: %s", path, strerror(-rc));
}

int gs_pci_unmappable(const struct gs_pci *pci, const char *file, int rc,
                      struct gs_obstacle *obstacle)
{
    char driver[64];
    char path[GS_PCI_PATH];

    gs_pci_path(pci, file, path);
    if (rc == -EPERM) {
        return lockdown(path, obstacle);
    }
    if ((rc == -EINVAL || rc == -EBUSY) && gs_pci_driver(pci, driver, sizeof(driver))) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_CLAIMED, rc,
                               "the driver %s has claimed %s: as root: "
                               "echo %s > /sys/bus/pci/drivers/%s/unbind",
                               driver, path, pci->address, driver);
    }
    return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, rc, "%s cannot be mapped: %s", path,
                           strerror(-rc));
}
