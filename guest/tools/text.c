/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "guest/tools/info.h"

#define MIB (1ull << 20)

static void print_users(const struct info_device *device)
{
    unsigned int idle = 0;

    for (uint32_t n = 0; n < device->channels; n++) {
        idle += device->users[n].state == VGPU_CHANNEL_FREE;
    }
    printf("channels    %u of %llu MiB: %u free, %u in use\n", device->channels,
           (unsigned long long)(device->channel_bytes / MIB), idle, device->channels - idle);
    for (uint32_t n = 0; n < device->channels; n++) {
        const struct info_user *user = &device->users[n];

        if (user->process > 0) {
            printf("  %-3u %-8s process %d %s\n", n, info_state_name(user->state),
                   (int)user->process, user->program);
        } else if (user->state != VGPU_CHANNEL_FREE) {
            printf("  %-3u %-8s nobody has its lock\n", n, info_state_name(user->state));
        }
    }
}

static void print_link(const struct info_device *device)
{
    if ((device->status & VGPU_STATUS_LINK) == 0) {
        printf("link        down%s, generation %u, resets %u\n",
               (device->status & VGPU_STATUS_REFUSED) != 0 ? " (turned away)" : "",
               device->generation, device->resets);
        return;
    }
    printf("link        up, generation %u, broker %s, protocol %u, resets %u\n", device->generation,
           device->broker, device->protocol, device->resets);
    if (device->beat_us >= 0) {
        printf("round trip  %.1f us to the broker and back\n", device->beat_us);
    } else {
        printf("round trip  the broker does not answer\n");
    }
}

static void print_device(const struct info_device *device)
{
    printf("device      %s, %04x:%04x, PCI revision %u, registers %u.%u, driver %s\n",
           device->pci.address, VGPU_DEVICE_PCI_VENDOR, VGPU_DEVICE_PCI_DEVICE,
           device->pci_revision, device->revision >> 16, device->revision & 0xffff,
           device->driver[0] != '\0' ? device->driver : "none");
    print_link(device);
    print_users(device);
}

static void print_window(const struct info *info)
{
    const struct info_window *window = &info->window;

    if (info->has_device) {
        printf("window      channel %u, %s\n", window->channel, window->cache);
        printf("waiting     %s\n", window->polls ? "by looking (no interrupts)" : "by INTx");
    } else {
        printf("window      %llu MiB, %s\n", (unsigned long long)(window->bytes / MIB),
               window->cache);
    }
    printf("speed       write %.0f MB/s, read %.0f MB/s\n", window->write_mbs, window->read_mbs);
}

static void print_gpus(const struct info_library *library)
{
    printf("CUDA        %d.%d\n", library->cuda / 1000, library->cuda % 1000 / 10);
    for (int i = 0; i < library->gpu_count; i++) {
        const struct info_gpu *gpu = &library->gpus[i];

        printf("GPU %-7d %s, %llu MiB, compute capability %d.%d\n", i, gpu->name,
               (unsigned long long)(gpu->bytes / MIB), gpu->major, gpu->minor);
    }
}

/* The host of a broker has NVIDIA's own. */
static void print_node(const struct info *info)
{
    if (info->has_device && !info_has_node()) {
        printf("nodes       no /dev/nvidiactl: JAX will not look for a GPU; 70-vgpu.rules makes "
               "one\n");
    }
}

void info_print_text(const struct info *info)
{
    printf("vgpu-info   " VGPU_VERSION "\n");
    if (info->transport == &gs_transport_device) {
        printf("transport   device\n");
    } else {
        printf("transport   socket %s\n", gs_socket_path());
    }
    if (info->has_device) {
        print_device(&info->device);
    }
    if (info->has_window) {
        print_window(info);
    }
    if (info->has_library) {
        printf("library     %s, %u of %u calls\n", info->library.path, info->library.supported,
               info->library.calls);
    }
    if (info->has_gpus) {
        print_gpus(&info->library);
        print_node(info);
    }
}
