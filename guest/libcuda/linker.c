/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/linker.h"

#include <stdlib.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/hostmem.h"

/* The result comes through the window in parts of this. */
#define PART_BYTES ((size_t)16 << 20)

CUresult gs_linker_known(CUlinkState handle, struct gs_linker **linker)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_session *s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_session_of(value, VGPU_HANDLE_LINK);
    *linker = s != NULL ? vgpu_handles_get(s->linkers, gs_handle_wire(value)) : NULL;
    if (*linker == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return gs_thread_get() != NULL && gs_thread_buffer(gs_thread_get(), GS_BUFFER_SCRATCH) != NULL
               ? CUDA_SUCCESS
               : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult gs_linker_find(CUlinkState handle, struct gs_linker **linker)
{
    CUresult cu = gs_linker_known(handle, linker);

    return cu == CUDA_SUCCESS ? gs_session_error((*linker)->session) : cu;
}

CUlinkState gs_linker_handle(const struct gs_linker *linker)
{
    return (CUlinkState)(uintptr_t)gs_handle_public(linker->session, linker->wire);
}

CUresult gs_linker_new(const struct gs_call *call, const struct gs_jit *jit,
                       struct gs_linker **linker)
{
    struct vgpu_args_cuLinkCreate_v2 args = {.info_log_size = gs_jit_info_size(jit),
                                             .error_log_size = gs_jit_error_size(jit),
                                             .options = jit->wire,
                                             .options_len = jit->wire_len};
    struct vgpu_ret_cuLinkCreate_v2 ret;
    struct gs_linker *made = calloc(1, sizeof(*made));
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (made != NULL) {
        cu = gs_call_cuLinkCreate_v2(call->session, &args, &ret);
    }
    if (cu == CUDA_SUCCESS) {
        made->session = call->session;
        made->context = call->context;
        made->wire = ret.link;
        made->jit = *jit;
        cu = vgpu_handles_accept(call->session->linkers, ret.link, made) == 0
                 ? CUDA_SUCCESS
                 : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    *linker = made;
    return CUDA_SUCCESS;
}

static CUresult send_input(struct gs_linker *linker, struct vgpu_args_cuLinkAddData_v2 *args)
{
    struct vgpu_ret_cuLinkAddData_v2 ret;
    struct gs_jit_logs logs;
    CUresult cu;

    memset(&ret, 0, sizeof(ret));
    cu = gs_call_cuLinkAddData_v2(linker->session, args, &ret);
    logs = (struct gs_jit_logs){.info = ret.info_log,
                                .error = ret.error_log,
                                .info_len = ret.info_log_len,
                                .error_len = ret.error_log_len};
    gs_jit_give(&linker->jit, &logs);
    return cu;
}

CUresult gs_linker_add(struct gs_linker *linker, CUjitInputType type, const void *data, size_t size,
                       const char *name, const struct gs_jit *jit)
{
    struct vgpu_args_cuLinkAddData_v2 args = {.link = linker->wire,
                                              .size = size,
                                              .type = (uint32_t)type,
                                              .name = (const uint8_t *)name,
                                              .options = jit->wire,
                                              .options_len = jit->wire_len};
    CUresult cu;

    if (size == 0 || size > VGPU_MODULE_BYTES_MAX) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    args.name_len = (uint32_t)strnlen(name, VGPU_TEXT_BYTES_MAX);
    cu = gs_hostmem_borrow(&linker->session->host, size, &args.offset);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    memcpy(linker->session->window + args.offset, data, size);
    cu = send_input(linker, &args);
    gs_hostmem_return(linker->session, args.offset, size);
    return cu;
}

static CUresult read_part(struct gs_linker *linker, uint64_t offset, size_t from, size_t bytes)
{
    struct vgpu_args_vgpuLinkRead args = {
        .link = linker->wire, .from = from, .offset = offset, .bytes = bytes};
    struct vgpu_ret_vgpuLinkRead ret;
    CUresult cu = gs_call_vgpuLinkRead(linker->session, &args, &ret);

    if (cu == CUDA_SUCCESS) {
        memcpy((uint8_t *)linker->cubin + from, linker->session->window + offset, bytes);
    }
    return cu;
}

static CUresult fetch(struct gs_linker *linker, size_t size)
{
    size_t room = size < PART_BYTES ? size : PART_BYTES;
    uint64_t offset;
    CUresult cu = gs_hostmem_borrow(&linker->session->host, room, &offset);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    for (size_t at = 0; cu == CUDA_SUCCESS && at < size; at += room) {
        cu = read_part(linker, offset, at, size - at < room ? size - at : room);
    }
    gs_hostmem_return(linker->session, offset, room);
    return cu;
}

CUresult gs_linker_complete(struct gs_linker *linker)
{
    struct vgpu_args_cuLinkComplete args = {.link = linker->wire};
    struct vgpu_ret_cuLinkComplete ret;
    struct gs_jit_logs logs;
    CUresult cu;

    if (linker->cubin != NULL) {
        return CUDA_SUCCESS;
    }
    memset(&ret, 0, sizeof(ret));
    cu = gs_call_cuLinkComplete(linker->session, &args, &ret);
    logs = (struct gs_jit_logs){.info = ret.info_log,
                                .error = ret.error_log,
                                .info_len = ret.info_log_len,
                                .error_len = ret.error_log_len,
                                .wall_time_us = ret.wall_time_us};
    gs_jit_give(&linker->jit, &logs);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    linker->cubin = ret.size <= VGPU_MODULE_BYTES_MAX ? malloc(ret.size + 1) : NULL;
    if (linker->cubin == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = fetch(linker, ret.size);
    if (cu != CUDA_SUCCESS) {
        free(linker->cubin);
        linker->cubin = NULL;
        return cu;
    }
    ((uint8_t *)linker->cubin)[ret.size] = '\0';
    linker->cubin_bytes = ret.size;
    return CUDA_SUCCESS;
}

/* Out of the table first: another thread may be given the same handle as soon as the worker has let
 * go of it. */
CUresult gs_linker_destroy(struct gs_linker *linker)
{
    struct vgpu_args_cuLinkDestroy args = {.link = linker->wire};
    struct gs_session *s = linker->session;
    struct vgpu_ret_cuLinkDestroy ret;

    if (vgpu_handles_take(s->linkers, linker->wire) == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    gs_linker_free(linker);
    return gs_session_told(s, gs_call_cuLinkDestroy(s, &args, &ret));
}

void gs_linker_free(struct gs_linker *linker)
{
    free(linker->cubin);
    free(linker);
}
