/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ENVIRONMENT_H
#define EX_WORKER_ENVIRONMENT_H

/*
 * The environment of a worker: variables of an allow-list, and those that the driver is
 * to see whatever the parent had.
 */

/*
 * Returns owned an environment for execve, made from `parent`: one block, to be freed with
 * free(); its strings are borrowed from `parent` and static memory.  NULL: no memory.
 */
char **ex_environment_make(char **parent);

/* Gives the calling process such an environment.  0 or -ENOMEM.  For a process with one thread. */
int ex_environment_scrub(void);

#endif
