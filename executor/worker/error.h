/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ERROR_H
#define EX_WORKER_ERROR_H

/* How a session ends early.  Any thread; no lock but `objects` may be held. */

#include <stdbool.h>

#include "proto/cuda_abi.h"

struct ex_session;

/* True for results after which the driver's context answers nothing else: native poisons the
 * process, so the session ends. */
bool ex_error_is_sticky(CUresult cu);

/* Writes a sticky result into the channel's error word, where every call of the guest sees it. */
void ex_session_poison(struct ex_session *x, CUresult cu);

/*
 * Ends the session with this result, or with CUDA_ERROR_LAUNCH_FAILED (719) when it is not a sticky
 * one: writes the channel's error word, sends the answers
 * collected so far and Fatal, exits with EX_EXIT_STICKY.  `what` names the operation.
 */
_Noreturn void ex_session_fatal(struct ex_session *x, CUresult cu, const char *what);

/* Ends the session of a peer that broke the protocol: one log line, EX_EXIT_BROKEN. */
_Noreturn void ex_session_broken(struct ex_session *x, const char *what);

#endif
