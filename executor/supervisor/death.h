/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_DEATH_H
#define EX_SUPERVISOR_DEATH_H

#include <stdint.h>
#include <sys/types.h>

/* Says in the log how a worker ended; `status` as ex_source.collect has it. */
void ex_death_log(const char *gpu, uint32_t worker, pid_t pid, int status);

#endif
