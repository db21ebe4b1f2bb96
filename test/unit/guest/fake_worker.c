/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/guest/fake_broker.h"

#include <string.h>

#include "proto/address.h"
#include "proto/channel.h"
#include "proto/cuda_abi.h"
#include "proto/handle.h"
#include "vgpu_ops.h"

#include "guest/libcuda/address.h"

static _Atomic uint32_t next_index;

static uint64_t make_handle(enum vgpu_handle_kind kind)
{
    return vgpu_handle_make(kind, 1, atomic_fetch_add(&next_index, 1));
}

static size_t sized(ssize_t len)
{
    return len > 0 ? (size_t)len : 0;
}

/* Two parameters, 8 and 4 bytes. */
static size_t function(uint8_t *body, size_t cap)
{
    static const uint32_t layout[4] = {0, 8, 8, 4};
    int32_t attributes[VGPU_FUNCTION_ATTRIBUTES] = {256, 0, 0, 0, 8, 70, 70, 0, 49152};
    struct vgpu_ret_cuModuleGetFunction ret = {
        .function = make_handle(VGPU_HANDLE_FUNCTION),
        .attributes = (const uint8_t *)attributes,
        .attributes_len = sizeof(attributes),
        .layout = (const uint8_t *)layout,
        .layout_len = sizeof(layout),
    };

    return sized(vgpu_put_ret_cuModuleGetFunction(body, cap, &ret));
}

static size_t module(struct fake_channel *channel, uint8_t *body, size_t cap)
{
    struct vgpu_ret_cuModuleLoadDataEx ret = {.module = make_handle(VGPU_HANDLE_MODULE),
                                              .prints = atomic_load(&channel->broker->prints),
                                              .error_log = (const uint8_t *)"oops",
                                              .error_log_len = 4};

    return sized(vgpu_put_ret_cuModuleLoadDataEx(body, cap, &ret));
}

static size_t allocation(struct fake_channel *channel, const uint8_t *args, size_t len,
                         uint8_t *body, size_t cap)
{
    static _Atomic uint64_t next;
    struct vgpu_args_cuMemAlloc_v2 wanted = {.bytesize = 0};
    const struct vgpu_address_candidate *c =
        &vgpu_address_candidates[gs_address_candidate() < 0 ? 0 : gs_address_candidate()];
    struct vgpu_ret_cuMemAlloc_v2 ret;

    (void)vgpu_get_args_cuMemAlloc_v2(args, len, &wanted);
    ret.dptr = c->arena_base + channel->number * c->arena_stride +
               atomic_fetch_add(&next, (wanted.bytesize + 0x1fffff) / 0x200000) * 0x200000;
    return sized(vgpu_put_ret_cuMemAlloc_v2(body, cap, &ret));
}

static void fence(struct fake_channel *channel, uint32_t lane, uint64_t value)
{
    if (!atomic_load(&channel->broker->hold_fences)) {
        atomic_store(vgpu_channel_fence(channel->base, lane), value);
        fake_channel_interrupt(channel);
    }
}

static void take_fence(struct fake_channel *channel, const uint8_t *args, size_t len)
{
    struct vgpu_args_vgpuFence fence_args;

    if (vgpu_get_args_vgpuFence(args, len, &fence_args) == 0) {
        fence(channel, fence_args.lane, fence_args.value);
    }
}

static void take_event_wait(struct fake_channel *channel, const uint8_t *args, size_t len)
{
    struct vgpu_args_vgpuEventWait wait;

    if (vgpu_get_args_vgpuEventWait(args, len, &wait) == 0) {
        fence(channel, wait.lane, wait.value);
    }
}

static void take_record(struct fake_channel *channel, const uint8_t *args, size_t len)
{
    struct vgpu_args_vgpuRecord record;

    if (vgpu_get_args_vgpuRecord(args, len, &record) == 0) {
        fence(channel, record.lane, record.value);
    }
}

/* Done as soon as it came. */
static void take_copy(struct fake_channel *channel, const uint8_t *args, size_t len)
{
    struct vgpu_args_vgpuCopyHtoD copy;

    if (vgpu_get_args_vgpuCopyHtoD(args, len, &copy) == 0) {
        atomic_fetch_add(vgpu_channel_progress(channel->base, vgpu_handle_index_of(copy.stream)),
                         1);
        fake_channel_interrupt(channel);
    }
}

/* A fixed-size result of zeros. */
static size_t zeros(uint32_t op, uint8_t *body)
{
    memset(body, 0, 16);
    if (op == VGPU_OP_cuMemGetInfo_v2) {
        return 16;
    }
    return op == VGPU_OP_cuCtxGetLimit || op == VGPU_OP_cuEventElapsedTime_v2 ||
                   op == VGPU_OP_cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags ||
                   op == VGPU_OP_cuOccupancyAvailableDynamicSMemPerBlock
               ? 8
               : 0;
}

size_t fake_worker_answer(struct fake_channel *channel, const struct vgpu_record *record,
                          const uint8_t *args, size_t len, uint8_t *body, size_t cap, int32_t *cu)
{
    *cu = atomic_load(&channel->broker->result);
    switch (record->op) {
    case VGPU_OP_vgpuFence:
        take_fence(channel, args, len);
        return 0;
    case VGPU_OP_vgpuEventWait:
        take_event_wait(channel, args, len);
        return 0;
    case VGPU_OP_vgpuRecord:
        take_record(channel, args, len);
        return 0;
    case VGPU_OP_vgpuCopyHtoD:
        take_copy(channel, args, len);
        return 0;
    case VGPU_OP_vgpuFlush:
        return sized(vgpu_put_ret_vgpuFlush(body, cap, &(struct vgpu_ret_vgpuFlush){.end = 0}));
    case VGPU_OP_cuModuleLoadDataEx:
        return module(channel, body, cap);
    case VGPU_OP_cuMemAlloc_v2:
        return *cu == 0 ? allocation(channel, args, len, body, cap) : 0;
    case VGPU_OP_cuModuleGetFunction:
        return *cu == 0 ? function(body, cap) : 0;
    default:
        return *cu == 0 ? zeros(record->op, body) : 0;
    }
}
