/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/transport/device.h"
#include "test/unit/guest/fake_device.h"
#include "test/unit/guest/test.h"

#define PROCESSES 16
#define ROUNDS    40

static struct fake_device *device;
static struct gs_obstacle obstacle;

static int setup(void **state)
{
    (void)state;
    device = fake_device_new();
    fake_device_start_process(device);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_device_free(device);
    return 0;
}

/* A process that does `work`, writes a byte when it has done it, and then sleeps. */
struct holder {
    pid_t process;
    int ready;
};

static struct holder hold(void (*work)(int ready))
{
    struct holder holder;
    char byte;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    holder.process = fork();
    if (holder.process == 0) {
        (void)alarm(60);
        (void)close(ends[0]);
        work(ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    holder.ready = ends[0];
    assert_int_equal(read(holder.ready, &byte, 1), 1);
    return holder;
}

static void let_go(struct holder *holder)
{
    (void)kill(holder->process, SIGKILL);
    assert_int_equal(waitpid(holder->process, NULL, 0), holder->process);
    (void)close(holder->ready);
}

static void say(int ready)
{
    if (write(ready, "x", 1) != 1) {
        _exit(3);
    }
}

static void open_or_die(struct gs_channel *channel)
{
    if (gs_channel_open(channel, NULL, &obstacle) != 0) {
        (void)fprintf(stderr, "%s\n", obstacle.text);
        _exit(4);
    }
}

static void hold_one(int ready)
{
    static struct gs_channel channel;

    open_or_die(&channel);
    say(ready);
    (void)pause();
}

static uint32_t word(uint32_t channel)
{
    return atomic_load(&fake_device_channel(device, channel)->holder.tid);
}

static void await_death(uint32_t channel)
{
    while ((word(channel) & VGPU_HOLDER_DIED) == 0) {
        (void)usleep(100);
    }
}

/* Who has a channel's lock, as a process sees it that has none. */
static pid_t locker(uint32_t channel)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = channel, .l_len = 1};
    char path[256];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/resource0", device->folder);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETLK, &lock), 0);
    (void)close(fd);
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static void test_killed_process_is_seen_dead(void **state)
{
    struct holder holder = hold(hold_one);

    (void)state;
    assert_int_not_equal(word(0), 0);
    assert_int_equal(word(0) & VGPU_HOLDER_DIED, 0);
    assert_int_equal(locker(0), holder.process);
    let_go(&holder);
    await_death(0);
    assert_int_equal(locker(0), 0);
}

static int leash[2];

static void hold_with_child(int ready)
{
    static struct gs_channel channel;
    char byte;

    open_or_die(&channel);
    if (fork() == 0) {
        say(ready);
        (void)close(leash[1]);
        _exit((int)read(leash[0], &byte, 1)); /* lives until the test lets go of its end */
    }
    (void)pause();
}

static void test_killed_process_with_a_child_is_seen_dead(void **state)
{
    struct holder holder;

    (void)state;
    assert_int_equal(pipe(leash), 0);
    holder = hold(hold_with_child);
    assert_int_equal(locker(0), holder.process);
    let_go(&holder);
    await_death(0);
    assert_int_equal(locker(0), 0);
    (void)close(leash[0]);
    (void)close(leash[1]);
}

static void hold_and_exec(int ready)
{
    static struct gs_channel channel;

    open_or_die(&channel);
    say(ready);
    (void)execl("/bin/sleep", "sleep", "60", (char *)NULL);
}

static void test_exec_is_a_death(void **state)
{
    struct holder holder = hold(hold_and_exec);

    (void)state;
    await_death(0);
    while (locker(0) != 0) {
        (void)usleep(100);
    }
    let_go(&holder);
}

static void leave(int ready)
{
    static struct gs_channel channel;

    open_or_die(&channel);
    say(ready);
}

static void test_exit_is_a_death(void **state)
{
    struct holder holder = hold(leave);

    (void)state;
    await_death(0);
    let_go(&holder);
}

static void hold_two_of_three(int ready)
{
    static struct gs_channel channels[3];

    for (unsigned int i = 0; i < 3; i++) {
        open_or_die(&channels[i]);
    }
    gs_channel_close(&channels[1]);
    say(ready);
    (void)pause();
}

static void test_every_channel_of_a_process_is_seen_dead(void **state)
{
    struct holder holder = hold(hold_two_of_three);

    (void)state;
    assert_int_equal(word(0), word(2));
    fake_device_await(device, 1, VGPU_CHANNEL_FREE);
    let_go(&holder);
    await_death(0);
    await_death(2);
    assert_int_equal(word(1), 0);
}

static void test_stopped_process_is_not_dead(void **state)
{
    struct holder holder = hold(hold_one);
    struct gs_channel channel = {0};

    (void)state;
    assert_int_equal(kill(holder.process, SIGSTOP), 0);
    assert_int_equal(waitpid(holder.process, NULL, WUNTRACED), holder.process);
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), 0);
    assert_int_equal(gs_device_channel(&channel), 1);
    assert_int_equal(fake_device_state(device, 0), VGPU_CHANNEL_READY);
    assert_int_equal(word(0) & VGPU_HOLDER_DIED, 0);
    gs_channel_close(&channel);
    let_go(&holder);
}

