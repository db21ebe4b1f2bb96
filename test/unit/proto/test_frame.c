/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOSTILE_FRAMES 100000

/* A Submit frame that carries `count` record bytes. */
static ssize_t pack_submit(uint8_t *out, size_t cap, size_t count)
{
    static uint8_t records[VGPU_FRAME_BYTES_MAX + 1];
    Vgpu__Submit submit = VGPU__SUBMIT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    submit.records = (ProtobufCBinaryData){count, records};
    frame.kind_case = VGPU__FRAME__KIND_SUBMIT;
    frame.submit = &submit;
    return vgpu_frame_pack(&frame, out, cap);
}

static ssize_t pack_hello(uint8_t *out, size_t cap)
{
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char program[] = "saxpy";
    char version[] = "0.1.0";

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.pid = 4711;
    hello.program = program;
    hello.version = version;
    hello.candidate = 2;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    return vgpu_frame_pack(&frame, out, cap);
}

static void feed(struct vgpu_frame_reader *reader, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        uint8_t *at;
        size_t room;

        assert_int_equal(vgpu_frame_reader_space(reader, &at, &room), 0);
        assert_true(room >= 1);
        room = room < count ? room : count;
        memcpy(at, bytes, room);
        vgpu_frame_reader_fed(reader, room);
        bytes += room;
        count -= room;
    }
}

static void check_hello(const Vgpu__Frame *frame)
{
    assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_HELLO);
    assert_int_equal(frame->hello->pid, 4711);
    assert_string_equal(frame->hello->program, "saxpy");
    assert_int_equal(frame->hello->candidate, 2);
}

static void test_next_frame_in_single_bytes_returns_it_whole(void **state)
{
    struct vgpu_frame_reader reader;
    Vgpu__Frame *frame;
    uint8_t bytes[256];
    ssize_t size = pack_hello(bytes, sizeof(bytes));

    (void)state;
    assert_true(size > 0);
    vgpu_frame_reader_init(&reader);
    for (ssize_t i = 0; i < size; i++) {
        assert_int_equal(vgpu_frame_reader_next(&reader, &frame), 0);
        feed(&reader, bytes + i, 1);
    }
    assert_int_equal(vgpu_frame_reader_next(&reader, &frame), 1);
    check_hello(frame);
    assert_int_equal(vgpu_frame_reader_next(&reader, &frame), 0);
    vgpu_frame_reader_fini(&reader);
}

static void test_next_many_frames_at_once_returns_each(void **state)
{
    struct vgpu_frame_reader reader;
    Vgpu__Frame *frame;
    uint8_t bytes[256];
    ssize_t size = pack_hello(bytes, sizeof(bytes));

    (void)state;
    vgpu_frame_reader_init(&reader);
    for (unsigned int i = 0; i < 100; i++) {
        feed(&reader, bytes, (size_t)size);
    }
    for (unsigned int i = 0; i < 100; i++) {
        assert_int_equal(vgpu_frame_reader_next(&reader, &frame), 1);
        check_hello(frame);
    }
    assert_int_equal(vgpu_frame_reader_next(&reader, &frame), 0);
    vgpu_frame_reader_fini(&reader);
}

static void test_next_largest_batch_fits_a_frame(void **state)
{
    struct vgpu_frame_reader reader;
    Vgpu__Frame *frame;
    uint8_t *bytes = malloc(VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX);
    ssize_t size;

    (void)state;
    assert_non_null(bytes);
    size = pack_submit(bytes, VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX, VGPU_BATCH_BYTES_MAX);
    assert_true(size > (ssize_t)VGPU_BATCH_BYTES_MAX);
    vgpu_frame_reader_init(&reader);
    for (unsigned int i = 0; i < 3; i++) {
        feed(&reader, bytes, (size_t)size);
        assert_int_equal(vgpu_frame_reader_next(&reader, &frame), 1);
        assert_int_equal(frame->submit->records.len, VGPU_BATCH_BYTES_MAX);
    }
    assert_true(reader.arena.capacity <= VGPU_FRAME_ARENA_BYTES);
    assert_true(reader.capacity <= VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX);
    vgpu_frame_reader_fini(&reader);
    free(bytes);
}

static int next_after_prefix(const uint8_t prefix[4])
{
    struct vgpu_frame_reader reader;
    Vgpu__Frame *frame;
    int rc;

    vgpu_frame_reader_init(&reader);
    feed(&reader, prefix, 4);
    rc = vgpu_frame_reader_next(&reader, &frame);
    vgpu_frame_reader_fini(&reader);
    return rc;
}

static void test_next_zero_or_oversize_length_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(next_after_prefix((const uint8_t[]){0, 0, 0, 0}), -EPROTO);
    assert_int_equal(next_after_prefix((const uint8_t[]){1, 0, 1, 0}), -EPROTO);
    assert_int_equal(next_after_prefix((const uint8_t[]){255, 255, 255, 255}), -EPROTO);
    assert_int_equal(next_after_prefix((const uint8_t[]){0, 0, 1, 0}), 0);
}

