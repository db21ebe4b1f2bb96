/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-vm-scribble SECONDS SEED: a hostile guest.  Reads and writes the device's registers and
 * doorbells at random, opens and closes channels, and fills the words and rings of their slices
 * with random bytes, of which some look like records.  Prints how often each register was read
 * and written, in which states the channels were met, and which steps between states it saw.
 *
 * Exit status: 0 done, 1 the device cannot be mapped.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/device.h"
#include "proto/limits.h"
#include "proto/record.h"

#define STATES 6
#define PAGES  (1 + VGPU_DEVICE_CHANNELS_MAX)
#define WORDS  (VGPU_DEVICE_PAGE / 4)

static const struct {
    uint32_t offset;
    const char *name;
} registers[] = {
    {VGPU_REG_MAGIC, "MAGIC"},
    {VGPU_REG_REVISION, "REVISION"},
    {VGPU_REG_STATUS, "STATUS"},
    {VGPU_REG_GENERATION, "GENERATION"},
    {VGPU_REG_CHANNELS, "CHANNELS"},
    {VGPU_REG_PROTOCOL, "PROTOCOL"},
    {VGPU_REG_CHANNEL_LO, "CHANNEL_LO"},
    {VGPU_REG_CHANNEL_HI, "CHANNEL_HI"},
    {VGPU_REG_RESETS, "RESETS"},
    {VGPU_REG_SCRATCH, "SCRATCH"},
    {VGPU_REG_BEAT, "BEAT"},
    {VGPU_REG_IRQ_STATUS, "IRQ_STATUS"},
    {VGPU_REG_IRQ_ENABLE, "IRQ_ENABLE"},
    {VGPU_REG_VERSION_TEXT, "VERSION_TEXT"},
};

struct device {
    volatile uint32_t *regs;
    uint32_t channels;
    uint64_t slice_bytes;
    uint8_t *slices[VGPU_DEVICE_CHANNELS_MAX]; /* what lies in front of the data */
};

static uint64_t reads[PAGES * WORDS], writes[PAGES * WORDS];
static uint64_t met[STATES], steps[STATES][STATES];
static uint64_t random_state;

static uint64_t next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1dull;
}

static uint32_t below(uint64_t limit)
{
    return (uint32_t)((next() >> 16) % limit);
}

static uint32_t get(const struct device *device, uint32_t offset)
{
    reads[offset / 4]++;
    return device->regs[offset / 4];
}

static void put(const struct device *device, uint32_t offset, uint32_t value)
{
    writes[offset / 4]++;
    device->regs[offset / 4] = value;
}

/* Maps `bytes` of a BAR, or all of it when it is smaller. */
static void *map(const char *folder, const char *file, uint64_t offset, size_t bytes)
{
    char path[300];
    struct stat status;
    void *memory = MAP_FAILED;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0) {
        bytes = (size_t)status.st_size < bytes ? (size_t)status.st_size : bytes;
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return memory == MAP_FAILED ? NULL : memory;
}

static bool has_id(const char *folder)
{
    char path[300], text[16] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/device", folder);
    file = fopen(path, "re");
    if (!file) {
        return false;
    }
    if (!fgets(text, sizeof(text), file)) {
        text[0] = '\0';
    }
    (void)fclose(file);
    return strtoul(text, NULL, 16) == VGPU_DEVICE_PCI_DEVICE;
}

static bool enable(const char *folder)
{
    char path[300];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/enable", folder);
    file = fopen(path, "we");
    return file && fputs("1", file) >= 0 && fclose(file) == 0;
}

static bool open_device(struct device *device, const char *folder)
{
    device->regs = map(folder, "resource0", 0, (size_t)PAGES * VGPU_DEVICE_PAGE);
    if (!device->regs) {
        return false;
    }
    device->channels = get(device, VGPU_REG_CHANNELS);
    device->slice_bytes =
        get(device, VGPU_REG_CHANNEL_LO) | (uint64_t)get(device, VGPU_REG_CHANNEL_HI) << 32;
    for (uint32_t i = 0; i < device->channels && i < VGPU_DEVICE_CHANNELS_MAX; i++) {
        device->slices[i] =
            map(folder, "resource1", i * device->slice_bytes, VGPU_CHANNEL_DATA_OFFSET);
        if (!device->slices[i]) {
            return false;
        }
    }
    return device->channels > 0 && device->channels <= VGPU_DEVICE_CHANNELS_MAX;
}

static bool find_device(struct device *device)
{
    glob_t found;
    bool good = false;

    if (glob("/sys/bus/pci/devices/*", 0, NULL, &found) != 0) {
        return false;
    }
    for (size_t i = 0; i < found.gl_pathc && !good; i++) {
        good = has_id(found.gl_pathv[i]) && enable(found.gl_pathv[i]) &&
               open_device(device, found.gl_pathv[i]);
    }
    globfree(&found);
    return good;
}

