/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/frame.h"

static const size_t sizes[] = {16,    96,    120,   128,   136,
                               16000, 16376, 16384, 16392, VGPU_BATCH_BYTES_MAX};

static struct br_batch batch;
static uint8_t packed[VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX];

static void test_submit_is_what_protobuf_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        Vgpu__Submit submit = VGPU__SUBMIT__INIT;
        Vgpu__Frame frame = VGPU__FRAME__INIT;
        const uint8_t *ours;
        size_t total;

        memset(batch.records, (int)i + 1, sizes[i]);
        submit.records = (ProtobufCBinaryData){.len = sizes[i], .data = batch.records};
        frame.kind_case = VGPU__FRAME__KIND_SUBMIT;
        frame.submit = &submit;
        ours = br_batch_submit(&batch, sizes[i], &total);
        assert_int_equal(vgpu_frame_pack(&frame, packed, sizeof(packed)), total);
        assert_memory_equal(ours, packed, total);
    }
}

/* Packs a Complete; returns the frame's length without its prefix. */
static size_t pack_complete(size_t len)
{
    Vgpu__Complete complete = VGPU__COMPLETE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    memset(batch.records, 7, len);
    complete.records = (ProtobufCBinaryData){.len = len, .data = batch.records};
    frame.kind_case = VGPU__FRAME__KIND_COMPLETE;
    frame.complete = &complete;
    return (size_t)vgpu_frame_pack(&frame, packed, sizeof(packed)) - VGPU_FRAME_PREFIX_BYTES;
}

static void test_complete_of_protobuf_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t len = pack_complete(sizes[i]);
        const uint8_t *records;
        size_t records_len;

        assert_true(br_batch_complete(packed + 4, len, &records, &records_len));
        assert_int_equal(records_len, sizes[i]);
        assert_ptr_equal(records, packed + 4 + len - sizes[i]);
    }
}

static void test_complete_cut_or_longer_is_left_to_protobuf(void **state)
{
    size_t len = pack_complete(200);
    const uint8_t *records;
    size_t records_len;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(br_batch_complete(packed + 4, cut, &records, &records_len));
    }
    assert_false(br_batch_complete(packed + 4, len + 1, &records, &records_len));
}

static void test_other_frames_are_left_to_protobuf(void **state)
{
    static const uint8_t submit[] = {0xc2, 0x01, 0x02, 0x0a, 0x00};
    static const uint8_t endless[] = {0xca, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const uint8_t *records;
    size_t records_len;

    (void)state;
    assert_false(br_batch_complete(submit, sizeof(submit), &records, &records_len));
    assert_false(br_batch_complete(endless, sizeof(endless), &records, &records_len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit_is_what_protobuf_writes),
        cmocka_unit_test(test_complete_of_protobuf_is_read),
        cmocka_unit_test(test_complete_cut_or_longer_is_left_to_protobuf),
        cmocka_unit_test(test_other_frames_are_left_to_protobuf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
