/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test/unit/walk_keys.h"

static struct ex_options options;

static int parse(const char *const *words)
{
    static char copies[8][100];
    char *argv[10] = {copies[0]};
    int argc = 1;

    (void)snprintf(copies[0], sizeof(copies[0]), "vgpu-executor");
    for (; words[argc - 1] != NULL; argc++) {
        (void)snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc - 1]);
        argv[argc] = copies[argc];
    }
    return ex_options_parse(&options, argc, argv);
}

#define PARSE(...) parse((const char *const[]){"--config", "/dev/null", __VA_ARGS__, NULL})

static int teardown(void **state)
{
    (void)state;
    ex_options_fini(&options);
    return 0;
}

static void test_every_key_refuses_what_is_not_allowed(void **state)
{
    (void)state;
    walk_keys(ex_config_keys, ex_config_key_count);
}

/* An option is a key by another name: the bounds are the key's. */
static void test_bad_options_are_refused(void **state)
{
    static const char *const bad[][2] = {{"--spares", "65"},
                                         {"--spares", "-1"},
                                         {"--workers-max", "0"},
                                         {"--helpers", "65"},
                                         {"--helpers", "x"},
                                         {"--memory-quota-mib", "16777217"},
                                         {"--driver", ""},
                                         {"--driver", "abc"},
                                         {"--worker-socket", "run"},
                                         {"--hostd-socket", "none"},
                                         {"--ready-timeout-ms", "1"},
                                         {"--log-level", "loud"},
                                         {"--gpu", "x"},
                                         {"--gpu", "GPU-1"},
                                         {"--parent", "x"},
                                         {"--nothing", "1"},
                                         {"--config", "/nonexistent/vgpu.conf"}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(PARSE("--gpu", "0", bad[i][0], bad[i][1]) < 0);
        (void)teardown(state);
    }
    assert_true(PARSE("--spares", "1") < 0);
    (void)teardown(state);
    assert_true(PARSE("--all", "--self-test") < 0);
    (void)teardown(state);
    assert_true(PARSE("--all", "more") < 0);
}

static void test_settings_are_only_checked(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--check-config"), 0);
    assert_true(options.check);
    (void)teardown(state);
    assert_true(PARSE("--check-config", "--spares", "65") < 0);
    (void)teardown(state);
    assert_int_equal(PARSE("--check-config", "--user", ""), 0);
    (void)teardown(state);
    assert_true(PARSE("--check-config", "--user", "no such account") < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_refuses_what_is_not_allowed),
        cmocka_unit_test_teardown(test_bad_options_are_refused, teardown),
        cmocka_unit_test_teardown(test_settings_are_only_checked, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
