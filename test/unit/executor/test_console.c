/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker's side of the console: what is written to descriptors 1 and 2, and what a guest finds in
 * the ring, whatever the guest says that it has read.  Each test is a process, because the console
 * is one per process and takes its standard output.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/worker/console.h"
#include "proto/console.h"

static void *window;
static uint64_t tail;

static void fail_here(int line)
{
    _exit(line % 255 + 1);
}

#define WANT(condition) ((condition) ? (void)0 : fail_here(__LINE__))

static void say(int fd, const void *bytes, size_t len)
{
    WANT(write(fd, bytes, len) == (ssize_t)len);
}

static void begin(void)
{
    window = mmap(NULL, VGPU_CHANNEL_DATA_OFFSET, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    WANT(window != MAP_FAILED);
    WANT(ex_console_prepare() == 0);
    WANT(ex_console_start() == 0);
    say(STDOUT_FILENO, "self-test\n", 10);
    ex_console_attach(window);
}

static void told(uint64_t read)
{
    atomic_store(&vgpu_console_words(window)->tail, read);
}

/* Takes one piece as a guest does; its length with the kind. */
static uint32_t take(uint8_t *bytes)
{
    uint32_t head;

    WANT(atomic_load(&vgpu_console_words(window)->head) > tail);
    vgpu_console_get(vgpu_console_data(window), tail, &head, sizeof(head));
    WANT((head & ~VGPU_CONSOLE_ERROR) <= VGPU_CONSOLE_PIECE_MAX);
    vgpu_console_get(vgpu_console_data(window), tail + sizeof(head), bytes,
                     head & ~VGPU_CONSOLE_ERROR);
    tail += sizeof(head) + (head & ~VGPU_CONSOLE_ERROR);
    told(tail);
    return head;
}

static void bytes_of_both(void)
{
    static const char text[] = "a\0b\xff";
    uint8_t bytes[VGPU_CONSOLE_PIECE_MAX];

    say(STDOUT_FILENO, text, sizeof(text));
    WANT(ex_console_settle() == sizeof(uint32_t) + sizeof(text));
    WANT(take(bytes) == sizeof(text) && memcmp(bytes, text, sizeof(text)) == 0);
    say(STDERR_FILENO, "!", 1);
    WANT(ex_console_settle() == 2 * sizeof(uint32_t) + sizeof(text) + 1);
    WANT(take(bytes) == (VGPU_CONSOLE_ERROR | 1) && bytes[0] == '!');
}

/* Nothing goes out before a module prints. */
static void closed(void)
{
    say(STDERR_FILENO, "noise", 5);
    (void)usleep(20000);
    WANT(atomic_load(&vgpu_console_words(window)->head) == 0);
    ex_console_open();
    WANT(ex_console_settle() == sizeof(uint32_t) + 5);
}

static uint64_t drained(uint64_t end)
{
    uint8_t bytes[VGPU_CONSOLE_PIECE_MAX];
    uint64_t text = 0;

    while (tail < end) {
        if (atomic_load(&vgpu_console_words(window)->head) > tail) {
            text += take(bytes) & ~VGPU_CONSOLE_ERROR;
        }
    }
    return text;
}

/* More than the ring holds comes as it is read. */
static void in_parts(void)
{
    char kilobyte[1024];
    uint64_t end;

    memset(kilobyte, '.', sizeof(kilobyte));
    for (int i = 0; i < 1000; i++) {
        say(STDOUT_FILENO, kilobyte, sizeof(kilobyte));
    }
    end = ex_console_settle();
    WANT(end >= 1000 * sizeof(kilobyte));
    WANT(atomic_load(&vgpu_console_words(window)->head) <= VGPU_CHANNEL_CONSOLE_BYTES);
    WANT(drained(end) == 1000 * sizeof(kilobyte));
}

/* A guest that does not read, and lies about it, holds nobody up, and what is kept is bounded. */
static void never_read(void)
{
    char kilobyte[1024];
    uint64_t end;

    memset(kilobyte, '.', sizeof(kilobyte));
    ex_console_open();
    for (uint64_t i = 0; i < 16384; i++) {
        say(STDOUT_FILENO, kilobyte, sizeof(kilobyte));
        told(i % 3 == 0 ? UINT64_MAX - i : 0);
    }
    told(0);
    end = ex_console_settle();
    WANT(end < (8u << 20));
    WANT(atomic_load(&vgpu_console_words(window)->head) <= VGPU_CHANNEL_CONSOLE_BYTES);
    (void)drained(end);
    WANT(ex_console_settle() > end); /* the note that something is missing */
}

static void run(void (*test)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        begin();
        test();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0); /* else: the line of the failed WANT, and one */
}

static void test_bytes_of_both(void **state)
{
    (void)state;
    run(bytes_of_both);
}

static void test_closed(void **state)
{
    (void)state;
    run(closed);
}

static void test_in_parts(void **state)
{
    (void)state;
    run(in_parts);
}

static void test_never_read(void **state)
{
    (void)state;
    run(never_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_of_both),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_in_parts),
        cmocka_unit_test(test_never_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
