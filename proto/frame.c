/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Smallest buffer of a reader and smallest arena: control frames fit, bulk frames grow them. */
#define BUFFER_BYTES_MIN 4096u
#define FRAME_WHOLE_MAX  (VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX)

/* What protobuf-c calls: memory from the arena, given back all at once. */
struct arena_user {
    struct vgpu_arena *arena;
    bool exhausted;
};

static void *arena_alloc(void *opaque, size_t size)
{
    struct arena_user *user = opaque;
    struct vgpu_arena *arena = user->arena;
    size_t start = (arena->used + 15) & ~(size_t)15;

    if (start > arena->capacity || size > arena->capacity - start) {
        user->exhausted = true;
        return NULL;
    }
    arena->used = start + size;
    return arena->bytes + start;
}

static void arena_free(void *opaque, void *pointer)
{
    (void)opaque;
    (void)pointer;
}

/* Replaces the arena's memory: what was in it is gone. */
static int arena_resize(struct vgpu_arena *arena, size_t capacity)
{
    free(arena->bytes);
    arena->used = 0;
    arena->bytes = malloc(capacity);
    arena->capacity = arena->bytes != NULL ? capacity : 0;
    return arena->bytes != NULL ? 0 : -ENOMEM;
}

void vgpu_arena_fini(struct vgpu_arena *arena)
{
    free(arena->bytes);
    *arena = (struct vgpu_arena){0};
}

/* One attempt with the arena as large as it is. */
static int unpack_once(struct vgpu_arena *arena, const uint8_t *bytes, size_t len,
                       Vgpu__Frame **frame, bool *exhausted)
{
    struct arena_user user = {.arena = arena};
    ProtobufCAllocator allocator = {arena_alloc, arena_free, &user};

    arena->used = 0;
    *frame = vgpu__frame__unpack(&allocator, len, bytes);
    *exhausted = *frame == NULL && user.exhausted;
    if (*frame == NULL || (*frame)->kind_case == VGPU__FRAME__KIND__NOT_SET) {
        return -EPROTO;
    }
    return 0;
}

int vgpu_frame_unpack(struct vgpu_arena *arena, const uint8_t *bytes, size_t len,
                      Vgpu__Frame **frame)
{
    bool exhausted;
    int rc;

    if (len == 0 || len > VGPU_FRAME_BYTES_MAX) {
        return -EPROTO;
    }
    if (arena->capacity == 0 && arena_resize(arena, BUFFER_BYTES_MIN) != 0) {
        return -ENOMEM;
    }
    for (;;) {
        rc = unpack_once(arena, bytes, len, frame, &exhausted);
        if (!exhausted || arena->capacity >= VGPU_FRAME_ARENA_BYTES) {
            return rc;
        }
        if (arena_resize(arena, arena->capacity * 2) != 0) {
            return -ENOMEM;
        }
    }
}

static void put_prefix(uint8_t *out, uint32_t len)
{
    for (unsigned int i = 0; i < VGPU_FRAME_PREFIX_BYTES; i++) {
        out[i] = (uint8_t)(len >> (8 * i));
    }
}

static uint32_t get_prefix(const uint8_t *bytes)
{
    uint32_t len = 0;

    for (unsigned int i = 0; i < VGPU_FRAME_PREFIX_BYTES; i++) {
        len |= (uint32_t)bytes[i] << (8 * i);
    }
    return len;
}

ssize_t vgpu_frame_pack(const Vgpu__Frame *frame, uint8_t *out, size_t cap)
{
    size_t len = vgpu__frame__get_packed_size(frame);

    if (len > VGPU_FRAME_BYTES_MAX || cap < VGPU_FRAME_PREFIX_BYTES ||
        len > cap - VGPU_FRAME_PREFIX_BYTES) {
        return -EMSGSIZE;
    }
    put_prefix(out, (uint32_t)len);
    (void)vgpu__frame__pack(frame, out + VGPU_FRAME_PREFIX_BYTES);
    return (ssize_t)(VGPU_FRAME_PREFIX_BYTES + len);
}

void vgpu_frame_reader_init(struct vgpu_frame_reader *reader)
{
    *reader = (struct vgpu_frame_reader){0};
}

void vgpu_frame_reader_fini(struct vgpu_frame_reader *reader)
{
    free(reader->buffer);
    vgpu_arena_fini(&reader->arena);
    *reader = (struct vgpu_frame_reader){0};
}

/* Bytes that the frame at `start` needs, as far as its prefix has come. */
static size_t wanted(const struct vgpu_frame_reader *reader)
{
    uint32_t len;

    if (reader->end - reader->start < VGPU_FRAME_PREFIX_BYTES) {
        return BUFFER_BYTES_MIN;
    }
    len = get_prefix(reader->buffer + reader->start);
    /* A length over the limit is refused by _next(), and never believed here. */
    return len > VGPU_FRAME_BYTES_MAX ? BUFFER_BYTES_MIN : VGPU_FRAME_PREFIX_BYTES + len;
}

static int reader_grow(struct vgpu_frame_reader *reader, size_t capacity)
{
    uint8_t *buffer = realloc(reader->buffer, capacity);

    if (buffer == NULL) {
        return -ENOMEM;
    }
    reader->buffer = buffer;
    reader->capacity = capacity;
    return 0;
}

int vgpu_frame_reader_space(struct vgpu_frame_reader *reader, uint8_t **at, size_t *room)
{
    size_t need = wanted(reader);

    if (reader->start > 0 && reader->capacity - reader->start < need) {
        memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (reader->capacity < need && reader_grow(reader, need) != 0) {
        return -ENOMEM;
    }
    if (reader->end == reader->capacity &&
        (reader->capacity >= FRAME_WHOLE_MAX || reader_grow(reader, FRAME_WHOLE_MAX) != 0)) {
        return -ENOMEM;
    }
    *at = reader->buffer + reader->end;
    *room = reader->capacity - reader->end;
    return 0;
}

void vgpu_frame_reader_fed(struct vgpu_frame_reader *reader, size_t count)
{
    reader->end += count;
}

int vgpu_frame_reader_next(struct vgpu_frame_reader *reader, Vgpu__Frame **frame)
{
    size_t there = reader->end - reader->start;
    uint32_t len;
    int rc;

    if (there < VGPU_FRAME_PREFIX_BYTES) {
        return 0;
    }
    len = get_prefix(reader->buffer + reader->start);
    if (len == 0 || len > VGPU_FRAME_BYTES_MAX) {
        return -EPROTO;
    }
    if (there - VGPU_FRAME_PREFIX_BYTES < len) {
        return 0;
    }
    rc = vgpu_frame_unpack(&reader->arena, reader->buffer + reader->start + VGPU_FRAME_PREFIX_BYTES,
                           len, frame);
    if (rc != 0) {
        return rc;
    }
    reader->start += VGPU_FRAME_PREFIX_BYTES + len;
    if (reader->start == reader->end) {
        reader->start = 0;
        reader->end = 0;
    }
    return 1;
}

const char *vgpu_frame_name(Vgpu__Frame__KindCase kind)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&vgpu__frame__descriptor, (unsigned int)kind);

    return field != NULL ? field->name : "unknown";
}
