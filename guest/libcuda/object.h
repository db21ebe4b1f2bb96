/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_OBJECT_H
#define GS_OBJECT_H

/* All objects of a session: made with its worker, dropped with it. */

#include "guest/libcuda/session.h"

struct gs_context;

/* Prepares empty tables.  CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_objects_make(struct gs_session *s);

/* Forgets every object; the worker is gone or going. */
void gs_objects_drop(struct gs_session *s);

/* Frees what one context owns, in the worker too. */
void gs_objects_free_of(struct gs_session *s, struct gs_context *context);

#endif
