/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

#define PAGE ((size_t)4096)

static uint8_t *private_pages(void *at, size_t count, uint8_t value)
{
    uint8_t *pages = mmap(at, count * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | (at != NULL ? MAP_FIXED : 0), -1, 0);

    assert_true(pages != MAP_FAILED);
    memset(pages, value, count * PAGE);
    return pages;
}

/* Pages of the channel in the place of the program's own. */
static uint8_t *move_in(struct gs_channel *channel, size_t count, uint64_t offset)
{
    uint8_t *own = private_pages(NULL, count, 1);
    void *part = gs_channel_map_inherited(channel, VGPU_CHANNEL_DATA_OFFSET + offset, count * PAGE);

    assert_non_null(part);
    memset(part, 2, count * PAGE);
    gs_channel_freeze(channel);
    assert_ptr_equal(mremap(part, count * PAGE, count * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, own),
                     own);
    gs_channel_rename(channel, part, own);
    gs_channel_thaw(channel);
    return own;
}

static bool holds(const uint8_t *page, uint8_t value)
{
    return page[0] == value && memcmp(page, page + 1, PAGE - 1) == 0;
}

/* Where the channel's pages were moved to, the program maps what it likes. */
static void test_retired_only_where_it_still_lies(void **state)
{
    struct fake_broker broker = {0};
    struct gs_channel channel = {0};
    struct gs_obstacle obstacle;
    uint8_t *window;
    uint8_t *kept;
    uint8_t *partly;
    uint8_t *gone;

    (void)state;
    fake_broker_start(&broker);
    assert_int_equal(gs_channel_open(&channel, NULL, &obstacle), 0);
    window = gs_channel_map(&channel, NULL, 0, VGPU_CHANNEL_DATA_OFFSET + PAGE);
    kept = move_in(&channel, 2, 0);
    partly = move_in(&channel, 3, 2 * PAGE);
    gone = move_in(&channel, 2, 5 * PAGE);
    assert_int_equal(munmap(partly + PAGE, PAGE), 0);
    assert_ptr_equal(private_pages(partly + PAGE, 1, 3), partly + PAGE);
    assert_ptr_equal(private_pages(gone, 2, 4), gone);

    gs_channel_retire(&channel);
    assert_true(holds(kept, 0) && holds(kept + PAGE, 0));
    assert_true(holds(partly, 0) && holds(partly + PAGE, 3) && holds(partly + 2 * PAGE, 0));
    assert_true(holds(gone, 4) && holds(gone + PAGE, 4));
    assert_true(holds(window + VGPU_CHANNEL_DATA_OFFSET, 0));
    kept[0] = 9; /* nobody shares it */
    assert_int_equal(broker.channels[0].base[VGPU_CHANNEL_DATA_OFFSET], 2);
    (void)munmap(kept, 2 * PAGE);
    (void)munmap(partly, 3 * PAGE);
    (void)munmap(gone, 2 * PAGE);
    gs_channel_close(&channel);
    fake_broker_stop(&broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_maps_and_rings),
        cmocka_unit_test(test_open_refused),
        cmocka_unit_test(test_open_checks_the_grant),
        cmocka_unit_test(test_open_without_broker),
        cmocka_unit_test(test_retired_only_where_it_still_lies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
