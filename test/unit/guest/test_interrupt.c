/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "guest/transport/device.h"
#include "test/unit/guest/fake_device.h"
#include "test/unit/guest/test.h"

#define LONG_NS ((int64_t)(20 * VGPU_NS_PER_S))
#define SOME_NS ((int64_t)(20 * VGPU_NS_PER_MS))

static struct fake_device *device;
static struct gs_channel channels[2];
static struct gs_obstacle obstacle;

static int setup(void **state)
{
    (void)state;
    device = fake_device_new();
    device->with_uio = true;
    memset(channels, 0, sizeof(channels));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gs_channel_close(&channels[0]);
    gs_channel_close(&channels[1]);
    fake_device_free(device);
    return 0;
}

static void open_both(void)
{
    fake_device_start(device);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(gs_channel_open(&channels[i], NULL, &obstacle), 0);
        assert_false(channels[i].polls);
    }
}

static uint32_t enabled(void)
{
    return atomic_load(fake_device_register(device, VGPU_REG_IRQ_ENABLE));
}

static void test_interrupt_wakes_its_channel(void **state)
{
    (void)state;
    open_both();
    for (unsigned int i = 0; i < 20; i++) {
        fake_device_interrupt(device, 0);
        assert_int_equal(gs_channel_wait(&channels[0], LONG_NS), 1);
    }
    assert_int_equal(gs_channel_wait(&channels[0], SOME_NS), 0);
    assert_int_equal(atomic_load(&device->raised), 20);
}

static void test_interrupt_before_the_wait_is_not_lost(void **state)
{
    (void)state;
    open_both();
    assert_int_equal(gs_channel_wait(&channels[0], 0), 0);
    fake_device_interrupt(device, 0);
    while ((__atomic_load_n(&device->irq_status, __ATOMIC_SEQ_CST) & 1) == 0) {
        (void)usleep(100);
    }
    assert_int_equal(gs_channel_wait(&channels[0], LONG_NS), 1);
}

static void test_interrupt_of_another_channel_does_not_wake(void **state)
{
    (void)state;
    open_both();
    fake_device_interrupt(device, 1);
    assert_int_equal(gs_channel_wait(&channels[0], SOME_NS), 0);
    fake_device_interrupt(device, 0);
    assert_int_equal(gs_channel_wait(&channels[0], LONG_NS), 1);
}

/* Channel 1 has switched its interrupt on and does not look any more. */
static void test_bit_that_nobody_clears_is_switched_off(void **state)
{
    (void)state;
    open_both();
    assert_int_equal(gs_channel_wait(&channels[1], 1000), 0);
    assert_int_equal(enabled(), 2);
    fake_device_interrupt(device, 1);
    while (enabled() != 1) {
        assert_int_equal(gs_channel_wait(&channels[0], SOME_NS), 0);
    }
    fake_device_interrupt(device, 0);
    assert_int_equal(gs_channel_wait(&channels[0], LONG_NS), 1);
    /* Its owner finds what it was told when it looks again. */
    assert_int_equal(gs_channel_wait(&channels[1], LONG_NS), 1);
    assert_int_equal(enabled(), 3);
}

static void test_close_leaves_no_interrupt_on(void **state)
{
    (void)state;
    open_both();
    assert_int_equal(gs_channel_wait(&channels[0], 1000), 0);
    assert_int_equal(gs_channel_wait(&channels[1], 1000), 0);
    gs_channel_close(&channels[1]);
    assert_int_equal(enabled(), 1);
}

static void test_end_is_noticed_without_interrupt(void **state)
{
    (void)state;
    open_both();
    fake_device_link(device, false);
    assert_int_equal(gs_channel_wait(&channels[0], -1), -ECONNRESET);
}

/* Without the right to unmask, interrupts would stop after the first one. */
static void test_without_config_there_are_no_interrupts(void **state)
{
    char path[256];

    (void)state;
    fake_device_start(device);
    (void)snprintf(path, sizeof(path), "%s/config", device->folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(gs_channel_open(&channels[0], NULL, &obstacle), 0);
    assert_true(channels[0].polls);
    assert_int_equal(gs_channel_wait(&channels[0], 1000), 0);
}

static void test_config_that_goes_away_is_no_end(void **state)
{
    char path[256];

    (void)state;
    open_both();
    (void)snprintf(path, sizeof(path), "%s/config", device->folder);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(gs_channel_wait(&channels[0], SOME_NS), 0);
    assert_int_equal(truncate(path, 256), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_interrupt_wakes_its_channel),
        CASE(test_interrupt_before_the_wait_is_not_lost),
        CASE(test_interrupt_of_another_channel_does_not_wake),
        CASE(test_bit_that_nobody_clears_is_switched_off),
        CASE(test_close_leaves_no_interrupt_on),
        CASE(test_end_is_noticed_without_interrupt),
        CASE(test_without_config_there_are_no_interrupts),
        CASE(test_config_that_goes_away_is_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
