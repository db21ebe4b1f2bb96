/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/batch.h"

#include <assert.h>
#include <string.h>

/* Protobuf: tag = field number * 8 + 2 (length-delimited), as a varint. */
#define SUBMIT_TAG_LOW   0xc2 /* field 24 of Frame, two bytes */
#define COMPLETE_TAG_LOW 0xca /* field 25 */
#define FRAME_TAG_HIGH   0x01
#define RECORDS_TAG      0x0a /* field 1 of Submit and of Complete */
#define VARINT_BYTES_MAX 3    /* lengths are below 2^21 */

static size_t put_varint(uint8_t *out, size_t value)
{
    size_t len = 0;

    while (value >= 0x80) {
        out[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[len++] = (uint8_t)value;
    return len;
}

/* Reads a length of at most three bytes; 0 when there is none. */
static size_t get_varint(const uint8_t *at, size_t avail, size_t *value)
{
    *value = 0;
    for (size_t i = 0; i < VARINT_BYTES_MAX && i < avail; i++) {
        *value |= (size_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] < 0x80) {
            return i + 1;
        }
    }
    return 0;
}

const uint8_t *br_batch_submit(struct br_batch *batch, size_t len, size_t *total)
{
    uint8_t head[BR_BATCH_HEAD];
    uint8_t inner[1 + VARINT_BYTES_MAX];
    size_t inner_len;
    size_t head_len = VGPU_FRAME_PREFIX_BYTES;
    size_t frame_len;

    assert(len > 0 && len <= sizeof(batch->records));
    inner[0] = RECORDS_TAG;
    inner_len = 1 + put_varint(inner + 1, len);
    head[head_len++] = SUBMIT_TAG_LOW;
    head[head_len++] = FRAME_TAG_HIGH;
    head_len += put_varint(head + head_len, inner_len + len);
    memcpy(head + head_len, inner, inner_len);
    head_len += inner_len;
    frame_len = head_len - VGPU_FRAME_PREFIX_BYTES + len;
    for (size_t i = 0; i < VGPU_FRAME_PREFIX_BYTES; i++) {
        head[i] = (uint8_t)(frame_len >> (8 * i));
    }
    memcpy(batch->head + BR_BATCH_HEAD - head_len, head, head_len);
    *total = head_len + len;
    return batch->head + BR_BATCH_HEAD - head_len;
}

bool br_batch_complete(const uint8_t *frame, size_t len, const uint8_t **records,
                       size_t *records_len)
{
    size_t at = 2;
    size_t value;
    size_t used;

    if (len < 4 || frame[0] != COMPLETE_TAG_LOW || frame[1] != FRAME_TAG_HIGH) {
        return false;
    }
    used = get_varint(frame + at, len - at, &value);
    at += used;
    if (used == 0 || value != len - at || value < 2 || frame[at] != RECORDS_TAG) {
        return false;
    }
    at++;
    used = get_varint(frame + at, len - at, &value);
    at += used;
    if (used == 0 || value != len - at) {
        return false;
    }
    *records = frame + at;
    *records_len = value;
    return true;
}
