/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two copies of the library in one process, as tools that load programs into
 * namespaces of their own make them:
 *
 *   test: fake device and broker ──exec──► this program again: dlmopen, dlmopen, cuInit, cuInit
 *                                                          or: cuInit, nvmlInit, nvmlShutdown
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/fake_device.h"
#include "test/unit/guest/test.h"

static struct fake_broker broker;
static const char *self;

/* In a namespace of its own. */
static int init_a_copy(void)
{
    void *library = dlmopen(LM_ID_NEWLM, VGPU_TEST_LIBRARY, RTLD_NOW);
    int (*init)(unsigned int);

    if (library == NULL) {
        (void)fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)(void *)&init = dlsym(library, "cuInit");
    return init != NULL ? init(0) : -1;
}

static int call(const char *path, const char *name, unsigned int argument)
{
    void *library = dlopen(path, RTLD_NOW);
    int (*function)(unsigned int);

    if (library == NULL) {
        (void)fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)(void *)&function = dlsym(library, name);
    return function != NULL ? function(argument) : -1;
}

static int be_the_program(bool watches)
{
    int first = watches ? call(VGPU_TEST_LIBRARY, "cuInit", 0) : init_a_copy();
    int second = watches ? call(VGPU_TEST_NVML, "nvmlInitWithFlags", 0) : init_a_copy();

    if (watches && second == 0) {
        second = call(VGPU_TEST_NVML, "nvmlShutdown", 0);
    }
    if (first != 0 || second != 0) {
        (void)fprintf(stderr, "results: %d, %d\n", first, second);
        return 1;
    }
    if (write(STDOUT_FILENO, "x", 1) != 1) {
        return 1;
    }
    (void)alarm(60);
    (void)pause();
    return 0;
}

static pid_t start_program(const char *how, int *ready)
{
    int ends[2];
    pid_t child;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl(self, self, how, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    *ready = ends[0];
    return child;
}

static pid_t locker(uint32_t channel)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = channel, .l_len = 1};
    char path[256];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/resource0", broker.device->folder);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETLK, &lock), 0);
    (void)close(fd);
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static uint32_t word(uint32_t channel)
{
    return atomic_load(&fake_device_channel(broker.device, channel)->holder.tid);
}

static void test_two_copies_have_a_channel_each(void **state)
{
    pid_t program;
    int ready;
    char byte;

    (void)state;
    fake_broker_start(&broker);
    program = start_program("program", &ready);
    assert_int_equal(read(ready, &byte, 1), 1);
    assert_int_equal(atomic_load(&broker.count), 2);
    assert_int_equal(fake_device_state(broker.device, 0), VGPU_CHANNEL_READY);
    assert_int_equal(fake_device_state(broker.device, 1), VGPU_CHANNEL_READY);
    assert_int_equal(locker(0), program);
    assert_int_equal(locker(1), program);
    assert_int_not_equal(word(0), word(1));
    (void)kill(program, SIGKILL);
    assert_int_equal(waitpid(program, NULL, 0), program);
    for (uint32_t i = 0; i < 2; i++) {
        while ((word(i) & VGPU_HOLDER_DIED) == 0) {
            (void)usleep(100);
        }
        assert_int_equal(locker(i), 0);
    }
    (void)close(ready);
    fake_broker_stop(&broker);
}

/* Both have the same file open, and closing one descriptor of it would drop every lock. */
static void test_nvml_lets_go_of_its_own_channel_only(void **state)
{
    pid_t program;
    int ready;
    char byte;

    (void)state;
    memset(&broker, 0, sizeof(broker));
    fake_broker_start(&broker);
    program = start_program("watcher", &ready);
    assert_int_equal(read(ready, &byte, 1), 1);
    assert_int_equal(atomic_load(&broker.count), 2);
    assert_int_equal(locker(0), program);
    assert_int_equal(fake_device_state(broker.device, 0), VGPU_CHANNEL_READY);
    assert_int_equal(word(0) & VGPU_HOLDER_DIED, 0);
    assert_int_equal(locker(1), 0);
    (void)kill(program, SIGKILL);
    assert_int_equal(waitpid(program, NULL, 0), program);
    (void)close(ready);
    fake_broker_stop(&broker);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_copies_have_a_channel_each),
        cmocka_unit_test(test_nvml_lets_go_of_its_own_channel_only),
    };

    if (argc > 1) {
        return be_the_program(strcmp(argv[1], "watcher") == 0);
    }
    self = argv[0];
    (void)setenv("VGPU_TEST_TRANSPORT", "device", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
