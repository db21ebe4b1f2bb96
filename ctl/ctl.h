/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_CTL_H
#define CT_CTL_H

/* What all commands of vgpuctl share: options, exit statuses, errors.  One thread. */

#include <stdbool.h>
#include <stdint.h>

#define CT_CONTROL_PATH "/run/vgpu/control.sock"
#define CT_HOSTD_PATH   "/run/vgpu/hostd.sock"
#define CT_BROKER_PATH  "/run/vgpu/broker.sock"
#define CT_GROUP        "vgpu"

#define CT_ERROR_TEXT 768

/* Exit statuses, as vgpuctl(1) has them. */
enum ct_status {
    CT_OK = 0,
    CT_FAILED = 1, /* refused, or a step failed */
    CT_USAGE = 2,
    CT_NO_BROKER = 3,
    CT_NO_HOSTD = 4,
    CT_YELLOW = 5, /* doctor: something is worth a look */
    CT_RED = 6,    /* doctor: something does not work */
};

/* Why a command failed: its exit status, and one line with cause and cure. */
struct ct_error {
    enum ct_status status;
    char text[CT_ERROR_TEXT];
};

/* The command line; texts are borrowed from argv. */
struct ct_options {
    const char *control; /* socket of vgpu-broker for tools */
    const char *hostd;   /* socket of vgpu-hostd */
    const char *socket;  /* socket of vgpu-broker for guests (self-test) */
    const char *library; /* folder of the guest's libcuda.so.1; NULL: the installed one */
    const char *root;    /* doctor: put before every path that it looks at; "" is the host */
    bool json;
    bool once;
    bool follow;
    uint32_t interval_ms;
    uint64_t count; /* trace: records; 0: no end */
    char **arguments;
    int argument_count;
};

/* Sets status and text (cut at CT_ERROR_TEXT). */
__attribute__((format(printf, 3, 4))) void
ct_error_set(struct ct_error *error, enum ct_status status, const char *fmt, ...);

/* Tells it on standard error; with --json also as an object on standard output.  Returns its
 * status. */
enum ct_status ct_error_report(const struct ct_options *options, const struct ct_error *error);

#endif
