/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_TRACE_H
#define EX_SANDBOX_TRACE_H

/*
 * For fitting the filters to a driver: a handler of SIGSYS that writes the number and the
 * arguments of a system call that no rule allows to standard error and lets it fail
 * with EPERM, so that one run lists them all.  Filters must have been loaded with
 * `trace`.  A development aid: a process with it is not locked.
 */

/* Installs the handler.  0 or -errno. */
int ex_trace_install(void);

/* Calls caught so far. */
unsigned int ex_trace_count(void);

#endif
