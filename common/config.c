/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* State of one load: the parser names no lines, so the reader counts them. */
struct load {
    struct vgpu_config *config;
    const char *path;
    FILE *file;
    unsigned int line;
    bool indented; /* the line begins with a blank */
    bool failed;
};

bool vgpu_config_has_control(const char *text)
{
    while (*text != '\0' && !iscntrl((unsigned char)*text)) {
        text++;
    }
    return *text != '\0';
}

static void *field(const struct vgpu_config *config, const struct vgpu_config_key *key)
{
    return (char *)config->values + key->offset;
}

static const struct vgpu_config_key *find(const struct vgpu_config *config, const char *section,
                                          const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct vgpu_config_key *key = &config->keys[i];

        if (strcmp(key->section, section) == 0 && (name == NULL || strcmp(key->key, name) == 0)) {
            return key;
        }
    }
    return NULL;
}

static const struct vgpu_config_open *find_open(const struct vgpu_config *config,
                                                const char *section)
{
    const struct vgpu_config_open *open = config->open;

    while (open != NULL && open->section != NULL && strcmp(open->section, section) != 0) {
        open++;
    }
    return open != NULL && open->section != NULL ? open : NULL;
}

static bool is_foreign(const struct vgpu_config *config, const char *section)
{
    for (const char *const *at = config->foreign; at != NULL && *at != NULL; at++) {
        if (strcmp(*at, section) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds_string(const struct vgpu_config_key *key)
{
    return key->type == VGPU_CONFIG_STRING || key->type == VGPU_CONFIG_PATH;
}

static int set_string(char **at, const char *value)
{
    char *copy = strdup(value);

    if (copy == NULL) {
        return -ENOMEM;
    }
    free(*at);
    *at = copy;
    return 0;
}

/* Digits only: strtoul() alone would take signs, spaces and wrap. */
static bool read_number(const char *text, int base, uint32_t min, uint32_t max, uint32_t *out)
{
    const char *digits = base == 8 ? "01234567" : "0123456789";
    size_t len = strlen(text);
    unsigned long value;

    if (len == 0 || len > 10 || strspn(text, digits) != len) {
        return false;
    }
    value = strtoul(text, NULL, base);
    if (value < min || value > max) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static bool read_enum(const struct vgpu_config_key *key, const char *value, uint32_t *out)
{
    for (uint32_t i = 0; key->names[i] != NULL; i++) {
        if (strcmp(key->names[i], value) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool read_bool(const char *value, bool *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], value) == 0) {
            *out = i % 2 == 1;
            return true;
        }
    }
    return false;
}

/* Stores a value.  0, -EINVAL (does not fit the type), -ENOMEM. */
static int store(const struct vgpu_config *config, const struct vgpu_config_key *key,
                 const char *value)
{
    void *at = field(config, key);
    bool good = false;

    switch (key->type) {
    case VGPU_CONFIG_STRING:
        return value[0] == '\0' || vgpu_config_has_control(value) ? -EINVAL : set_string(at, value);
    case VGPU_CONFIG_PATH:
        return value[0] != '/' || vgpu_config_has_control(value) ? -EINVAL : set_string(at, value);
    case VGPU_CONFIG_U32:
        good = read_number(value, 10, key->min, key->max, at);
        break;
    case VGPU_CONFIG_U32_AUTO:
        if (strcmp(value, "auto") == 0) {
            *(uint32_t *)at = VGPU_CONFIG_AUTO;
            return 0;
        }
        good = read_number(value, 10, key->min, key->max, at);
        break;
    case VGPU_CONFIG_ENUM:
        good = read_enum(key, value, at);
        break;
    case VGPU_CONFIG_MODE:
        good = read_number(value, 8, 0, 0777, at);
        break;
    case VGPU_CONFIG_BOOL:
        good = read_bool(value, at);
        break;
    }
    return good ? 0 : -EINVAL;
}

/* What a value may be, in words, for messages and --help-config. */
static void describe(const struct vgpu_config_key *key, char *out, size_t cap)
{
    size_t len = 0;

    switch (key->type) {
    case VGPU_CONFIG_STRING:
        (void)snprintf(out, cap, "text");
        break;
    case VGPU_CONFIG_PATH:
        (void)snprintf(out, cap, "absolute path");
        break;
    case VGPU_CONFIG_U32:
        (void)snprintf(out, cap, "number %u to %u", key->min, key->max);
        break;
    case VGPU_CONFIG_U32_AUTO:
        (void)snprintf(out, cap, "auto or number %u to %u", key->min, key->max);
        break;
    case VGPU_CONFIG_ENUM:
        out[0] = '\0';
        for (size_t i = 0; key->names[i] != NULL && len < cap; i++) {
            len +=
                (size_t)snprintf(out + len, cap - len, "%s%s", i == 0 ? "" : ", ", key->names[i]);
        }
        break;
    case VGPU_CONFIG_MODE:
        (void)snprintf(out, cap, "octal mode 0 to 0777");
        break;
    case VGPU_CONFIG_BOOL:
        (void)snprintf(out, cap, "yes or no");
        break;
    }
}

/* Files hold anything, and what is wrong with them is read on a terminal. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (iscntrl((unsigned char)*text)) {
            *text = '?';
        }
    }
}

/* Writes "bad value" or "no memory" for a failed store() behind `prefix`. */
static void explain(struct vgpu_config *config, const char *prefix,
                    const struct vgpu_config_key *key, const char *value, int rc)
{
    char wanted[128];

    if (rc == -ENOMEM) {
        (void)snprintf(config->error, sizeof(config->error), "%s: no memory", prefix);
        return;
    }
    describe(key, wanted, sizeof(wanted));
    (void)snprintf(config->error, sizeof(config->error), "%s: %s = \"%.60s\": wanted %s%s", prefix,
                   key->key, value, wanted,
                   holds_string(key) && vgpu_config_has_control(value) ? " without control bytes"
                                                                       : "");
    make_printable(config->error);
}

int vgpu_config_defaults(struct vgpu_config *config)
{
    if (config->count > VGPU_CONFIG_KEYS_MAX) {
        return -EINVAL;
    }
    for (size_t i = 0; i < config->count; i++) {
        const struct vgpu_config_key *key = &config->keys[i];
        int rc = store(config, key, key->initial);

        if (rc < 0) {
            explain(config, key->section, key, key->initial, rc);
            return rc;
        }
    }
    return 0;
}

/* Notes the first failure of a load; the parser goes on to the end of the file. */
__attribute__((format(printf, 2, 3))) static void fail(struct load *load, const char *fmt, ...)
{
    struct vgpu_config *config = load->config;
    va_list args;
    int len;

    if (load->failed) {
        return;
    }
    load->failed = true;
    len = snprintf(config->error, sizeof(config->error), "%.200s:%u: ", load->path, load->line);
    va_start(args, fmt);
    (void)vsnprintf(config->error + len, sizeof(config->error) - (size_t)len, fmt, args);
    va_end(args);
    make_printable(config->error);
}

/* The parser says nothing of a section without keys: its name is checked here. */
static void check_heading(struct load *load, const char *line)
{
    const char *name = line + strspn(line, " \t");
    size_t len;
    char section[VGPU_CONFIG_LINE_MAX + 2];

    if (*name++ != '[') {
        return;
    }
    len = strcspn(name, "]");
    memcpy(section, name, len);
    section[len] = '\0';
    if (find(load->config, section, NULL) == NULL && find_open(load->config, section) == NULL &&
        !is_foreign(load->config, section)) {
        fail(load, "unknown section [%.60s]", section);
    }
}

/* ini_reader: one line with its end. */
static char *read_line(char *text, int cap, void *arg)
{
    struct load *load = arg;
    size_t len;

    if (fgets(text, cap, load->file) == NULL) {
        return NULL;
    }
    load->line++;
    load->indented = text[0] == ' ' || text[0] == '\t';
    len = strlen(text);
    if (len > VGPU_CONFIG_LINE_MAX || (text[len > 0 ? len - 1 : 0] != '\n' && !feof(load->file))) {
        fail(load, "line is longer than %d bytes or holds a zero byte", VGPU_CONFIG_LINE_MAX);
    } else {
        check_heading(load, text);
    }
    return load->failed ? NULL : text;
}

/* A key of the open section.  The parser takes an indented line for more of the value before it,
 * and cuts its name. */
static int take_name(struct load *load, const struct vgpu_config_open *open, const char *name,
                     const char *value)
{
    const char *wrong = load->indented ? "the line begins with a blank" : NULL;

    if (wrong == NULL) {
        wrong = open->take(open->owner, name, value);
    }
    if (wrong != NULL) {
        fail(load, "%s \"%.70s\": %s", open->section, name, wrong);
    }
    return wrong == NULL;
}

/* ini_handler: one key.  Returns 1 when it was good. */
static int take_key(void *arg, const char *section, const char *name, const char *value)
{
    struct load *load = arg;
    struct vgpu_config *config = load->config;
    const struct vgpu_config_key *key = find(config, section, name);
    const struct vgpu_config_open *open;
    char prefix[240];
    uint64_t bit;
    int rc;

    if (load->failed) {
        return 0;
    }
    if (key == NULL) {
        open = find_open(config, section);
        if (open != NULL) {
            return take_name(load, open, name, value);
        }
        if (is_foreign(config, section)) {
            return 1;
        }
        fail(load, "unknown key \"%.60s\" in section [%.60s]", name, section);
        return 0;
    }
    bit = UINT64_C(1) << (key - config->keys);
    if ((config->seen & bit) != 0) {
        fail(load, "key \"%s\" repeated", name);
        return 0;
    }
    config->seen |= bit;
    rc = store(config, key, value);
    if (rc < 0) {
        (void)snprintf(prefix, sizeof(prefix), "%.200s:%u", load->path, load->line);
        explain(config, prefix, key, value, rc);
        load->failed = true;
    }
    return rc == 0;
}

int vgpu_config_load(struct vgpu_config *config, const char *path)
{
    VGPU_CLEANUP_FILE FILE *file = fopen(path, "re");
    struct load load = {.config = config, .path = path, .file = file};
    int rc;

    config->seen = 0;
    if (file == NULL) {
        rc = -errno;
        (void)snprintf(config->error, sizeof(config->error), "%.200s: %s", path, strerror(-rc));
        return rc;
    }
    rc = ini_parse_stream(read_line, &load, take_key, &load);
    if (rc != 0 && !load.failed) {
        load.line = rc > 0 ? (unsigned int)rc : load.line;
        fail(&load, "neither a [section], key = value nor a comment");
    }
    if (!load.failed && ferror(file) != 0) {
        (void)snprintf(config->error, sizeof(config->error), "%.200s: cannot read", path);
        return -EIO;
    }
    return load.failed ? -EINVAL : 0;
}

static int set_name(struct vgpu_config *config, const struct vgpu_config_open *open,
                    const char *name, const char *value)
{
    const char *wrong = open->take(open->owner, name, value);

    if (wrong != NULL) {
        (void)snprintf(config->error, sizeof(config->error), "--set: %s \"%.70s\": %s",
                       open->section, name, wrong);
        return -EINVAL;
    }
    return 0;
}

int vgpu_config_set(struct vgpu_config *config, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    const char *dot = strchr(assignment, '.');
    char section[64];
    char name[80];
    const struct vgpu_config_open *open;
    const struct vgpu_config_key *key;
    int rc;

    if (equals == NULL || dot == NULL || dot > equals ||
        (size_t)(dot - assignment) >= sizeof(section) || (size_t)(equals - dot) > sizeof(name)) {
        (void)snprintf(config->error, sizeof(config->error),
                       "--set \"%.100s\": wanted section.key=value", assignment);
        return -EINVAL;
    }
    (void)snprintf(section, sizeof(section), "%.*s", (int)(dot - assignment), assignment);
    (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
    key = find(config, section, name);
    if (key == NULL) {
        open = find_open(config, section);
        if (open != NULL) {
            return set_name(config, open, name, equals + 1);
        }
        if (is_foreign(config, section)) {
            return 0;
        }
        (void)snprintf(config->error, sizeof(config->error), "--set: unknown key %s.%s", section,
                       name);
        return -EINVAL;
    }
    rc = store(config, key, equals + 1);
    if (rc < 0) {
        explain(config, "--set", key, equals + 1, rc);
    }
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool vgpu_config_same(const struct vgpu_config_key *key, const void *a, const void *b)
{
    const char *x = (const char *)a + key->offset;
    const char *y = (const char *)b + key->offset;

    switch (key->type) {
    case VGPU_CONFIG_STRING:
    case VGPU_CONFIG_PATH:
        return same_text(*(char *const *)(const void *)x, *(char *const *)(const void *)y);
    case VGPU_CONFIG_BOOL:
        return memcmp(x, y, sizeof(bool)) == 0;
    case VGPU_CONFIG_U32:
    case VGPU_CONFIG_U32_AUTO:
    case VGPU_CONFIG_ENUM:
    case VGPU_CONFIG_MODE:
        break;
    }
    return memcmp(x, y, sizeof(uint32_t)) == 0;
}

void vgpu_config_fini(struct vgpu_config *config)
{
    for (size_t i = 0; i < config->count; i++) {
        if (holds_string(&config->keys[i])) {
            char **at = field(config, &config->keys[i]);

            free(*at);
            *at = NULL;
        }
    }
}

void vgpu_config_print_keys(const struct vgpu_config_key *keys, size_t count, FILE *to)
{
    const char *section = "";

    for (size_t i = 0; i < count; i++) {
        char wanted[128];

        if (strcmp(keys[i].section, section) != 0) {
            (void)fprintf(to, "%s[%s]\n", i == 0 ? "" : "\n", keys[i].section);
            section = keys[i].section;
        }
        describe(&keys[i], wanted, sizeof(wanted));
        (void)fprintf(to, "%s = %s\n    %s (%s)\n", keys[i].key, keys[i].initial, keys[i].doc,
                      wanted);
    }
}
