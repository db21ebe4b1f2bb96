/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/escape.h"

#define INTERVAL_MS_MIN 100
#define INTERVAL_MS_MAX 3600000

/* getopt's table from ours; a value is the option's index there plus 1. */
static void build(struct option *table)
{
    for (size_t i = 0; i < ct_option_count; i++) {
        table[i] = (struct option){
            .name = ct_option_table[i].name,
            .has_arg = ct_option_table[i].argument != NULL ? required_argument : no_argument,
            .val = (int)i + 1};
    }
    table[ct_option_count] = (struct option){.name = NULL};
}

static int take_interval(struct ct_options *options, const char *text, struct ct_error *error)
{
    char *end;
    double seconds = strtod(text, &end);
    char word[64];

    if (end == text || *end != '\0' ||
        !(seconds * 1e3 >= INTERVAL_MS_MIN && seconds * 1e3 <= INTERVAL_MS_MAX)) {
        ct_error_set(error, CT_USAGE, "--interval: '%s' is no number of seconds from 0.1 to 3600",
                     ct_escape(word, sizeof(word), text));
        return -EINVAL;
    }
    options->interval_ms = (uint32_t)(seconds * 1e3 + 0.5);
    return 0;
}

static int take_count(struct ct_options *options, const char *text, struct ct_error *error)
{
    char *end;
    unsigned long long count;
    char word[64];

    errno = 0;
    count = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || count == 0) {
        ct_error_set(error, CT_USAGE, "--count: '%s' is no number from 1 on",
                     ct_escape(word, sizeof(word), text));
        return -EINVAL;
    }
    options->count = count;
    return 0;
}

static int take_text(const char **where, const char *name, const char *text, struct ct_error *error)
{
    if (text[0] == '\0') {
        ct_error_set(error, CT_USAGE, "--%s: a path is wanted", name);
        return -EINVAL;
    }
    *where = text;
    return 0;
}

static const char **path_of(struct ct_options *options, const char *name)
{
    const struct {
        const char *name;
        const char **where;
    } paths[] = {
        {"control", &options->control}, {"hostd", &options->hostd}, {"socket", &options->socket},
        {"library", &options->library}, {"root", &options->root},
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(paths[i].name, name) == 0) {
            return paths[i].where;
        }
    }
    return NULL;
}

static bool *flag_of(struct ct_options *options, const char *name)
{
    if (strcmp(name, "json") == 0) {
        return &options->json;
    }
    if (strcmp(name, "once") == 0) {
        return &options->once;
    }
    return strcmp(name, "follow") == 0 ? &options->follow : NULL;
}

/* 0, 1 for --help and --version, or -EINVAL. */
static int take(struct ct_options *options, const char *name, struct ct_error *error)
{
    const char **path = path_of(options, name);
    bool *flag = flag_of(options, name);

    if (path != NULL) {
        return take_text(path, name, optarg, error);
    }
    if (flag != NULL) {
        *flag = true;
        return 0;
    }
    if (strcmp(name, "interval") == 0) {
        return take_interval(options, optarg, error);
    }
    return strcmp(name, "count") == 0 ? take_count(options, optarg, error) : 1;
}

/* Why there is no command: nothing was said, it is half of some, or there is none like it. */
static void explain_none(const char *first, struct ct_error *error)
{
    char word[64];
    char known[128] = "";
    size_t len = strlen(first);

    for (size_t i = 0; i < ct_command_count; i++) {
        const char *name = ct_commands[i].name;

        if (len > 0 && strncmp(name, first, len) == 0 && name[len] == ' ') {
            size_t used = strlen(known);

            (void)snprintf(known + used, sizeof(known) - used, "%s%s", used > 0 ? ", " : "", name);
        }
    }
    (void)ct_escape(word, sizeof(word), first);
    if (known[0] != '\0') {
        ct_error_set(error, CT_USAGE, "'%s' wants another word: %s", word, known);
    } else if (len == 0) {
        ct_error_set(error, CT_USAGE, "a command is wanted: see vgpuctl --help");
    } else {
        ct_error_set(error, CT_USAGE, "there is no command '%s': see vgpuctl --help", word);
    }
}

static const struct ct_command *choose(struct ct_options *options, struct ct_error *error)
{
    int taken = 0;
    const struct ct_command *command =
        ct_command_find(options->arguments, options->argument_count, &taken);

    if (command == NULL) {
        explain_none(options->argument_count > 0 ? options->arguments[0] : "", error);
        return NULL;
    }
    options->arguments += taken;
    options->argument_count -= taken;
    if (options->argument_count < command->min || options->argument_count > command->max) {
        ct_error_set(error, CT_USAGE, "usage: vgpuctl %s%s%s", command->name,
                     command->arguments[0] != '\0' ? " " : "", command->arguments);
        return NULL;
    }
    return command;
}

/* An error of the command line is told as JSON too, wherever --json stands. */
static bool has_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

const struct ct_command *ct_options_parse(struct ct_options *options, int argc, char **argv,
                                          struct ct_error *error)
{
    struct option table[CT_OPTIONS_MAX + 1];
    int taken;
    int value;

    *options = (struct ct_options){.control = CT_CONTROL_PATH,
                                   .hostd = CT_HOSTD_PATH,
                                   .socket = CT_BROKER_PATH,
                                   .root = "",
                                   .interval_ms = 1000,
                                   .json = has_json(argc, argv)};
    build(table);
    opterr = 0;
    while ((value = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        int rc;

        if (value == '?' || value == ':') {
            char word[64];

            ct_error_set(error, CT_USAGE, "%s '%s': see vgpuctl --help",
                         value == '?' ? "unknown option" : "a value is wanted behind",
                         ct_escape(word, sizeof(word), argv[optind - 1]));
            return NULL;
        }
        rc = take(options, ct_option_table[value - 1].name, error);
        if (rc != 0) {
            char name[16];
            char *words[] = {name};

            (void)snprintf(name, sizeof(name), "%s", ct_option_table[value - 1].name);
            return rc < 0 ? NULL : ct_command_find(words, 1, &taken);
        }
    }
    options->arguments = argv + optind;
    options->argument_count = argc - optind;
    return choose(options, error);
}
