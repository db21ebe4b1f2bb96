/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/card.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define WORD 64
/* The simulator stands for a driver of CUDA 13.0, which came with release 580; programs ask for a
 * least one. */
#define SIM_RELEASE "580.0"

/* The first word of a file of one line; "" when there is none. */
static void read_word(const char *path, char word[WORD])
{
    VGPU_CLEANUP_FILE FILE *file = fopen(path, "re");

    word[0] = '\0';
    if (file != NULL && fscanf(file, "%63s", word) != 1) {
        word[0] = '\0';
    }
}

static uint32_t read_id(const char *folder, const char *device, const char *vendor)
{
    char path[320];
    char word[WORD];
    unsigned long high;
    unsigned long low;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, device);
    read_word(path, word);
    high = strtoul(word, NULL, 16);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, vendor);
    read_word(path, word);
    low = strtoul(word, NULL, 16);
    return (uint32_t)((high & 0xffff) << 16 | (low & 0xffff));
}

/* As sysfs writes it: CUDA may use capitals.  What a bus id does not have ends it: a probe says it,
 * and it becomes a path. */
static void add_bus_id(char *folder, size_t cap, const char *id)
{
    size_t at = strlen(folder);

    for (; (isxdigit((unsigned char)*id) || *id == ':' || *id == '.') && at < cap - 1; id++) {
        folder[at++] = (char)tolower((unsigned char)*id);
    }
    folder[at] = '\0';
}

static void set_release(Vgpu__DeviceFacts *facts, const char *release)
{
    char *copy = release[0] != '\0' ? strdup(release) : NULL;

    if (copy != NULL && facts->driver_release[0] == '\0') {
        facts->driver_release = copy;
    } else {
        free(copy);
    }
}

void ex_card_describe(Vgpu__DeviceFacts *facts, bool sim, const char *sysfs)
{
    char folder[256];
    char word[WORD];

    if (sim) {
        set_release(facts, SIM_RELEASE);
        return;
    }
    (void)snprintf(folder, sizeof(folder), "%s/module/nvidia/version", sysfs);
    read_word(folder, word);
    set_release(facts, word);
    (void)snprintf(folder, sizeof(folder), "%s/bus/pci/devices/", sysfs);
    add_bus_id(folder, sizeof(folder), facts->pci_bus_id);
    facts->pci_device_id = read_id(folder, "device", "vendor");
    facts->pci_subsystem_id = read_id(folder, "subsystem_device", "subsystem_vendor");
}
