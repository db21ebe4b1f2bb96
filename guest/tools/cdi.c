/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file of the Container Device Interface: what an engine adds to a container that asks for
 * --device vgpu.dev/gpu=all.
 *
 *   the libraries ──► folders that loaders search without being told, so that no hook is needed
 *   the device    ──► its folder of sysfs, writable: /sys of a container is not
 *   the socket    ──► its default place
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/tools/info.h"

#define READ_ONLY "\"ro\", \"nosuid\", \"nodev\", \"rbind\", \"rprivate\""
#define WRITABLE  "\"rw\", \"nosuid\", \"nodev\", \"noexec\", \"rbind\", \"rprivate\""
/* Images that were made for NVIDIA's container tools have it on LD_LIBRARY_PATH. */
#define NVIDIA_FOLDER "/usr/local/nvidia/lib64"

static const char *const folders[] = {"/usr/lib/" VGPU_MULTIARCH, "/usr/lib64", NVIDIA_FOLDER};

static void put_mount(const char *from, const char *to, const char *options)
{
    static const char *between = "";

    printf("%s\n          {\"hostPath\": ", between);
    info_put_text(from);
    printf(", \"containerPath\": ");
    info_put_text(to);
    printf(",\n           \"options\": [%s]}", options);
    between = ",";
}

/* The link, not the file behind it: that has another name after an upgrade. */
static bool find_library(const char *name, char path[static INFO_PATH])
{
    char folder[INFO_PATH];
    char *slash;
    char *real;

    if (!info_find_beside(name, folder)) {
        return false;
    }
    slash = strrchr(folder, '/');
    *slash = '\0';
    real = realpath(folder, NULL);
    (void)snprintf(path, INFO_PATH, "%.400s/%.64s", real != NULL ? real : folder, name);
    free(real);
    return true;
}

static void put_library(const char *name)
{
    char from[INFO_PATH];
    char to[INFO_PATH];

    if (!find_library(name, from)) {
        return;
    }
    for (unsigned int i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(to, sizeof(to), "%s/%s", folders[i], name);
        put_mount(from, to, READ_ONLY);
    }
}

static void put_program(void)
{
    char *self = realpath("/proc/self/exe", NULL);

    if (self != NULL) {
        put_mount(self, "/usr/bin/vgpu-info", READ_ONLY);
    }
    free(self);
}

/* JAX takes the absence of such a node for the absence of a GPU; nobody opens it. */
static void put_marker(void)
{
    put_mount("/dev/null", "/dev/nvidiactl", WRITABLE);
}

/* The device's folder has the same place in every mount of sysfs. */
static void put_device(const struct gs_pci *pci)
{
    char *folder = realpath(pci->folder, NULL);

    if (folder != NULL) {
        put_mount(folder, folder, WRITABLE);
    }
    free(folder);
}

static void put_socket(void)
{
    char *real = realpath(gs_socket_path(), NULL);

    if (real != NULL) {
        put_mount(real, GS_SOCKET_PATH, WRITABLE);
    }
    free(real);
}

static void put_nodes(const struct gs_pci *pci)
{
    char path[GS_PCI_PATH];

    if (gs_pci_uio(pci, path) == 0) {
        printf("        \"deviceNodes\": [{\"path\": ");
        info_put_text(path);
        printf(", \"permissions\": \"rw\"}],\n");
    }
}

/* What has to be there; false: the failure is told. */
static bool check(struct info *info, struct gs_pci *pci)
{
    const char *socket = gs_socket_path();
    struct stat of_socket;
    char path[INFO_PATH];

    if (!find_library("libcuda.so.1", path)) {
        info_fail(info, INFO_NO_LIBRARY,
                  "no libcuda.so.1 was installed together with this program: install the guest "
                  "package");
        return false;
    }
    if (info->transport == &gs_transport_device) {
        (void)gs_pci_find(pci);
        return true;
    }
    if (stat(socket, &of_socket) != 0 || !S_ISSOCK(of_socket.st_mode)) {
        char text[INFO_LINE];

        (void)snprintf(text, sizeof(text),
                       "this machine has no vgpu device, and there is no socket %s: start "
                       "vgpu-broker, or add the device to the virtual machine",
                       socket);
        info_fail(info, GS_OBSTACLE_ABSENT, text);
        return false;
    }
    return true;
}

void info_print_cdi(struct info *info)
{
    bool device = info->transport == &gs_transport_device;
    struct gs_pci pci = {.address = ""};

    if (!check(info, &pci)) {
        return;
    }
    printf("{\n  \"cdiVersion\": \"0.3.0\",\n  \"kind\": \"vgpu.dev/gpu\",\n  \"devices\": [\n"
           "    {\n      \"name\": \"all\",\n      \"containerEdits\": {\n"
           "        \"env\": [\"NVIDIA_VISIBLE_DEVICES=void\", "
           "\"TRITON_LIBCUDA_PATH=" NVIDIA_FOLDER "\"],\n");
    if (device) {
        put_nodes(&pci);
    }
    printf("        \"mounts\": [");
    put_library("libcuda.so.1");
    put_library("libnvidia-ml.so.1");
    put_program();
    put_marker();
    if (device) {
        put_device(&pci);
    } else {
        put_socket();
    }
    printf("\n        ]\n      }\n    }\n  ]\n}\n");
}
