/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CONSOLE_H
#define GS_CONSOLE_H

/* What kernels print: from the channel to the program's standard output and error. */

#include "proto/cuda_abi.h"

struct gs_event;
struct gs_link;
struct gs_session;
struct gs_stream;

/* Writes what has come so far.  Any thread; cheap when there is nothing. */
void gs_console_drain(struct gs_link *link);

/*
 * Has the driver print what kernels that are done have said, and writes all of it.  For sessions
 * whose modules print (`prints`), after the waits, blocking copies, loads and unloads at which
 * native does; for others these do nothing.  Named is what was waited for: a context or the legacy
 * stream, a stream, an event.
 */
CUresult gs_console_flush(struct gs_session *s);
CUresult gs_console_flush_stream(const struct gs_stream *stream);
CUresult gs_console_flush_event(const struct gs_event *event);

/* A query, which prints nothing, said that work is done. */
void gs_console_seen_done(struct gs_session *s);

/* A launch prints what earlier kernels said, if the program can know that they are done; otherwise
 * it writes what happens to be there.  For sessions that print. */
CUresult gs_console_before_launch(struct gs_session *s);

#endif
