/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_RING_H
#define VGPU_RING_H

/*
 * A byte ring in shared memory, one producer, one consumer (docs/specs/wire.md, "Rings").
 *
 *        producer writes            consumer writes
 *   head ───────────────┐      ┌─────────────── tail
 *                  ┌────▼──────▼───┐
 *                  │ whole records │   size is a power of two; head and tail only grow
 *                  └───────────────┘
 *   starved: producer waits for space     parked: consumer sleeps, wake it
 *
 * Both sides keep their own index privately and never read it back; what the peer
 * wrote is checked on every use (`-EPROTO` = the peer is broken, end the session).
 * The producer publishes whole records only.  A sleeping side sets its flag, then
 * looks again before it sleeps; the other side publishes, then looks at the flag.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The shared words; each line has one writer, except that the waker clears the flag it acts on. */
struct vgpu_ring_words {
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
    _Alignas(64) _Atomic uint32_t parked;
    _Alignas(64) _Atomic uint32_t starved;
};

_Static_assert(sizeof(struct vgpu_ring_words) == 256, "ring words");

/* One side's private view.  `words` and `data` are borrowed shared memory. */
struct vgpu_ring {
    struct vgpu_ring_words *words;
    uint8_t *data;
    uint64_t size;
    uint64_t mine;   /* own index: head of a producer, tail of a consumer */
    uint64_t theirs; /* last index of the peer that was checked */
};

/* Prepares a view of an empty ring; `size` is a power of two.  Either side; does not write. */
void vgpu_ring_init(struct vgpu_ring *ring, struct vgpu_ring_words *words, void *data,
                    uint64_t size);

/* Producer: copies `len` bytes in and publishes them.  0; -EAGAIN when they do not fit now;
 * -EPROTO when the peer's index is impossible. */
int vgpu_ring_put(struct vgpu_ring *ring, const void *bytes, size_t len);

/* Producer: where `len` bytes, more than none, can be written in one piece and then published; NULL
 * when they are not known to fit or would go over the ring's end, which vgpu_ring_put() does. */
static inline uint8_t *vgpu_ring_room(const struct vgpu_ring *ring, size_t len)
{
    uint64_t at = ring->mine & (ring->size - 1);

    return len <= ring->size - at && len <= ring->size - (ring->mine - ring->theirs)
               ? ring->data + at
               : NULL;
}

/* Producer: publishes `len` bytes that are written there. */
static inline void vgpu_ring_publish(struct vgpu_ring *ring, size_t len)
{
    ring->mine += len;
    atomic_store(&ring->words->head, ring->mine);
}

/* Producer, after a put: true when the consumer sleeps and must be woken (clears the flag). */
static inline bool vgpu_ring_wants_wake(struct vgpu_ring *ring)
{
    return __builtin_expect(atomic_load(&ring->words->parked) != 0, 0) &&
           atomic_exchange(&ring->words->parked, 0) != 0;
}

/* Producer, after -EAGAIN: announces that it waits for space.  True when it may sleep, false when
 * space for `len` bytes is there by now (the flag is taken back). */
bool vgpu_ring_starve(struct vgpu_ring *ring, size_t len);

/* Consumer: copies up to `cap` bytes that are there to `out` without consuming them.  Returns the
 * count (0: empty) or -EPROTO. */
ssize_t vgpu_ring_peek(struct vgpu_ring *ring, void *out, size_t cap);

/* Consumer: consumes `len` bytes that a peek returned.  True when the producer waits for space and
 * must be woken (clears the flag). */
bool vgpu_ring_consume(struct vgpu_ring *ring, size_t len);

/* Consumer: announces sleep.  True when it may sleep, false when bytes are there (or the peer is
 * broken, which the next peek tells). */
bool vgpu_ring_park(struct vgpu_ring *ring);

/* Consumer: takes the announcement back after waking. */
void vgpu_ring_unpark(struct vgpu_ring *ring);

/* Consumer: true when bytes are there; a cheap look without copying. */
bool vgpu_ring_ready(const struct vgpu_ring *ring);

/* Consumer: bytes that wait, as the producer says it; at most the ring's size. */
uint64_t vgpu_ring_fill(const struct vgpu_ring *ring);

#endif
