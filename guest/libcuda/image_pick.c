/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/image_pick.h"

#include <string.h>

#include "guest/libcuda/process.h"
#include "proto/fatbin.h"

static uint32_t capability_of(const struct gs_device *device)
{
    return (uint32_t)(gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0) *
                          10 +
                      gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0));
}

void gs_targets_one(struct gs_targets *targets, const struct gs_device *device)
{
    *targets = (struct gs_targets){.count = 1, .capability = {capability_of(device)}};
}

void gs_targets_all(struct gs_targets *targets)
{
    *targets = (struct gs_targets){.count = 0};
    for (int i = 0; i < gs_device_count() && targets->count < VGPU_DEVICES_MAX; i++) {
        targets->capability[targets->count++] = capability_of(gs_device_find(i));
    }
}

/* ---- entries ---------------------------------------------------------------- */

/* The entry at `at` of a fat binary that ends at `end`, and where the next one begins.  False: it
 * does not fit. */
static bool read_entry(const uint8_t *image, size_t end, size_t at, struct vgpu_fatbin_entry *entry,
                       size_t *next)
{
    if (end - at < sizeof(*entry)) {
        return false;
    }
    memcpy(entry, image + at, sizeof(*entry));
    if (entry->header_bytes < sizeof(*entry) || entry->header_bytes > end - at ||
        entry->bytes > end - at - entry->header_bytes) {
        return false;
    }
    *next = at + entry->header_bytes + (size_t)entry->bytes;
    return true;
}

/* Machine code runs on its own major version, from its minor one on. */
static bool runs(const struct vgpu_fatbin_entry *entry, uint32_t capability)
{
    return entry->kind == VGPU_FATBIN_ELF && entry->arch / 10 == capability / 10 &&
           entry->arch <= capability;
}

static bool is_wanted(const struct gs_pick *pick, const struct vgpu_fatbin_entry *entry)
{
    if (entry->kind != VGPU_FATBIN_PTX && entry->kind != VGPU_FATBIN_ELF) {
        return true;
    }
    for (unsigned int i = 0; i < pick->targets.count; i++) {
        if (runs(entry, pick->targets.capability[i]) ||
            (entry->kind == VGPU_FATBIN_PTX && entry->arch != 0 &&
             entry->arch == pick->newest[i])) {
            return true;
        }
    }
    return false;
}

static bool is_kept(const struct gs_pick *pick, const struct vgpu_fatbin_entry *entry, size_t at)
{
    return pick->spare != 0 ? at == pick->spare : is_wanted(pick, entry);
}

/* ---- the plan --------------------------------------------------------------- */

static void note_newest(struct gs_pick *pick, const struct vgpu_fatbin_entry *entry)
{
    for (unsigned int i = 0; i < pick->targets.count; i++) {
        if (entry->kind == VGPU_FATBIN_PTX && entry->arch <= pick->targets.capability[i] &&
            entry->arch > pick->newest[i]) {
            pick->newest[i] = entry->arch;
        }
    }
}

/* Finds the newest PTX and the smallest entry.  False: the entries do not fit. */
static bool look_through(struct gs_pick *pick, size_t start, size_t end, size_t *smallest)
{
    size_t least = SIZE_MAX;
    size_t next;

    *smallest = 0;
    for (size_t at = start; at < end; at = next) {
        struct vgpu_fatbin_entry entry;

        if (!read_entry(pick->image, end, at, &entry, &next)) {
            return false;
        }
        note_newest(pick, &entry);
        if (next - at < least) {
            least = next - at;
            *smallest = at;
        }
    }
    return *smallest != 0;
}

static size_t sum_up(const struct gs_pick *pick, size_t start, size_t end)
{
    size_t sum = 0;
    size_t next;

    for (size_t at = start; at < end; at = next) {
        struct vgpu_fatbin_entry entry;

        if (!read_entry(pick->image, end, at, &entry, &next)) {
            break;
        }
        sum += is_kept(pick, &entry, at) ? next - at : 0;
    }
    return sum;
}

