/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct values {
    char *name;
    char *path;
    uint32_t number;
    uint32_t spin;
    uint32_t level;
    uint32_t mode;
    bool flag;
};

static const char *const levels[] = {"error", "info", NULL};
static const char *const foreign[] = {"other", NULL};

static const struct vgpu_config_key keys[] = {
    {"main", "name", VGPU_CONFIG_STRING, offsetof(struct values, name), "cuda", "a text", 0, 0,
     NULL},
    {"main", "path", VGPU_CONFIG_PATH, offsetof(struct values, path), "/run/x", "a path", 0, 0,
     NULL},
    {"main", "number", VGPU_CONFIG_U32, offsetof(struct values, number), "7", "a number", 1, 100,
     NULL},
    {"main", "spin", VGPU_CONFIG_U32_AUTO, offsetof(struct values, spin), "auto", "or auto", 0, 50,
     NULL},
    {"main", "level", VGPU_CONFIG_ENUM, offsetof(struct values, level), "info", "a word", 0, 0,
     levels},
    {"main", "mode", VGPU_CONFIG_MODE, offsetof(struct values, mode), "0660", "a mode", 0, 0, NULL},
    {"main", "flag", VGPU_CONFIG_BOOL, offsetof(struct values, flag), "no", "a flag", 0, 0, NULL},
};

/* What an open section was given. */
struct taken {
    unsigned int count;
    char name[100];
    char value[200];
};

static const char *take(void *owner, const char *name, const char *value)
{
    struct taken *taken = owner;

    if (strcmp(name, "bad") == 0) {
        return "not this one";
    }
    taken->count++;
    (void)snprintf(taken->name, sizeof(taken->name), "%s", name);
    (void)snprintf(taken->value, sizeof(taken->value), "%s", value);
    return NULL;
}

struct fixture {
    struct values values;
    struct taken taken;
    struct vgpu_config_open open[2];
    struct vgpu_config config;
    char path[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->open[0] = (struct vgpu_config_open){.section = "names", .take = take, .owner = &f->taken};
    f->config = (struct vgpu_config){.keys = keys,
                                     .count = sizeof(keys) / sizeof(keys[0]),
                                     .open = f->open,
                                     .foreign = foreign,
                                     .values = &f->values};
    (void)snprintf(f->path, sizeof(f->path), "/tmp/vgpu-config-XXXXXX");
    close(mkstemp(f->path));
    *state = f;
    return vgpu_config_defaults(&f->config);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    vgpu_config_fini(&f->config);
    unlink(f->path);
    free(f);
    return 0;
}

static int load_bytes(struct fixture *f, const char *text, size_t len)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
    return vgpu_config_load(&f->config, f->path);
}

static int load(struct fixture *f, const char *text)
{
    return load_bytes(f, text, strlen(text));
}

/* The load must fail with "FILE:LINE: " and words of `what`. */
static void refused(struct fixture *f, const char *text, unsigned int line, const char *what)
{
    char where[100];

    assert_int_equal(load(f, text), -EINVAL);
    snprintf(where, sizeof(where), "%s:%u: ", f->path, line);
    if (strncmp(f->config.error, where, strlen(where)) != 0 ||
        strstr(f->config.error, what) == NULL) {
        fail_msg("\"%s\" is not %s...%s", f->config.error, where, what);
    }
}

static void test_defaults_fill_every_field(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(f->values.name, "cuda");
    assert_string_equal(f->values.path, "/run/x");
    assert_int_equal(f->values.number, 7);
    assert_int_equal(f->values.spin, VGPU_CONFIG_AUTO);
    assert_int_equal(f->values.level, 1);
    assert_int_equal(f->values.mode, 0660);
    assert_false(f->values.flag);
}

static void test_load_good_file_sets_all(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, "# comment\n; comment\n[other]\nanything = goes\n[main]\nname=sim\n"
                             "path = /a/b\nnumber= 100\nspin =0\nlevel = error\nmode = 0600\n"
                             "flag = yes ; why\n"),
                     0);
    assert_string_equal(f->values.name, "sim");
    assert_string_equal(f->values.path, "/a/b");
    assert_int_equal(f->values.number, 100);
    assert_int_equal(f->values.spin, 0);
    assert_int_equal(f->values.level, 0);
    assert_int_equal(f->values.mode, 0600);
    assert_true(f->values.flag);
    assert_int_equal(f->config.seen, 0x7f);
}

static void test_load_bad_names_are_refused_with_line(void **state)
{
    struct fixture *f = *state;

    refused(f, "[main]\nnumber = 1\n\n[mian]\nnumber = 2\n", 4, "unknown section [mian]");
    refused(f, "[empty]\n", 1, "unknown section [empty]");
    refused(f, "[main]\nnumbre = 1\n", 2, "unknown key \"numbre\"");
    refused(f, "number = 1\n", 1, "unknown key \"number\" in section []");
    refused(f, "[main]\nnumber = 1\nnumber = 2\n", 3, "repeated");
    refused(f, "[main]\nnumber = 1\n  2\n", 3, "repeated");
    refused(f, "[main]\n# fine\nwhat is this\n", 3, "neither");
    refused(f, "[main\n", 1, "unknown section");
    refused(f, "[main]\nnumber = 1\nnumbre = 1\n[mian]\n", 3, "numbre");
}

