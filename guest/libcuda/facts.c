/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/facts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guest/libcuda/environment.h"

static void copy_text(char *to, size_t cap, const char *from)
{
    size_t len = from != NULL ? strnlen(from, cap - 1) : 0;

    memcpy(to, from != NULL ? from : "", len);
    to[len] = '\0';
}

static void copy_attributes(struct gs_facts *facts, const Vgpu__DeviceFacts *from)
{
    for (size_t i = 0; i < from->n_attributes && i < VGPU_ATTRIBUTES_MAX; i++) {
        bool listed = i / 8 < from->attribute_valid.len;

        facts->valid[i] = listed && (from->attribute_valid.data[i / 8] >> (i % 8) & 1) != 0;
        facts->attributes[i] = facts->valid[i] ? from->attributes[i] : 0;
    }
}

static void copy_facts(struct gs_facts *facts, const Vgpu__DeviceFacts *from, uint32_t ordinal)
{
    memset(facts, 0, sizeof(*facts));
    copy_text(facts->name, sizeof(facts->name), from->name);
    copy_text(facts->pci_bus_id, sizeof(facts->pci_bus_id), from->pci_bus_id);
    if (from->uuid.len == sizeof(facts->uuid)) {
        memcpy(facts->uuid, from->uuid.data, sizeof(facts->uuid));
    }
    facts->total_memory = from->total_memory;
    facts->priority_least = from->stream_priority_least;
    facts->priority_greatest = from->stream_priority_greatest;
    facts->ordinal = ordinal;
    copy_attributes(facts, from);
}

/* Reads up to a comma or the end; the number, or -1. */
static int parse_number(const char *text, const char *end)
{
    long value = 0;

    if (text == end) {
        return -1;
    }
    for (; text < end; text++) {
        if (!isdigit((unsigned char)*text) || value > 1000) {
            return -1;
        }
        value = value * 10 + (*text - '0');
    }
    return (int)value;
}

static void uuid_text(const uint8_t *uuid, char text[41])
{
    static const int dashes[16] = {[4] = 1, [6] = 1, [8] = 1, [10] = 1};
    size_t at = (size_t)snprintf(text, 5, "GPU-");

    for (unsigned int i = 0; i < 16; i++) {
        at += (size_t)snprintf(text + at, 41 - at, "%s%02x", dashes[i] ? "-" : "", uuid[i]);
    }
}

static int find_entry(const char *text, const char *end, const uint8_t (*uuids)[16], int count)
{
    int number = parse_number(text, end);
    char name[41];
    int found = -1;

    if (number >= 0 || end - text < 5 || end - text > 40) {
        return number < count ? number : -1;
    }
    for (int i = 0; i < count; i++) {
        uuid_text(uuids[i], name);
        if (strncasecmp(name, text, (size_t)(end - text)) == 0) {
            if (found >= 0) {
                return -1; /* two devices begin like this */
            }
            found = i;
        }
    }
    return found;
}

static bool listed(const int *order, int used, int device)
{
    for (int i = 0; i < used; i++) {
        if (order[i] == device) {
            return true;
        }
    }
    return false;
}

int gs_visible_devices(const char *text, const uint8_t (*uuids)[16], int count, int *order)
{
    int used = 0;

    if (text == NULL) {
        for (; used < count; used++) {
            order[used] = used;
        }
        return used;
    }
    while (*text != '\0') {
        const char *end = text + strcspn(text, ",");
        int device = find_entry(text, end, uuids, count);

        if (device < 0) {
            break;
        }
        if (listed(order, used, device)) {
            return 0;
        }
        order[used++] = device;
        text = *end == ',' ? end + 1 : end;
    }
    return used;
}

static int32_t fact(const Vgpu__DeviceFacts *facts, CUdevice_attribute attribute)
{
    return attribute < facts->n_attributes ? facts->attributes[attribute] : 0;
}

/* What a device can compute in a second, up to a factor that all have. */
static int64_t speed(const Vgpu__DeviceFacts *facts)
{
    return (int64_t)fact(facts, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) *
           fact(facts, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
}

static int by_bus(const void *a, const void *b)
{
    const Vgpu__DeviceFacts *first = *(const Vgpu__DeviceFacts *const *)a;
    const Vgpu__DeviceFacts *second = *(const Vgpu__DeviceFacts *const *)b;

    return strcasecmp(first->pci_bus_id, second->pci_bus_id);
}

/* Native's rule is not documented: newer, then faster, then by bus. */
static int by_speed(const void *a, const void *b)
{
    const Vgpu__DeviceFacts *first = *(const Vgpu__DeviceFacts *const *)a;
    const Vgpu__DeviceFacts *second = *(const Vgpu__DeviceFacts *const *)b;
    int32_t newer = fact(second, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) -
                    fact(first, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);

    if (newer == 0) {
        newer = (speed(second) > speed(first)) - (speed(second) < speed(first));
    }
    return newer != 0 ? newer : by_bus(a, b);
}

static uint32_t ordinal_of(const Vgpu__Welcome *welcome, const Vgpu__DeviceFacts *facts)
{
    uint32_t i = 0;

    while (welcome->devices[i] != facts) {
        i++;
    }
    return i;
}

int gs_facts_take(const Vgpu__Welcome *welcome, struct gs_device *devices)
{
    const Vgpu__DeviceFacts *sorted[VGPU_DEVICES_MAX];
    uint8_t uuids[VGPU_DEVICES_MAX][16];
    int order[VGPU_DEVICES_MAX];
    int count =
        welcome->n_devices < VGPU_DEVICES_MAX ? (int)welcome->n_devices : (int)VGPU_DEVICES_MAX;

    for (int i = 0; i < count; i++) {
        sorted[i] = welcome->devices[i];
    }
    qsort(sorted, (size_t)count, sizeof(void *), /* the host's order is that of registration */
          gs_environment()->pci_order ? by_bus : by_speed);
    memset(uuids, 0, sizeof(uuids));
    for (int i = 0; i < count; i++) {
        if (sorted[i]->uuid.len == 16) {
            memcpy(uuids[i], sorted[i]->uuid.data, 16);
        }
    }
    count = gs_visible_devices(gs_environment()->visible_devices, (const uint8_t(*)[16])uuids,
                               count, order);
    for (int i = 0; i < count; i++) {
        copy_facts(&devices[i].facts, sorted[order[i]], ordinal_of(welcome, sorted[order[i]]));
    }
    return count;
}
