/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interrupt.h"

#include "device.h"

/* Most that one look at a pipe takes out of it: what a pipe holds. */
#define DRAIN_BYTES_MAX 65536

/*
 * Takes what is in the pipe, unseen.  splice() with its own flag cannot block; a read
 * could, because the pipe's O_NONBLOCK is the broker's to change.  Returns false at
 * the end of the pipe.
 */
static bool drain(VgpuChannel *channel, bool *rung)
{
    ssize_t count = splice(channel->interrupt_fd, NULL, channel->device->null_fd, NULL,
                           DRAIN_BYTES_MAX, SPLICE_F_NONBLOCK);

    *rung = count > 0;
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

static void on_readable(void *opaque)
{
    VgpuChannel *channel = opaque;
    bool rung;

    if (!drain(channel, &rung)) {
        vgpu_interrupt_detach(channel);
    }
    if (rung) {
        vgpu_interrupt_raise(channel);
    }
}

bool vgpu_interrupt_is_pipe(int fd)
{
    struct stat status;

    return fd >= 0 && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

void vgpu_interrupt_attach(VgpuChannel *channel, int fd)
{
    vgpu_interrupt_detach(channel);
    channel->interrupt_fd = fd;
    qemu_set_fd_handler(fd, on_readable, NULL, channel);
}

void vgpu_interrupt_detach(VgpuChannel *channel)
{
    if (channel->interrupt_fd >= 0) {
        qemu_set_fd_handler(channel->interrupt_fd, NULL, NULL, NULL);
        close(channel->interrupt_fd);
        channel->interrupt_fd = -1;
    }
}

void vgpu_interrupt_raise(VgpuChannel *channel)
{
    VgpuDevice *device = channel->device;

    device->irq_status |= 1u << channel->index;
    if (msix_enabled(PCI_DEVICE(device))) {
        msix_notify(PCI_DEVICE(device), channel->index);
    } else {
        vgpu_interrupt_update(device);
    }
}

void vgpu_interrupt_update(VgpuDevice *device)
{
    PCIDevice *pci = PCI_DEVICE(device);

    pci_set_irq(pci, !msix_enabled(pci) && (device->irq_status & device->irq_enable) != 0);
}
