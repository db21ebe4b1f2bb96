/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/walk_keys.h"

static struct hd_options options;
static char *text;
static size_t text_len;

/* Parses arguments (ends with NULL); what it prints is in `text`. */
static int parse(const char *const *args)
{
    static char copies[12][200];
    char *argv[13];
    int argc = 1;
    FILE *to;
    int rc;

    free(text);
    to = open_memstream(&text, &text_len);
    (void)snprintf(copies[0], sizeof(copies[0]), "vgpu-hostd");
    for (; args[argc - 1] != NULL; argc++) {
        (void)snprintf(copies[argc], sizeof(copies[argc]), "%s", args[argc - 1]);
    }
    for (int i = 0; i < argc; i++) {
        argv[i] = copies[i];
    }
    argv[argc] = NULL;
    rc = hd_options_parse(&options, argc, argv, to, to);
    fclose(to);
    return rc;
}

/* No test needs the group of the default. */
#define PARSE(...)                                                                                 \
    parse((const char *const[]){"--set", "hostd.socket_group=none", __VA_ARGS__, NULL})

static int teardown(void **state)
{
    (void)state;
    hd_options_fini(&options);
    free(text);
    text = NULL;
    return 0;
}

static void shipped_file_is_the_default(void **state)
{
    struct hd_settings s;

    (void)state;
    assert_int_equal(PARSE("--config", VGPU_SOURCE_DIR "/deploy/vgpu.conf"), 0);
    s = options.settings;
    assert_string_equal(s.registry, "/var/lib/vgpu/registry.db");
    assert_string_equal(s.socket, "/run/vgpu/hostd.sock");
    assert_string_equal(s.control_socket, "/run/vgpu/control.sock");
    assert_string_equal(s.vm_dir, "/run/vgpu/vm");
    assert_string_equal(s.watch, "/var/xen/qemu");
    assert_int_equal(s.scan_s, 10);
    assert_int_equal(s.socket_mode, 0660);
    assert_int_equal(s.vm_socket_mode, 0660);
}

static void refuses(void **state)
{
    static const char *const bad[][2] = {
        {"hostd.socket_mode=0666", "everyone could write"},
        {"hostd.vm_socket_mode=0662", "everyone could write"},
        {"hostd.socket=relative", "absolute path"},
        {"hostd.scan_s=0", "number 1 to 3600"},
        {"hostd.watch=here and there", "absolute paths"},
        {"hostd.vm_socket_owner=no-such-account", "no such account"},
        {"hostd.vm_socket_group=no-such-group", "no such group"},
        {"hostd.colour=red", "unknown key"},
        {"hostd.vm_dir=/"
         "0123456789012345678901234567890123456789012345678901234567890123456789012345"
         "678901234567890123456789",
         "more than 99 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(PARSE("--set", bad[i][0]), -EINVAL);
        assert_non_null(strstr(text, bad[i][1]));
        hd_options_fini(&options);
    }
    assert_int_equal(PARSE("--colour"), -EINVAL);
    assert_int_equal(PARSE("stray"), -EINVAL);
    assert_int_equal(PARSE("--ready-fd", "x"), -EINVAL);
}

static void takes_lists_and_others_sections(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--set", "hostd.watch=/var/xen/qemu  /srv/qemu", "--set",
                           "broker.sessions_max=5", "--set", "vms.alpha=/x"),
                     0);
    assert_string_equal(options.settings.watch, "/var/xen/qemu  /srv/qemu");
    assert_int_equal(options.vm_uid, (uid_t)-1);
}

static void reads_again(void **state)
{
    struct hd_options fresh;
    char why[300];

    (void)state;
    assert_int_equal(PARSE("--set", "hostd.scan_s=7"), 0);
    assert_int_equal(hd_options_reload(&options, &fresh, why, sizeof(why)), 0);
    assert_int_equal(fresh.settings.scan_s, 7);
    hd_options_fini(&fresh);
    options.daemon.sets[1] = "hostd.scan_s=many";
    assert_int_equal(hd_options_reload(&options, &fresh, why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "number 1 to 3600"));
    assert_int_equal(options.settings.scan_s, 7);
}

static void words_that_are_none_are_named(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--nonsense"), -EINVAL);
    assert_string_equal(text, "vgpu-hostd: unknown option \"--nonsense\": see --help\n");
    assert_int_equal(PARSE("extra"), -EINVAL);
    assert_string_equal(text, "vgpu-hostd: unexpected argument \"extra\"\n");
    assert_int_equal(PARSE("--ready-fd", "many"), -EINVAL);
    assert_non_null(strstr(text, "--ready-fd \"many\": wanted the number of a descriptor"));
}

static void prints(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help"), 1);
    assert_non_null(strstr(text, "usage: vgpu-hostd"));
    assert_int_equal(PARSE("--help-config"), 1);
    assert_non_null(strstr(text, "scan_s = 10"));
    assert_int_equal(PARSE("--version"), 1);
    assert_non_null(strstr(text, VGPU_VERSION));
}

static void every_key_refuses_what_is_not_allowed(void **state)
{
    (void)state;
    walk_keys(hd_config_keys, hd_config_key_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(shipped_file_is_the_default, teardown),
        cmocka_unit_test(every_key_refuses_what_is_not_allowed),
        cmocka_unit_test_teardown(refuses, teardown),
        cmocka_unit_test_teardown(takes_lists_and_others_sections, teardown),
        cmocka_unit_test_teardown(reads_again, teardown),
        cmocka_unit_test_teardown(words_that_are_none_are_named, teardown),
        cmocka_unit_test_teardown(prints, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
