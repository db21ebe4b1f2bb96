/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

/*
 * The door of vgpu-qemu-MAJ.MIN.so, the object that the loader brings into a QEMU that
 * was built without us.  The device is registered only where the running QEMU is of
 * the version, and its structures are of the sizes, that this object was compiled for:
 * else it would write into memory that is something else.
 */

/* How QEMU's private struct TypeImpl begins, in all versions from 4.2 on. */
typedef struct TypeHead {
    const char *name;
    size_t class_size;
    size_t instance_size;
} TypeHead;

typedef struct Expected {
    const char *type;
    size_t class_size; /* 0: not looked at */
    size_t instance_size;
} Expected;

static const Expected expected[] = {
    {TYPE_OBJECT, sizeof(ObjectClass), sizeof(Object)},
    {TYPE_DEVICE, sizeof(DeviceClass), sizeof(DeviceState)},
    {TYPE_PCI_DEVICE, sizeof(PCIDeviceClass), sizeof(PCIDevice)},
    {TYPE_MEMORY_REGION, 0, sizeof(MemoryRegion)},
    {TYPE_BUS, sizeof(BusClass), sizeof(BusState)},
    {TYPE_CHARDEV, sizeof(ChardevClass), sizeof(Chardev)},
};

static bool is_version(void)
{
    VersionInfo *running = qmp_query_version(NULL);
    bool same =
        running->qemu->major == QEMU_VERSION_MAJOR && running->qemu->minor == QEMU_VERSION_MINOR;

    if (!same) {
        fprintf(stderr,
                "vgpu: this object is for QEMU %d.%d and not for %d.%d: vgpu-cuda is not "
                "registered (see vgpu-qemu(1))\n",
                QEMU_VERSION_MAJOR, QEMU_VERSION_MINOR, (int)running->qemu->major,
                (int)running->qemu->minor);
    }
    qapi_free_VersionInfo(running);
    return same;
}

static bool has_sizes(const Expected *want)
{
    ObjectClass *klass = object_class_by_name(want->type);
    const TypeHead *have = klass ? (const TypeHead *)klass->type : NULL;

    if (!have || strcmp(have->name, want->type)) {
        fprintf(stderr,
                "vgpu: this QEMU has no type %s: vgpu-cuda is not registered (see vgpu-qemu(1))\n",
                want->type);
        return false;
    }
    if (have->instance_size == want->instance_size &&
        (want->class_size == 0 || have->class_size == want->class_size)) {
        return true;
    }
    fprintf(stderr,
            "vgpu: %s has %zu and %zu bytes in this QEMU, %zu and %zu in the one this object was "
            "built for: vgpu-cuda is not registered (see vgpu-qemu(1))\n",
            want->type, have->instance_size, have->class_size, want->instance_size,
            want->class_size);
    return false;
}

/* After all of QEMU's own types are known, before a machine is made.  A QEMU that was built with
 * the device needs nothing from here. */
static void register_checked(void)
{
    if (object_class_by_name(TYPE_VGPU_DEVICE)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        if (!has_sizes(&expected[i])) {
            return;
        }
    }
    vgpu_register_types();
}

/* Runs before QEMU's main(): no call into QOM may be made here. */
static void __attribute__((constructor)) on_load(void)
{
    if (is_version()) {
        register_module_init(register_checked, VGPU_MODULE_INIT);
    }
}
