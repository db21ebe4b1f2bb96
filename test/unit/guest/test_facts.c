/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/facts.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/environment.h"
#include "proto/code_policy.h"

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

/* Three devices as they registered: their buses, capabilities and sizes. */
static void take(const char *order, const char *visible, int count, const uint32_t *ordinals)
{
    static char *buses[] = {"0000:C1:00.0", "0000:21:00.0", "0000:41:00.0"};
    static int32_t attributes[3][VGPU_ATTRIBUTES_MAX];
    static const int32_t multiprocessors[] = {100, 100, 80};
    static struct gs_device devices[VGPU_DEVICES_MAX];
    Vgpu__DeviceFacts facts[3];
    Vgpu__DeviceFacts *list[] = {&facts[0], &facts[1], &facts[2]};
    Vgpu__Welcome welcome = VGPU__WELCOME__INIT;

    for (int i = 0; i < 3; i++) {
        vgpu__device_facts__init(&facts[i]);
        facts[i].pci_bus_id = buses[i];
        facts[i].attributes = attributes[i];
        facts[i].n_attributes = VGPU_ATTRIBUTES_MAX;
        attributes[i][CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR] = i == 2 ? 10 : 9;
        attributes[i][CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT] = multiprocessors[i];
        attributes[i][CU_DEVICE_ATTRIBUTE_CLOCK_RATE] = 1000000;
    }
    welcome.devices = list;
    welcome.n_devices = 3;
    (void)setenv("CUDA_DEVICE_ORDER", order, 1);
    (void)(visible != NULL ? setenv("CUDA_VISIBLE_DEVICES", visible, 1)
                           : unsetenv("CUDA_VISIBLE_DEVICES"));
    gs_environment_read();
    assert_int_equal(gs_facts_take(&welcome, devices), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(devices[i].facts.ordinal, ordinals[i]);
        assert_string_equal(devices[i].facts.pci_bus_id, buses[ordinals[i]]);
    }
}

static void test_device_order(void **state)
{
    (void)state;
    take("FASTEST_FIRST", NULL, 3, (uint32_t[]){2, 1, 0});
    take("", NULL, 3, (uint32_t[]){2, 1, 0});
    take("PCI_BUS_ID", NULL, 3, (uint32_t[]){1, 2, 0});
    take("PCI_BUS_ID", "2,0", 2, (uint32_t[]){0, 1});
    take("FASTEST_FIRST", "1", 1, (uint32_t[]){1});
}

static void test_switches(void **state)
{
    (void)state;
    (void)setenv("CUDA_LAUNCH_BLOCKING", "0", 1);
    (void)setenv("CUDA_MODULE_LOADING", "EAGER", 1);
    (void)setenv("CUDA_FORCE_PTX_JIT", "1", 1);
    (void)setenv("CUDA_DISABLE_PTX_JIT", "no", 1);
    gs_environment_read();
    assert_false(gs_environment()->launch_blocking);
    assert_int_equal(gs_environment()->loading, CU_MODULE_EAGER_LOADING);
    assert_int_equal(gs_environment()->code_policy, VGPU_CODE_FORCE_JIT);
    (void)setenv("CUDA_LAUNCH_BLOCKING", "1", 1);
    (void)setenv("CUDA_MODULE_LOADING", "LAZY", 1);
    (void)unsetenv("CUDA_FORCE_PTX_JIT");
    (void)setenv("CUDA_DISABLE_JIT", "1", 1);
    gs_environment_read();
    assert_true(gs_environment()->launch_blocking);
    assert_int_equal(gs_environment()->loading, CU_MODULE_LAZY_LOADING);
    assert_int_equal(gs_environment()->code_policy, VGPU_CODE_DISABLE_JIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visible_devices_numbers),
        cmocka_unit_test(test_visible_devices_uuids),
        cmocka_unit_test(test_device_order),
        cmocka_unit_test(test_switches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
