/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/device_frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/frame.h"

#define RANDOM_FRAMES  200000
#define MUTATED_FRAMES 400000
#define PREFIX         VGPU_DEVICE_FRAME_PREFIX_BYTES
#define WHOLE          (PREFIX + VGPU_DEVICE_FRAME_BYTES_MAX)

/* Room for one message of any kind, for protobuf-c. */
struct message {
    Vgpu__Frame frame;
    union {
        Vgpu__Refuse refuse;
        Vgpu__DeviceHello hello;
        Vgpu__DeviceWelcome welcome;
        Vgpu__ChannelOpen open;
        Vgpu__ChannelReady ready;
        Vgpu__ChannelRefused refused;
        Vgpu__ChannelClose close;
        Vgpu__ChannelFree free;
        Vgpu__DeviceReset reset;
        Vgpu__DeviceGone gone;
        Vgpu__Beat beat;
        Vgpu__Took took;
    } as;
};

/* The frame as protobuf-c wants it; borrows the texts of `from`. */
static void translate(struct message *to, struct vgpu_device_frame *from)
{
    static const Vgpu__Frame none = VGPU__FRAME__INIT;

    to->frame = none;
    to->frame.kind_case = (Vgpu__Frame__KindCase)from->kind;
    /* The oneof is a union of pointers: one assignment serves all kinds. */
    to->frame.device_hello = &to->as.hello;
    switch ((int)from->kind) {
    case VGPU_DEVICE_FRAME_REFUSE:
        to->as.refuse = (Vgpu__Refuse)VGPU__REFUSE__INIT;
        to->as.refuse.result = from->result;
        to->as.refuse.reason = from->reason;
        break;
    case VGPU_DEVICE_FRAME_HELLO:
        to->as.hello = (Vgpu__DeviceHello)VGPU__DEVICE_HELLO__INIT;
        to->as.hello.revision = from->revision;
        to->as.hello.protocol = from->protocol;
        to->as.hello.channels = from->channels;
        to->as.hello.channel_bytes = from->channel_bytes;
        to->as.hello.generation = from->generation;
        to->as.hello.resets = from->resets;
        to->as.hello.vm = from->vm;
        to->as.hello.qemu = from->qemu;
        break;
    case VGPU_DEVICE_FRAME_WELCOME:
        to->as.welcome = (Vgpu__DeviceWelcome)VGPU__DEVICE_WELCOME__INIT;
        to->as.welcome.protocol = from->protocol;
        to->as.welcome.version = from->version;
        break;
    case VGPU_DEVICE_FRAME_OPEN:
        to->as.open = (Vgpu__ChannelOpen)VGPU__CHANNEL_OPEN__INIT;
        to->as.open.channel = from->channel;
        to->as.open.epoch = from->epoch;
        break;
    case VGPU_DEVICE_FRAME_READY:
        to->as.ready = (Vgpu__ChannelReady)VGPU__CHANNEL_READY__INIT;
        to->as.ready.channel = from->channel;
        to->as.ready.epoch = from->epoch;
        to->as.ready.session = from->session;
        break;
    case VGPU_DEVICE_FRAME_REFUSED:
        to->as.refused = (Vgpu__ChannelRefused)VGPU__CHANNEL_REFUSED__INIT;
        to->as.refused.channel = from->channel;
        to->as.refused.epoch = from->epoch;
        to->as.refused.result = from->result;
        to->as.refused.reason = from->reason;
        break;
    case VGPU_DEVICE_FRAME_CLOSE:
        to->as.close = (Vgpu__ChannelClose)VGPU__CHANNEL_CLOSE__INIT;
        to->as.close.channel = from->channel;
        to->as.close.epoch = from->epoch;
        break;
    case VGPU_DEVICE_FRAME_FREE:
        to->as.free = (Vgpu__ChannelFree)VGPU__CHANNEL_FREE__INIT;
        to->as.free.channel = from->channel;
        to->as.free.epoch = from->epoch;
        break;
    default:
        fail_msg("no such kind here: %d", from->kind);
    }
}

