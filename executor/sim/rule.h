/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_RULE_H
#define SIM_RULE_H

/*
 * Faults by rule: VGPU_SIM_FAULT=RULE[,RULE...], read once.  A rule is
 * CALL:NTH:WHAT:
 *   CALL  a call with or without its version suffix, or "kernel": launches
 *   NTH   counted from 1; "3+" is the third and all after it
 *   WHAT  the code that the call answers instead (a kernel ends with it, as a
 *         sticky error), or "hang": the call never returns, the kernel never ends;
 *         or "crash": the call or the launch ends the process by SIGSEGV
 * Any thread.
 */

#include <stdbool.h>

#include "executor/sim/sim_api.h"

/* The code that a rule gives this call, else CUDA_SUCCESS; does not return from a hang. */
CUresult sim_rule_call(const char *call);

/* The same for a launch; *hang: it is never to end. */
CUresult sim_rule_kernel(bool *hang);

#endif
