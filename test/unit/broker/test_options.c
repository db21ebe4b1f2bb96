/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "test/unit/walk_keys.h"

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

static const char *take_none(void *owner, const char *name, const char *value)
{
    (void)owner;
    (void)name;
    (void)value;
    return "the shipped file names a machine or a pool";
}

static void test_shipped_file_holds_every_key_with_its_default(void **state)
{
    static const char *const foreign[] = {"executor", "hostd", NULL};
    static const struct vgpu_config_open open[] = {{.section = "vms", .take = take_none},
                                                   {.section = "pools", .take = take_none},
                                                   {.section = NULL}};
    struct br_settings shipped = {0};
    struct br_settings initial = {0};
    struct vgpu_config config = {.keys = br_config_keys,
                                 .count = br_config_key_count,
                                 .open = open,
                                 .foreign = foreign,
                                 .values = &initial};

    (void)state;
    assert_int_equal(vgpu_config_defaults(&config), 0);
    config.values = &shipped;
    assert_int_equal(vgpu_config_load(&config, VGPU_SOURCE_DIR "/deploy/vgpu.conf"), 0);
    assert_int_equal(config.seen, (UINT64_C(1) << br_config_key_count) - 1);
    assert_string_equal(shipped.socket, initial.socket);
    assert_string_equal(shipped.executor_socket, initial.executor_socket);
    assert_string_equal(shipped.control_socket, initial.control_socket);
    assert_string_equal(shipped.control_group, initial.control_group);
    assert_string_equal(shipped.metrics, initial.metrics);
    assert_int_equal(shipped.socket_mode, initial.socket_mode);
    assert_int_equal(shipped.channel_mib, initial.channel_mib);
    assert_int_equal(shipped.sessions_max, initial.sessions_max);
    assert_int_equal(shipped.session_buffer_kib, initial.session_buffer_kib);
    assert_int_equal(shipped.spin_us, initial.spin_us);
    assert_int_equal(shipped.hello_timeout_ms, initial.hello_timeout_ms);
    assert_int_equal(shipped.log_level, initial.log_level);
    assert_int_equal(shipped.spares, initial.spares);
    assert_int_equal(shipped.vm_socket_mode, initial.vm_socket_mode);
    assert_int_equal(shipped.cache_mib, initial.cache_mib);
    assert_int_equal(shipped.cache_vm_mib, initial.cache_vm_mib);
    assert_int_equal(shipped.cache_entries, initial.cache_entries);
    assert_int_equal(shipped.cache_vm_entries, initial.cache_vm_entries);
    assert_string_equal(shipped.vm_socket_group, initial.vm_socket_group);
    assert_string_equal(shipped.vm_user, initial.vm_user);
    assert_int_equal(shipped.unknown_vms, initial.unknown_vms);
    assert_string_equal(shipped.default_pool, initial.default_pool);
    assert_int_equal(shipped.default_sessions_max, initial.default_sessions_max);
    assert_int_equal(shipped.default_memory_quota_mib, initial.default_memory_quota_mib);
    assert_int_equal(shipped.context_mib, initial.context_mib);
    vgpu_config_fini(&config);
    config.values = &initial;
    vgpu_config_fini(&config);
}

