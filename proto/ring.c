/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ring.h"

#include <errno.h>
#include <string.h>

/*
 * Order: data are published by a store of head and given back by a store of tail.  Those
 * stores, the flags and the second looks are sequentially consistent, so that of a side
 * that goes to sleep and one that publishes at least one sees the other.
 */

void vgpu_ring_init(struct vgpu_ring *ring, struct vgpu_ring_words *words, void *data,
                    uint64_t size)
{
    *ring = (struct vgpu_ring){.words = words, .data = data, .size = size};
}

/* Reads the consumer's index once and checks it: it only grows and never passes ours. */
static int check_tail(struct vgpu_ring *ring)
{
    uint64_t tail = atomic_load(&ring->words->tail);

    if (tail < ring->theirs || tail > ring->mine) {
        return -EPROTO;
    }
    ring->theirs = tail;
    return 0;
}

/* Reads the producer's index once and checks it: it only grows, by a ring's size at most. */
static int check_head(struct vgpu_ring *ring)
{
    uint64_t head = atomic_load(&ring->words->head);

    if (head < ring->theirs || head - ring->mine > ring->size) {
        return -EPROTO;
    }
    ring->theirs = head;
    return 0;
}

static uint64_t free_bytes(const struct vgpu_ring *ring)
{
    return ring->size - (ring->mine - ring->theirs);
}

int vgpu_ring_put(struct vgpu_ring *ring, const void *bytes, size_t len)
{
    size_t at = (size_t)(ring->mine & (ring->size - 1));
    size_t first = (size_t)ring->size - at;

    if (len > ring->size) {
        return -EMSGSIZE;
    }
    /* The consumer's index is looked at only when what is known of it does not do. */
    if (len > free_bytes(ring)) {
        if (check_tail(ring) != 0) {
            return -EPROTO;
        }
        if (len > free_bytes(ring)) {
            return -EAGAIN;
        }
    }
    first = first < len ? first : len;
    memcpy(ring->data + at, bytes, first);
    memcpy(ring->data, (const uint8_t *)bytes + first, len - first);
    vgpu_ring_publish(ring, len);
    return 0;
}

bool vgpu_ring_starve(struct vgpu_ring *ring, size_t len)
{
    atomic_store(&ring->words->starved, 1);
    if (check_tail(ring) == 0 && len > free_bytes(ring)) {
        return true;
    }
    atomic_store(&ring->words->starved, 0);
    return false;
}

ssize_t vgpu_ring_peek(struct vgpu_ring *ring, void *out, size_t cap)
{
    size_t at = (size_t)(ring->mine & (ring->size - 1));
    size_t first = (size_t)ring->size - at;
    size_t count;

    if (check_head(ring) != 0) {
        return -EPROTO;
    }
    count = (size_t)(ring->theirs - ring->mine);
    count = count < cap ? count : cap;
    first = first < count ? first : count;
    memcpy(out, ring->data + at, first);
    memcpy((uint8_t *)out + first, ring->data, count - first);
    return (ssize_t)count;
}

bool vgpu_ring_consume(struct vgpu_ring *ring, size_t len)
{
    ring->mine += len;
    atomic_store(&ring->words->tail, ring->mine);
    return atomic_load(&ring->words->starved) != 0 &&
           atomic_exchange(&ring->words->starved, 0) != 0;
}

bool vgpu_ring_park(struct vgpu_ring *ring)
{
    atomic_store(&ring->words->parked, 1);
    if (!vgpu_ring_ready(ring)) {
        return true;
    }
    atomic_store(&ring->words->parked, 0);
    return false;
}

void vgpu_ring_unpark(struct vgpu_ring *ring)
{
    atomic_store(&ring->words->parked, 0);
}

bool vgpu_ring_ready(const struct vgpu_ring *ring)
{
    return atomic_load(&ring->words->head) != ring->mine;
}

uint64_t vgpu_ring_fill(const struct vgpu_ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->words->head, memory_order_relaxed);
    uint64_t fill = head - ring->mine;

    return fill < ring->size ? fill : ring->size;
}
