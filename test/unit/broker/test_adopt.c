/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors from outside: the right pair is adopted, every wrong one is refused and closed. */
#include "broker/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES      VGPU_CHANNEL_BYTES_MIN
#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define SIZE_WRONG "the memory has another size than channel_bytes"
#define SEAL_WRONG "the memory is not sealed against shrinking, growing and sealing"
#define BELL_WRONG "the doorbell is no eventfd"

static struct br_eventfd_mark mark;

/* ---- descriptors ------------------------------------------------------------ */

static int memory(unsigned int flags, off_t bytes, int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, bytes), 0);
    assert_true(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

static int good_memory(void)
{
    return memory(0, BYTES, SEALS);
}

static int good_bell(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* The same file by another open: with its own flags. */
static int reopened(int fd, int flags)
{
    char path[40];
    int other;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    other = open(path, flags | O_CLOEXEC);
    assert_true(other >= 0);
    close(fd);
    return other;
}

static int on_disk(const char *folder)
{
    char path[60];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/vgpu-adopt-XXXXXX", folder);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, BYTES), 0);
    unlink(path);
    return fd;
}

static int pipe_end(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[1]);
    return ends[0];
}

static int socket_end(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    close(ends[1]);
    return ends[0];
}

static int signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

/* ---- adoption --------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    return br_adopt_init(&mark);
}

static void refused(int memfd, int doorbell, const char *what)
{
    struct br_channel channel;
    const char *wrong = NULL;
    int given = (memfd >= 0) + (doorbell >= 0);
    int before = open_descriptors();

    assert_int_equal(br_adopt(&channel, &mark, memfd, doorbell, BYTES, &wrong), -EPROTO);
    assert_string_equal(wrong, what);
    assert_null(channel.base);
    assert_int_equal(channel.memfd, -1);
    assert_int_equal(open_descriptors(), before - given);
}

static void test_good_pair_is_adopted(void **state)
{
    struct br_channel channel;
    const char *wrong;
    uint64_t rings = 1;

    (void)state;
    assert_int_equal(br_adopt(&channel, &mark, good_memory(), good_bell(), BYTES, &wrong), 0);
    /* What others left in the shared words is gone. */
    memset((char *)channel.base + VGPU_CHANNEL_STATE_OFFSET, 0xff,
           sizeof(struct vgpu_channel_state));
    br_channel_begin(&channel, 7);
    assert_int_equal(((struct vgpu_channel_header *)channel.base)->session, 7);
    assert_int_equal(vgpu_channel_state(channel.base)->error, 0);
    assert_int_equal(vgpu_channel_state(channel.base)->submit.head, 0);
    assert_int_equal(vgpu_channel_state(channel.base)->holder.tid, 0);
    assert_int_equal(write(channel.doorbell, &rings, sizeof(rings)), sizeof(rings));
    assert_int_equal(br_channel_answer_doorbell(&channel), 0);
    br_channel_interrupt(&channel);
    assert_int_equal(read(channel.interrupt_guest, &rings, sizeof(rings)), sizeof(rings));
    br_channel_fini(&channel);
}

static void test_rung_and_semaphore_and_blocking_doorbells_are_adopted(void **state)
{
    const int bells[] = {eventfd(5, EFD_NONBLOCK), eventfd(0, 0), eventfd(3, EFD_SEMAPHORE)};

    (void)state;
    for (size_t i = 0; i < sizeof(bells) / sizeof(bells[0]); i++) {
        struct br_channel channel;
        const char *wrong;

        assert_int_equal(br_adopt(&channel, &mark, good_memory(), bells[i], BYTES, &wrong), 0);
        br_channel_fini(&channel);
    }
}

static void test_missing_descriptors(void **state)
{
    static const char what[] = "wanted two descriptors, memory and doorbell";

    (void)state;
    refused(-1, -1, what);
    refused(good_memory(), -1, what);
    refused(-1, good_bell(), what);
}

static void test_memory_that_is_no_memfd(void **state)
{
    static const char what[] = "the memory is no memfd";

    (void)state;
    refused(pipe_end(), good_bell(), what);
    refused(socket_end(), good_bell(), what);
    refused(good_bell(), good_bell(), what);
    refused(epoll_create1(EPOLL_CLOEXEC), good_bell(), what);
    refused(open("/dev/zero", O_RDWR | O_CLOEXEC), good_bell(), "the memory is no memfd");
    refused(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), good_bell(), what);
}