static void test_load_bad_values_are_refused_with_line(void **state)
{
    static const char *const bad[] = {
        "number = 0",  "number = 101",    "number = -1", "number = 0x10", "number =",
        "number = 1k", "number = +5",     "name =",      "path = a/b",    "path =",
        "spin = 51",   "spin = Auto",     "level = 1",   "level = Info",  "mode = 0888",
        "mode = 1000", "mode = rw-rw---", "flag = 2",    "flag = maybe",  "number = 4294967297",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[100];

        snprintf(text, sizeof(text), "[main]\n\n%s\n", bad[i]);
        refused(f, text, 3, "wanted");
    }
    assert_int_equal(f->values.number, 7);
}

static void test_what_is_wrong_is_safe_for_a_terminal(void **state)
{
    struct fixture *f = *state;

    refused(f, "[main]\nnumber = \033[31m\n", 2, "number = \"?[31m\"");
    refused(f, "[main]\n\033c = 1\n", 2, "unknown key \"?c\"");
    refused(f, "[main]\nname = a\tb\n", 2, "name = \"a?b\": wanted text without control bytes");
    refused(f, "[main]\npath = /a\033[31m\n", 2, "wanted absolute path without control bytes");
    assert_int_equal(vgpu_config_set(&f->config, "main.name=a\nb"), -EINVAL);
    assert_string_equal(f->values.name, "cuda");
}

static void test_load_long_line_and_zero_byte_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[400] = "[main]\n#";

    memset(text + 8, 'x', 300);
    text[308] = '\n';
    refused(f, text, 2, "longer than");
    assert_int_equal(load_bytes(f, "[main]\nname = a\0b\n", 18), -EINVAL);
    assert_non_null(strstr(f->config.error, ":2: "));
}

static void test_load_missing_file_names_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(vgpu_config_load(&f->config, "/nowhere/x.conf"), -ENOENT);
    assert_string_equal(f->config.error, "/nowhere/x.conf: No such file or directory");
}

static void test_set_checks_name_and_value(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(vgpu_config_set(&f->config, "main.number=42"), 0);
    assert_int_equal(f->values.number, 42);
    assert_int_equal(vgpu_config_set(&f->config, "main.path=/a=b.c"), 0);
    assert_string_equal(f->values.path, "/a=b.c");
    assert_int_equal(vgpu_config_set(&f->config, "other.whatever=1"), 0);
    assert_int_equal(vgpu_config_set(&f->config, "main.number=x"), -EINVAL);
    assert_non_null(strstr(f->config.error, "number 1 to 100"));
    assert_int_equal(vgpu_config_set(&f->config, "main.nope=1"), -EINVAL);
    assert_int_equal(vgpu_config_set(&f->config, "nope.number=1"), -EINVAL);
    assert_int_equal(vgpu_config_set(&f->config, "number=1.2"), -EINVAL);
    assert_int_equal(vgpu_config_set(&f->config, "main.number"), -EINVAL);
    assert_int_equal(vgpu_config_set(&f->config, ""), -EINVAL);
    assert_int_equal(f->values.number, 42);
}

static void test_open_section_takes_any_name(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, "[names]\n[main]\nnumber = 3\n[names]\nalpha=/a\nb.c-d = /b ; why\n"),
                     0);
    assert_int_equal(f->taken.count, 2);
    assert_string_equal(f->taken.name, "b.c-d");
    assert_string_equal(f->taken.value, "/b");
    assert_int_equal(f->values.number, 3);
    assert_int_equal(vgpu_config_set(&f->config, "names.x.y=/c=d"), 0);
    assert_string_equal(f->taken.name, "x.y");
    assert_string_equal(f->taken.value, "/c=d");
}

static void test_open_section_refuses_with_line(void **state)
{
    struct fixture *f = *state;

    refused(f, "[names]\ngood = 1\nbad = 2\n", 3, "names \"bad\": not this one");
    /* To the parser these are more of the value before them, under its name. */
    refused(f, "[names]\ngood = 1\n  2\n", 3, "blank");
    refused(f, "[names]\ngood = 1\n\tother = 2\n", 3, "blank");
    assert_int_equal(vgpu_config_set(&f->config, "names.bad=2"), -EINVAL);
    assert_string_equal(f->config.error, "--set: names \"bad\": not this one");
}

static void test_open_section_passes_long_names_whole(void **state)
{
    struct fixture *f = *state;
    char name[91] = {0};
    char text[160];

    memset(name, 'n', sizeof(name) - 1);
    (void)snprintf(text, sizeof(text), "[names]\n%s = /x\n", name);
    assert_int_equal(load(f, text), 0);
    assert_string_equal(f->taken.name, name);
}

static void test_print_keys_names_all(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    (void)state;
    vgpu_config_print_keys(keys, sizeof(keys) / sizeof(keys[0]), to);
    fclose(to);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_non_null(strstr(text, keys[i].doc));
        assert_non_null(strstr(text, keys[i].key));
    }
    assert_non_null(strstr(text, "[main]"));
    assert_non_null(strstr(text, "auto or number 0 to 50"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults_fill_every_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_good_file_sets_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_bad_names_are_refused_with_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_bad_values_are_refused_with_line, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_wrong_is_safe_for_a_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_long_line_and_zero_byte_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_load_missing_file_names_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_checks_name_and_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_section_takes_any_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_section_refuses_with_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_section_passes_long_names_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print_keys_names_all, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