static void test_a_share_of_the_cache_is_no_more_than_all(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--set", "broker.cache_mib=100"), -EINVAL);
    assert_non_null(strstr(text, "cache_vm_mib = 1024 is more than cache_mib = 100"));
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.cache_mib=100", "--set", "broker.cache_vm_mib=100"), 0);
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.cache_mib=0"), 0);
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.cache_entries=7"), -EINVAL);
    assert_non_null(strstr(text, "cache_vm_entries = 1024 is more than cache_entries = 7"));
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
    assert_int_equal(options.daemon.ready_fd, 9);
    assert_int_equal(options.daemon.set_count, 3);
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

/* Parses a file of this text. */
static int parse_text(const char *file_text, char where[64], unsigned int line)
{
    char path[] = "/tmp/vgpu-options-XXXXXX";
    int fd = mkstemp(path);
    int rc;

    assert_int_equal(write(fd, file_text, strlen(file_text)), strlen(file_text));
    close(fd);
    (void)snprintf(where, 64, "%s:%u: ", path, line);
    br_options_fini(&options);
    rc = PARSE("--config", path);
    unlink(path);
    return rc;
}

static void test_machines_come_from_file_and_command_line(void **state)
{
    char where[64];

    (void)state;
    assert_int_equal(parse_text("[vms]\nalpha = /run/a.sock\nBeta-2_x.y=/run/b.sock\n", where, 0),
                     0);
    assert_int_equal(options.roster.count, 2);
    assert_string_equal(options.roster.entries[0].name, "alpha");
    assert_string_equal(options.roster.entries[0].path, "/run/a.sock");
    assert_string_equal(options.roster.entries[1].name, "Beta-2_x.y");
    br_options_fini(&options);
    assert_int_equal(PARSE("--config", VGPU_SOURCE_DIR "/deploy/vgpu.conf", "--vm", "a=/x", "--vm",
                           "b=/y=z", "--set", "vms.c=/c"),
                     0);
    assert_int_equal(options.roster.count, 3);
    assert_string_equal(options.roster.entries[2].path, "/y=z");
}

static void test_bad_machines_are_refused_with_file_and_line(void **state)
{
    static const struct {
        const char *line;
        const char *what;
    } bad[] = {
        {"a b = /x", "a name has"},
        {"a/b = /x", "a name has"},
        {"\303\244 = /x", "a name has"},
        {"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn = /x", "a name has"},
        {"x = relative", "absolute path"},
        {"x =", "absolute path"},
        {"x = /pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
         "pppppppppppppppppppppppppp",
         "absolute path"},
        {"first = /y", "name is repeated"},
        {"x = /first", "path is another machine's"},
    };
    char where[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char file_text[256];

        (void)snprintf(file_text, sizeof(file_text), "[vms]\nfirst = /first\n%s\n", bad[i].line);
        assert_int_equal(parse_text(file_text, where, 3), -EINVAL);
        if (strstr(text, where) == NULL || strstr(text, bad[i].what) == NULL) {
            fail_msg("\"%s\" is not %s...%s", text, where, bad[i].what);
        }
    }
}

static void test_too_many_machines_are_refused(void **state)
{
    static char file_text[16384] = "[vms]\n";
    char where[64];
    size_t len = strlen(file_text);

    (void)state;
    for (int i = 0; i < BR_ROSTER_MAX + 1; i++) {
        len += (size_t)snprintf(file_text + len, sizeof(file_text) - len, "vm%d = /vm%d\n", i, i);
    }
    assert_int_equal(parse_text(file_text, where, BR_ROSTER_MAX + 2), -EINVAL);
    assert_non_null(strstr(text, where));
    assert_non_null(strstr(text, "more than 256"));
}

static void test_bad_machines_on_the_command_line_are_named(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--vm", "alpha"), -EINVAL);
    assert_non_null(strstr(text, "--vm \"alpha\": wanted NAME=PATH"));
    br_options_fini(&options);
    assert_int_equal(PARSE("--vm", "a=/x", "--vm", "a=/y"), -EINVAL);
    assert_non_null(strstr(text, "repeated"));
    br_options_fini(&options);
    assert_int_equal(PARSE("--vm", "a=/run/vgpu/broker.sock"), -EINVAL);
    assert_non_null(strstr(text, "a socket of the broker itself"));
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "vms.a=x"), -EINVAL);
    assert_non_null(strstr(text, "absolute path"));
}

static void test_metrics_stay_on_this_host(void **state)
{
    static const char *const refused[] = {
        "broker.metrics=0.0.0.0:9464",   "broker.metrics=127.0.0.1",
        "broker.metrics=127.0.0.1:",     "broker.metrics=127.0.0.1:0",
        "broker.metrics=:9464",          "broker.metrics=127.0.0.1:65536",
        "broker.metrics=127.0.0.1:-1",   "broker.metrics=127.0.0.1: 94",
        "broker.metrics=127.0.0.1:94x",  "broker.metrics=[::]:9464",
        "broker.metrics=[::1]9464",      "broker.metrics=192.168.1.1:80",
        "broker.metrics=localhost:9464", "broker.metrics=metrics.sock",
    };
    char longest[32 + 108] = "broker.metrics=/";

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(PARSE("--set", refused[i]), -EINVAL);
        assert_non_null(strstr(text, "broker.metrics"));
        br_options_fini(&options);
    }
    assert_int_equal(PARSE("--set", "broker.metrics=[::1]:65535"), 0);
    assert_int_equal(options.metrics.address.ss_family, AF_INET6);
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.metrics=127.0.0.1:9464"), 0);
    assert_int_equal(options.metrics.address.ss_family, AF_INET);
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.metrics=none"), 0);
    assert_false(options.metrics.wanted);
    br_options_fini(&options);
    memset(longest + strlen(longest), 'x', 107);
    assert_int_equal(PARSE("--set", longest), -EINVAL);
    br_options_fini(&options);
    longest[strlen(longest) - 1] = '\0';
    assert_int_equal(PARSE("--set", longest), 0);
    assert_int_equal(options.metrics.address.ss_family, AF_UNIX);
}