/* Files may lie on a tmpfs here or not: both answers are right, adoption is not. */
static void test_memory_that_is_a_file(void **state)
{
    static const char *const folders[] = {"/tmp", "/dev/shm", "/var/tmp"};

    (void)state;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct br_channel channel;
        const char *wrong = NULL;

        assert_int_equal(br_adopt(&channel, &mark, on_disk(folders[i]), good_bell(), BYTES, &wrong),
                         -EPROTO);
        assert_true(strcmp(wrong, "the memory is no memfd") == 0 || strcmp(wrong, SEAL_WRONG) == 0);
    }
}

static void test_memory_of_another_size(void **state)
{
    (void)state;
    refused(memory(0, BYTES - 4096, SEALS), good_bell(), SIZE_WRONG);
    refused(memory(0, BYTES + 4096, SEALS), good_bell(), SIZE_WRONG);
    refused(memory(0, 0, SEALS), good_bell(), SIZE_WRONG);
    refused(memory(0, BYTES * 2, SEALS), good_bell(), SIZE_WRONG);
}

static void test_memory_with_too_few_seals(void **state)
{
    (void)state;
    refused(memory(0, BYTES, 0), good_bell(), SEAL_WRONG);
    refused(memory(0, BYTES, SEALS & ~F_SEAL_SHRINK), good_bell(), SEAL_WRONG);
    refused(memory(0, BYTES, SEALS & ~F_SEAL_GROW), good_bell(), SEAL_WRONG);
    refused(memory(0, BYTES, SEALS & ~F_SEAL_SEAL), good_bell(), SEAL_WRONG);
}

static void test_memory_that_cannot_be_written(void **state)
{
    static const char what[] = "the memory cannot be written";

    (void)state;
    refused(memory(0, BYTES, SEALS | F_SEAL_WRITE), good_bell(), what);
    refused(memory(0, BYTES, SEALS | F_SEAL_FUTURE_WRITE), good_bell(), what);
    refused(reopened(good_memory(), O_RDONLY), good_bell(), what);
    refused(reopened(good_memory(), O_PATH), good_bell(), SEAL_WRONG);
}

static void test_memory_with_huge_pages(void **state)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

    (void)state;
    if (fd < 0) {
        print_message("this kernel has no huge pages: errno %d\n", errno);
        skip();
    }
    assert_int_equal(ftruncate(fd, BYTES), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
    refused(fd, good_bell(), "the memory is no memfd");
}

static void test_doorbell_that_is_no_eventfd(void **state)
{
    (void)state;
    refused(good_memory(), pipe_end(), BELL_WRONG);
    refused(good_memory(), socket_end(), BELL_WRONG);
    refused(good_memory(), good_memory(), BELL_WRONG);
    refused(good_memory(), open("/dev/zero", O_RDWR | O_CLOEXEC), BELL_WRONG);
    refused(good_memory(), on_disk("/tmp"), BELL_WRONG);
    refused(good_memory(), reopened(good_memory(), O_RDONLY), BELL_WRONG);
}

/* These have the inode of an eventfd. */
static void test_doorbell_that_is_another_anonymous_inode(void **state)
{
    const struct itimerspec often = {.it_interval = {.tv_nsec = 1}, .it_value = {.tv_nsec = 1}};
    int armed = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    (void)state;
    assert_int_equal(timerfd_settime(armed, 0, &often, NULL), 0);
    refused(good_memory(), armed, BELL_WRONG);
    refused(good_memory(), timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), BELL_WRONG);
    refused(good_memory(), epoll_create1(EPOLL_CLOEXEC), BELL_WRONG);
    refused(good_memory(), signals(), BELL_WRONG);
    refused(good_memory(), inotify_init1(IN_CLOEXEC), BELL_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_pair_is_adopted),
        cmocka_unit_test(test_rung_and_semaphore_and_blocking_doorbells_are_adopted),
        cmocka_unit_test(test_missing_descriptors),
        cmocka_unit_test(test_memory_that_is_no_memfd),
        cmocka_unit_test(test_memory_that_is_a_file),
        cmocka_unit_test(test_memory_of_another_size),
        cmocka_unit_test(test_memory_with_too_few_seals),
        cmocka_unit_test(test_memory_that_cannot_be_written),
        cmocka_unit_test(test_memory_with_huge_pages),
        cmocka_unit_test(test_doorbell_that_is_no_eventfd),
        cmocka_unit_test(test_doorbell_that_is_another_anonymous_inode),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
