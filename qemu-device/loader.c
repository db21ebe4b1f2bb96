/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvgpu-qemu.so: preloaded, it brings the device into a QEMU that was built without it.
 *
 *   LD_PRELOAD=libvgpu-qemu.so qemu-system-x86_64
 *     │ constructor: is this a QEMU that exports what the device needs?  No: does nothing
 *     │ takes itself out of LD_PRELOAD, so that QEMU's children do not get it
 *     └ dlopen(vgpu-qemu-MAJ.MIN.so), beside itself, for the version that runs
 *
 * It names no symbol of QEMU, so any other program that inherits LD_PRELOAD runs on.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's VersionInfo and VersionTriple (qapi/control.json), the same since 2.4. */
struct version_triple {
    int64_t major;
    int64_t minor;
    int64_t micro;
};

struct version_info {
    struct version_triple *qemu;
    char *package;
};

typedef struct version_info *query_version_fn(void *errp);

/* Its answer is three blocks of the C library's heap. */
static void free_version(struct version_info *version)
{
    free(version->qemu);
    free(version->package);
    free(version);
}

static int is_qemu(void)
{
    static const char *const needed[] = {"qmp_query_version", "register_module_init",
                                         "pci_register_bar", "qemu_chr_fe_set_msgfds"};

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!dlsym(RTLD_DEFAULT, needed[i])) {
            return 0;
        }
    }
    return 1;
}

/* LD_PRELOAD without `self`; the other entries keep their order. */
static void leave_preload(const char *self)
{
    const char *list = getenv("LD_PRELOAD");
    char *rest = list ? calloc(1, strlen(list) + 1) : NULL;
    size_t used = 0;

    if (!rest) {
        return;
    }
    while (*list) {
        size_t length = strcspn(list, " :");

        if (length > 0 && (length != strlen(self) || memcmp(list, self, length) != 0)) {
            if (used > 0) {
                rest[used++] = ':';
            }
            memcpy(rest + used, list, length);
            used += length;
        }
        list += length + (list[length] != '\0');
    }
    if (used > 0) {
        setenv("LD_PRELOAD", rest, 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
    free(rest);
}

/* The object for the running version lies beside this library. */
static void load_object(const char *self, const struct version_triple *qemu)
{
    const char *slash = strrchr(self, '/');
    int folder = slash ? (int)(slash + 1 - self) : 0;
    char *path;

    if (asprintf(&path, "%.*svgpu-qemu-%d.%d.so", folder, self, (int)qemu->major,
                 (int)qemu->minor) < 0) {
        fprintf(stderr, "vgpu: no memory for a path: no vgpu-cuda\n");
        return;
    }
    if (!dlopen(path, RTLD_NOW | RTLD_NODELETE)) {
        fprintf(stderr, "vgpu: no vgpu-cuda for QEMU %d.%d.%d: %s (see vgpu-qemu(1))\n",
                (int)qemu->major, (int)qemu->minor, (int)qemu->micro, dlerror());
    }
    free(path);
}

static void __attribute__((constructor)) on_load(void)
{
    query_version_fn *query_version;
    struct version_info *version;
    Dl_info self;

    if (!is_qemu() || !dladdr((void *)on_load, &self)) {
        return;
    }
    *(void **)&query_version = dlsym(RTLD_DEFAULT, "qmp_query_version");
    leave_preload(self.dli_fname);
    version = query_version(NULL);
    load_object(self.dli_fname, version->qemu);
    free_version(version);
}
