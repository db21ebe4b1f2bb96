/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_LOCK_H
#define BR_LOCK_H

/*
 * The broker's seccomp filter: what a running broker needs, and the end of the
 * process for anything else.  No file is opened, no socket made, bound or connected,
 * nothing executed, no process or thread made.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct br_lock {
    void *filter; /* scmp_filter_ctx */
    /* Read-only copies of the paths: unlink is allowed with these very pointers only. */
    const char *const *paths;
    size_t path_count;
    bool serves_metrics; /* set before br_lock_init(): what an HTTP server needs more */
};

/*
 * Builds the filter.  The `path_count` paths may be removed later, through lock->paths;
 * `child` (0: none) may be signalled.  0 or -errno.  What it seals stays for the process's
 * life.
 */
int br_lock_init(struct br_lock *lock, const char *const *paths, size_t path_count, pid_t child);

/* Sets NO_NEW_PRIVS and loads the filter on this thread (the only one).  0 or -errno. */
int br_lock_enter(struct br_lock *lock);

#endif
