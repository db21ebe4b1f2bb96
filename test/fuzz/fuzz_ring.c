/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hostile peer of a ring, on both sides: the input writes the shared words and bytes
 * between our own steps.  Each step is 12 bytes: what, argument, value.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "proto/record.h"
#include "proto/ring.h"

#define RING_BYTES 4096u
#define STEP_BYTES 12u

struct state {
    _Alignas(64) struct vgpu_ring_words words;
    uint8_t data[RING_BYTES];
    uint8_t out[RING_BYTES + 16];
    struct vgpu_ring producer;
    struct vgpu_ring consumer;
};

static void expect(int holds)
{
    if (!holds) {
        abort();
    }
}

static void consume_records(struct state *state, size_t cap)
{
    ssize_t count = vgpu_ring_peek(&state->consumer, state->out, cap);
    size_t whole;
    uint32_t records;

    expect(count <= (ssize_t)cap && count <= (ssize_t)RING_BYTES);
    if (count > 0 &&
        vgpu_records_whole(state->out, (size_t)count, (size_t)count, &whole, &records) == 0) {
        expect(whole <= (size_t)count && whole % VGPU_RECORD_ALIGN == 0);
        (void)vgpu_ring_consume(&state->consumer, whole);
    }
}

static void ours(struct state *state, unsigned int what, uint32_t argument)
{
    static const uint8_t bytes[RING_BYTES + 8];

    switch (what) {
    case 0:
        (void)vgpu_ring_put(&state->producer, bytes, argument % (sizeof(bytes) + 1));
        break;
    case 1:
        consume_records(state, argument % sizeof(state->out));
        break;
    case 2:
        (void)vgpu_ring_starve(&state->producer, argument % RING_BYTES);
        (void)vgpu_ring_wants_wake(&state->producer);
        break;
    default:
        (void)vgpu_ring_park(&state->consumer);
        (void)vgpu_ring_ready(&state->consumer);
        vgpu_ring_unpark(&state->consumer);
        break;
    }
}

static void theirs(struct state *state, unsigned int what, uint32_t argument, uint64_t value)
{
    switch (what) {
    case 0:
        atomic_store(&state->words.head, value);
        break;
    case 1:
        atomic_store(&state->words.tail, value);
        break;
    case 2:
        atomic_store(&state->words.parked, (uint32_t)value);
        atomic_store(&state->words.starved, (uint32_t)(value >> 32));
        break;
    default:
        memcpy(state->data + argument % (RING_BYTES - 8), &value, sizeof(value));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state *state = aligned_alloc(64, sizeof(*state));

    expect(state != NULL);
    memset(state, 0, sizeof(*state));
    vgpu_ring_init(&state->producer, &state->words, state->data, RING_BYTES);
    vgpu_ring_init(&state->consumer, &state->words, state->data, RING_BYTES);
    for (; size >= STEP_BYTES; data += STEP_BYTES, size -= STEP_BYTES) {
        uint32_t argument = (uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16;
        uint64_t value;

        memcpy(&value, data + 4, sizeof(value));
        if (data[0] % 8 < 4) {
            ours(state, data[0] % 8, argument);
        } else {
            theirs(state, data[0] % 4, argument, value);
        }
    }
    free(state);
    return 0;
}
