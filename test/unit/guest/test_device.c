/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/device.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/limits.h"
#include "test/unit/guest/fake_device.h"
#include "test/unit/guest/test.h"

/* Where windows are mapped, also under ThreadSanitizer. */
#ifdef VGPU_TSAN
#define FIXED ((void *)(uintptr_t)0x7e9000000000ull)
#else
#define FIXED ((void *)(uintptr_t)0x5f0000000000ull)
#endif

static struct fake_device *device;
static struct gs_channel channel;
static struct gs_obstacle obstacle;

static int setup(void **state)
{
    (void)state;
    device = fake_device_new();
    memset(&channel, 0, sizeof(channel));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gs_channel_close(&channel);
    fake_device_free(device);
    return 0;
}

static int attempt(void)
{
    return gs_channel_open(&channel, NULL, &obstacle);
}

static void set(uint32_t offset, uint32_t value)
{
    atomic_store(fake_device_register(device, offset), value);
}

static void check_refused(enum gs_obstacle_kind kind, int rc, const char *word)
{
    assert_int_equal(attempt(), rc);
    assert_int_equal(obstacle.kind, kind);
    assert_non_null(strstr(obstacle.text, word));
    assert_null(strchr(obstacle.text, '\n'));
    assert_null(channel.transport);
}

static void test_open_close(void **state)
{
    const struct vgpu_channel_holder *holder = &fake_device_channel(device, 0)->holder;

    (void)state;
    fake_device_start(device);
    assert_ptr_equal(gs_transport_choose(), &gs_transport_device);
    assert_int_equal(attempt(), 0);
    assert_int_equal(gs_device_channel(&channel), 0);
    assert_int_equal(channel.bytes, VGPU_CHANNEL_BYTES_MIN);
    assert_int_equal(channel.session, 100);
    assert_true(channel.polls);
    assert_int_not_equal(atomic_load(&holder->tid), 0);
    assert_true(gs_channel_is_there(&channel));
    gs_channel_close(&channel);
    assert_int_equal(atomic_load(&holder->tid), 0);
    fake_device_await(device, 0, VGPU_CHANNEL_FREE);
    gs_channel_close(&channel);
    assert_int_equal(atomic_load(&device->closes), 1);
}

static void test_ring_reaches_the_doorbell_of_the_channel(void **state)
{
    (void)state;
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    assert_int_equal(gs_channel_ring(&channel), 0);
    while (atomic_load(&device->rings) == 0) {
        (void)usleep(100);
    }
}

/* Bytes around the end of the first part, by both files, at any address and a fixed one. */
static void check_mapping(void *at)
{
    uint8_t *memory = gs_channel_map(&channel, at, 0, channel.bytes);
    uint8_t *slice = device->slices + gs_device_channel(&channel) * channel.bytes;

    assert_non_null(memory);
    assert_true(at == NULL || memory == at);
    memory[VGPU_CHANNEL_DATA_OFFSET - 1] = 17;
    memory[VGPU_CHANNEL_DATA_OFFSET] = 18;
    memory[channel.bytes - 1] = 19;
    assert_int_equal(slice[VGPU_CHANNEL_DATA_OFFSET - 1], 17);
    assert_int_equal(slice[VGPU_CHANNEL_DATA_OFFSET], 18);
    assert_int_equal(slice[channel.bytes - 1], 19);
    memset(memory + VGPU_CHANNEL_DATA_OFFSET - 1, 0, 2);
    memory[channel.bytes - 1] = 0;
    gs_channel_unmap(&channel, memory);
}

static void test_map_crosses_from_rings_to_data(void **state)
{
    (void)state;
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    assert_int_not_equal(channel.memory_fd, channel.data_fd);
    check_mapping(NULL);
    check_mapping(FIXED);
}

static void test_map_without_write_combining(void **state)
{
    (void)state;
    device->without_combining = true;
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    assert_int_equal(channel.memory_fd, channel.data_fd);
    check_mapping(NULL);
}

static void test_map_beyond_the_memory_leaves_nothing(void **state)
{
    void *at = FIXED;

    (void)state;
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    assert_int_equal(ftruncate(device->memory_fd, VGPU_CHANNEL_BYTES_MIN), 0);
    channel.data_fd = -1;
    assert_null(gs_channel_map(&channel, at, 0, channel.bytes));
    channel.data_fd = channel.memory_fd;
    assert_int_equal(write(STDOUT_FILENO, at, 1), -1);
    assert_int_equal(errno, EFAULT);
    (void)munmap(at, channel.bytes);
    assert_int_equal(ftruncate(device->memory_fd, 4ll * VGPU_CHANNEL_BYTES_MIN), 0);
}

static void test_another_device_is_not_ours(void **state)
{
    (void)state;
    fake_device_write(device, "device", "0x1111\n");
    assert_false(gs_device_is_present());
    assert_ptr_equal(gs_transport_choose(), &gs_transport_socket);
    assert_int_equal(gs_transport_device.open(&channel, NULL, &obstacle), -ENODEV);
    assert_int_equal(obstacle.kind, GS_OBSTACLE_ABSENT);
}

