/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by the names of their fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/json.h"

static char name[] = "web";

static void test_every_type_is_read(void **state)
{
    Vgpu__VmRow vm = VGPU__VM_ROW__INIT;
    Vgpu__SessionRow session = VGPU__SESSION_ROW__INIT;
    Vgpu__HostRow host = VGPU__HOST_ROW__INIT;

    (void)state;
    vm.name = name;
    vm.priority = UINT32_MAX;
    vm.bytes_in = UINT64_MAX;
    vm.call_idle_ms = -1;
    session.gpu = -1;
    host.broker = 1;
    assert_string_equal(ct_row_text(&vm.base, "name"), "web");
    assert_string_equal(ct_row_text(&vm.base, "uuid"), "");
    assert_true(ct_row_number(&vm.base, "priority") == UINT32_MAX);
    assert_true(ct_row_number(&vm.base, "bytes_in") == UINT64_MAX);
    assert_int_equal(ct_row_signed(&vm.base, "call_idle_ms"), -1);
    assert_int_equal(ct_row_signed(&session.base, "gpu"), -1);
    assert_int_equal(ct_row_number(&host.base, "broker"), 1);
}

static void test_what_is_not_there(void **state)
{
    Vgpu__VmRow vm = VGPU__VM_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    (void)state;
    assert_string_equal(ct_row_text(&vm.base, "nothing"), "");
    assert_string_equal(ct_row_text(&vm.base, "priority"), "");
    assert_int_equal(ct_row_number(&vm.base, "nothing"), 0);
    assert_null(ct_row_of(&frame));
    frame.kind_case = VGPU__FRAME__KIND_VM_ROW;
    frame.vm_row = &vm;
    assert_ptr_equal(ct_row_of(&frame), &vm.base);
}

/* A field of a type that ct_json_row() leaves out would be missed by nobody else. */
static void test_json_has_every_field_of_every_row(void **state)
{
    static const ProtobufCMessageDescriptor *const kinds[] = {
        &vgpu__broker_row__descriptor,   &vgpu__vm_row__descriptor,
        &vgpu__gpu_row__descriptor,      &vgpu__pool_row__descriptor,
        &vgpu__trace_row__descriptor,    &vgpu__host_row__descriptor,
        &vgpu__session_row__descriptor,  &vgpu__qemu_row__descriptor,
        &vgpu__registry_row__descriptor,
    };
    uint64_t space[128];

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        ProtobufCMessage *row = (void *)space;
        json_t *object;

        assert_true(kinds[i]->sizeof_message <= sizeof(space));
        kinds[i]->message_init(row);
        object = ct_json_row(row);
        assert_int_equal(json_object_size(object), kinds[i]->n_fields);
        json_decref(object);
    }
}

static void test_json_of_hostile_text(void **state)
{
    json_t *object = json_object();
    char *text;

    (void)state;
    ct_json_text(object, "bad", "\xff\xfe");
    ct_json_text(object, "good", "\x1b");
    ct_json_number(object, "big", UINT64_MAX);
    text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"bad\":\"\\\\xff\\\\xfe\",\"big\":1.8446744073709552e19,"
                              "\"good\":\"\\u001B\"}");
    free(text);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_is_read),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_json_has_every_field_of_every_row),
        cmocka_unit_test(test_json_of_hostile_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
