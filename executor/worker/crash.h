/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_CRASH_H
#define EX_WORKER_CRASH_H

/*
 * The last words of a worker that a signal ends: the driver believes some arguments and images that
 * it should not, and ends its process.  One line says which operation it was; the process then
 * ends by that signal, and the supervisor says that it is gone.
 */

#include "vgpu_ops.h"

/* The operation that this thread runs, for the line; NULL: none.  Borrowed until the next one. */
extern _Thread_local const struct vgpu_op_info *ex_crash_operation;

/*
 * Has SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT say so, where nobody else (a sanitizer) handles
 * them.  Before other threads start and before the last filter; once.  0 or -errno.
 */
int ex_crash_watch(void);

#endif
