/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CONSOLE_H
#define GS_CONSOLE_H

/* What kernels print: from the channel to the program's standard output and error. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_event;
struct gs_link;
struct gs_session;
struct gs_stream;

/*
 * Which launches of a session may have printed what nobody has asked the driver for yet, so that
 * waits with no kernel behind them ask nothing.  Counts start anew with each worker.
 */
struct gs_speech {
    _Atomic uint64_t launches; /* of modules that print, and of graphs */
    _Atomic uint64_t heard;    /* of these: done, and their text was asked for after that */
    _Atomic uint64_t
        last[VGPU_STREAMS_MAX]; /* operations sent with the last one, by stream index */
};

/* Nothing is said. */
void gs_speech_init(struct gs_speech *speech);

/* Writes what has come so far.  Any thread; cheap when there is nothing. */
void gs_console_drain(struct gs_link *link);

/*
 * Has the driver print what kernels that are done have said, and writes all of it.  For sessions
 * whose modules print (`prints`), after the waits, blocking copies, loads and unloads at which
 * native does; for others these do nothing, and where every launch has been heard they only write
 * what has come.  Named is what was waited for: a context or the legacy stream, a stream, an event.
 */
CUresult gs_console_flush(struct gs_session *s);
CUresult gs_console_flush_stream(const struct gs_stream *stream);
CUresult gs_console_flush_event(const struct gs_event *event);

/* Whether a launch may have printed what was not asked for yet. */
bool gs_console_owes(struct gs_session *s);

/* A kernel or graph was sent to the stream and counted there.  For sessions that print. */
void gs_console_launched(const struct gs_stream *stream);

/* A query, which prints nothing, said that work is done. */
void gs_console_seen_done(struct gs_session *s);

/* A launch prints what earlier kernels said, if the program can know that they are done; otherwise
 * it writes what happens to be there.  For sessions that print. */
CUresult gs_console_before_launch(struct gs_session *s);

#endif
