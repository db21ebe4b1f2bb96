/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "executor/worker/session.h"

/* Whether the operation holds others back. */
static bool holds(const struct vgpu_op_info *op)
{
    switch (op->id) {
    case VGPU_OP_cuModuleLoadDataEx:
    case VGPU_OP_vgpuArrayDestroy:
    case VGPU_OP_vgpuMipmapDestroy:
    case VGPU_OP_vgpuHostUnregister:
    case VGPU_OP_cuCtxSetLimit:
        return true;
    default:
        return false;
    }
}

void ex_backlog_hold(struct ex_session *x, const struct vgpu_op_info *op, bool begins)
{
    if (holds(op)) {
        (void)atomic_fetch_add(&x->backlog.holds, begins ? 1 : UINT32_MAX);
    }
}

bool ex_backlog_waits(struct ex_session *x)
{
    return atomic_load(&x->backlog.holds) != 0 && ex_host_calls_expected(&x->host_calls);
}

static bool make_room(struct ex_backlog *backlog, size_t len)
{
    size_t room = backlog->room != 0 ? backlog->room : 65536;
    uint8_t *grown;

    while (room < backlog->len + len) {
        room *= 2;
    }
    if (room == backlog->room) {
        return true;
    }
    grown = realloc(backlog->bytes, room);
    if (grown == NULL) {
        return false;
    }
    backlog->bytes = grown;
    backlog->room = room;
    return true;
}

int ex_backlog_add(struct ex_backlog *backlog, const uint8_t *record, size_t len)
{
    if (!make_room(backlog, len)) {
        return -ENOMEM;
    }
    memcpy(backlog->bytes + backlog->len, record, len);
    backlog->len += len;
    return 0;
}

uint8_t *ex_backlog_take(struct ex_backlog *backlog, size_t *len)
{
    uint8_t *bytes = backlog->bytes;

    *len = backlog->len;
    backlog->bytes = NULL;
    backlog->len = 0;
    backlog->room = 0;
    return bytes;
}
