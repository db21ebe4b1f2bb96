/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_DOCTOR_H
#define CT_DOCTOR_H

/*
 * What vgpuctl doctor knows of the host, and what its checks find.  Private to ctl/.
 *
 * A check looks at one thing and adds what it found; of several findings the worst stays, and the
 * first of equal ones.  Paths are looked at below options->root.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "ctl/view.h"

enum ct_light { CT_GREEN, CT_AMBER, CT_RED_LIGHT };

#define CT_PATH 512

struct ct_finding {
    enum ct_light light;
    char text[CT_ERROR_TEXT];
    char cure[CT_ERROR_TEXT]; /* a command, or what to do; "" when green */
};

struct ct_host {
    const struct ct_options *options;
    struct ct_view view;
    bool simulated; /* no NVIDIA driver is wanted here */
};

/* Adds a finding; `cure` is NULL for green ones. */
__attribute__((format(printf, 4, 5))) void ct_find(struct ct_finding *finding, enum ct_light light,
                                                   const char *cure, const char *fmt, ...);

/* True when the broker has answered; otherwise the check cannot know and says so. */
bool ct_find_broker(const struct ct_host *host, struct ct_finding *finding);

/* host.c: a path below the root. */
void ct_host_path(const struct ct_host *host, const char *path, char out[static CT_PATH]);

/* 0 or -errno. */
int ct_host_stat(const struct ct_host *host, const char *path, struct stat *what);

/* Reads the beginning of a file as text.  Its length or -errno. */
int ct_host_read(const struct ct_host *host, const char *path, char *text, size_t cap);

/* Runs a program for 20 seconds at most; its output, both streams, goes into `text`, escaped.  Its
 * exit status, or -errno. */
int ct_host_run(char *const argv[], char *text, size_t cap);

/* The driver that vgpu.conf names; "cuda" when it says nothing. */
void ct_host_driver(const struct ct_host *host, char driver[static CT_PATH]);

/* Connects to a socket (SOCK_STREAM, SOCK_DGRAM) and sends nothing.  A descriptor, the caller's, or
 * -errno. */
int ct_host_connect(const struct ct_host *host, const char *path, int type);

/* Who made the socket that listens at this path, as the kernel says, and its program's name,
 * escaped.  0 or -errno: this account may not connect, or nobody listens. */
struct ucred;
int ct_host_listener(const struct ct_host *host, const char *path, struct ucred *peer,
                     char program[static 64]);

/* Whether somebody listens at this socket. */
bool ct_host_listens(const struct ct_host *host, const char *path);

/* The checks; see the table in doctor.c. */
void ct_check_driver(const struct ct_host *host, struct ct_finding *finding);
void ct_check_modules(const struct ct_host *host, struct ct_finding *finding);
void ct_check_nodes(const struct ct_host *host, struct ct_finding *finding);
void ct_check_broker(const struct ct_host *host, struct ct_finding *finding);
void ct_check_hostd(const struct ct_host *host, struct ct_finding *finding);
void ct_check_config(const struct ct_host *host, struct ct_finding *finding);
void ct_check_registry(const struct ct_host *host, struct ct_finding *finding);
void ct_check_disk(const struct ct_host *host, struct ct_finding *finding);
void ct_check_journal(const struct ct_host *host, struct ct_finding *finding);
void ct_check_errors(const struct ct_host *host, struct ct_finding *finding);
void ct_check_versions(const struct ct_host *host, struct ct_finding *finding);
void ct_check_sockets(const struct ct_host *host, struct ct_finding *finding);
void ct_check_link(const struct ct_host *host, struct ct_finding *finding);
void ct_check_qemu(const struct ct_host *host, struct ct_finding *finding);
void ct_check_gpus(const struct ct_host *host, struct ct_finding *finding);
void ct_check_sandbox(const struct ct_host *host, struct ct_finding *finding);
void ct_check_pools(const struct ct_host *host, struct ct_finding *finding);
void ct_check_machines(const struct ct_host *host, struct ct_finding *finding);
void ct_check_identity(const struct ct_host *host, struct ct_finding *finding);
void ct_check_doorbells(const struct ct_host *host, struct ct_finding *finding);
void ct_check_calls(const struct ct_host *host, struct ct_finding *finding);

#endif
