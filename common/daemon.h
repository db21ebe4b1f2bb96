/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_DAEMON_H
#define VGPU_COMMON_DAEMON_H

/*
 * What vgpu-broker and vgpu-hostd have in common on their command lines: where settings come
 * from, who hears that the program is ready, and settings that are only checked.  One thread.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/config.h"

#define VGPU_DAEMON_CONFIG "/etc/vgpu/vgpu.conf"
/* Most options --set. */
#define VGPU_DAEMON_SETS_MAX 32

/* Starts with ready_fd -1, else zeroed; the texts are borrowed from argv. */
struct vgpu_daemon {
    const char *config_path; /* NULL: the defaults, when no file was named and none is installed */
    const char *sets[VGPU_DAEMON_SETS_MAX];
    unsigned int set_count;
    int ready_fd; /* -1: none */
    bool check;   /* ends when the settings are read */
};

/* Options of the program itself have numbers from this one on, below the next ones. */
#define VGPU_DAEMON_FIRST_ID 256

enum vgpu_daemon_option {
    VGPU_DAEMON_OPT_CONFIG = 512,
    VGPU_DAEMON_OPT_SET,
    VGPU_DAEMON_OPT_READY_FD,
    VGPU_DAEMON_OPT_CHECK,
};

/* Rows of a table for getopt_long(), and lines of --help. */
#define VGPU_DAEMON_OPTIONS                                                                        \
    {"config", required_argument, NULL, VGPU_DAEMON_OPT_CONFIG},                                   \
        {"set", required_argument, NULL, VGPU_DAEMON_OPT_SET},                                     \
        {"ready-fd", required_argument, NULL, VGPU_DAEMON_OPT_READY_FD},                           \
    {                                                                                              \
        "check-config", no_argument, NULL, VGPU_DAEMON_OPT_CHECK                                   \
    }
#define VGPU_DAEMON_HELP                                                                           \
    "  --config FILE            settings (" VGPU_DAEMON_CONFIG " where it exists)\n"               \
    "  --set SECTION.KEY=VALUE  overrides one of them\n"                                           \
    "  --check-config           reads the settings, says what is wrong, and ends\n"                \
    "  --ready-fd N             writes \"READY\" to descriptor N when ready, and closes it\n"

/* Reads a command line by a table that has VGPU_DAEMON_OPTIONS among its rows.  The program's own
 * go to `take`, their value in optarg, with `owner`: it returns 0, 1 when all is done, or -errno
 * after a line on `err`.  0, what `take` returned, or -EINVAL after a line on `err` that begins
 * with `program` and says which word is wrong. */
int vgpu_daemon_parse(struct vgpu_daemon *daemon, const char *program, const struct option *table,
                      int argc, char **argv, FILE *err, int (*take)(void *owner, int id),
                      void *owner);

/* Sets the defaults, reads the file over them and then the options --set.  0, or -errno with
 * config->error. */
int vgpu_daemon_load(struct vgpu_daemon *daemon, struct vgpu_config *config);

#endif