static void test_accounts_are_looked_up(void **state)
{
    (void)state;
    assert_int_equal(
        PARSE("--set", "broker.vm_user=nobody", "--set", "broker.vm_socket_group=root"), 0);
    assert_false(options.vm_access.any_user);
    assert_int_not_equal(options.vm_access.uid, 0);
    assert_int_equal(options.vm_access.gid, 0);
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.spin_us=1"), 0);
    assert_true(options.vm_access.any_user);
    assert_int_equal(options.vm_access.gid, (gid_t)-1);
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.vm_user=no such account"), -ENOENT);
    assert_non_null(strstr(text, "broker.vm_user"));
    br_options_fini(&options);
    assert_int_equal(PARSE("--set", "broker.vm_socket_group=no such group"), -ENOENT);
    assert_non_null(strstr(text, "broker.vm_socket_group"));
}

static void test_bad_options_are_refused(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--nonsense"), -EINVAL);
    assert_string_equal(text, "vgpu-broker: unknown option \"--nonsense\": see --help\n");
    assert_int_equal(PARSE("--spawn-executors", "-xy"), -EINVAL);
    assert_string_equal(text, "vgpu-broker: unknown option \"-x\": see --help\n");
    assert_int_equal(PARSE("--help=yes"), -EINVAL);
    assert_string_equal(text, "vgpu-broker: no value is wanted in \"--help=yes\": see --help\n");
    assert_int_equal(PARSE("--ready-fd", "x"), -EINVAL);
    assert_int_equal(PARSE("--driver", "sim"), -EINVAL);
    assert_int_equal(PARSE("extra"), -EINVAL);
    assert_string_equal(text, "vgpu-broker: unexpected argument \"extra\"\n");
    assert_int_equal(PARSE("--config"), -EINVAL);
    assert_string_equal(text, "vgpu-broker: a value is wanted behind \"--config\": see --help\n");
    assert_int_equal(PARSE("--vm"), -EINVAL);
    assert_non_null(strstr(text, "a value is wanted behind \"--vm\""));
    assert_int_equal(PARSE("--set", "broker.spin_us"), -EINVAL);
}

static void test_help_names_every_key(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help-config"), 1);
    for (size_t i = 0; i < br_config_key_count; i++) {
        assert_non_null(strstr(text, br_config_keys[i].key));
    }
    assert_non_null(strstr(text, "[vms]\nNAME = PATH\n"));
    assert_int_equal(PARSE("--help"), 1);
    assert_non_null(strstr(text, "--spawn-executors"));
    assert_int_equal(PARSE("--version"), 1);
    assert_non_null(strstr(text, VGPU_VERSION));
}

static void test_every_key_refuses_what_is_not_allowed(void **state)
{
    (void)state;
    walk_keys(br_config_keys, br_config_key_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shipped_file_holds_every_key_with_its_default, teardown),
        cmocka_unit_test_teardown(test_a_share_of_the_cache_is_no_more_than_all, teardown),
        cmocka_unit_test(test_every_key_refuses_what_is_not_allowed),
        cmocka_unit_test_teardown(test_set_overrides_the_file, teardown),
        cmocka_unit_test_teardown(test_bad_settings_are_named, teardown),
        cmocka_unit_test_teardown(test_machines_come_from_file_and_command_line, teardown),
        cmocka_unit_test_teardown(test_bad_machines_are_refused_with_file_and_line, teardown),
        cmocka_unit_test_teardown(test_too_many_machines_are_refused, teardown),
        cmocka_unit_test_teardown(test_bad_machines_on_the_command_line_are_named, teardown),
        cmocka_unit_test_teardown(test_metrics_stay_on_this_host, teardown),
        cmocka_unit_test_teardown(test_accounts_are_looked_up, teardown),
        cmocka_unit_test_teardown(test_bad_options_are_refused, teardown),
        cmocka_unit_test_teardown(test_help_names_every_key, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
