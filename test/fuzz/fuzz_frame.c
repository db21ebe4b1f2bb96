/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hostile stream into the frame reader.  Byte 0 is the size of the pieces in which
 * the rest arrives (0: all at once).
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"

static void expect(int holds)
{
    if (!holds) {
        abort();
    }
}

/* What was unpacked can be packed again, whatever it is. */
static void pack_again(const Vgpu__Frame *frame)
{
    static uint8_t out[VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX];

    expect(frame->kind_case != VGPU__FRAME__KIND__NOT_SET);
    expect(strcmp(vgpu_frame_name(frame->kind_case), "unknown") != 0);
    (void)vgpu_frame_pack(frame, out, sizeof(out));
}

static int drain(struct vgpu_frame_reader *reader)
{
    Vgpu__Frame *frame;
    int rc;

    while ((rc = vgpu_frame_reader_next(reader, &frame)) == 1) {
        pack_again(frame);
    }
    expect(reader->arena.capacity <= VGPU_FRAME_ARENA_BYTES);
    expect(reader->capacity <= VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vgpu_frame_reader reader;
    size_t piece = size > 0 && data[0] != 0 ? data[0] : SIZE_MAX;

    vgpu_frame_reader_init(&reader);
    for (size_t at = 1; at < size;) {
        size_t count = size - at < piece ? size - at : piece;
        uint8_t *to;
        size_t room;

        expect(vgpu_frame_reader_space(&reader, &to, &room) == 0 && room > 0);
        count = count < room ? count : room;
        memcpy(to, data + at, count);
        vgpu_frame_reader_fed(&reader, count);
        at += count;
        if (drain(&reader) != 0) {
            break;
        }
    }
    vgpu_frame_reader_fini(&reader);
    return 0;
}