static void test_a_named_socket_comes_first(void **state)
{
    (void)state;
    assert_int_equal(setenv("VGPU_SOCKET", "/nonexistent/socket", 1), 0);
    assert_ptr_equal(gs_transport_choose(), &gs_transport_socket);
    check_refused(GS_OBSTACLE_LINK, -ENOENT, "/nonexistent/socket");
    assert_int_equal(unsetenv("VGPU_SOCKET"), 0);
}

static void test_wrong_registers(void **state)
{
    (void)state;
    fake_device_start(device);
    set(VGPU_REG_MAGIC, 0xffffffff);
    check_refused(GS_OBSTACLE_FOREIGN, -ENXIO, "0xffffffff");
    set(VGPU_REG_MAGIC, VGPU_DEVICE_MAGIC);
    set(VGPU_REG_REVISION, 0x00020000);
    check_refused(GS_OBSTACLE_FOREIGN, -EPROTONOSUPPORT, "revision 2.0");
    set(VGPU_REG_REVISION, VGPU_DEVICE_REVISION | 7);
    set(VGPU_REG_CHANNELS, 8);
    check_refused(GS_OBSTACLE_FOREIGN, -ENXIO, "8 channels");
    set(VGPU_REG_CHANNELS, 33);
    check_refused(GS_OBSTACLE_FOREIGN, -ENXIO, "33 channels");
    set(VGPU_REG_CHANNELS, 4);
    set(VGPU_REG_CHANNEL_LO, VGPU_CHANNEL_BYTES_MIN - 4096);
    check_refused(GS_OBSTACLE_FOREIGN, -ENXIO, "does not hold");
    set(VGPU_REG_CHANNEL_LO, VGPU_CHANNEL_BYTES_MIN);
    assert_int_equal(attempt(), 0);
}

static void test_memory_is_switched_on(void **state)
{
    char path[256];
    char text[4] = "";
    FILE *file;

    (void)state;
    fake_device_write(device, "enable", "0\n");
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    (void)snprintf(path, sizeof(path), "%s/enable", device->folder);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, 1, file), 1);
    (void)fclose(file);
    assert_string_equal(text, "1");
}

/* Runs `check` as a user to whom the folder's files do not belong. */
static void as_nobody(void (*check)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) {
            _exit(2);
        }
        check();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void must_be(enum gs_obstacle_kind kind, const char *word)
{
    int rc = attempt();

    if (rc == 0 || obstacle.kind != kind || strstr(obstacle.text, word) == NULL) {
        (void)fprintf(stderr, "rc %d, kind %d: %s\n", rc, (int)obstacle.kind, obstacle.text);
        _exit(1);
    }
}

static void lock_file(const char *file, mode_t mode)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", device->folder, file);
    assert_int_equal(chmod(path, mode), 0);
}

static void check_permission(void)
{
    must_be(GS_OBSTACLE_PERMISSION, "70-vgpu.rules");
}

static void check_decoding(void)
{
    must_be(GS_OBSTACLE_DECODING, "/enable");
}

static void test_without_rights(void **state)
{
    (void)state;
    lock_file("resource0", 0);
    as_nobody(check_permission);
    lock_file("resource0", 0666);
    lock_file("resource1", 0444);
    as_nobody(check_permission);
    fake_device_write(device, "enable", "0\n");
    lock_file("enable", 0444);
    as_nobody(check_decoding);
}

