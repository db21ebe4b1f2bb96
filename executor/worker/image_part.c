/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image_part.h"

#include <limits.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "executor/worker/pages.h"
#include "proto/fatbin.h"
#include "proto/limits.h"

bool ex_part_next(const uint8_t *image, uint64_t *at, struct ex_part *part)
{
    struct vgpu_fatbin_header header;
    const uint8_t *start;
    struct vgpu_fatbin_entry entry;

    memcpy(&header, image, sizeof(header));
    if (*at >= header.bytes) {
        return false;
    }
    start = image + header.header_bytes + *at;
    memcpy(&entry, start, sizeof(entry));
    *part = (struct ex_part){
        .kind = entry.kind,
        .arch = entry.arch,
        .flags = entry.flags,
        .payload = start + entry.header_bytes,
        .bytes = entry.bytes,
        .packed_bytes = entry.packed_bytes,
        .plain_bytes = entry.plain_bytes,
    };
    *at += entry.header_bytes + entry.bytes;
    return true;
}

static bool unpack(const struct ex_part *part, uint8_t *plain)
{
    if ((part->flags & VGPU_FATBIN_PACKED) == VGPU_FATBIN_LZ4) {
        return LZ4_decompress_safe((const char *)part->payload, (char *)plain,
                                   (int)part->packed_bytes,
                                   (int)part->plain_bytes) == (int)part->plain_bytes;
    }
    return ZSTD_decompress(plain, part->plain_bytes, part->payload, part->packed_bytes) ==
           part->plain_bytes;
}

static bool can_unpack(const struct ex_part *part)
{
    uint64_t form = part->flags & VGPU_FATBIN_PACKED;

    return (form == VGPU_FATBIN_LZ4 || form == VGPU_FATBIN_ZSTD) &&
           part->packed_bytes <= part->bytes && part->packed_bytes <= INT_MAX &&
           part->plain_bytes > 0 && part->plain_bytes <= VGPU_MODULE_BYTES_MAX;
}

/* Both at once are none, but the driver would look at one of them. */
bool ex_part_is_known(const struct ex_part *part)
{
    return (part->flags & (VGPU_FATBIN_LZ4 | VGPU_FATBIN_ZSTD)) != 0;
}

/* *left: of the bytes that all parts together may come to, or many small ones could keep a worker
 * busy for hours. */
static bool unpacks(const struct ex_part *part, uint64_t *left)
{
    bool looked_at = part->kind == VGPU_FATBIN_ELF || part->kind == VGPU_FATBIN_PTX;
    uint8_t *code;
    size_t size;

    if (!looked_at || !ex_part_is_known(part)) {
        return true;
    }
    if (part->plain_bytes > *left) {
        return false;
    }
    *left -= part->plain_bytes;
    code = ex_part_code(part, &size);
    free(code);
    return code != NULL;
}

bool ex_parts_unpack(const uint8_t *image, const uint8_t *but)
{
    uint64_t left = VGPU_MODULE_BYTES_MAX;
    struct ex_part part;
    uint64_t at = 0;

    while (ex_part_next(image, &at, &part)) {
        if (part.payload != but && !unpacks(&part, &left)) {
            return false;
        }
    }
    return true;
}

bool ex_parts_clear(const uint8_t *image, const uint8_t *but, uint8_t **clear, size_t *size)
{
    uint64_t left = VGPU_MODULE_BYTES_MAX;
    struct vgpu_fatbin_header header;
    struct ex_part part;
    uint64_t from = 0;
    uint64_t at = 0;
    uint64_t to = 0;

    *clear = NULL;
    if (ex_parts_unpack(image, but)) {
        return true;
    }
    memcpy(&header, image, sizeof(header));
    *clear = calloc(1, header.header_bytes + header.bytes + 1);
    if (*clear == NULL) {
        return false;
    }
    for (; ex_part_next(image, &at, &part); from = at) {
        if (part.payload == but || unpacks(&part, &left)) {
            memcpy(*clear + header.header_bytes + to, image + header.header_bytes + from,
                   at - from);
            to += at - from;
        }
    }
    *size = header.header_bytes + to;
    header.bytes = to;
    memcpy(*clear, &header, sizeof(header));
    return true;
}

bool ex_part_is_plain(const struct ex_part *part)
{
    return (part->flags & VGPU_FATBIN_PACKED) == 0;
}

uint8_t *ex_part_code(const struct ex_part *part, size_t *size)
{
    bool packed = (part->flags & VGPU_FATBIN_PACKED) != 0;
    uint64_t bytes = packed ? part->plain_bytes : part->bytes;
    uint8_t *code = packed && !can_unpack(part) ? NULL : calloc(1, bytes + 1);

    if (code == NULL) {
        return NULL;
    }
    ex_pages_make(code, bytes);
    if (!packed) {
        memcpy(code, part->payload, bytes);
    } else if (!unpack(part, code)) {
        free(code);
        return NULL;
    }
    *size = bytes;
    return code;
}

/* Machine code runs on its own major version, from its minor one on. */
static bool runs(const struct ex_part *part, uint32_t capability)
{
    return part->kind == VGPU_FATBIN_ELF && part->arch / 10 == capability / 10 &&
           part->arch <= capability;
}

static bool compiles(const struct ex_part *part, uint32_t capability)
{
    return part->kind == VGPU_FATBIN_PTX && part->arch <= capability;
}

bool ex_part_for(const uint8_t *image, uint32_t capability, bool text_only, struct ex_part *part)
{
    struct ex_part best = {.kind = 0};
    struct ex_part one;
    uint64_t at = 0;

    while (ex_part_next(image, &at, &one)) {
        bool code = !text_only && runs(&one, capability);
        bool better = one.kind == best.kind ? one.arch >= best.arch : best.kind != VGPU_FATBIN_ELF;

        if ((code || compiles(&one, capability)) && better) {
            best = one;
        }
    }
    *part = best;
    return best.kind != 0;
}