static void test_channels_of_the_dead_are_closed_and_taken(void **state)
{
    struct gs_channel channel = {0};
    struct holder holders[FAKE_DEVICE_CHANNELS];

    (void)state;
    for (unsigned int i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        holders[i] = hold(hold_one);
    }
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), -EBUSY);
    let_go(&holders[2]);
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), 0);
    assert_int_equal(gs_device_channel(&channel), 2);
    gs_channel_close(&channel);
    let_go(&holders[0]);
    let_go(&holders[1]);
    let_go(&holders[3]);
    assert_int_equal(atomic_load(&device->opens), 5);
}

static void test_host_that_does_not_let_go(void **state)
{
    struct gs_channel channel = {0};
    struct holder holders[FAKE_DEVICE_CHANNELS];

    (void)state;
    atomic_store(&device->keeps, true);
    for (unsigned int i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        holders[i] = hold(hold_one);
        let_go(&holders[i]);
    }
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), -EBUSY);
    assert_int_equal(obstacle.kind, GS_OBSTACLE_FULL);
    atomic_store(&device->keeps, false);
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), 0);
    gs_channel_close(&channel);
}

/* What living processes lost with the link stays theirs; what dead ones lost does not. */
static void test_lost_channels(void **state)
{
    struct holder living = hold(hold_one);
    struct holder dead = hold(hold_one);
    struct gs_channel channels[3] = {0};

    (void)state;
    fake_device_link(device, false);
    fake_device_await(device, 0, VGPU_CHANNEL_LOST);
    fake_device_await(device, 1, VGPU_CHANNEL_LOST);
    let_go(&dead);
    fake_device_link(device, true);
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(gs_channel_open(&channels[i], NULL, &obstacle), 0);
    }
    assert_int_equal(gs_device_channel(&channels[0]), 2);
    assert_int_equal(gs_device_channel(&channels[1]), 3);
    assert_int_equal(gs_device_channel(&channels[2]), 1);
    assert_int_equal(fake_device_state(device, 0), VGPU_CHANNEL_LOST);
    for (unsigned int i = 0; i < 3; i++) {
        gs_channel_close(&channels[i]);
    }
    let_go(&living);
}

static void fork_and_close(int ready)
{
    static struct gs_channel channel;
    int status = -1;
    pid_t child;

    open_or_die(&channel);
    child = fork();
    if (child == 0) {
        gs_channel_close(&channel);
        open_or_die(&channel); /* a channel of its own */
        _exit(gs_device_channel(&channel) == 1 ? 0 : 5);
    }
    if (waitpid(child, &status, 0) != child || status != 0 ||
        gs_channel_wait(&channel, 100 * 1000 * 1000) != 0) {
        _exit(6);
    }
    say(ready);
    (void)pause();
}