/* A sealed memfd cannot be mapped writable: EPERM, as under lockdown. */
static void test_lockdown(void **state)
{
    int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
    char target[64];
    char path[256];

    (void)state;
    assert_int_equal(ftruncate(sealed, 32 * 4096), 0);
    assert_int_equal(fcntl(sealed, F_ADD_SEALS, 0x0008), 0);
    (void)snprintf(target, sizeof(target), "/proc/self/fd/%d", sealed);
    (void)snprintf(path, sizeof(path), "%s/resource0", device->folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    check_refused(GS_OBSTACLE_LOCKDOWN, -EPERM, "Secure Boot");
    (void)close(sealed);
}

static void test_another_driver(void **state)
{
    struct gs_pci pci;
    char path[256];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/driver", device->folder);
    assert_int_equal(symlink("../../drivers/somebody", path), 0);
    assert_int_equal(gs_pci_find(&pci), 0);
    assert_string_equal(pci.address, FAKE_DEVICE_ADDRESS);
    assert_int_equal(gs_pci_unmappable(&pci, "resource0", -EINVAL, &obstacle), -EINVAL);
    assert_int_equal(obstacle.kind, GS_OBSTACLE_CLAIMED);
    assert_non_null(strstr(obstacle.text, "drivers/somebody/unbind"));
}

static void *bring_link_up(void *arg)
{
    (void)usleep(100 * 1000);
    atomic_store(&device->link, true);
    return arg;
}

static void test_link_that_comes_and_one_that_does_not(void **state)
{
    pthread_t helper;

    (void)state;
    atomic_store(&device->link, false);
    fake_device_start(device);
    check_refused(GS_OBSTACLE_LINK, -ENOTCONN, "vgpu-broker");
    assert_int_equal(pthread_create(&helper, NULL, bring_link_up, NULL), 0);
    assert_int_equal(attempt(), 0);
    (void)pthread_join(helper, NULL);
}

static void test_device_that_the_broker_turned_away(void **state)
{
    (void)state;
    atomic_store(&device->link, false);
    atomic_store(&device->turned_away, true);
    fake_device_start(device);
    check_refused(GS_OBSTACLE_REFUSED, -EACCES, "turned device");
    assert_int_equal(obstacle.result, 803);
}

static void test_another_protocol(void **state)
{
    (void)state;
    fake_device_start(device);
    fake_device_halt(device);
    set(VGPU_REG_PROTOCOL, VGPU_PROTOCOL_VERSION + 1);
    check_refused(GS_OBSTACLE_PROTOCOL, -EPROTO, "protocol");
}

static void test_refused_channel_is_given_back(void **state)
{
    (void)state;
    fake_device_start(device);
    atomic_store(&device->refuse, 46);
    check_refused(GS_OBSTACLE_REFUSED, -EACCES, "46");
    assert_int_equal(obstacle.result, 46);
    fake_device_await(device, 0, VGPU_CHANNEL_FREE);
    atomic_store(&device->refuse, 0);
    assert_int_equal(attempt(), 0);
    assert_int_equal(gs_device_channel(&channel), 0);
}

static void test_broker_that_does_not_answer(void **state)
{
    (void)state;
    fake_device_start(device);
    atomic_store(&device->silent, true);
    check_refused(GS_OBSTACLE_LINK, -ETIMEDOUT, "does not answer");
    fake_device_await(device, 0, VGPU_CHANNEL_FREE);
}

static void test_several_channels_and_no_more(void **state)
{
    struct gs_channel more[FAKE_DEVICE_CHANNELS] = {0};

    (void)state;
    fake_device_start(device);
    for (uint32_t i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        assert_int_equal(gs_channel_open(&more[i], NULL, &obstacle), 0);
        assert_int_equal(gs_device_channel(&more[i]), i);
    }
    check_refused(GS_OBSTACLE_FULL, -EBUSY, "all 4 channels");
    gs_channel_close(&more[2]);
    assert_int_equal(attempt(), 0);
    assert_int_equal(gs_device_channel(&channel), 2);
    for (uint32_t i = 0; i < FAKE_DEVICE_CHANNELS; i++) {
        gs_channel_close(&more[i]);
    }
}

static void test_wait_notices_the_end(void **state)
{
    static const int bytes[] = {0x00, 0xff};

    (void)state;
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    assert_int_equal(gs_channel_wait(&channel, 1000), 0);
    fake_device_link(device, false);
    assert_int_equal(gs_channel_wait(&channel, -1), -ECONNRESET);
    assert_int_equal(fake_device_state(device, 0), VGPU_CHANNEL_LOST);
    gs_channel_close(&channel);
    fake_device_await(device, 0, VGPU_CHANNEL_FREE);
    fake_device_link(device, true);
    assert_int_equal(attempt(), 0);
    for (unsigned int i = 0; i < 2; i++) {
        fake_device_unplug(device, bytes[i]);
        assert_false(gs_channel_is_there(&channel));
        assert_int_equal(gs_channel_wait(&channel, -1), -ECONNRESET);
    }
}

static void test_unplugged_under_a_process(void **state)
{
    struct gs_channel second = {0};

    (void)state;
    fake_device_start(device);
    assert_int_equal(attempt(), 0);
    fake_device_unplug(device, 0xff);
    assert_int_equal(gs_channel_open(&second, NULL, &obstacle), -ENODEV);
    assert_non_null(strstr(obstacle.text, "unplugged"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_open_close),
        CASE(test_ring_reaches_the_doorbell_of_the_channel),
        CASE(test_map_crosses_from_rings_to_data),
        CASE(test_map_without_write_combining),
        CASE(test_map_beyond_the_memory_leaves_nothing),
        CASE(test_another_device_is_not_ours),
        CASE(test_a_named_socket_comes_first),
        CASE(test_wrong_registers),
        CASE(test_memory_is_switched_on),
        CASE(test_without_rights),
        CASE(test_lockdown),
        CASE(test_another_driver),
        CASE(test_link_that_comes_and_one_that_does_not),
        CASE(test_device_that_the_broker_turned_away),
        CASE(test_another_protocol),
        CASE(test_refused_channel_is_given_back),
        CASE(test_broker_that_does_not_answer),
        CASE(test_several_channels_and_no_more),
        CASE(test_wait_notices_the_end),
        CASE(test_unplugged_under_a_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
