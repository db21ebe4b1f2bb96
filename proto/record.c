/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/record.h"

#include <errno.h>
#include <string.h>

ssize_t vgpu_record_peek(const uint8_t *bytes, size_t avail, struct vgpu_record *record)
{
    struct vgpu_record header;

    if (avail < sizeof(header)) {
        return 0;
    }
    memcpy(&header, bytes, sizeof(header));
    if (header.length < VGPU_RECORD_HEADER_BYTES || header.length > VGPU_RECORD_BYTES_MAX ||
        header.length % VGPU_RECORD_ALIGN != 0) {
        return -EPROTO;
    }
    if (avail < header.length) {
        return 0;
    }
    *record = header;
    return (ssize_t)header.length;
}

int vgpu_records_whole(const uint8_t *bytes, size_t avail, size_t cap, size_t *whole,
                       uint32_t *count)
{
    size_t limit = avail < cap ? avail : cap;
    size_t at = 0;
    uint32_t records = 0;

    for (;;) {
        struct vgpu_record record;
        ssize_t length = vgpu_record_peek(bytes + at, limit - at, &record);

        if (length < 0) {
            return (int)length;
        }
        if (length == 0) {
            break;
        }
        at += (size_t)length;
        records++;
    }
    *whole = at;
    *count = records;
    return 0;
}
