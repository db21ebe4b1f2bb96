/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/vm_keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct hd_machine machine;
static char why[HD_WHY_MAX];

static int setup(void **state)
{
    (void)state;
    machine = (struct hd_machine){.name = "alpha"};
    why[0] = '\0';
    return 0;
}

/* Applies one text. */
static int apply(const char *text)
{
    char copy[300];
    char *texts[] = {copy};

    (void)snprintf(copy, sizeof(copy), "%s", text);
    return hd_vm_keys_apply(&machine, texts, 1, why, sizeof(why));
}

static void takes_every_key(void **state)
{
    char texts[9][80] = {"uuid=6E1F2A3B-0001-4002-8003-0123456789AB",
                         "pool=A",
                         "priority=100",
                         "quota=8GiB",
                         "calls=1000/5000",
                         "bytes=64MiB",
                         "starts=8/64",
                         "sessions=16",
                         "socket=/run/vgpu/vm/alpha.sock"};
    char *all[9];

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        all[i] = texts[i];
    }
    assert_int_equal(hd_vm_keys_apply(&machine, all, 9, why, sizeof(why)), 0);
    assert_string_equal(machine.uuid, "6e1f2a3b-0001-4002-8003-0123456789ab");
    assert_string_equal(machine.pool, "A");
    assert_int_equal(machine.priority, 100);
    assert_int_equal(machine.memory_quota, UINT64_C(8) << 30);
    assert_int_equal(machine.calls_per_s, 1000);
    assert_int_equal(machine.calls_burst, 5000);
    assert_int_equal(machine.bytes_per_s, 64 << 20);
    assert_int_equal(machine.bytes_burst, 64 << 20);
    assert_true(machine.starts_own);
    assert_int_equal(machine.starts_per_s, 8);
    assert_int_equal(machine.starts_burst, 64);
    assert_int_equal(machine.sessions_max, 16);
    assert_string_equal(machine.socket, "/run/vgpu/vm/alpha.sock");
}

/* No limit is one thing, the default class's another. */
static void starts_of_its_own_and_of_the_class(void **state)
{
    takes_every_key(state);
    assert_int_equal(apply("starts=0"), 0);
    assert_true(machine.starts_own);
    assert_int_equal(machine.starts_per_s + machine.starts_burst, 0);
    assert_int_equal(apply("starts=5"), 0);
    assert_int_equal(machine.starts_burst, 5);
    assert_int_equal(apply("starts=default"), 0);
    assert_false(machine.starts_own);
    assert_int_equal(machine.starts_per_s + machine.starts_burst, 0);
}

static void none_empties(void **state)
{
    static const char *const texts[] = {"uuid=none", "pool=none",  "quota=0",    "calls=0",
                                        "bytes=0",   "sessions=0", "socket=none"};

    takes_every_key(state);
    machine.priority = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(apply(texts[i]), 0);
    }
    assert_memory_equal(&machine.pool, &(struct hd_machine){0}.pool, sizeof(machine.pool));
    assert_string_equal(machine.uuid, "");
    assert_string_equal(machine.socket, "");
    assert_int_equal(machine.memory_quota + machine.calls_per_s + machine.calls_burst +
                         machine.bytes_per_s + machine.bytes_burst + machine.sessions_max,
                     0);
}

static void refuses(void **state)
{
    static const char *const bad[] = {
        "quota=8 GIB",
        "quota=",
        "quota=-1MiB",
        "quota=17TiB",
        "quota=512KiB",
        "quota=99999999999999999999GiB",
        "quota=1.5GiB",
        "quota=8",
        "priority=101",
        "priority=x",
        "priority= 1",
        "calls=1000000001",
        "calls=5/0",
        "calls=0/5",
        "calls=5/",
        "calls=/5",
        "calls=1/2/3",
        "bytes=1KiB",
        "bytes=1MiB/1KiB",
        "bytes=2TiB",
        "starts=1000001",
        "starts=4/0",
        "starts=-1",
        "starts=none",
        "starts=default/4",
        "starts=",
        "sessions=4097",
        "sessions=1e3",
        "pool=",
        "pool=a b",
        "pool=abcdefghijklmnopqrstuvwxyz0123456",
        "uuid=123",
        "uuid=6e1f2a3b-0001-4002-8003-0123456789ag",
        "socket=relative",
        "socket=/run/../etc/passwd",
        "socket=/run//x",
        "socket=/run/x/",
        "socket=/run/..",
        "socket=/run/x/.",
        "socket=/run/a\nb",
        "socket=/0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
        "2345678901234567890123456789",
        "colour=red",
        "quota",
        "=5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct hd_machine before = machine;

        why[0] = '\0';
        assert_int_equal(apply(bad[i]), -EINVAL);
        assert_true(strlen(why) > 0);
        assert_memory_equal(&before, &machine, sizeof(machine));
    }
}

static void says_key_value_and_what_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(apply("quota=8 GIB"), -EINVAL);
    assert_string_equal(why, "quota: '8 GIB' is no size; allowed: a number with MiB, GiB or TiB, "
                             "up to 16TiB, 0 for none");
    assert_int_equal(apply("colour=red"), -EINVAL);
    assert_non_null(strstr(why, "'colour' is no key; allowed: uuid, pool"));
}

static void a_refused_text_undoes_those_before_it(void **state)
{
    char first[] = "quota=1GiB";
    char second[] = "priority=many";
    char *texts[] = {first, second};

    (void)state;
    assert_int_equal(hd_vm_keys_apply(&machine, texts, 2, why, sizeof(why)), -EINVAL);
    assert_int_equal(machine.memory_quota, 0);
}

static void a_key_comes_once(void **state)
{
    char first[] = "quota=1GiB";
    char second[] = "quota=2GiB";
    char *texts[] = {first, second};

    (void)state;
    assert_int_equal(hd_vm_keys_apply(&machine, texts, 2, why, sizeof(why)), -EINVAL);
    assert_string_equal(why, "quota: given twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_every_key, setup),
        cmocka_unit_test_setup(starts_of_its_own_and_of_the_class, setup),
        cmocka_unit_test_setup(none_empties, setup),
        cmocka_unit_test_setup(refuses, setup),
        cmocka_unit_test_setup(says_key_value_and_what_is_allowed, setup),
        cmocka_unit_test_setup(a_refused_text_undoes_those_before_it, setup),
        cmocka_unit_test_setup(a_key_comes_once, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
