/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "guest/tools/info.h"
#include "guest/transport/claim.h"
#include "guest/transport/nap.h"

#define BEAT_NS VGPU_NS_PER_S

const char *info_state_name(uint32_t state)
{
    static const char *const names[] = {"free", "opening", "ready", "refused", "closing", "lost"};

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

static void name_program(struct info_user *user)
{
    char path[64];
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)user->process);
    file = fopen(path, "re");
    if (file == NULL || fgets(user->program, sizeof(user->program), file) == NULL) {
        user->program[0] = '\0';
    }
    user->program[strcspn(user->program, "\n")] = '\0';
    info_clean(user->program);
    if (file != NULL) {
        (void)fclose(file);
    }
}

static void read_users(struct info_device *device, const struct gs_bars *bars)
{
    for (uint32_t n = 0; n < bars->channels; n++) {
        struct info_user *user = &device->users[n];

        user->state = gs_bars_channel(bars, n, VGPU_CHANNEL_STATE);
        user->process = gs_claim_locker(bars, n);
        if (user->process > 0) {
            name_program(user);
        }
    }
}

static void read_broker(struct info_device *device, const struct gs_bars *bars)
{
    for (uint32_t i = 0; i < VGPU_VERSION_TEXT_SIZE; i += 4) {
        uint32_t word = gs_bars_read(bars, VGPU_REG_VERSION_TEXT + i);

        memcpy(device->broker + i, &word, sizeof(word));
    }
    info_clean(device->broker);
}

/* Asks for a sign of life; another process that asks at the same time is answered with it. */
static double beat(const struct gs_bars *bars)
{
    uint32_t before = gs_bars_read(bars, VGPU_REG_BEAT);
    uint64_t start_ns = vgpu_clock_ns();
    uint64_t passed_ns;

    gs_bars_write(bars, VGPU_REG_BEAT, 1);
    do {
        passed_ns = vgpu_clock_ns() - start_ns;
        if (gs_bars_read(bars, VGPU_REG_BEAT) != before) {
            return (double)passed_ns / (double)VGPU_NS_PER_US;
        }
        if (passed_ns > VGPU_NS_PER_MS) {
            gs_nap_for(20 * VGPU_NS_PER_US);
        }
    } while (passed_ns < BEAT_NS);
    return -1;
}

void info_read_device(struct info *info)
{
    struct info_device *device = &info->device;
    struct gs_obstacle obstacle;
    const struct gs_bars *bars;

    if (gs_device_attach(&bars, &obstacle) != 0) {
        info_fail(info, (int)obstacle.kind, obstacle.text);
        return;
    }
    info->has_device = true;
    device->pci = bars->pci;
    (void)gs_pci_driver(&bars->pci, device->driver, sizeof(device->driver));
    (void)gs_pci_number(&bars->pci, "revision", &device->pci_revision);
    device->revision = gs_bars_read(bars, VGPU_REG_REVISION);
    device->status = gs_bars_read(bars, VGPU_REG_STATUS);
    device->generation = gs_bars_read(bars, VGPU_REG_GENERATION);
    device->protocol = gs_bars_read(bars, VGPU_REG_PROTOCOL);
    device->resets = gs_bars_read(bars, VGPU_REG_RESETS);
    device->channels = bars->channels;
    device->channel_bytes = bars->channel_bytes;
    read_broker(device, bars);
    read_users(device, bars);
    device->beat_us = (device->status & VGPU_STATUS_LINK) != 0 ? beat(bars) : -1;
}
