/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_OPTIONS_H
#define HD_OPTIONS_H

/* Command line and settings of vgpu-hostd. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/daemon.h"

/* Section [hostd] of the configuration, and the broker's control socket. */
struct hd_settings {
    char *registry;
    char *socket;
    uint32_t socket_mode;
    char *socket_group; /* "none", or a group */
    char *control_socket;
    char *vm_dir;
    uint32_t vm_socket_mode;
    char *vm_socket_owner; /* "none", or an account */
    char *vm_socket_group;
    char *watch;    /* absolute paths with blanks between, or "none" */
    char *xenstore; /* "none", or the socket of xenstored */
    uint32_t scan_s;
    uint32_t hello_timeout_ms;
    char *executor_user; /* "none", or an account that may have workers killed, beside root */
    uint32_t log_level;  /* index into error, warning, info, debug */
};

struct hd_options {
    struct hd_settings settings;
    /* Resolved names; -1: none. */
    gid_t socket_gid;
    uid_t vm_uid;
    gid_t vm_gid;
    uid_t executor_uid;
    struct vgpu_daemon daemon;
};

extern const struct vgpu_config_key hd_config_keys[];
extern const size_t hd_config_key_count;

/* Reads command line and configuration.  0: run; 1: all done (--help and the like, printed to
 * `out`, or --check-config); -EINVAL or another -errno: refused, with a line on `err`.  `options`
 * borrows argv. */
int hd_options_parse(struct hd_options *options, int argc, char **argv, FILE *out, FILE *err);

/* Reads the configuration again, with the same command line, into `fresh`.  0, or -errno with a
 * line in `why`, and `fresh` needs no hd_options_fini(). */
int hd_options_reload(const struct hd_options *options, struct hd_options *fresh, char *why,
                      size_t cap);

/* Frees what the settings own. */
void hd_options_fini(struct hd_options *options);

#endif
