/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_RELOAD_H
#define BR_RELOAD_H

/*
 * Reads the configuration again while the broker runs:
 *
 *   SIGHUP ─► broker ──a byte──► reader (a fork from before the lock) ─► options, configuration
 *                    ◄─verdict──
 *
 * A locked broker opens no file, so a process that was forked before reads and judges for it.  All
 * of the new settings are taken, or none: a bad value, or another value of a key that is fixed
 * while the broker runs, changes nothing and is named in one line.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/options.h"

struct br_broker;

/* What can change while the broker runs. */
struct br_live {
    uint32_t log_level; /* enum vgpu_log_level */
    uint32_t sessions_max;
    uint32_t channel_mib;
    uint32_t hello_timeout_ms;
    uint64_t spin_ns;
};

/* The reader's answer. */
struct br_reload_verdict {
    bool good;
    struct br_live live;
    char reason[400]; /* when it is not good */
};

struct br_reload {
    uv_poll_t poll;
    struct br_broker *broker;
    pid_t reader; /* 0: none */
    int ask;      /* our end of the pipe to it */
    int answer;
    bool asked;
};

/* Forks the reader, which parses `argc` and `argv` (borrowed) again and compares with `options`
 * (borrowed).  Before anything that a child should not have: threads, a loop.  0 or -errno. */
int br_reload_fork(struct br_reload *reload, const struct br_options *options, int argc,
                   char **argv);

/* Takes the reader's answers from now on.  0 or -errno. */
int br_reload_start(struct br_reload *reload, uv_loop_t *loop, struct br_broker *broker);

/* Reads the configuration and takes it; what came of it is logged.  Once at a time. */
void br_reload_now(struct br_reload *reload);

/* Takes no more answers; once, and only after br_reload_start(). */
void br_reload_stop(struct br_reload *reload);

/* Ends the reader. */
void br_reload_fini(struct br_reload *reload);

/* Judges `fresh` against `old`, both parsed: the reader's work. */
void br_reload_judge(const struct br_options *old, const struct br_options *fresh,
                     struct br_reload_verdict *verdict);

#endif
