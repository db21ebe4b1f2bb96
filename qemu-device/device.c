/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include "interrupt.h"
#include "proto/limits.h"
#include "registers.h"

static bool is_channel_count(uint32_t count)
{
    return count >= 1 && count <= VGPU_DEVICE_CHANNELS_MAX && is_power_of_2(count);
}

static bool is_channel_size(uint64_t bytes)
{
    return bytes >= VGPU_CHANNEL_BYTES_MIN && bytes <= VGPU_CHANNEL_BYTES_MAX &&
           is_power_of_2(bytes);
}

static bool is_pci_id(uint16_t id)
{
    return id != 0 && id != UINT16_MAX;
}

static bool check_chardev(VgpuDevice *device, Error **errp)
{
    if (!qemu_chr_fe_backend_connected(&device->chr)) {
        error_setg(errp, "vgpu-cuda: property 'chardev' is missing: the socket of vgpu-broker");
        return false;
    }
    if (!qemu_chr_has_feature(qemu_chr_fe_get_driver(&device->chr), QEMU_CHAR_FEATURE_FD_PASS)) {
        error_setg(errp, "vgpu-cuda: property 'chardev' must name a chardev of type socket with a "
                         "path: others cannot pass descriptors");
        return false;
    }
    return true;
}

static bool check_properties(VgpuDevice *device, Error **errp)
{
    if (!is_channel_count(device->channels)) {
        error_setg(errp, "vgpu-cuda: property 'channels' is %u, wanted a power of two from 1 to %u",
                   device->channels, VGPU_DEVICE_CHANNELS_MAX);
    } else if (!is_channel_size(device->channel_bytes)) {
        error_setg(errp,
                   "vgpu-cuda: property 'channel-size' is %" PRIu64
                   ", wanted a power of two from 16M to 4G",
                   device->channel_bytes);
    } else if (device->vm_name && strlen(device->vm_name) > VGPU_VM_NAME_MAX) {
        error_setg(errp, "vgpu-cuda: property 'vm-name' is longer than %d bytes", VGPU_VM_NAME_MAX);
    } else if (!is_pci_id(device->vendor_id)) {
        error_setg(errp, "vgpu-cuda: property 'vendor-id' must not be 0 or 0xffff");
    } else if (!is_pci_id(device->device_id)) {
        error_setg(errp, "vgpu-cuda: property 'device-id' must not be 0 or 0xffff");
    } else {
        return check_chardev(device, errp);
    }
    return false;
}

static bool make_channels(VgpuDevice *device, Error **errp)
{
    for (uint32_t i = 0; i < device->channels; i++) {
        if (!vgpu_channel_realize(&device->channel[i], device, i, errp)) {
            return false;
        }
    }
    return true;
}

static void drop_channels(VgpuDevice *device)
{
    for (uint32_t i = 0; i < device->channels; i++) {
        vgpu_channel_unrealize(&device->channel[i]);
    }
    close(device->null_fd);
    device->null_fd = -1;
}

static bool make_msix(PCIDevice *pci, uint32_t vectors, Error **errp)
{
    if (msix_init_exclusive_bar(pci, vectors, VGPU_DEVICE_BAR_MSIX, errp) < 0) {
        return false;
    }
    /* A vector that nobody uses is dropped without a word. */
    for (uint32_t i = 0; i < vectors; i++) {
        msix_vector_use(pci, i);
    }
    return true;
}

static void show_bars(VgpuDevice *device)
{
    PCIDevice *pci = PCI_DEVICE(device);

    pci_set_word(pci->config + PCI_VENDOR_ID, device->vendor_id);
    pci_set_word(pci->config + PCI_DEVICE_ID, device->device_id);
    pci_set_byte(pci->config + PCI_INTERRUPT_PIN, 1);
    pci_register_bar(pci, VGPU_DEVICE_BAR_REGISTERS, PCI_BASE_ADDRESS_SPACE_MEMORY,
                     &device->registers);
    pci_register_bar(pci, VGPU_DEVICE_BAR_CHANNELS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_PREFETCH |
                         PCI_BASE_ADDRESS_MEM_TYPE_64,
                     &device->window);
}

