/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ring.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 1024u

struct fixture {
    struct vgpu_ring_words words;
    uint8_t data[SIZE];
    struct vgpu_ring producer;
    struct vgpu_ring consumer;
};

static int set_up(void **state)
{
    struct fixture *fixture = aligned_alloc(64, sizeof(struct fixture));

    if (fixture == NULL) {
        return -1;
    }
    memset(fixture, 0, sizeof(*fixture));
    vgpu_ring_init(&fixture->producer, &fixture->words, fixture->data, SIZE);
    vgpu_ring_init(&fixture->consumer, &fixture->words, fixture->data, SIZE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The byte at a position of the stream that runs through the ring. */
static uint8_t stream_byte(uint64_t at)
{
    return (uint8_t)(at * 31 + (at >> 8));
}

static void fill(uint8_t *bytes, size_t len, uint64_t at)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = stream_byte(at + i);
    }
}

static void check(const uint8_t *bytes, size_t len, uint64_t at)
{
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(bytes[i], stream_byte(at + i));
    }
}

static void test_random_puts_and_peeks_follow_the_model(void **state)
{
    struct fixture *f = *state;
    uint64_t put = 0;
    uint64_t taken = 0;
    uint32_t seed = 7;
    uint8_t bytes[SIZE + 8];

    for (unsigned int step = 0; step < 200000; step++) {
        size_t len = next_random(&seed) % (SIZE + 1);

        if (next_random(&seed) % 2 == 0) {
            fill(bytes, len, put);
            if (len <= SIZE - (put - taken)) {
                assert_int_equal(vgpu_ring_put(&f->producer, bytes, len), 0);
                put += len;
            } else {
                assert_int_equal(vgpu_ring_put(&f->producer, bytes, len), -EAGAIN);
            }
        } else {
            size_t there = put - taken < len ? (size_t)(put - taken) : len;

            assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, len), there);
            check(bytes, there, taken);
            there = there == 0 ? 0 : next_random(&seed) % (there + 1);
            assert_false(vgpu_ring_consume(&f->consumer, there));
            taken += there;
        }
        assert_int_equal(vgpu_ring_ready(&f->consumer), put != taken);
    }
}

static void test_what_is_written_in_place_is_seen_when_published(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[SIZE];
    uint8_t *room;

    for (uint64_t at = 0; at < 8 * (uint64_t)SIZE; at += 48) {
        room = vgpu_ring_room(&f->producer, 48);
        fill(bytes, 48, at);
        if (room != NULL) {
            memcpy(room, bytes, 48);
            assert_false(vgpu_ring_ready(&f->consumer));
            vgpu_ring_publish(&f->producer, 48);
        } else {
            assert_int_equal(vgpu_ring_put(&f->producer, bytes, 48), 0);
        }
        assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), 48);
        check(bytes, 48, at);
        assert_false(vgpu_ring_consume(&f->consumer, 48));
    }
}

static void test_room_is_one_piece_that_is_known_to_be_free(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[SIZE] = {0};

    assert_ptr_equal(vgpu_ring_room(&f->producer, SIZE), f->data);
    assert_null(vgpu_ring_room(&f->producer, SIZE + 8));
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, SIZE - 16), 0);
    assert_ptr_equal(vgpu_ring_room(&f->producer, 16), f->data + SIZE - 16);
    assert_null(vgpu_ring_room(&f->producer, 24)); /* over the end, and too much */
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), SIZE - 16);
    assert_false(vgpu_ring_consume(&f->consumer, SIZE - 16));
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, 32),
                     0); /* over the end: looks at the tail */
    assert_ptr_equal(vgpu_ring_room(&f->producer, 64), f->data + 16);
    assert_null(vgpu_ring_room(&f->producer, SIZE - 16)); /* more than is free */
}

static void test_put_more_than_the_ring_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[SIZE + 8] = {0};

    assert_int_equal(vgpu_ring_put(&f->producer, bytes, SIZE + 8), -EMSGSIZE);
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, SIZE), 0);
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, 8), -EAGAIN);
}

static void test_peek_head_that_jumps_or_goes_back_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[SIZE] = {0};

    assert_int_equal(vgpu_ring_put(&f->producer, bytes, 64), 0);
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), 64);
    atomic_store(&f->words.head, 63);
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), -EPROTO);
    atomic_store(&f->words.head, SIZE + 1);
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), -EPROTO);
    atomic_store(&f->words.head, UINT64_MAX);
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), -EPROTO);
    atomic_store(&f->words.head, SIZE);
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), SIZE);
}

