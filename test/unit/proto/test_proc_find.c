/* SPDX-License-Identifier: Apache-2.0 */

/* The generated lookup of cuGetProcAddress, over rows of its own. */
#include "gs_proc_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char symbols[8];

const struct gs_proc_row gs_proc_rows[] = {
    {"cuAlpha", 2000, 0, &symbols[0], NULL},
    {"cuCopy", 2000, 0, &symbols[1], NULL},
    {"cuCopy", 3020, 7000, &symbols[2], &symbols[3]},
    {"cuCopyMore", 12000, 12000, &symbols[4], &symbols[5]},
    {"cuZulu", 13000, 0, &symbols[6], NULL},
};
const unsigned int gs_proc_row_count = sizeof(gs_proc_rows) / sizeof(gs_proc_rows[0]);

static void check(const char *name, int version, bool per_thread, const void *symbol,
                  CUdriverProcAddressQueryResult wanted)
{
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    assert_ptr_equal(gs_proc_find(name, version, 13000, per_thread, &status), symbol);
    assert_int_equal(status, wanted);
}

static void test_an_older_driver_does_not_know_what_came_later(void **state)
{
    CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

    (void)state;
    assert_null(gs_proc_find("cuZulu", 12040, 12040, false, &status));
    assert_int_equal(status, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    assert_null(gs_proc_find("cuCopyMore", 2000, 12040, true, &status));
    assert_int_equal(status, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    assert_ptr_equal(gs_proc_find("cuCopy", 3000, 3000, false, &status), &symbols[1]);
    assert_int_equal(status, CU_GET_PROC_ADDRESS_SUCCESS);
}

static void test_find_newest_form_that_is_not_newer_than_asked(void **state)
{
    (void)state;
    check("cuCopy", 2000, false, &symbols[1], CU_GET_PROC_ADDRESS_SUCCESS);
    check("cuCopy", 3019, false, &symbols[1], CU_GET_PROC_ADDRESS_SUCCESS);
    check("cuCopy", 3020, false, &symbols[2], CU_GET_PROC_ADDRESS_SUCCESS);
    check("cuCopy", 13000, false, &symbols[2], CU_GET_PROC_ADDRESS_SUCCESS);
    check("cuAlpha", 13000, false, &symbols[0], CU_GET_PROC_ADDRESS_SUCCESS);
    check("cuZulu", 13000, false, &symbols[6], CU_GET_PROC_ADDRESS_SUCCESS);
}

static void test_find_per_thread_flavour(void **state)
{
    (void)state;
    check("cuCopy", 7000, true, &symbols[3], CU_GET_PROC_ADDRESS_SUCCESS);
    check("cuCopyMore", 12000, true, &symbols[5], CU_GET_PROC_ADDRESS_SUCCESS);
    /* A call without a stream has one form for both flavours. */
    check("cuAlpha", 7000, true, &symbols[0], CU_GET_PROC_ADDRESS_SUCCESS);
}

static void test_find_too_old_a_version(void **state)
{
    (void)state;
    check("cuCopy", 1999, false, NULL, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    check("cuZulu", 0, true, NULL, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
    check("cuCopyMore", 11080, true, NULL, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
}

static void test_find_unknown_names(void **state)
{
    static const char *const names[] = {
        "",      "cu",          "cuCop",  "cuCopy_v2",   "cuCopyMor",
        "zzzzz", "cuCopyMore1", "cuBeta", "cuAlpha_ptsz"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check(names[i], 13000, false, NULL, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_older_driver_does_not_know_what_came_later),
        cmocka_unit_test(test_find_newest_form_that_is_not_newer_than_asked),
        cmocka_unit_test(test_find_per_thread_flavour),
        cmocka_unit_test(test_find_too_old_a_version),
        cmocka_unit_test(test_find_unknown_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
