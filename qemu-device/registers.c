/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registers.h"

#include "interrupt.h"

/* A bit for each channel of the device. */
static uint32_t channel_mask(const VgpuDevice *device)
{
    return UINT32_MAX >> (32 - device->channels);
}

/* The channel and register behind an offset, or NULL. */
static VgpuChannel *find_channel(VgpuDevice *device, hwaddr offset, uint32_t *reg)
{
    uint64_t index = (offset - VGPU_REG_CHANNEL) / VGPU_CHANNEL_STRIDE;

    *reg = offset % VGPU_CHANNEL_STRIDE;
    return offset >= VGPU_REG_CHANNEL && index < device->channels ? &device->channel[index] : NULL;
}

static uint32_t read_channel(const VgpuChannel *channel, uint32_t reg)
{
    switch (reg) {
    case VGPU_CHANNEL_STATE:
        return channel->state;
    case VGPU_CHANNEL_RESULT:
        return channel->result;
    case VGPU_CHANNEL_EPOCH:
        return channel->epoch;
    default:
        return 0;
    }
}

static uint32_t read_version(const VgpuDevice *device, hwaddr offset)
{
    return ldl_le_p(device->link.version + (offset - VGPU_REG_VERSION_TEXT));
}

static uint32_t read_global(const VgpuDevice *device, hwaddr offset)
{
    switch (offset) {
    case VGPU_REG_MAGIC:
        return VGPU_DEVICE_MAGIC;
    case VGPU_REG_REVISION:
        return VGPU_DEVICE_REVISION;
    case VGPU_REG_STATUS:
        return vgpu_link_status(device);
    case VGPU_REG_GENERATION:
        return device->generation;
    case VGPU_REG_CHANNELS:
        return device->channels;
    case VGPU_REG_PROTOCOL:
        return device->link.protocol;
    case VGPU_REG_CHANNEL_LO:
        return (uint32_t)device->channel_bytes;
    case VGPU_REG_CHANNEL_HI:
        return (uint32_t)(device->channel_bytes >> 32);
    case VGPU_REG_RESETS:
        return device->resets;
    case VGPU_REG_SCRATCH:
        return device->scratch;
    case VGPU_REG_BEAT:
        return device->link.beats;
    case VGPU_REG_IRQ_STATUS:
        return device->irq_status;
    case VGPU_REG_IRQ_ENABLE:
        return device->irq_enable;
    case VGPU_REG_VERSION_TEXT ... VGPU_REG_VERSION_TEXT + VGPU_VERSION_TEXT_SIZE - 1:
        return read_version(device, offset);
    default:
        return 0;
    }
}

static bool is_register_access(hwaddr offset, unsigned int size)
{
    return size == 4 && offset % 4 == 0;
}

static uint64_t on_read(void *opaque, hwaddr offset, unsigned int size)
{
    VgpuDevice *device = opaque;
    VgpuChannel *channel;
    uint32_t reg;

    if (!is_register_access(offset, size)) {
        return 0;
    }
    channel = find_channel(device, offset, &reg);
    return channel ? read_channel(channel, reg) : read_global(device, offset);
}

static void write_global(VgpuDevice *device, hwaddr offset, uint32_t value)
{
    switch (offset) {
    case VGPU_REG_SCRATCH:
        device->scratch = value;
        break;
    case VGPU_REG_BEAT:
        vgpu_link_send_beat(device);
        break;
    case VGPU_REG_IRQ_STATUS:
        device->irq_status &= ~value;
        vgpu_interrupt_update(device);
        break;
    case VGPU_REG_IRQ_ENABLE:
        device->irq_enable = value & channel_mask(device);
        vgpu_interrupt_update(device);
        break;
    default:
        break;
    }
}

static void write_doorbell(VgpuDevice *device, hwaddr offset)
{
    uint64_t index = offset / VGPU_DEVICE_PAGE - 1;

    if (offset % VGPU_DEVICE_PAGE == 0 && index < device->channels) {
        vgpu_channel_ring(&device->channel[index]);
    }
}

static void on_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
    VgpuDevice *device = opaque;
    VgpuChannel *channel;
    uint32_t reg;

    if (!is_register_access(offset, size)) {
        return;
    }
    if (offset >= VGPU_DEVICE_PAGE) {
        write_doorbell(device, offset);
        return;
    }
    channel = find_channel(device, offset, &reg);
    if (!channel) {
        write_global(device, offset, (uint32_t)value);
    } else if (reg == VGPU_CHANNEL_CONTROL) {
        vgpu_channel_control(channel, (uint32_t)value);
    }
}

/* Accesses of all sizes come here as they are: those that the page does not know read 0. */
static const MemoryRegionOps vgpu_registers_ops = {
    .read = on_read,
    .write = on_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

void vgpu_registers_init(VgpuDevice *device)
{
    uint64_t bytes = pow2ceil((uint64_t)VGPU_DEVICE_PAGE * (1 + device->channels));

    memory_region_init_io(&device->registers, OBJECT(device), &vgpu_registers_ops, device,
                          "vgpu-registers", bytes);
}
