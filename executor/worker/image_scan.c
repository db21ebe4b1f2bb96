/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image_scan.h"

#include <limits.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "executor/worker/image.h"
#include "proto/limits.h"

/* What the compiler makes of printf. */
static const char print_name[] = "vprintf";

#define ENTRY_PTX      1
#define ENTRY_ELF      2
#define FLAG_LZ4       0x2000u
#define FLAG_ZSTD      0x8000u
#define FLAGS_COMPRESS 0xf000u /* these two and what is not known */

struct fatbin_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t bytes;
};

struct fatbin_entry {
    uint16_t kind;
    uint16_t version;
    uint32_t header_bytes;
    uint64_t bytes; /* of the payload, padded */
    uint32_t packed_bytes;
    uint32_t options;
    uint16_t minor;
    uint16_t major;
    uint32_t arch;
    uint32_t name_offset;
    uint32_t name_bytes;
    uint64_t flags;
    uint64_t reserved;
    uint64_t plain_bytes;
};

static bool names_it(const void *bytes, size_t size)
{
    return memmem(bytes, size, print_name, sizeof(print_name) - 1) != NULL;
}

static bool unpack(uint64_t flags, const uint8_t *packed, size_t size, uint8_t *plain, size_t room)
{
    if ((flags & FLAG_LZ4) != 0) {
        return LZ4_decompress_safe((const char *)packed, (char *)plain, (int)size, (int)room) >= 0;
    }
    return !ZSTD_isError(ZSTD_decompress(plain, room, packed, size));
}

static bool packed_prints(const struct fatbin_entry *e, const uint8_t *payload)
{
    uint64_t form = e->flags & FLAGS_COMPRESS;
    uint8_t *plain;
    bool prints;

    if ((form != FLAG_LZ4 && form != FLAG_ZSTD) || e->packed_bytes > e->bytes ||
        e->packed_bytes > INT_MAX || e->plain_bytes == 0 ||
        e->plain_bytes > VGPU_MODULE_BYTES_MAX) {
        return true;
    }
    plain = calloc(1, e->plain_bytes);
    if (plain == NULL) {
        return true;
    }
    prints = !unpack(form, payload, e->packed_bytes, plain, e->plain_bytes) ||
             names_it(plain, e->plain_bytes);
    free(plain);
    return prints;
}

static bool entry_prints(const struct fatbin_entry *e, const uint8_t *payload)
{
    return (e->flags & FLAGS_COMPRESS) != 0 ? packed_prints(e, payload)
                                            : names_it(payload, e->bytes);
}

/* Looks at the entries of one kind and architecture; *any: there was one.  The image has been
 * checked: headers and payloads lie inside. */
static bool entries_print(const uint8_t *bytes, uint16_t kind, int major, bool *any)
{
    struct fatbin_header header;
    bool prints = false;
    uint64_t at;

    memcpy(&header, bytes, sizeof(header));
    *any = false;
    for (at = header.header_bytes; at < header.header_bytes + header.bytes && !prints;) {
        struct fatbin_entry entry = {.kind = 0};
        uint32_t known;

        memcpy(&entry, bytes + at, 16);
        known = entry.header_bytes < sizeof(entry) ? entry.header_bytes : (uint32_t)sizeof(entry);
        memcpy(&entry, bytes + at, known);
        if (entry.kind == kind && (major == 0 || entry.arch / 10 == (uint32_t)major)) {
            *any = true;
            prints = entry_prints(&entry, bytes + at + entry.header_bytes);
        }
        at += entry.header_bytes + entry.bytes;
    }
    return prints;
}

bool ex_image_prints(const uint8_t *bytes, size_t size, int major)
{
    bool any;

    if (ex_image_check(bytes, size) != EX_IMAGE_FATBIN) {
        return names_it(bytes, size);
    }
    if (entries_print(bytes, ENTRY_ELF, major, &any)) {
        return true;
    }
    return !any && entries_print(bytes, ENTRY_PTX, 0, &any);
}
