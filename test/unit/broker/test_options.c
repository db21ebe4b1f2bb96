/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config.h"

#define ARGS_MAX 12

static struct br_options options;
static char *text;
static size_t text_len;

/* Parses arguments (ends with NULL); what it prints is in `text`. */
static int parse(const char *const *args)
{
    char copies[ARGS_MAX][200];
    char *argv[ARGS_MAX + 1];
    int argc = 1;
    FILE *to;
    int rc;

    free(text);
    text = NULL;
    to = open_memstream(&text, &text_len);
    (void)snprintf(copies[0], sizeof(copies[0]), "vgpu-broker");
    for (; args[argc - 1] != NULL; argc++) {
        (void)snprintf(copies[argc], sizeof(copies[argc]), "%s", args[argc - 1]);
    }
    for (int i = 0; i < argc; i++) {
        argv[i] = copies[i];
    }
    argv[argc] = NULL;
    rc = br_options_parse(&options, argc, argv, to, to);
    fclose(to);
    return rc;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static int teardown(void **state)
{
    (void)state;
    br_options_fini(&options);
    free(text);
    text = NULL;
    return 0;
}

static void test_shipped_file_holds_every_key_with_its_default(void **state)
{
    static const char *const foreign[] = {"executor", NULL};
    struct br_settings shipped = {0};
    struct br_settings initial = {0};
    struct vgpu_config config = {.keys = br_config_keys,
                                 .count = br_config_key_count,
                                 .foreign = foreign,
                                 .values = &initial};

    (void)state;
    assert_int_equal(vgpu_config_defaults(&config), 0);
    config.values = &shipped;
    assert_int_equal(vgpu_config_load(&config, VGPU_SOURCE_DIR "/deploy/vgpu.conf"), 0);
    assert_int_equal(config.seen, (UINT64_C(1) << br_config_key_count) - 1);
    assert_string_equal(shipped.socket, initial.socket);
    assert_string_equal(shipped.executor_socket, initial.executor_socket);
    assert_int_equal(shipped.socket_mode, initial.socket_mode);
    assert_int_equal(shipped.channel_mib, initial.channel_mib);
    assert_int_equal(shipped.sessions_max, initial.sessions_max);
    assert_int_equal(shipped.session_buffer_kib, initial.session_buffer_kib);
    assert_int_equal(shipped.spin_us, initial.spin_us);
    assert_int_equal(shipped.hello_timeout_ms, initial.hello_timeout_ms);
    assert_int_equal(shipped.log_level, initial.log_level);
    assert_int_equal(shipped.spares, initial.spares);
    vgpu_config_fini(&config);
    config.values = &initial;
    vgpu_config_fini(&config);
}

static void test_set_overrides_the_file(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--config", VGPU_SOURCE_DIR "/deploy/vgpu.conf", "--set",
                           "broker.spin_us=7", "--set", "broker.log_level=debug", "--set",
                           "executor.spares=3", "--ready-fd", "9"),
                     0);
    assert_int_equal(options.settings.spin_us, 7);
    assert_int_equal(options.settings.log_level, 3);
    assert_int_equal(options.settings.spares, 3);
    assert_int_equal(options.ready_fd, 9);
    assert_int_equal(options.set_count, 3);
}

static void test_bad_settings_are_named(void **state)
{
    char path[] = "/tmp/vgpu-options-XXXXXX";
    char where[64];
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(write(fd, "[broker]\nsessions_max = 0\n", 26), 26);
    close(fd);
    assert_int_equal(PARSE("--config", path), -EINVAL);
    snprintf(where, sizeof(where), "%s:2: sessions_max", path);
    assert_non_null(strstr(text, where));
    unlink(path);
    br_options_fini(&options);
    assert_int_equal(PARSE("--config", path), -ENOENT);
    assert_non_null(strstr(text, path));
}

static void test_bad_options_are_refused(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--nonsense"), -EINVAL);
    assert_non_null(strstr(text, "usage:"));
    assert_int_equal(PARSE("--ready-fd", "x"), -EINVAL);
    assert_int_equal(PARSE("--driver", "sim"), -EINVAL);
    assert_int_equal(PARSE("extra"), -EINVAL);
    assert_int_equal(PARSE("--config"), -EINVAL);
    assert_int_equal(PARSE("--set", "broker.spin_us"), -EINVAL);
}

static void test_help_names_every_key(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help-config"), 1);
    for (size_t i = 0; i < br_config_key_count; i++) {
        assert_non_null(strstr(text, br_config_keys[i].key));
    }
    assert_int_equal(PARSE("--help"), 1);
    assert_non_null(strstr(text, "--spawn-executors"));
    assert_int_equal(PARSE("--version"), 1);
    assert_non_null(strstr(text, VGPU_VERSION));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shipped_file_holds_every_key_with_its_default, teardown),
        cmocka_unit_test_teardown(test_set_overrides_the_file, teardown),
        cmocka_unit_test_teardown(test_bad_settings_are_named, teardown),
        cmocka_unit_test_teardown(test_bad_options_are_refused, teardown),
        cmocka_unit_test_teardown(test_help_names_every_key, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
