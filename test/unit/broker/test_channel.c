/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES VGPU_CHANNEL_BYTES_MIN

static struct br_channel channel;

static int setup(void **state)
{
    (void)state;
    if (br_channel_make(&channel, BYTES) != 0) {
        return -1;
    }
    br_channel_begin(&channel, 42);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    br_channel_fini(&channel);
    return 0;
}

static void test_memory_cannot_be_resized_or_unsealed(void **state)
{
    (void)state;
    assert_int_equal(ftruncate(channel.memfd, 4096), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(channel.memfd, 2 * BYTES), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fcntl(channel.memfd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_int_equal(fcntl(channel.memfd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static void test_memory_is_sparse(void **state)
{
    struct stat info;

    (void)state;
    assert_int_equal(fstat(channel.memfd, &info), 0);
    assert_int_equal(info.st_size, BYTES);
    assert_true(info.st_blocks * 512 < 256 * 1024);
}

static void test_header_is_written(void **state)
{
    const struct vgpu_channel_header *header = channel.base;

    (void)state;
    assert_int_equal(header->magic, VGPU_CHANNEL_MAGIC);
    assert_int_equal(header->version, VGPU_PROTOCOL_VERSION);
    assert_int_equal(header->size, BYTES);
    assert_int_equal(header->session, 42);
}

static void test_descriptors_do_not_survive_exec(void **state)
{
    const int fds[] = {channel.memfd, channel.doorbell, channel.interrupt, channel.interrupt_guest};

    (void)state;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        assert_true((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0);
    }
}

static void test_doorbell_is_answered_once(void **state)
{
    (void)state;
    assert_int_equal(br_channel_answer_doorbell(&channel), -EAGAIN);
    assert_int_equal(eventfd_write(channel.doorbell, 3), 0);
    assert_int_equal(br_channel_answer_doorbell(&channel), 0);
    assert_int_equal(br_channel_answer_doorbell(&channel), -EAGAIN);
}

/* A guest can clear O_NONBLOCK of a file description that it shares. */
static void test_doorbell_set_to_blocking_does_not_wait(void **state)
{
    (void)state;
    assert_int_equal(fcntl(channel.doorbell, F_SETFL, 0), 0);
    assert_int_equal(br_channel_answer_doorbell(&channel), -EAGAIN);
}

static void test_interrupt_that_nobody_takes_does_not_wait(void **state)
{
    uint64_t one = 0;

    (void)state;
    assert_int_equal(fcntl(channel.interrupt_guest, F_SETFL, 0), 0);
    for (int i = 0; i < 10000; i++) {
        br_channel_interrupt(&channel);
    }
    assert_int_equal(read(channel.interrupt_guest, &one, sizeof(one)), sizeof(one));
    assert_int_equal(one, 1);
}

static void test_fail_keeps_the_first_code_and_rings(void **state)
{
    uint64_t one;

    (void)state;
    br_channel_fail(&channel, 700);
    br_channel_fail(&channel, 719);
    assert_int_equal(vgpu_channel_state(channel.base)->error, 700);
    assert_int_equal(read(channel.interrupt_guest, &one, sizeof(one)), sizeof(one));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_memory_cannot_be_resized_or_unsealed),
        TEST(test_memory_is_sparse),
        TEST(test_header_is_written),
        TEST(test_descriptors_do_not_survive_exec),
        TEST(test_doorbell_is_answered_once),
        TEST(test_doorbell_set_to_blocking_does_not_wait),
        TEST(test_interrupt_that_nobody_takes_does_not_wait),
        TEST(test_fail_keeps_the_first_code_and_rings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