/* The kinds whose messages are short. */
static void translate_any(struct message *to, struct vgpu_device_frame *from)
{
    static const Vgpu__Frame none = VGPU__FRAME__INIT;

    if (from->kind < VGPU_DEVICE_FRAME_RESET) {
        translate(to, from);
        return;
    }
    to->frame = none;
    to->frame.kind_case = (Vgpu__Frame__KindCase)from->kind;
    to->frame.device_hello = &to->as.hello;
    if (from->kind == VGPU_DEVICE_FRAME_RESET) {
        to->as.reset = (Vgpu__DeviceReset)VGPU__DEVICE_RESET__INIT;
        to->as.reset.resets = from->resets;
    } else if (from->kind == VGPU_DEVICE_FRAME_GONE) {
        to->as.gone = (Vgpu__DeviceGone)VGPU__DEVICE_GONE__INIT;
    } else if (from->kind == VGPU_DEVICE_FRAME_TOOK) {
        to->as.took = (Vgpu__Took)VGPU__TOOK__INIT;
        to->as.took.doorbells = from->doorbells;
        to->as.took.calls = from->calls;
        to->as.took.frames = from->frames;
    } else {
        to->as.beat = (Vgpu__Beat)VGPU__BEAT__INIT;
        to->as.beat.number = from->number;
    }
}

static const enum vgpu_device_frame_kind kinds[] = {
    VGPU_DEVICE_FRAME_REFUSE, VGPU_DEVICE_FRAME_HELLO, VGPU_DEVICE_FRAME_WELCOME,
    VGPU_DEVICE_FRAME_OPEN,   VGPU_DEVICE_FRAME_READY, VGPU_DEVICE_FRAME_REFUSED,
    VGPU_DEVICE_FRAME_CLOSE,  VGPU_DEVICE_FRAME_FREE,  VGPU_DEVICE_FRAME_RESET,
    VGPU_DEVICE_FRAME_GONE,   VGPU_DEVICE_FRAME_BEAT,  VGPU_DEVICE_FRAME_TOOK,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Values of every width: 0, small, and all bits. */
static uint64_t next_value(unsigned int *seed)
{
    uint64_t wide = (uint64_t)(unsigned int)rand_r(seed) << 33 ^ (uint64_t)rand_r(seed);

    return wide >> (unsigned int)rand_r(seed) % 64u;
}

static void fill_text(char *text, size_t most, unsigned int *seed)
{
    size_t length = (unsigned int)rand_r(seed) % (most + 1);

    memset(text, 0, VGPU_DEVICE_FRAME_TEXT_MAX + 1);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)(1 + (unsigned int)rand_r(seed) % 255u);
    }
}

/* A frame of `kind` with only the fields of that kind set. */
static void make_frame(struct vgpu_device_frame *frame, enum vgpu_device_frame_kind kind,
                       unsigned int *seed)
{
    memset(frame, 0, sizeof(*frame));
    frame->kind = kind;
    for (size_t i = 0; i < VGPU_DF_FIELDS; i++) {
        char *member = (char *)frame + vgpu_df_fields[i].offset;
        uint64_t wide = next_value(seed);
        uint32_t low = (uint32_t)wide;

        if (vgpu_df_fields[i].kind != (uint8_t)kind) {
            continue;
        }
        if (vgpu_df_fields[i].type == VGPU_DF_TEXT) {
            fill_text(member, kind == VGPU_DEVICE_FRAME_HELLO ? 128 : 256, seed);
        } else if (vgpu_df_fields[i].type == VGPU_DF_U64) {
            memcpy(member, &wide, sizeof(wide));
        } else {
            memcpy(member, &low, sizeof(low));
        }
    }
}

static void assert_same(const struct vgpu_device_frame *a, const struct vgpu_device_frame *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->protocol, b->protocol);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->resets, b->resets);
    assert_int_equal(a->channel, b->channel);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->number, b->number);
    assert_int_equal(a->result, b->result);
    assert_true(a->channel_bytes == b->channel_bytes);
    assert_true(a->session == b->session);
    assert_true(a->doorbells == b->doorbells);
    assert_true(a->calls == b->calls);
    assert_true(a->frames == b->frames);
    assert_string_equal(a->vm, b->vm);
    assert_string_equal(a->qemu, b->qemu);
    assert_string_equal(a->version, b->version);
    assert_string_equal(a->reason, b->reason);
}

/* protobuf-c's bytes of the frame, prefix included. */
static size_t pack_there(struct vgpu_device_frame *frame, uint8_t *out)
{
    struct message message;
    ssize_t size;

    translate_any(&message, frame);
    size = vgpu_frame_pack(&message.frame, out, WHOLE);
    assert_true(size > (ssize_t)PREFIX);
    return (size_t)size;
}

static void test_encode_writes_the_bytes_of_protobuf(void **state)
{
    struct vgpu_device_frame frame;
    uint8_t here[WHOLE];
    uint8_t there[WHOLE];
    unsigned int seed = 1;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        size_t size;

        make_frame(&frame, kinds[i % KINDS], &seed);
        size = vgpu_device_frame_encode(&frame, here, sizeof(here));
        assert_int_equal(size, pack_there(&frame, there));
        assert_memory_equal(here, there, size);
    }
}

