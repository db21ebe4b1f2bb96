/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "guest/tools/info.h"

void info_put_text(const char *text)
{
    if (*text == '\0') {
        printf("null");
        return;
    }
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < ' ') {
            printf("\\u%04x", c);
        } else {
            (void)putchar(c);
        }
    }
    (void)putchar('"');
}

static void put_text(const char *key, const char *text)
{
    printf("\"%s\": ", key);
    info_put_text(text);
}

static void put_number(const char *key, uint64_t value)
{
    printf("\"%s\": %" PRIu64, key, value);
}

static void put_bool(const char *key, bool value)
{
    printf("\"%s\": %s", key, value ? "true" : "false");
}

static void put_real(const char *key, double value)
{
    if (value >= 0) {
        printf("\"%s\": %.1f", key, value);
    } else {
        printf("\"%s\": null", key);
    }
}

static void comma(void)
{
    printf(", ");
}

static void put_users(const struct info_device *device)
{
    const char *between = "";

    printf("\"channels\": [");
    for (uint32_t n = 0; n < device->channels; n++) {
        const struct info_user *user = &device->users[n];

        printf("%s{", between);
        put_text("state", info_state_name(user->state));
        comma();
        put_number("process", user->process > 0 ? (uint64_t)user->process : 0);
        comma();
        put_text("program", user->program);
        printf("}");
        between = ", ";
    }
    printf("]");
}

static void put_link(const struct info_device *device)
{
    put_bool("link", (device->status & VGPU_STATUS_LINK) != 0);
    comma();
    put_bool("turned_away", (device->status & VGPU_STATUS_REFUSED) != 0);
    comma();
    put_number("generation", device->generation);
    comma();
    put_number("resets", device->resets);
    comma();
    put_text("broker", device->broker);
    comma();
    put_number("protocol", device->protocol);
    comma();
    put_real("round_trip_us", device->beat_us);
}

static void put_device(const struct info_device *device)
{
    printf(", \"device\": {");
    put_text("address", device->pci.address);
    comma();
    put_number("vendor", VGPU_DEVICE_PCI_VENDOR);
    comma();
    put_number("device", VGPU_DEVICE_PCI_DEVICE);
    comma();
    put_number("pci_revision", device->pci_revision);
    comma();
    put_number("revision", device->revision);
    comma();
    put_text("driver", device->driver);
    comma();
    put_link(device);
    comma();
    put_number("channel_bytes", device->channel_bytes);
    comma();
    put_users(device);
    printf("}");
}

static void put_window(const struct info *info)
{
    const struct info_window *window = &info->window;

    printf(", \"window\": {");
    put_number("bytes", window->bytes);
    comma();
    put_text("cache", window->cache);
    comma();
    put_real("write_mb_s", window->write_mbs);
    comma();
    put_real("read_mb_s", window->read_mbs);
    if (info->has_device) {
        comma();
        put_number("channel", window->channel);
        comma();
        put_bool("interrupts", !window->polls);
    }
    printf("}");
}

static void put_gpus(const struct info_library *library)
{
    const char *between = "";

    printf(", \"gpus\": [");
    for (int i = 0; i < library->gpu_count; i++) {
        const struct info_gpu *gpu = &library->gpus[i];

        printf("%s{", between);
        put_text("name", gpu->name);
        comma();
        put_number("bytes", gpu->bytes);
        printf(", \"compute_capability\": \"%d.%d\"}", gpu->major, gpu->minor);
        between = ", ";
    }
    printf("]");
}

static void put_library(const struct info *info)
{
    const struct info_library *library = &info->library;

    printf(", \"library\": {");
    put_text("path", library->path);
    comma();
    put_text("programs_load", library->programs);
    comma();
    put_number("calls", library->calls);
    comma();
    put_number("supported_calls", library->supported);
    printf("}");
    if (info->has_gpus) {
        printf(", \"cuda\": \"%d.%d\"", library->cuda / 1000, library->cuda % 1000 / 10);
        put_gpus(library);
        comma();
        put_bool("nvidia_node", info_has_node());
    }
}

void info_print_json(const struct info *info)
{
    printf("{");
    put_text("version", VGPU_VERSION);
    comma();
    put_text("transport", info->transport->name);
    if (info->transport == &gs_transport_socket) {
        comma();
        put_text("socket", gs_socket_path());
    }
    if (info->has_device) {
        put_device(&info->device);
    }
    if (info->has_window) {
        put_window(info);
    }
    if (info->has_library) {
        put_library(info);
    }
    comma();
    put_number("status", (uint64_t)info->status);
    comma();
    put_text("error", info->error);
    comma();
    put_text("warning", info->warning);
    printf("}\n");
}
