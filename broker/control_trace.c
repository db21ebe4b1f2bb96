/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/control_trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/control_rows.h"
#include "common/clock.h"

/* A packed row with its prefix: seven numbers. */
#define ROW_BYTES 80u

struct entry {
    uint64_t time_ns;
    uint64_t session;
    uint64_t dropped; /* in front of it */
    struct vgpu_record record;
};

struct br_trace {
    uint32_t first;
    uint32_t count;
    uint64_t dropped; /* since the entry that was added last */
    struct entry entries[BR_TRACE_ROWS];
};

int br_trace_start(struct br_control_client *client)
{
    client->trace = calloc(1, sizeof(*client->trace));
    if (client->trace == NULL) {
        return -ENOMEM;
    }
    client->control->tracers++;
    return 0;
}

void br_trace_stop(struct br_control_client *client)
{
    if (client->trace != NULL) {
        client->control->tracers--;
        free(client->trace);
        client->trace = NULL;
    }
}

bool br_trace_has_rows(const struct br_trace *trace)
{
    return trace->count > 0;
}

size_t br_trace_bytes(void)
{
    return sizeof(struct br_trace);
}

/* ---- in --------------------------------------------------------------------- */

static void add(struct br_trace *trace, uint64_t session, uint64_t now_ns,
                const struct vgpu_record *record)
{
    struct entry *entry = &trace->entries[(trace->first + trace->count) % BR_TRACE_ROWS];

    if (trace->count == BR_TRACE_ROWS) {
        trace->dropped++;
        return;
    }
    *entry = (struct entry){
        .time_ns = now_ns, .session = session, .dropped = trace->dropped, .record = *record};
    trace->dropped = 0;
    trace->count++;
}

static void add_all(struct br_trace *trace, const struct br_session *session,
                    const uint8_t *records, size_t len)
{
    uint64_t now_ns = vgpu_clock_ns();
    struct vgpu_record record;

    for (size_t at = 0; at < len; at += record.length) {
        memcpy(&record, records + at, sizeof(record));
        add(trace, session->id, now_ns, &record);
    }
}

void br_trace_records(struct br_control *control, const struct br_session *session,
                      const uint8_t *records, size_t len)
{
    const char *name = br_share_name(session->holder->share);
    struct br_control_client *client;

    TAILQ_FOREACH(client, &control->clients, entry)
    {
        if (client->trace != NULL &&
            (client->ask.vm[0] == '\0' || strcmp(client->ask.vm, name) == 0)) {
            add_all(client->trace, session, records, len);
            br_control_client_wake(client);
        }
    }
}

/* ---- out -------------------------------------------------------------------- */

static void pack(struct br_control_piece *piece, const struct entry *entry)
{
    Vgpu__TraceRow row = VGPU__TRACE_ROW__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    row.time_ns = entry->time_ns;
    row.session = entry->session;
    row.op = entry->record.op;
    row.bytes = entry->record.length;
    row.lane = entry->record.lane;
    row.flags = entry->record.flags;
    row.dropped = entry->dropped;
    frame.kind_case = VGPU__FRAME__KIND_TRACE_ROW;
    frame.trace_row = &row;
    br_control_pack(piece, &frame);
}

void br_trace_rows(struct br_trace *trace, struct br_control_piece *piece)
{
    while (trace->count > 0 && piece->room - piece->len >= ROW_BYTES) {
        pack(piece, &trace->entries[trace->first]);
        trace->first = (trace->first + 1) % BR_TRACE_ROWS;
        trace->count--;
    }
}