static void test_decode_reads_what_protobuf_packed(void **state)
{
    struct vgpu_device_frame frame;
    struct vgpu_device_frame read;
    uint8_t bytes[WHOLE];
    unsigned int seed = 2;

    (void)state;
    for (unsigned int i = 0; i < 20000; i++) {
        size_t size;

        make_frame(&frame, kinds[i % KINDS], &seed);
        size = pack_there(&frame, bytes);
        assert_true(vgpu_device_frame_decode(&read, bytes + PREFIX, size - PREFIX));
        assert_same(&frame, &read);
    }
}

static void test_encode_frame_that_does_not_fit_writes_nothing_beyond(void **state)
{
    struct vgpu_device_frame frame;
    uint8_t bytes[WHOLE + 1];
    unsigned int seed = 3;

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        size_t size;

        make_frame(&frame, kinds[kind], &seed);
        size = vgpu_device_frame_encode(&frame, bytes, WHOLE);
        for (size_t cap = 0; cap < size; cap++) {
            memset(bytes, 0xa5, sizeof(bytes));
            assert_int_equal(vgpu_device_frame_encode(&frame, bytes, cap), 0);
            assert_int_equal(bytes[cap], 0xa5);
        }
        assert_int_equal(vgpu_device_frame_encode(&frame, bytes, size), size);
    }
}

static void test_encode_refuses_no_kind_and_frames_over_the_limit(void **state)
{
    struct vgpu_device_frame frame = {.kind = VGPU_DEVICE_FRAME_NONE};
    uint8_t bytes[2 * WHOLE];

    (void)state;
    assert_int_equal(vgpu_device_frame_encode(&frame, bytes, sizeof(bytes)), 0);
    frame.kind = VGPU_DEVICE_FRAME_HELLO;
    memset(frame.vm, 'v', VGPU_DEVICE_FRAME_TEXT_MAX);
    memset(frame.qemu, 'q', VGPU_DEVICE_FRAME_TEXT_MAX);
    assert_int_equal(vgpu_device_frame_encode(&frame, bytes, sizeof(bytes)), 0);
}

/* Every cut frame is either no frame or a shorter one; sanitizers see a byte too many. */
static void test_decode_frame_cut_at_every_byte_reads_no_further(void **state)
{
    struct vgpu_device_frame frame;
    uint8_t bytes[WHOLE];
    unsigned int seed = 4;

    (void)state;
    for (unsigned int i = 0; i < 10 * KINDS; i++) {
        size_t size;

        make_frame(&frame, kinds[i % KINDS], &seed);
        size = pack_there(&frame, bytes) - PREFIX;
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *copy = malloc(cut + 1);

            assert_non_null(copy);
            memcpy(copy + 1, bytes + PREFIX, cut);
            assert_false(vgpu_device_frame_decode(&frame, copy + 1, cut));
            free(copy);
        }
    }
}

struct bytes {
    size_t size;
    uint8_t at[32];
    bool good;
};

static void test_decode_judges_hand_made_frames(void **state)
{
    /* 0xba 0x02 is the tag of beat, 0x08 that of its number. */
    static const struct bytes cases[] = {
        {0, {0}, false},
        {3, {0xba, 0x02, 0x00}, true},
        {5, {0xba, 0x02, 0x02, 0x08, 0x07}, true},
        /* wrong wire type of a known field, of a kind, groups, field 0 */
        {8, {0xba, 0x02, 0x05, 0x0d, 1, 2, 3, 4}, false},
        {5, {0xba, 0x02, 0x02, 0x0a, 0x00}, false},
        {3, {0xb8, 0x02, 0x00}, false},
        {5, {0xba, 0x02, 0x02, 0x13, 0x14}, false},
        {5, {0xba, 0x02, 0x02, 0x00, 0x00}, false},
        /* length beyond the end, over-long varints */
        {5, {0xba, 0x02, 0x03, 0x08, 0x07}, false},
        {14,
         {0xba, 0x02, 0x0b, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80},
         false},
        {9, {0xba, 0x82, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00, 0x00}, false},
        /* two kinds, a kind of another connection, nothing but an unknown field */
        {6, {0xba, 0x02, 0x00, 0xba, 0x02, 0x00}, false},
        {2, {0x0a, 0x00}, false},
        {5, {0x0a, 0x00, 0xba, 0x02, 0x00}, false},
        {3, {0xc0, 0x02, 0x07}, false},
        {3, {0xc8, 0x02, 0x07}, false},
        {3, {0xca, 0x02, 0x00}, false},
        /* unknown fields of every wire type are skipped, inside and outside */
        {6, {0xba, 0x02, 0x00, 0xc8, 0x02, 0x07}, true},
        {19, {0xba, 0x02, 0x10, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4, 0x08, 0x05}, true},
        {8, {0xba, 0x02, 0x05, 0x12, 0x01, 0xff, 0x08, 0x05}, true},
    };
    struct vgpu_device_frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool good = vgpu_device_frame_decode(&frame, cases[i].at, cases[i].size);

        if (good != cases[i].good) {
            fail_msg("case %zu is %s", i, good ? "taken" : "refused");
        }
    }
}

