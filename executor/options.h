/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_OPTIONS_H
#define EX_OPTIONS_H

/*
 * What the command line and the [executor] section of the configuration say.  One
 * binary is launcher, supervisor, probe, worker and self-test; the mode says which.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/config.h"
#include "common/log.h"
#include "executor/gpu_name.h"

/* Longest path of a driver library, with its terminator. */
#define EX_PATH_MAX 1024

enum ex_mode {
    EX_MODE_NONE,
    EX_MODE_ALL,        /* one supervisor per GPU (development) */
    EX_MODE_SUPERVISOR, /* --gpu N or UUID */
    EX_MODE_PROBE,      /* --probe N: facts on descriptor 3 */
    EX_MODE_WORKER,     /* --worker --gpu N: frames on descriptor 3 */
    EX_MODE_SELF_TEST,  /* --self-test: start, lock, every kind of operation once */
};

/* The [executor] section. */
struct ex_settings {
    char *driver;
    uint32_t spares;
    uint32_t workers_max;
    uint32_t helpers;
    uint32_t memory_quota_mib;
    char *user;
    char *worker_socket; /* systemd's; "none": workers are made by fork */
    char *hostd_socket;
    uint32_t ready_timeout_ms;
};

struct ex_options {
    enum ex_mode mode;
    struct ex_gpu_name gpu;
    const char *socket; /* borrowed from argv */
    const char *config;
    const char *sim_lib;
    struct ex_settings settings;
    char driver[EX_PATH_MAX]; /* what dlopen gets: resolved from settings.driver and sim_lib */
    const char *user;         /* "" : stay */
    enum vgpu_log_level log_level;
    pid_t parent;       /* worker and probe: the process that must still be the parent */
    uint64_t nonce;     /* of WorkerStart, for Ready */
    bool activated;     /* a worker whose pipe is a socket that systemd accepted */
    bool sandbox_trace; /* refused calls are printed, not fatal: for fitting only */
    bool check;         /* the settings are good: that was all */
    bool help;
    bool version;
};

/*
 * Reads the command line, then the configuration under it (options win).  0, or -EINVAL
 * after writing what is wrong to standard error.  ex_options_fini() in every case.
 */
int ex_options_parse(struct ex_options *options, int argc, char **argv);

/* Frees the settings. */
void ex_options_fini(struct ex_options *options);

/* True when workers are systemd's (worker_socket). */
bool ex_options_unit(const struct ex_options *options);

extern const struct vgpu_config_key ex_config_keys[];
extern const size_t ex_config_key_count;

/* The text of --help. */
extern const char ex_options_help[];

#endif
