/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libnvml/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/transport/nap.h"
#include "proto/channel.h"
#include "proto/record.h"

#define ANSWER_NS (10 * VGPU_NS_PER_S)
/* A lost interrupt, which should not be, costs this much. */
#define PARK_NS (500 * VGPU_NS_PER_MS)

static int check_header(const struct nv_wire *wire, struct gs_obstacle *obstacle)
{
    struct vgpu_channel_header header;

    memcpy(&header, wire->control, sizeof(header));
    if (header.magic != VGPU_CHANNEL_MAGIC || header.version != VGPU_PROTOCOL_VERSION ||
        header.size != wire->channel.bytes) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_PROTOCOL, -EPROTO,
                               "the channel's header is not one of protocol %u: install library "
                               "and broker of one vgpu version",
                               VGPU_PROTOCOL_VERSION);
    }
    return 0;
}

static int map(struct nv_wire *wire, struct gs_obstacle *obstacle)
{
    wire->control = gs_channel_map(&wire->channel, NULL, 0, VGPU_CHANNEL_DATA_OFFSET);
    wire->inbox = malloc(VGPU_RECORD_BYTES_MAX);
    if (wire->control == NULL || wire->inbox == NULL) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, -ENOMEM, "no memory for a channel");
    }
    return check_header(wire, obstacle);
}

int nv_wire_open(struct nv_wire *wire, struct gs_obstacle *obstacle)
{
    int rc = gs_channel_open(&wire->channel, NULL, obstacle);

    if (rc != 0) {
        return rc;
    }
    rc = map(wire, obstacle);
    if (rc != 0) {
        nv_wire_close(wire);
        return rc;
    }
    wire->sequence = 0;
    vgpu_channel_submit_ring(&wire->submit, wire->control);
    vgpu_channel_complete_ring(&wire->complete, wire->control);
    return 0;
}

void nv_wire_close(struct nv_wire *wire)
{
    gs_channel_unmap(&wire->channel, wire->control);
    wire->control = NULL;
    free(wire->inbox);
    wire->inbox = NULL;
    vgpu_arena_fini(&wire->arena);
    gs_channel_close(&wire->channel);
}

/* ---- out -------------------------------------------------------------------- */

static int put(struct nv_wire *wire, const Vgpu__Frame *frame)
{
    _Alignas(8) uint8_t record[1024] = {0};
    struct vgpu_record header = {.op = VGPU_OP_FRAME, .sequence = ++wire->sequence};
    ssize_t len =
        vgpu_frame_pack(frame, record + sizeof(header), sizeof(record) - sizeof(header) - 8);

    if (len < 0 || !gs_channel_is_there(&wire->channel)) {
        return len < 0 ? (int)len : -ECONNRESET;
    }
    header.length = vgpu_record_length((size_t)len);
    memcpy(record, &header, sizeof(header));
    if (vgpu_ring_put(&wire->submit, record, header.length) != 0) {
        return -EPROTO; /* it holds one question at a time */
    }
    if (vgpu_ring_wants_wake(&wire->submit)) {
        (void)gs_channel_ring(&wire->channel);
    }
    return 0;
}

/* ---- in --------------------------------------------------------------------- */

/* The first record: 1 and its frame, 0: none is there, -EPROTO. */
static int take(struct nv_wire *wire, Vgpu__Frame **frame)
{
    ssize_t got = vgpu_ring_peek(&wire->complete, wire->inbox, VGPU_RECORD_BYTES_MAX);
    const uint8_t *body = wire->inbox + VGPU_RECORD_HEADER_BYTES;
    struct vgpu_record record;
    uint32_t size;

    if (got <= 0) {
        return got < 0 ? -EPROTO : 0;
    }
    if (vgpu_record_peek(wire->inbox, (size_t)got, &record) <= 0 || record.op != VGPU_OP_FRAME ||
        record.length < VGPU_RECORD_HEADER_BYTES + sizeof(size)) {
        return -EPROTO;
    }
    memcpy(&size, body, sizeof(size));
    if (size == 0 || size > record.length - VGPU_RECORD_HEADER_BYTES - sizeof(size) ||
        vgpu_frame_unpack(&wire->arena, body + sizeof(size), size, frame) != 0) {
        return -EPROTO;
    }
    (void)vgpu_ring_consume(&wire->complete, record.length);
    return 1;
}

static bool is_over(const struct nv_wire *wire)
{
    return atomic_load(&vgpu_channel_state(wire->control)->error) != 0 ||
           !gs_channel_is_there(&wire->channel);
}

static int rest(struct nv_wire *wire, const struct gs_nap *nap)
{
    int rc = 0;

    if (is_over(wire)) {
        return -ECONNRESET;
    }
    if (wire->channel.polls) {
        uint64_t passed_ns = vgpu_clock_ns() - nap->since_ns;
        int64_t ns = passed_ns < VGPU_NS_PER_MS ? 20 * VGPU_NS_PER_US : VGPU_NS_PER_MS;

        rc = gs_channel_wait(&wire->channel, ns);
    } else if (vgpu_ring_park(&wire->complete)) {
        rc = gs_channel_wait(&wire->channel, PARK_NS);
        vgpu_ring_unpark(&wire->complete);
    }
    if (rc >= 0 && vgpu_clock_ns() - nap->since_ns > nap->limit_ns) {
        return -ETIMEDOUT;
    }
    return rc < 0 ? rc : 0;
}

int nv_wire_ask(struct nv_wire *wire, const Vgpu__Frame *question, Vgpu__Frame__KindCase kind,
                Vgpu__Frame **answer)
{
    struct gs_nap nap = gs_nap_start(ANSWER_NS);
    int rc = put(wire, question);

    while (rc == 0) {
        rc = take(wire, answer);
        if (rc == 0) {
            rc = rest(wire, &nap);
        } else if (rc == 1 && (*answer)->kind_case != kind &&
                   (*answer)->kind_case != VGPU__FRAME__KIND_REFUSE) {
            rc = -EPROTO;
        }
    }
    return rc < 0 ? rc : 0;
}
