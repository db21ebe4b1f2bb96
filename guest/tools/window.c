/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "guest/tools/info.h"

#define AREA_BYTES  (4u << 20)
#define PIECE_BYTES (64u << 10)
/* Once for the host to give memory, then for each direction. */
#define WARM_NS    (50 * VGPU_NS_PER_MS)
#define MEASURE_NS (120 * VGPU_NS_PER_MS)

/* Copies pieces of the area, round and round, for so long; million bytes a second. */
static double copy_for(uint8_t *area, uint8_t *piece, bool write, uint64_t limit_ns)
{
    uint64_t start_ns = vgpu_clock_ns();
    uint64_t passed_ns;
    uint64_t bytes = 0;

    do {
        uint8_t *at = area + bytes % AREA_BYTES;

        memcpy(write ? at : piece, write ? piece : at, PIECE_BYTES);
        bytes += PIECE_BYTES;
        passed_ns = vgpu_clock_ns() - start_ns;
    } while (passed_ns < limit_ns);
    return (double)bytes * 1e3 / (double)passed_ns;
}

/* The kernel's own word for the type of a physical address; false: it does not tell. */
static bool find_memtype(uint64_t address, char *type, size_t cap)
{
    char path[GS_PCI_PATH];
    char line[256];
    bool found = false;
    FILE *file;

    gs_pci_memtypes(path);
    file = fopen(path, "re");
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        unsigned long long first;
        unsigned long long end;
        char word[64];

        if (sscanf(line, "PAT: [mem %llx-%llx] %63s", &first, &end, word) == 3 &&
            address >= first && address < end) {
            (void)snprintf(type, cap, "%s", word);
            found = true;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static void name_cache(struct info_window *window, const struct gs_channel *channel,
                       const struct info_device *device)
{
    const char *file = channel->data_fd != channel->memory_fd ? "resource1_wc" : "resource1";
    uint64_t first;
    uint64_t last;
    char type[64];

    if (gs_pci_bar(&device->pci, VGPU_DEVICE_BAR_CHANNELS, &first, &last) == 0 &&
        find_memtype(first + channel->memory_offset + VGPU_CHANNEL_DATA_OFFSET, type,
                     sizeof(type))) {
        (void)snprintf(window->cache, sizeof(window->cache), "%s (%s, as the kernel says)", type,
                       file);
        return;
    }
    (void)snprintf(window->cache, sizeof(window->cache), "%s (%s)",
                   channel->data_fd != channel->memory_fd ? "write-combining" : "uncached", file);
}

/* The kernel lists a type only while something is mapped. */
static void measure(struct info *info, struct gs_channel *channel)
{
    struct info_window *window = &info->window;
    uint8_t *area = gs_channel_map(channel, NULL, VGPU_CHANNEL_DATA_OFFSET, AREA_BYTES);
    uint8_t *piece = calloc(1, PIECE_BYTES);

    if (info->has_device) {
        name_cache(window, channel, &info->device);
    } else {
        (void)snprintf(window->cache, sizeof(window->cache), "write-back (memfd)");
    }
    if (area != NULL && piece != NULL) {
        (void)copy_for(area, piece, true, WARM_NS);
        window->write_mbs = copy_for(area, piece, true, MEASURE_NS);
        window->read_mbs = copy_for(area, piece, false, MEASURE_NS);
    }
    free(piece);
    gs_channel_unmap(channel, area);
}

void info_measure_window(struct info *info)
{
    struct info_window *window = &info->window;
    struct gs_channel channel = {.transport = NULL};
    struct gs_obstacle obstacle;

    if (gs_channel_open(&channel, NULL, &obstacle) != 0) {
        info_fail(info, (int)obstacle.kind, obstacle.text);
        return;
    }
    info->has_window = true;
    window->bytes = channel.bytes;
    window->polls = channel.polls;
    if (info->has_device) {
        window->channel = gs_device_channel(&channel);
    }
    measure(info, &channel);
    gs_channel_close(&channel);
}
