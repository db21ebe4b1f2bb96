/* SPDX-License-Identifier: Apache-2.0 */
#include "common/io.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/clock.h"

/* Larger than a pipe's buffer, so that reads and writes come in pieces. */
#define BULK_SIZE ((size_t)1 << 20)

struct writer {
    int fd;
    const char *bytes;
    int rc;
};

static void *write_bulk(void *arg)
{
    struct writer *writer = arg;

    writer->rc = vgpu_write_full(writer->fd, writer->bytes, BULK_SIZE);
    return NULL;
}

static void test_bulk_crosses_a_pipe_in_pieces(void **state)
{
    VGPU_CLEANUP_FREE char *sent = malloc(BULK_SIZE);
    VGPU_CLEANUP_FREE char *got = malloc(BULK_SIZE);
    struct writer writer = {.rc = -1};
    pthread_t thread;
    int ends[2];

    (void)state;
    assert_non_null(sent);
    assert_non_null(got);
    for (size_t i = 0; i < BULK_SIZE; i++) {
        sent[i] = (char)(i * 31 >> 3);
    }
    assert_int_equal(pipe(ends), 0);
    writer.fd = ends[1];
    writer.bytes = sent;
    assert_int_equal(pthread_create(&thread, NULL, write_bulk, &writer), 0);
    assert_int_equal(vgpu_read_full(ends[0], got, BULK_SIZE), BULK_SIZE);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(writer.rc, 0);
    assert_memory_equal(sent, got, BULK_SIZE);
    close(ends[0]);
    close(ends[1]);
}

static void test_read_full_stops_at_the_end_of_the_file(void **state)
{
    char got[16];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(vgpu_write_full(ends[1], "abc", 3), 0);
    close(ends[1]);
    assert_int_equal(vgpu_read_full(ends[0], got, sizeof(got)), 3);
    assert_memory_equal(got, "abc", 3);
    assert_int_equal(vgpu_read_full(ends[0], got, sizeof(got)), 0);
    close(ends[0]);
}

static void test_bad_descriptor_is_reported(void **state)
{
    char byte = 0;

    (void)state;
    assert_int_equal(vgpu_read_full(-1, &byte, 1), -EBADF);
    assert_int_equal(vgpu_write_full(-1, &byte, 1), -EBADF);
    assert_int_equal(vgpu_write_full(-1, &byte, 0), 0);
}

static void test_clock_does_not_go_back(void **state)
{
    uint64_t before = vgpu_clock_ns();

    (void)state;
    assert_true(before > 0);
    assert_true(vgpu_clock_ns() >= before);
}

static void test_steal_takes_and_cleanup_spares(void **state)
{
    int ends[2];
    int kept;
    char *text = NULL;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    {
        VGPU_CLEANUP_FD int closed = ends[0];
        VGPU_CLEANUP_FD int stolen = ends[1];
        VGPU_CLEANUP_FREE char *copy = strdup("kept");

        assert_int_equal(closed, ends[0]);
        kept = vgpu_steal_fd(&stolen);
        assert_int_equal(stolen, -1);
        text = vgpu_steal_ptr(copy);
        assert_null(copy);
    }
    assert_int_equal(close(ends[0]), -1);
    assert_int_equal(close(kept), 0);
    assert_string_equal(text, "kept");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk_crosses_a_pipe_in_pieces),
        cmocka_unit_test(test_read_full_stops_at_the_end_of_the_file),
        cmocka_unit_test(test_bad_descriptor_is_reported),
        cmocka_unit_test(test_clock_does_not_go_back),
        cmocka_unit_test(test_steal_takes_and_cleanup_spares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
