/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_LOCK_H
#define BR_LOCK_H

/*
 * The broker's seccomp filter: what a running broker needs, and the end of the
 * process for anything else.  No file is opened, no socket made, bound or connected,
 * nothing executed, no process or thread made.
 */

#include <sys/types.h>

/* Socket files that the broker removes at its end. */
#define BR_LOCK_PATHS 2

struct br_lock {
    void *filter; /* scmp_filter_ctx */
    /* Read-only copies: unlink is allowed with these very pointers only. */
    const char *paths[BR_LOCK_PATHS];
};

/*
 * Builds the filter.  `paths` may be removed later, through lock->paths; `child` (0: none)
 * may be signalled.  0 or -errno.
 */
int br_lock_init(struct br_lock *lock, const char *const paths[BR_LOCK_PATHS], pid_t child);

/* Sets NO_NEW_PRIVS and loads the filter on this thread (the only one).  0 or -errno. */
int br_lock_enter(struct br_lock *lock);

#endif