static void test_unpack_every_truncation_is_refused(void **state)
{
    struct vgpu_arena arena = {0};
    Vgpu__Frame *frame;
    uint8_t bytes[256];
    size_t len = (size_t)pack_hello(bytes, sizeof(bytes)) - VGPU_FRAME_PREFIX_BYTES;

    (void)state;
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        int rc;

        assert_non_null(copy);
        memcpy(copy, bytes + VGPU_FRAME_PREFIX_BYTES, cut);
        rc = vgpu_frame_unpack(&arena, copy, cut, &frame);
        assert_int_equal(rc, cut == len ? 0 : -EPROTO);
        free(copy);
    }
    vgpu_arena_fini(&arena);
}

static void test_unpack_without_kind_is_refused(void **state)
{
    struct vgpu_arena arena = {0};
    Vgpu__Frame *frame;
    /* Field 100, varint 1: known to no version. */
    const uint8_t bytes[] = {0xa0, 0x06, 0x01};

    (void)state;
    assert_int_equal(vgpu_frame_unpack(&arena, bytes, sizeof(bytes), &frame), -EPROTO);
    vgpu_arena_fini(&arena);
}

static void test_unpack_unknown_fields_stay_in_the_budget(void **state)
{
    struct vgpu_arena arena = {0};
    Vgpu__Frame *frame;
    uint8_t *bytes = malloc(VGPU_FRAME_BYTES_MAX);
    int rc;

    (void)state;
    assert_non_null(bytes);
    /* The smallest unknown field, as often as fits: the worst expansion there is. */
    for (size_t i = 0; i + 1 < VGPU_FRAME_BYTES_MAX; i += 2) {
        bytes[i] = 0x78;
        bytes[i + 1] = 0x00;
    }
    rc = vgpu_frame_unpack(&arena, bytes, VGPU_FRAME_BYTES_MAX, &frame);
    assert_int_equal(rc, -EPROTO);
    assert_true(arena.capacity <= VGPU_FRAME_ARENA_BYTES);
    vgpu_arena_fini(&arena);
    free(bytes);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void test_next_many_hostile_frames_do_not_grow_it(void **state)
{
    uint32_t seed = 1;
    struct vgpu_arena arena = {0};

    (void)state;
    for (unsigned int i = 0; i < HOSTILE_FRAMES; i++) {
        uint8_t bytes[256];
        Vgpu__Frame *frame;
        size_t len = (size_t)pack_hello(bytes, sizeof(bytes)) - VGPU_FRAME_PREFIX_BYTES;

        for (unsigned int n = 0; n < 3; n++) {
            bytes[VGPU_FRAME_PREFIX_BYTES + next_random(&seed) % len] = (uint8_t)next_random(&seed);
        }
        (void)vgpu_frame_unpack(&arena, bytes + VGPU_FRAME_PREFIX_BYTES, len, &frame);
        assert_true(arena.capacity <= VGPU_FRAME_ARENA_BYTES);
    }
    vgpu_arena_fini(&arena);
}

static void test_pack_without_room_or_over_the_limit_is_refused(void **state)
{
    uint8_t *bytes = malloc(2 * VGPU_FRAME_BYTES_MAX);
    ssize_t size;

    (void)state;
    assert_non_null(bytes);
    size = pack_hello(bytes, 256);
    assert_int_equal(pack_hello(bytes, (size_t)size - 1), -EMSGSIZE);
    assert_int_equal(pack_hello(bytes, 3), -EMSGSIZE);
    assert_int_equal(pack_submit(bytes, 2 * VGPU_FRAME_BYTES_MAX, VGPU_FRAME_BYTES_MAX), -EMSGSIZE);
    free(bytes);
}

static void test_name_of_every_kind(void **state)
{
    (void)state;
    assert_string_equal(vgpu_frame_name(VGPU__FRAME__KIND_SUBMIT), "submit");
    assert_string_equal(vgpu_frame_name(VGPU__FRAME__KIND_WORKER_READY), "worker_ready");
    assert_string_equal(vgpu_frame_name(VGPU__FRAME__KIND__NOT_SET), "unknown");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_frame_in_single_bytes_returns_it_whole),
        cmocka_unit_test(test_next_many_frames_at_once_returns_each),
        cmocka_unit_test(test_next_largest_batch_fits_a_frame),
        cmocka_unit_test(test_next_zero_or_oversize_length_is_refused_at_once),
        cmocka_unit_test(test_unpack_every_truncation_is_refused),
        cmocka_unit_test(test_unpack_without_kind_is_refused),
        cmocka_unit_test(test_unpack_unknown_fields_stay_in_the_budget),
        cmocka_unit_test(test_next_many_hostile_frames_do_not_grow_it),
        cmocka_unit_test(test_pack_without_room_or_over_the_limit_is_refused),
        cmocka_unit_test(test_name_of_every_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
