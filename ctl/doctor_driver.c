/* SPDX-License-Identifier: Apache-2.0 */
/* NVIDIA's driver: there, new enough, its modules loaded, its nodes to be opened. */
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"

/* The first release with CUDA 12.4 (VGPU_DRIVER_VERSION_MIN). */
#define RELEASE_MIN       550
#define RELEASE_MIN_MINOR 54

/* The first word of the version line that looks like 580.159.04. */
static bool find_release(const char *text, unsigned int *major, unsigned int *minor,
                         char release[static 32])
{
    for (const char *at = text; at != NULL && *at != '\n' && *at != '\0'; at = strchr(at, ' ')) {
        at += strspn(at, " ");
        if (sscanf(at, "%u.%u", major, minor) == 2 && *major >= 100) {
            (void)snprintf(release, 32, "%.*s", (int)strspn(at, "0123456789."), at);
            return true;
        }
    }
    return false;
}

static void tell_absent(struct ct_finding *finding)
{
    ct_find(
        finding, CT_RED_LIGHT,
        "apt install nvidia-driver (CUDA 12.4, release 550.54, or later), then modprobe nvidia; "
        "nvidia-smi must list the GPU. Without a GPU: driver = sim in /etc/vgpu/vgpu.conf",
        "no NVIDIA driver is loaded: there is no /proc/driver/nvidia/version");
}

void ct_check_driver(const struct ct_host *host, struct ct_finding *finding)
{
    unsigned int major = 0;
    unsigned int minor = 0;
    char release[32];
    char text[1024];

    if (host->simulated) {
        ct_find(finding, CT_GREEN, NULL, "the simulator, which needs no NVIDIA driver");
        return;
    }
    if (ct_host_read(host, "/proc/driver/nvidia/version", text, sizeof(text)) <= 0) {
        tell_absent(finding);
    } else if (!find_release(text, &major, &minor, release)) {
        ct_find(finding, CT_AMBER, "nvidia-smi",
                "/proc/driver/nvidia/version names no release that is understood");
    } else if (major < RELEASE_MIN || (major == RELEASE_MIN && minor < RELEASE_MIN_MINOR)) {
        ct_find(finding, CT_RED_LIGHT, "install release 550.54 or later (CUDA 12.4), then reboot",
                "NVIDIA's driver %s is too old: its CUDA is older than 12.4", release);
    } else {
        ct_find(finding, CT_GREEN, NULL, "NVIDIA's driver %s", release);
    }
}

/* A module is loaded, or built in. */
static bool has_module(const struct ct_host *host, const char *name)
{
    char path[CT_PATH];
    struct stat what;

    (void)snprintf(path, sizeof(path), "/sys/module/%s", name);
    return ct_host_stat(host, path, &what) == 0;
}

void ct_check_modules(const struct ct_host *host, struct ct_finding *finding)
{
    if (host->simulated) {
        ct_find(finding, CT_GREEN, NULL, "the simulator needs none");
        return;
    }
    if (!has_module(host, "nvidia")) {
        ct_find(finding, CT_RED_LIGHT, "modprobe nvidia; dmesg | grep -i nvidia says why not",
                "the kernel module nvidia is not loaded");
    }
    if (!has_module(host, "nvidia_uvm")) {
        ct_find(finding, CT_RED_LIGHT, "modprobe nvidia-uvm; or run nvidia-modprobe -c 0 -u",
                "the kernel module nvidia_uvm is not loaded: CUDA cannot start");
    }
    ct_find(finding, CT_GREEN, NULL, "nvidia and nvidia_uvm are loaded");
}

static void check_node(const struct ct_host *host, const char *path, struct ct_finding *finding)
{
    struct stat what;

    if (ct_host_stat(host, path, &what) != 0) {
        ct_find(finding, CT_RED_LIGHT, "nvidia-modprobe -c 0 -u", "there is no %s", path);
        return;
    }
    /* Under a root that a test made, nodes are files. */
    if (!S_ISCHR(what.st_mode) && host->options->root[0] == '\0') {
        ct_find(finding, CT_RED_LIGHT, "remove it, then nvidia-modprobe -c 0 -u",
                "%s is no device node", path);
    }
    if ((what.st_mode & 06) != 06) {
        ct_find(finding, CT_AMBER,
                "chmod 0666 /dev/nvidia*; for good: NVreg_DeviceFileMode=0666 (modprobe.d). Or put "
                "the executor's account into the nodes' group",
                "%s has mode %03o: workers, which run as another account, may not open it", path,
                (unsigned int)what.st_mode & 0777U);
    }
}

void ct_check_nodes(const struct ct_host *host, struct ct_finding *finding)
{
    static const char *const nodes[] = {"/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia-uvm"};

    if (host->simulated) {
        ct_find(finding, CT_GREEN, NULL, "the simulator needs none");
        return;
    }
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        check_node(host, nodes[i], finding);
    }
    ct_find(finding, CT_GREEN, NULL, "/dev/nvidiactl, /dev/nvidia0 and /dev/nvidia-uvm");
}
