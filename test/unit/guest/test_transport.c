/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

static void test_open_maps_and_rings(void **state)
{
    struct fake_broker broker = {0};
    struct gs_channel channel = {0};
    struct gs_obstacle obstacle;
    void *memory;

    (void)state;
    fake_broker_start(&broker);
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), 0);
    assert_int_equal(channel.bytes, VGPU_CHANNEL_BYTES_MIN);
    memory = gs_channel_map(&channel, NULL, 0, 4096);
    assert_non_null(memory);
    assert_int_equal(gs_channel_ring(&channel), 0);
    assert_int_equal(gs_channel_wait(&channel, 0), 0);
    fake_channel_interrupt(&broker.channels[0]);
    assert_int_equal(gs_channel_wait(&channel, -1), 1);
    assert_int_equal(gs_channel_wait(&channel, 0), 0);
    fake_channel_hang_up(&broker.channels[0]);
    assert_int_equal(gs_channel_wait(&channel, -1), -ECONNRESET);
    gs_channel_unmap(&channel, memory);
    gs_channel_close(&channel);
    gs_channel_close(&channel);
    fake_broker_stop(&broker);
}

static int open_at(struct fake_broker *broker, struct gs_obstacle *obstacle)
{
    struct gs_channel channel = {0};
    int rc;

    fake_broker_start(broker);
    rc = gs_channel_open(&channel, NULL, obstacle);
    gs_channel_close(&channel);
    fake_broker_stop(broker);
    return rc;
}

static void test_open_refused(void **state)
{
    struct fake_broker broker = {.refuse = 46};
    struct gs_obstacle obstacle;

    (void)state;
    assert_int_equal(open_at(&broker, &obstacle), -EACCES);
    assert_int_equal(obstacle.kind, GS_OBSTACLE_REFUSED);
    assert_int_equal(obstacle.result, 46);
}

static void test_open_checks_the_grant(void **state)
{
    struct fake_broker seals = {.bad_seals = true};
    struct fake_broker size = {.bad_size = true};
    struct fake_broker protocol = {.bad_protocol = true};
    struct gs_obstacle obstacle;

    (void)state;
    assert_int_equal(open_at(&seals, &obstacle), -EPROTO);
    assert_int_equal(open_at(&size, &obstacle), -EPROTO);
    assert_int_equal(open_at(&protocol, &obstacle), -EPROTO);
    assert_int_equal(obstacle.kind, GS_OBSTACLE_PROTOCOL);
}

static void test_open_without_broker(void **state)
{
    struct gs_channel channel = {0};
    struct gs_obstacle obstacle;
    char lengthy[200];

    (void)state;
    assert_int_equal(gs_channel_open(&channel, "/nonexistent/x", &obstacle), -ENOENT);
    assert_int_equal(obstacle.kind, GS_OBSTACLE_LINK);
    memset(lengthy, 'x', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    assert_int_equal(gs_channel_open(&channel, lengthy, &obstacle), -ENAMETOOLONG);
    assert_null(channel.transport);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_maps_and_rings),
        cmocka_unit_test(test_open_refused),
        cmocka_unit_test(test_open_checks_the_grant),
        cmocka_unit_test(test_open_without_broker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