/* False: not a fat binary whose entries can be told apart. */
static bool plan_parts(struct gs_pick *pick)
{
    struct vgpu_fatbin_header header;
    size_t smallest;
    size_t sum;

    if (pick->image_bytes < sizeof(header)) {
        return false;
    }
    memcpy(&header, pick->image, sizeof(header));
    if (header.magic != VGPU_FATBIN_MAGIC || header.header_bytes < sizeof(header) ||
        header.header_bytes > pick->image_bytes ||
        header.bytes != pick->image_bytes - header.header_bytes ||
        !look_through(pick, header.header_bytes, pick->image_bytes, &smallest)) {
        return false;
    }
    sum = sum_up(pick, header.header_bytes, pick->image_bytes);
    if (sum == 0) {
        pick->spare = smallest;
        sum = sum_up(pick, header.header_bytes, pick->image_bytes);
    }
    pick->bytes = header.header_bytes + sum;
    return true;
}

CUresult gs_pick_plan(struct gs_pick *pick, const void *image, size_t size,
                      const struct gs_targets *targets)
{
    *pick = (struct gs_pick){.image = image, .image_bytes = size, .targets = *targets};
    pick->whole = !plan_parts(pick);
    if (pick->whole) {
        pick->bytes = size;
    }
    return pick->bytes <= VGPU_MODULE_BYTES_MAX ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}

/* ---- the pieces ------------------------------------------------------------- */

typedef bool each_fn(void *arg, const uint8_t *bytes, size_t size);

/* The header as it is, but for the size. */
static bool give_header(const struct gs_pick *pick, size_t *start, each_fn *fn, void *arg)
{
    struct vgpu_fatbin_header header;

    memcpy(&header, pick->image, sizeof(header));
    if (header.header_bytes < sizeof(header) || header.header_bytes > pick->bytes) {
        return false;
    }
    *start = header.header_bytes;
    header.bytes = pick->bytes - header.header_bytes;
    return fn(arg, (const uint8_t *)&header, sizeof(header)) &&
           (*start == sizeof(header) ||
            fn(arg, pick->image + sizeof(header), *start - sizeof(header)));
}

bool gs_pick_each(const struct gs_pick *pick, each_fn *fn, void *arg)
{
    size_t given;
    size_t start;
    size_t next;

    if (pick->whole) {
        return fn(arg, pick->image, pick->image_bytes);
    }
    if (!give_header(pick, &start, fn, arg)) {
        return false;
    }
    given = start;
    for (size_t at = start; at < pick->image_bytes; at = next) {
        struct vgpu_fatbin_entry entry;

        if (!read_entry(pick->image, pick->image_bytes, at, &entry, &next)) {
            return false;
        }
        if (!is_kept(pick, &entry, at)) {
            continue;
        }
        if (next - at > pick->bytes - given || !fn(arg, pick->image + at, next - at)) {
            return false;
        }
        given += next - at;
    }
    return given == pick->bytes;
}

static bool append(void *arg, const uint8_t *bytes, size_t size)
{
    uint8_t **to = arg;

    memcpy(*to, bytes, size);
    *to += size;
    return true;
}

CUresult gs_pick_copy(const struct gs_pick *pick, void *to)
{
    uint8_t *at = to;

    return gs_pick_each(pick, append, &at) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}

bool gs_image_runs(const void *fatbin, size_t size, const struct gs_targets *targets)
{
    unsigned int running = 0;

    for (unsigned int i = 0; i < targets->count; i++) {
        struct vgpu_fatbin_header header;
        struct vgpu_fatbin_entry entry = {.kind = 0};
        size_t next;

        memcpy(&header, fatbin, sizeof(header));
        for (size_t at = header.header_bytes; at < size; at = next) {
            if (!read_entry(fatbin, size, at, &entry, &next)) {
                return false;
            }
            if (runs(&entry, targets->capability[i])) {
                running++;
                break;
            }
        }
    }
    return targets->count > 0 && running == targets->count;
}
