/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/facts.h"

#include <string.h>

#include "test/unit/guest/test.h"

static const uint8_t uuids[3][16] = {
    {0x11, 0x11, 0x11, 0x11, 0x22},
    {0x11, 0x11, 0x11, 0x11, 0x33},
    {0xab, 0xcd, 0xef, 0x01},
};

static void expect(const char *text, int count, const int *order)
{
    int seen[3] = {-1, -1, -1};

    assert_int_equal(gs_visible_devices(text, uuids, 3, seen), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(seen[i], order[i]);
    }
}

static void test_visible_devices_numbers(void **state)
{
    (void)state;
    expect(NULL, 3, (int[]){0, 1, 2});
    expect("2,0", 2, (int[]){2, 0});
    expect("1", 1, (int[]){1});
    expect("", 0, NULL);
    expect("-1", 0, NULL);
    expect("0,7,1", 1, (int[]){0});
    expect("0,x,1", 1, (int[]){0});
    expect("0,0", 0, NULL);
    expect("0,", 1, (int[]){0});
}

static void test_visible_devices_uuids(void **state)
{
    (void)state;
    expect("GPU-abcdef01-0000-0000-0000-000000000000,0", 2, (int[]){2, 0});
    expect("GPU-ABCD", 1, (int[]){2});
    expect("GPU-1111", 0, NULL);
    expect("GPU-11111111-33", 1, (int[]){1});
    expect("GPU-ffff", 0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visible_devices_numbers),
        cmocka_unit_test(test_visible_devices_uuids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
