/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of GPUs: names, texts, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/pool.h"

#define ONE "GPU-01020304-0506-0708-090a-0b0c0d0e0f10"
#define TWO "GPU-FFFFFFFF-0000-0000-0000-000000000000"

static void test_uuids(void **state)
{
    uint8_t uuid[16];
    char text[BR_UUID_TEXT];

    (void)state;
    assert_true(br_uuid_parse(ONE, strlen(ONE), uuid));
    for (int i = 0; i < 16; i++) {
        assert_int_equal(uuid[i], i + 1);
    }
    br_uuid_text(uuid, text);
    assert_string_equal(text, ONE);
    assert_false(br_uuid_parse(ONE, strlen(ONE) - 1, uuid));
    assert_false(br_uuid_parse("GPU-01020304-0506-0708-090a+0b0c0d0e0f10", 40, uuid));
    assert_false(br_uuid_parse("GPU-0102030x-0506-0708-090a-0b0c0d0e0f10", 40, uuid));
    assert_false(br_uuid_parse("MIG-01020304-0506-0708-090a-0b0c0d0e0f10", 40, uuid));
}

static void test_texts(void **state)
{
    struct br_pools pools = {0};
    uint8_t one[16];
    uint8_t two[16];
    char text[200];

    (void)state;
    assert_true(br_uuid_parse(ONE, strlen(ONE), one));
    assert_true(br_uuid_parse(TWO, strlen(TWO), two));
    assert_null(br_pool_set_text(&pools, "A", "*"));
    assert_true(br_pool_has(br_pool_find(&pools, "A"), two));
    assert_null(br_pool_set_text(&pools, "A", ONE " ,  " TWO));
    br_pool_text(br_pool_find(&pools, "A"), text, sizeof(text));
    assert_string_equal(text, ONE ", GPU-ffffffff-0000-0000-0000-000000000000");
    assert_null(br_pool_set_text(&pools, "A", ONE));
    assert_true(br_pool_has(br_pool_find(&pools, "A"), one));
    assert_false(br_pool_has(br_pool_find(&pools, "A"), two));
    assert_int_equal(pools.count, 1);
    assert_non_null(br_pool_set_text(&pools, "B", ""));
    assert_non_null(br_pool_set_text(&pools, "B", ONE " all"));
    assert_non_null(br_pool_set_text(&pools, "B!", "*"));
    assert_non_null(br_pool_set_text(&pools, "", "*"));
    assert_non_null(br_pool_set_text(&pools, "a-name-that-is-longer-than-a-pool-s", "*"));
    assert_int_equal(pools.count, 1);
    br_pools_fini(&pools);
}

static void test_removal(void **state)
{
    struct br_pools pools = {0};
    struct br_pool *pool;

    (void)state;
    assert_null(br_pool_set_text(&pools, "A", "*"));
    assert_non_null(strstr(br_pool_remove(&pools, "A"), "configuration"));
    assert_null(br_pool_set(&pools, "C", NULL, 0, &pool));
    pool->users = 1;
    assert_non_null(strstr(br_pool_remove(&pools, "C"), "machines use"));
    pool->users = 0;
    assert_null(br_pool_remove(&pools, "C"));
    assert_non_null(br_pool_remove(&pools, "C"));
    assert_null(br_pool_find(&pools, "C"));
    br_pools_fini(&pools);
}

static void assert_gpus(const struct br_pools *pools, const char *name, const char *gpus,
                        const char *source)
{
    const struct br_pool *pool = br_pool_find(pools, name);
    char text[200];

    assert_non_null(pool);
    br_pool_text(pool, text, sizeof(text));
    assert_string_equal(text, gpus);
    assert_string_equal(br_pool_source_text(pool), source);
}

/* What the registry said of a pool of the configuration is over when it says no more. */
static void test_a_pool_goes_back(void **state)
{
    const struct br_gpu_set all = {.all = true};
    struct br_pools pools = {0};
    uint8_t uuid[2][16];

    (void)state;
    assert_true(br_uuid_parse(ONE, strlen(ONE), uuid[0]));
    assert_true(br_uuid_parse(TWO, strlen(TWO), uuid[1]));
    assert_null(br_pool_set_own(&pools, "A", &all, BR_POOL_DEFAULT));
    assert_null(br_pool_set_text(&pools, "C", ONE));
    assert_gpus(&pools, "A", "*", "default");
    assert_gpus(&pools, "C", ONE, "config");
    for (int again = 0; again < 2; again++) {
        assert_null(br_pool_set(&pools, "C", NULL, 0, NULL));
        assert_gpus(&pools, "C", "", "hostd over config");
        assert_null(br_pool_set(&pools, "C", (const uint8_t(*)[16])uuid, 2, NULL));
        br_pool_find(&pools, "C")->users = 1; /* who uses it goes on with what the file says */
        assert_null(br_pool_remove(&pools, "C"));
        assert_gpus(&pools, "C", ONE, "config");
        assert_non_null(strstr(br_pool_remove(&pools, "C"), "configuration"));
    }
    assert_null(br_pool_set(&pools, "A", (const uint8_t(*)[16])uuid, 1, NULL));
    assert_gpus(&pools, "A", ONE, "hostd over default");
    assert_null(br_pool_remove(&pools, "A"));
    assert_gpus(&pools, "A", "*", "default");
    assert_non_null(strstr(br_pool_remove(&pools, "A"), "always there"));
    assert_null(br_pool_set(&pools, "D", NULL, 0, NULL));
    assert_gpus(&pools, "D", "", "hostd");
    br_pools_fini(&pools);
}

static void test_bounds(void **state)
{
    struct br_pools pools = {0};
    uint8_t many[VGPU_DEVICES_MAX + 1][16] = {{0}};
    char name[16];

    (void)state;
    assert_non_null(
        br_pool_set(&pools, "A", (const uint8_t(*)[16])many, VGPU_DEVICES_MAX + 1, NULL));
    assert_int_equal(pools.count, 0);
    for (unsigned int i = 0; i < VGPU_POOLS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "pool%u", i);
        assert_null(br_pool_set(&pools, name, NULL, 0, NULL));
    }
    assert_non_null(strstr(br_pool_set(&pools, "more", NULL, 0, NULL), "64"));
    assert_null(br_pool_set(&pools, "pool7", NULL, 0, NULL));
    br_pools_fini(&pools);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuids),   cmocka_unit_test(test_texts),
        cmocka_unit_test(test_removal), cmocka_unit_test(test_a_pool_goes_back),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
