/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SESSION_API_H
#define EX_SESSION_API_H

/*
 * What the generated dispatch code may ask of a session.
 *
 * A dispatch row decodes its arguments, turns handles into driver objects with
 * ex_get_*, checks device ranges with ex_check_device and calls the driver, or the
 * hand-written ex_do_<call> ("ex_dispatch.h").
 *
 * Threads: rows of blocking operations run on helper threads, all others on the
 * dispatcher; everything here may be called from both.
 */

#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;
struct ex_driver;

/* The driver's functions, borrowed, valid as long as the process. */
const struct ex_driver *ex_session_driver(struct ex_session *x);

/*
 * The driver object of a live handle.  CUDA_ERROR_INVALID_HANDLE (400) for any other
 * value.  Stream handle 0 is the legacy default stream.  The object is borrowed and
 * valid until the row returns.
 */
CUresult ex_get_stream(struct ex_session *x, uint64_t handle, CUstream *stream);
CUresult ex_get_event(struct ex_session *x, uint64_t handle, CUevent *event);
CUresult ex_get_module(struct ex_session *x, uint64_t handle, CUmodule *module);
CUresult ex_get_function(struct ex_session *x, uint64_t handle, CUfunction *function);

/*
 * CUDA_SUCCESS when [ptr, ptr + bytes) lies inside one live allocation of this
 * session, one module global, or one registered part of the window; or when bytes is
 * 0.  Otherwise CUDA_ERROR_INVALID_VALUE (1).
 */
CUresult ex_check_device(struct ex_session *x, uint64_t ptr, uint64_t bytes);

#endif