/* Counts the state and, seen from the last look at this channel, the step to it. */
static uint32_t look(const struct device *device, uint32_t channel)
{
    static uint32_t last[VGPU_DEVICE_CHANNELS_MAX];
    uint32_t state = get(device, VGPU_DEVICE_CHANNEL_REG(channel, VGPU_CHANNEL_STATE));

    if (state < STATES) {
        met[state]++;
        steps[last[channel]][state]++;
        last[channel] = state;
    }
    return state;
}

static void touch_register(const struct device *device)
{
    uint32_t offset = 4 * below(WORDS + WORDS / 4);

    if (below(2) == 0) { /* one that exists */
        uint32_t known = below(sizeof(registers) / sizeof(registers[0]));

        offset = registers[known].offset;
    }
    if (below(2) == 0) {
        (void)get(device, offset);
    } else {
        put(device, offset, (uint32_t)next());
    }
}

static void control(const struct device *device)
{
    uint32_t channel = below(device->channels);
    uint32_t state = look(device, channel);
    uint32_t what = below(8) == 0                ? (uint32_t)next()
                    : state == VGPU_CHANNEL_FREE ? VGPU_CONTROL_OPEN
                    : below(20) == 0             ? VGPU_CONTROL_CLOSE
                                                 : 0;

    put(device, VGPU_DEVICE_CHANNEL_REG(channel, VGPU_CHANNEL_CONTROL), what);
    (void)look(device, channel);
}

/* The start of something that could be a record, so that more than the first check is met. */
static void almost_record(uint8_t *at)
{
    struct vgpu_record record = {.op = below(3) == 0 ? VGPU_OP_FRAME : (uint32_t)next(),
                                 .length = 8 * below(64),
                                 .sequence = (uint32_t)next(),
                                 .lane = (uint16_t)next(),
                                 .flags = (uint16_t)below(4)};

    memcpy(at, &record, sizeof(record));
}

static void spoil_slice(const struct device *device)
{
    uint32_t channel = below(device->channels);
    uint8_t *slice = device->slices[channel];
    uint32_t kind = below(4);
    uint64_t noise = next();

    if (kind == 0) { /* head, tail and flags, often near the truth */
        noise = below(2) == 0 ? noise : 8 * below(4096);
        memcpy(slice + VGPU_CHANNEL_STATE_OFFSET + 8 * below(80), &noise, sizeof(noise));
    } else if (kind == 1) {
        almost_record(slice + VGPU_CHANNEL_SUBMIT_OFFSET + 8 * below(256));
    } else {
        memcpy(slice + 8 * below(VGPU_CHANNEL_DATA_OFFSET / 8), &noise, sizeof(noise));
    }
    put(device, VGPU_DEVICE_DOORBELL(channel), (uint32_t)noise);
}

static void print_coverage(const struct device *device)
{
    uint64_t channel_reads = 0, channel_writes = 0, bells = 0;

    printf("register reads writes\n");
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        printf("%s %llu %llu\n", registers[i].name,
               (unsigned long long)reads[registers[i].offset / 4],
               (unsigned long long)writes[registers[i].offset / 4]);
    }
    for (uint32_t i = 0; i < device->channels; i++) {
        for (uint32_t reg = 0; reg < VGPU_CHANNEL_STRIDE; reg += 4) {
            channel_reads += reads[VGPU_DEVICE_CHANNEL_REG(i, reg) / 4];
            channel_writes += writes[VGPU_DEVICE_CHANNEL_REG(i, reg) / 4];
        }
        bells += writes[VGPU_DEVICE_DOORBELL(i) / 4];
    }
    printf("CHANNEL %llu %llu\nDOORBELL - %llu\n", (unsigned long long)channel_reads,
           (unsigned long long)channel_writes, (unsigned long long)bells);
    for (int from = 0; from < STATES; from++) {
        printf("state %d met %llu, then", from, (unsigned long long)met[from]);
        for (int to = 0; to < STATES; to++) {
            printf(" %d:%llu", to, (unsigned long long)steps[from][to]);
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    static struct device device;
    time_t end;

    if (argc != 3 || !find_device(&device)) {
        fprintf(stderr, "usage: vgpu-vm-scribble SECONDS SEED, in a guest with the device\n");
        return 1;
    }
    random_state = strtoull(argv[2], NULL, 0) | 1;
    end = time(NULL) + atoi(argv[1]);
    while (time(NULL) < end) {
        for (int i = 0; i < 1000; i++) {
            uint32_t what = below(16);

            if (what < 4) {
                touch_register(&device);
            } else if (what < 6) {
                control(&device);
            } else {
                spoil_slice(&device);
            }
        }
    }
    print_coverage(&device);
    return 0;
}
