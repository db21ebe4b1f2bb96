/* SPDX-License-Identifier: Apache-2.0 */
/* What a host's kernel says of a card, from a folder that stands for /sys. */
#include "executor/supervisor/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CARD "bus/pci/devices/0000:c1:00.0"

static char folder[64];

static void path_of(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s", folder, name);
}

static void make_folder(const char *name)
{
    char path[256];

    path_of(path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void make_file(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    path_of(path, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/vgpu-card-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static void make_host(void)
{
    make_folder("module");
    make_folder("module/nvidia");
    make_file("module/nvidia/version", "580.159.04\n");
    make_folder("bus");
    make_folder("bus/pci");
    make_folder("bus/pci/devices");
    make_folder(CARD);
    make_file(CARD "/vendor", "0x10de\n");
    make_file(CARD "/device", "0x2330\n");
    make_file(CARD "/subsystem_vendor", "0x10de\n");
    make_file(CARD "/subsystem_device", "0x16c1\n");
}

/* Facts as they come out of a frame: what was not said is protobuf-c's own empty string. */
static Vgpu__DeviceFacts *new_facts(const char *bus)
{
    Vgpu__DeviceFacts facts = VGPU__DEVICE_FACTS__INIT;
    uint8_t bytes[256];
    char copy[64];
    size_t len;

    (void)snprintf(copy, sizeof(copy), "%s", bus);
    facts.pci_bus_id = copy;
    len = vgpu__device_facts__pack(&facts, bytes);
    return vgpu__device_facts__unpack(NULL, len, bytes);
}

static void test_a_card_is_described(void **state)
{
    Vgpu__DeviceFacts *facts = new_facts("0000:C1:00.0");

    (void)state;
    make_host();
    ex_card_describe(facts, false, folder);
    assert_string_equal(facts->driver_release, "580.159.04");
    assert_int_equal(facts->pci_device_id, 0x233010de);
    assert_int_equal(facts->pci_subsystem_id, 0x16c110de);
    vgpu__device_facts__free_unpacked(facts, NULL);
}

static void test_twice_is_once(void **state)
{
    Vgpu__DeviceFacts *facts = new_facts("0000:c1:00.0");

    (void)state;
    make_host();
    ex_card_describe(facts, false, folder);
    ex_card_describe(facts, false, folder);
    assert_string_equal(facts->driver_release, "580.159.04");
    vgpu__device_facts__free_unpacked(facts, NULL);
}

static void test_what_is_not_there_is_not_known(void **state)
{
    Vgpu__DeviceFacts *facts = new_facts("0000:c1:00.0");

    (void)state;
    ex_card_describe(facts, false, folder);
    assert_string_equal(facts->driver_release, "");
    assert_int_equal(facts->pci_device_id, 0);
    assert_int_equal(facts->pci_subsystem_id, 0);
    vgpu__device_facts__free_unpacked(facts, NULL);
}

static void test_the_simulator_has_a_release(void **state)
{
    Vgpu__DeviceFacts *facts = new_facts("0000:01:00.0");

    (void)state;
    make_host();
    ex_card_describe(facts, true, folder);
    assert_string_equal(facts->driver_release, "580.0");
    assert_int_equal(facts->pci_device_id, 0);
    vgpu__device_facts__free_unpacked(facts, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_card_is_described, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twice_is_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_there_is_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_simulator_has_a_release, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