static void vgpu_device_realize(PCIDevice *pci, Error **errp)
{
    VgpuDevice *device = VGPU_DEVICE(pci);

    if (!check_properties(device, errp)) {
        return;
    }
    device->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (device->null_fd < 0) {
        error_setg_errno(errp, errno, "vgpu-cuda: cannot open /dev/null");
        return;
    }
    vgpu_registers_init(device);
    memory_region_init(&device->window, OBJECT(device), "vgpu-channels",
                       device->channels * device->channel_bytes);
    if (!make_channels(device, errp) || !make_msix(pci, device->channels, errp)) {
        drop_channels(device);
        return;
    }
    show_bars(device);
    vgpu_link_start(device);
}

/* The link first: its end marks the channels, so that guest processes that still run see 719. */
static void vgpu_device_exit(PCIDevice *pci)
{
    VgpuDevice *device = VGPU_DEVICE(pci);

    vgpu_link_stop(device);
    pci_set_irq(pci, 0);
    drop_channels(device);
    msix_uninit_exclusive_bar(pci);
}

static void vgpu_device_reset(DeviceState *state)
{
    VgpuDevice *device = VGPU_DEVICE(state);

    device->resets++;
    device->scratch = 0;
    device->irq_status = 0;
    device->irq_enable = 0;
    vgpu_interrupt_update(device);
    for (uint32_t i = 0; i < device->channels; i++) {
        vgpu_channel_reset(&device->channel[i]);
    }
    vgpu_link_reset(device);
}

/* Turning MSI-X off uncovers what INTx has to say. */
static void vgpu_device_write_config(PCIDevice *pci, uint32_t offset, uint32_t value, int size)
{
    pci_default_write_config(pci, offset, value, size);
    vgpu_interrupt_update(VGPU_DEVICE(pci));
}

static VGPU_PROPERTY_CONST Property vgpu_device_properties[] = {
    DEFINE_PROP_CHR("chardev", VgpuDevice, chr),
    DEFINE_PROP_UINT32("channels", VgpuDevice, channels, VGPU_DEVICE_CHANNELS_DEFAULT),
    DEFINE_PROP_SIZE("channel-size", VgpuDevice, channel_bytes, VGPU_CHANNEL_BYTES_DEFAULT),
    DEFINE_PROP_STRING("vm-name", VgpuDevice, vm_name),
    DEFINE_PROP_BOOL("ioeventfd", VgpuDevice, ioeventfd, true),
    DEFINE_PROP_UINT16("vendor-id", VgpuDevice, vendor_id, VGPU_DEVICE_PCI_VENDOR),
    DEFINE_PROP_UINT16("device-id", VgpuDevice, device_id, VGPU_DEVICE_PCI_DEVICE),
    VGPU_PROPERTY_END};

/* Host processes hold the channels' memory: it cannot follow a machine to another host. */
static const VMStateDescription vgpu_device_vmstate = {
    .name = TYPE_VGPU_DEVICE,
    .unmigratable = 1,
};

static void vgpu_device_class_init(ObjectClass *klass, VGPU_CLASS_CONST void *data)
{
    DeviceClass *device_class = DEVICE_CLASS(klass);
    PCIDeviceClass *pci_class = PCI_DEVICE_CLASS(klass);

    pci_class->realize = vgpu_device_realize;
    pci_class->exit = vgpu_device_exit;
    pci_class->config_write = vgpu_device_write_config;
    pci_class->vendor_id = VGPU_DEVICE_PCI_VENDOR;
    pci_class->device_id = VGPU_DEVICE_PCI_DEVICE;
    pci_class->revision = VGPU_DEVICE_REVISION >> 16;
    pci_class->class_id = VGPU_DEVICE_PCI_CLASS;
    device_class->desc = "Virtual GPU (MMIO + BAR1 + CUDA Remoting)";
    device_class->vmsd = &vgpu_device_vmstate;
    device_class_set_legacy_reset(device_class, vgpu_device_reset);
    device_class_set_props(device_class, vgpu_device_properties);
    set_bit(DEVICE_CATEGORY_MISC, device_class->categories);
}

static VGPU_CLASS_CONST InterfaceInfo vgpu_device_interfaces[] = {
    {INTERFACE_CONVENTIONAL_PCI_DEVICE}, {}};

static const TypeInfo vgpu_device_info = {
    .name = TYPE_VGPU_DEVICE,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(VgpuDevice),
    .class_init = vgpu_device_class_init,
    .interfaces = vgpu_device_interfaces,
};

void vgpu_register_types(void)
{
    vgpu_slice_register_type();
    type_register_static(&vgpu_device_info);
}

#ifndef VGPU_LOADED
type_init(vgpu_register_types)
#endif
