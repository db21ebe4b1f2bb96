/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_FILTER_H
#define EX_SANDBOX_FILTER_H

/*
 * A seccomp policy is data: a default and rows, each with its reason.  This module
 * turns one into a filter and loads it on every thread of the process.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ex_check {
    EX_CHECK_NONE,    /* the row holds whatever the arguments are */
    EX_CHECK_EQ,      /* args[arg] == value */
    EX_CHECK_NE,      /* args[arg] != value */
    EX_CHECK_MASKED,  /* (args[arg] & mask) == value */
    EX_CHECK_OWN_PID, /* args[arg] is this process */
};

struct ex_rule {
    const char *syscall;
    int refuse; /* 0: allowed; otherwise the errno that the call returns */
    enum ex_check check;
    unsigned int arg;
    uint64_t mask;
    uint64_t value;
    const char *reason;
};

struct ex_policy {
    const char *name;
    bool default_kill; /* what no row names kills the process; false: it is allowed */
    const struct ex_rule *rules;
    size_t count;
};

/* Rows of a policy. */
#define EX_ALLOW(call, why)                                                                        \
    {                                                                                              \
        (call), 0, EX_CHECK_NONE, 0, 0, 0, (why)                                                   \
    }
#define EX_ALLOW_EQ(call, arg_, val, why)                                                          \
    {                                                                                              \
        (call), 0, EX_CHECK_EQ, (arg_), 0, (val), (why)                                            \
    }
#define EX_ALLOW_MASKED(call, arg_, mask_, val, why)                                               \
    {                                                                                              \
        (call), 0, EX_CHECK_MASKED, (arg_), (mask_), (val), (why)                                  \
    }
#define EX_ALLOW_OWN_PID(call, arg_, why)                                                          \
    {                                                                                              \
        (call), 0, EX_CHECK_OWN_PID, (arg_), 0, 0, (why)                                           \
    }
#define EX_REFUSE(call, err, why)                                                                  \
    {                                                                                              \
        (call), (err), EX_CHECK_NONE, 0, 0, 0, (why)                                               \
    }
#define EX_REFUSE_EQ(call, err, arg_, val, why)                                                    \
    {                                                                                              \
        (call), (err), EX_CHECK_EQ, (arg_), 0, (val), (why)                                        \
    }
#define EX_REFUSE_NE(call, err, arg_, val, why)                                                    \
    {                                                                                              \
        (call), (err), EX_CHECK_NE, (arg_), 0, (val), (why)                                        \
    }
#define EX_REFUSE_MASKED(call, err, arg_, mask_, val, why)                                         \
    {                                                                                              \
        (call), (err), EX_CHECK_MASKED, (arg_), (mask_), (val), (why)                              \
    }

/*
 * Loads the policy on all threads.  NO_NEW_PRIVS must be on.  With `trace` a call that
 * would kill raises SIGSYS instead (see trace.h); never in production.  *hash, if not
 * NULL, becomes the FNV-1a hash of the loaded program.  0 or -errno; -EINVAL for a row
 * that names no system call.  On failure nothing was loaded.
 */
int ex_filter_load(const struct ex_policy *policy, bool trace, uint64_t *hash);

#endif