static void test_decode_bounds_texts(void **state)
{
    struct vgpu_device_frame frame = {.kind = VGPU_DEVICE_FRAME_WELCOME, .protocol = 1};
    uint8_t bytes[WHOLE];
    size_t size;

    (void)state;
    memset(frame.version, 'x', VGPU_DEVICE_FRAME_TEXT_MAX);
    size = vgpu_device_frame_encode(&frame, bytes, sizeof(bytes));
    assert_true(vgpu_device_frame_decode(&frame, bytes + PREFIX, size - PREFIX));
    assert_int_equal(strlen(frame.version), VGPU_DEVICE_FRAME_TEXT_MAX);
    /* One byte more, in all three lengths: of the frame's part, the message, the text. */
    bytes[PREFIX + 2]++;
    bytes[PREFIX + 7]++;
    bytes[size] = 'x';
    assert_false(vgpu_device_frame_decode(&frame, bytes + PREFIX, size - PREFIX + 1));
}

/* What is taken here is taken by protobuf-c too, and means the same. */
static void check_against_protobuf(struct vgpu_arena *arena, const uint8_t *bytes, size_t size)
{
    struct vgpu_device_frame frame;
    struct vgpu_device_frame again;
    uint8_t packed[WHOLE];
    Vgpu__Frame *there;
    ssize_t whole;

    if (!vgpu_device_frame_decode(&frame, bytes, size)) {
        return;
    }
    assert_int_equal(vgpu_frame_unpack(arena, bytes, size, &there), 0);
    there->base.n_unknown_fields = 0;
    ((ProtobufCMessage *)there->device_hello)->n_unknown_fields = 0;
    whole = vgpu_frame_pack(there, packed, sizeof(packed));
    assert_true(whole > 0);
    assert_true(vgpu_device_frame_decode(&again, packed + PREFIX, (size_t)whole - PREFIX));
    assert_same(&frame, &again);
}

static void test_decode_random_bytes_is_safe(void **state)
{
    struct vgpu_arena arena = {0};
    uint8_t bytes[VGPU_DEVICE_FRAME_BYTES_MAX];
    unsigned int seed = 5;

    (void)state;
    for (unsigned int i = 0; i < RANDOM_FRAMES; i++) {
        size_t size = (unsigned int)rand_r(&seed) % 64u;

        for (size_t k = 0; k < size; k++) {
            bytes[k] = (uint8_t)rand_r(&seed);
        }
        check_against_protobuf(&arena, bytes, size);
    }
    vgpu_arena_fini(&arena);
}

static void test_decode_mutated_frames_agrees_with_protobuf(void **state)
{
    struct vgpu_arena arena = {0};
    struct vgpu_device_frame frame;
    uint8_t bytes[WHOLE];
    unsigned int seed = 6;

    (void)state;
    for (unsigned int i = 0; i < MUTATED_FRAMES; i++) {
        size_t size;

        make_frame(&frame, kinds[i % KINDS], &seed);
        size = vgpu_device_frame_encode(&frame, bytes, sizeof(bytes)) - PREFIX;
        for (unsigned int k = (unsigned int)rand_r(&seed) % 4u; k > 0; k--) {
            bytes[PREFIX + (unsigned int)rand_r(&seed) % size] = (uint8_t)rand_r(&seed);
        }
        check_against_protobuf(&arena, bytes + PREFIX, size);
    }
    vgpu_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_writes_the_bytes_of_protobuf),
        cmocka_unit_test(test_decode_reads_what_protobuf_packed),
        cmocka_unit_test(test_encode_frame_that_does_not_fit_writes_nothing_beyond),
        cmocka_unit_test(test_encode_refuses_no_kind_and_frames_over_the_limit),
        cmocka_unit_test(test_decode_frame_cut_at_every_byte_reads_no_further),
        cmocka_unit_test(test_decode_judges_hand_made_frames),
        cmocka_unit_test(test_decode_bounds_texts),
        cmocka_unit_test(test_decode_random_bytes_is_safe),
        cmocka_unit_test(test_decode_mutated_frames_agrees_with_protobuf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