static void test_put_tail_that_jumps_or_goes_back_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[SIZE] = {0};

    assert_int_equal(vgpu_ring_put(&f->producer, bytes, SIZE), 0);
    atomic_store(&f->words.tail, SIZE + 1);
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, 8), -EPROTO);
    assert_false(vgpu_ring_starve(&f->producer, 8));
    atomic_store(&f->words.tail, 512);
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, 8), 0);
    atomic_store(&f->words.tail, 511);
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, SIZE), -EPROTO);
}

static void test_flags_are_seen_once(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[SIZE] = {0};

    assert_false(vgpu_ring_wants_wake(&f->producer));
    assert_true(vgpu_ring_park(&f->consumer));
    assert_int_equal(vgpu_ring_put(&f->producer, bytes, SIZE), 0);
    assert_true(vgpu_ring_wants_wake(&f->producer));
    assert_false(vgpu_ring_wants_wake(&f->producer));
    assert_false(vgpu_ring_park(&f->consumer));
    vgpu_ring_unpark(&f->consumer);
    assert_true(vgpu_ring_starve(&f->producer, 8));
    assert_int_equal(vgpu_ring_peek(&f->consumer, bytes, SIZE), SIZE);
    assert_true(vgpu_ring_consume(&f->consumer, SIZE));
    assert_false(vgpu_ring_starve(&f->producer, 8));
    assert_int_equal(atomic_load(&f->words.starved), 0);
}

#define STREAM_BYTES (8u << 20)

struct two {
    struct fixture *fixture;
    sem_t wake_consumer;
    sem_t wake_producer;
};

static void *produce(void *arg)
{
    struct two *two = arg;
    struct vgpu_ring *ring = &two->fixture->producer;
    uint32_t seed = 99;
    uint8_t bytes[300];

    for (uint64_t at = 0; at < STREAM_BYTES;) {
        size_t len = 1 + next_random(&seed) % sizeof(bytes);

        len = len < STREAM_BYTES - at ? len : (size_t)(STREAM_BYTES - at);
        fill(bytes, len, at);
        while (vgpu_ring_put(ring, bytes, len) != 0) {
            if (vgpu_ring_starve(ring, len)) {
                (void)sem_wait(&two->wake_producer);
            }
        }
        at += len;
        if (vgpu_ring_wants_wake(ring)) {
            (void)sem_post(&two->wake_consumer);
        }
    }
    return NULL;
}

/* Both sides sleep whenever they may: a wake-up that is lost hangs the test. */
static void test_two_threads_that_sleep_lose_nothing(void **state)
{
    struct two two = {.fixture = *state};
    struct vgpu_ring *ring = &two.fixture->consumer;
    uint8_t bytes[SIZE];
    pthread_t thread;

    assert_int_equal(sem_init(&two.wake_consumer, 0, 0), 0);
    assert_int_equal(sem_init(&two.wake_producer, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, produce, &two), 0);
    for (uint64_t at = 0; at < STREAM_BYTES;) {
        ssize_t count = vgpu_ring_peek(ring, bytes, sizeof(bytes));

        assert_true(count >= 0);
        check(bytes, (size_t)count, at);
        if (vgpu_ring_consume(ring, (size_t)count)) {
            (void)sem_post(&two.wake_producer);
        }
        at += (uint64_t)count;
        if (at < STREAM_BYTES && vgpu_ring_park(ring)) {
            (void)sem_wait(&two.wake_consumer);
            vgpu_ring_unpark(ring);
        }
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)sem_destroy(&two.wake_consumer);
    (void)sem_destroy(&two.wake_producer);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RING_TEST(test_random_puts_and_peeks_follow_the_model),
        RING_TEST(test_what_is_written_in_place_is_seen_when_published),
        RING_TEST(test_room_is_one_piece_that_is_known_to_be_free),
        RING_TEST(test_put_more_than_the_ring_is_refused),
        RING_TEST(test_peek_head_that_jumps_or_goes_back_is_refused),
        RING_TEST(test_put_tail_that_jumps_or_goes_back_is_refused),
        RING_TEST(test_flags_are_seen_once),
        RING_TEST(test_two_threads_that_sleep_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
