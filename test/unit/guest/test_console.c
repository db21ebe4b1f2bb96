/* SPDX-License-Identifier: Apache-2.0 */

/* A guest's side of the console: whatever a worker writes there, the guest prints bytes of the ring
 * or nothing, and goes on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest/libcuda/console.h"
#include "guest/libcuda/link.h"
#include "proto/console.h"

static struct gs_link gs;
static uint8_t *channel;
static char printed[1 << 18];

static int setup(void **state)
{
    (void)state;
    channel = aligned_alloc(4096, VGPU_CHANNEL_DATA_OFFSET);
    assert_non_null(channel);
    memset(channel, 0, VGPU_CHANNEL_DATA_OFFSET);
    gs.control = channel;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(channel);
    return 0;
}

/* Drains and returns how much standard output it made; the text is in `printed`. */
static size_t drain(void)
{
    FILE *file = tmpfile();
    int kept = dup(STDOUT_FILENO);
    size_t len;

    assert_non_null(file);
    (void)fflush(stdout);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    gs_console_drain(&gs);
    (void)fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    rewind(file);
    len = fread(printed, 1, sizeof(printed), file);
    (void)fclose(file);
    return len;
}

static uint64_t put(uint64_t at, uint32_t head, const void *bytes, uint32_t len)
{
    uint8_t *ring = vgpu_console_data(channel);

    vgpu_console_put(ring, at, &head, sizeof(head));
    vgpu_console_put(ring, at + sizeof(head), bytes, len);
    at += sizeof(head) + len;
    atomic_store(&vgpu_console_words(channel)->head, at);
    return at;
}

static uint64_t read_so_far(void)
{
    return atomic_load(&vgpu_console_words(channel)->tail);
}

static void test_bytes_around_the_end(void **state)
{
    static const char text[] = "one\0two\n";
    uint64_t at = VGPU_CHANNEL_CONSOLE_BYTES - 6;

    (void)state;
    atomic_store(&vgpu_console_words(channel)->tail, at);
    at = put(at, sizeof(text), text, sizeof(text));
    assert_int_equal(drain(), sizeof(text));
    assert_memory_equal(printed, text, sizeof(text));
    assert_int_equal(read_so_far(), at);
    assert_int_equal(drain(), 0);
}

static void test_pieces_that_cannot_be(void **state)
{
    static const uint32_t lengths[] = {VGPU_CONSOLE_PIECE_MAX + 1, 100, 0x7fffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint64_t at = put(read_so_far(), lengths[i], "abc", 3);

        assert_int_equal(drain(), 0);
        assert_int_equal(read_so_far(), at); /* skipped: the next piece is read again */
    }
    (void)put(read_so_far(), 2, "ok", 2);
    assert_int_equal(drain(), 2);
}

static void test_heads_that_cannot_be(void **state)
{
    static const uint64_t heads[] = {1, 3, VGPU_CHANNEL_CONSOLE_BYTES + 1, UINT64_MAX, 0};

    (void)state;
    memset(vgpu_console_data(channel), 0xff, VGPU_CHANNEL_CONSOLE_BYTES);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        atomic_store(&vgpu_console_words(channel)->head, heads[i]);
        assert_int_equal(drain(), 0);
        assert_int_equal(read_so_far(), heads[i]);
    }
}

/* Nothing but empty pieces: an end is found all the same. */
static void test_empty_pieces(void **state)
{
    (void)state;
    atomic_store(&vgpu_console_words(channel)->head, VGPU_CHANNEL_CONSOLE_BYTES);
    assert_int_equal(drain(), 0);
    assert_int_equal(read_so_far(), VGPU_CHANNEL_CONSOLE_BYTES);
}

static void *drain_beside(void *arg)
{
    gs_console_drain(arg);
    return NULL;
}

/* A thread of the program has locked its stream, another stands before it to print, and the first
 * prints too. */
static void print_with_locked(FILE *locked)
{
    const struct timespec nap = {.tv_nsec = 50000000};
    pthread_t thread;

    flockfile(locked);
    assert_int_equal(pthread_create(&thread, NULL, drain_beside, &gs), 0);
    (void)nanosleep(&nap, NULL);
    gs_console_drain(&gs);
    funlockfile(locked);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_streams_that_the_program_has_locked(void **state)
{
    FILE *files[] = {stdout, stderr};
    uint64_t at = 0;

    (void)state;
    (void)alarm(20); /* who waits for each other waits for ever */
    for (size_t i = 0; i < 2; i++) {
        at = put(at, 6, "to out", 6);
        at = put(at, 5 | VGPU_CONSOLE_ERROR, "error", 5);
        at = put(at, 1, "\n", 1);
        print_with_locked(files[i]);
        assert_int_equal(read_so_far(), at);
    }
    (void)alarm(0);
}

/* Several threads print at once: the ring is read to its end and goes on from there. */
static void test_many_readers(void **state)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    pthread_t threads[4];
    uint64_t at = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        at = put(at, 1 | (i % 2 == 0 ? VGPU_CONSOLE_ERROR : 0), &text[i], 1);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, drain_beside, &gs), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(read_so_far(), at);
    (void)put(at, 2, "ok", 2);
    assert_int_equal(drain(), 2);
    assert_memory_equal(printed, "ok", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_around_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pieces_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_heads_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_streams_that_the_program_has_locked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_readers, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