static void test_child_takes_nothing_from_its_parent(void **state)
{
    struct holder holder = hold(fork_and_close);

    (void)state;
    assert_int_equal(fake_device_state(device, 0), VGPU_CHANNEL_READY);
    assert_int_equal(word(0) & VGPU_HOLDER_DIED, 0);
    assert_int_equal(locker(0), holder.process);
    assert_int_not_equal(word(1) & VGPU_HOLDER_DIED, 0);
    assert_int_equal(atomic_load(&device->closes), 0);
    let_go(&holder);
}

static void open_in_the_end(struct gs_channel *channel)
{
    while (gs_channel_open(channel, NULL, &obstacle) != 0) {
        if (obstacle.kind != GS_OBSTACLE_FULL) {
            (void)fprintf(stderr, "%s\n", obstacle.text);
            _exit(1);
        }
    }
}

/* In a child: takes channels until it got ROUNDS of them, and ends with one that it leaves open. */
static void race(_Atomic pid_t *owners)
{
    struct gs_channel channel = {0};

    (void)alarm(200);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        pid_t nobody = 0;
        uint32_t n;

        open_in_the_end(&channel);
        n = gs_device_channel(&channel);
        if (!atomic_compare_exchange_strong(&owners[n], &nobody, getpid())) {
            (void)fprintf(stderr, "channel %u belongs to %d too\n", n, (int)nobody);
            _exit(2);
        }
        (void)usleep(rand() % 500);
        if (atomic_exchange(&owners[n], 0) != getpid()) {
            _exit(3);
        }
        gs_channel_close(&channel);
    }
    open_in_the_end(&channel);
    _exit(0);
}

static void test_sixteen_processes_on_four_channels(void **state)
{
    _Atomic pid_t *owners =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t children[PROCESSES];
    int status;

    (void)state;
    assert_true(owners != MAP_FAILED);
    for (unsigned int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            srand(i);
            race(owners);
        }
    }
    for (unsigned int i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_true(atomic_load(&device->opens) >= PROCESSES * (ROUNDS + 1));
    (void)munmap(owners, 4096);
}

static void *claim_often(void *arg)
{
    struct gs_channel channel = {0};
    struct gs_obstacle why;
    uintptr_t got = 0;

    (void)arg;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        if (gs_channel_open(&channel, NULL, &why) == 0) {
            got++;
            gs_channel_close(&channel);
        }
    }
    return (void *)got;
}

static void claim_with_threads(int ready)
{
    pthread_t threads[3];
    uintptr_t sum = 0;
    void *got;

    for (unsigned int i = 0; i < 3; i++) {
        (void)pthread_create(&threads[i], NULL, claim_often, NULL);
    }
    for (unsigned int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], &got);
        sum += (uintptr_t)got;
    }
    if (sum == 3 * ROUNDS) {
        say(ready);
    }
}

static void test_threads_of_a_process(void **state)
{
    struct holder holder = hold(claim_with_threads);

    (void)state;
    let_go(&holder);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_killed_process_is_seen_dead),
        CASE(test_killed_process_with_a_child_is_seen_dead),
        CASE(test_exec_is_a_death),
        CASE(test_exit_is_a_death),
        CASE(test_every_channel_of_a_process_is_seen_dead),
        CASE(test_stopped_process_is_not_dead),
        CASE(test_channels_of_the_dead_are_closed_and_taken),
        CASE(test_host_that_does_not_let_go),
        CASE(test_lost_channels),
        CASE(test_child_takes_nothing_from_its_parent),
        CASE(test_sixteen_processes_on_four_channels),
        CASE(test_threads_of_a_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
