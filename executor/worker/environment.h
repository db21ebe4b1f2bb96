/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ENVIRONMENT_H
#define EX_WORKER_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The environment of a worker: variables of an allow-list, and those that the driver is
 * to see whatever the parent had.
 */

/*
 * Returns owned an environment for execve, made from `parent`: one block, to be freed with
 * free(); its strings are borrowed from `parent` and static memory.  NULL: no memory.
 */
char **ex_environment_make(char **parent);

/*
 * Variables that a supervisor sends to a worker which it does not start itself: the GPU's, the
 * simulator's.  Writes at most `cap` of those in `parent` to out, borrowed; returns their number.
 */
size_t ex_environment_travelling(char **parent, char **out, size_t cap);

/* True for "NAME=VALUE" of such a variable that is not longer than VGPU_TEXT_BYTES_MAX. */
bool ex_environment_travels(const char *variable);

/* Gives the calling process such an environment.  0 or -ENOMEM.  For a process with one thread. */
int ex_environment_scrub(void);

#endif
