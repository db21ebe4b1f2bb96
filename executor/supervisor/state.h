/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_STATE_H
#define EX_SUPERVISOR_STATE_H

/* What a supervisor is made of; for the files of its own folder.  One thread. */

#include "executor/supervisor/backoff.h"
#include "executor/supervisor/broker_link.h"
#include "executor/supervisor/drain.h"
#include "executor/supervisor/manager.h"
#include "executor/supervisor/probe.h"
#include "executor/supervisor/source.h"
#include "executor/supervisor/worker_list.h"

struct ex_supervisor {
    const struct ex_options *options;
    const struct ex_source *source;
    struct ex_broker_link broker;
    struct ex_probe probe;
    struct ex_worker_list workers;
    struct ex_backoff connecting; /* probe and connect */
    struct ex_backoff spawning;
    struct ex_manager manager;
    struct ex_drain drain;
    uint64_t settled_ns; /* until then a lost broker's workers are waited for */
    uint32_t spares;     /* workers to keep ready */
    uint32_t wanted;     /* sessions that wait, beyond the spares */
    bool registered;
    char refusal[160]; /* why the broker does not take this supervisor, as it said last */
    bool stopping;     /* nothing is begun any more */
    int signals;
};

#endif
