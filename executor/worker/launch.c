/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/launch.h"

#include <stdbool.h>
#include <string.h>

#include "ex_dispatch.h"
#include "executor/worker/event.h"
#include "executor/worker/module.h"
#include "executor/worker/session.h"

void **ex_params_of(struct ex_params *p, const uint8_t *bytes, uint32_t len)
{
    p->bytes = len;
    p->extra[0] = CU_LAUNCH_PARAM_BUFFER_POINTER;
    memcpy(&p->extra[1], &bytes, sizeof(bytes));
    p->extra[2] = CU_LAUNCH_PARAM_BUFFER_SIZE;
    p->extra[3] = &p->bytes;
    p->extra[4] = CU_LAUNCH_PARAM_END;
    return len > 0 ? p->extra : NULL;
}

/* What every launch needs; the driver reads as many bytes as the kernel declares. */
static CUresult enter(struct ex_session *x, uint64_t function, uint64_t stream, uint32_t len,
                      struct ex_function **f, struct ex_stream **s)
{
    CUresult cu = ex_stream_enter(x, stream, s);

    *f = vgpu_handles_get(x->functions, function);
    if (cu == CUDA_SUCCESS && *f == NULL) {
        cu = CUDA_ERROR_INVALID_HANDLE;
    }
    return cu == CUDA_SUCCESS && len < (*f)->param_bytes ? CUDA_ERROR_INVALID_VALUE : cu;
}

CUresult ex_do_cuLaunchKernel(struct ex_session *session,
                              const struct vgpu_args_cuLaunchKernel *args,
                              struct vgpu_ret_cuLaunchKernel *ret)
{
    struct ex_function *f = NULL;
    struct ex_stream *s = NULL;
    struct ex_params params;
    CUresult cu = enter(session, args->function, args->stream, args->params_len, &f, &s);

    (void)ret;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = session->driver->cuLaunchKernel(f->cu, args->grid_x, args->grid_y, args->grid_z,
                                         args->block_x, args->block_y, args->block_z,
                                         args->shared_bytes, s->cu, NULL,
                                         ex_params_of(&params, args->params, args->params_len));
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
    }
    return cu;
}

/* An attribute whose value names something: 1 or 400 unless it is the session's own. */
static CUresult take_named(struct ex_session *x, CUlaunchAttribute *a)
{
    const CUaccessPolicyWindow *window = &a->value.accessPolicyWindow;

    if (a->id == CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW) {
        return ex_check_device(x, (uint64_t)(uintptr_t)window->base_ptr, window->num_bytes);
    }
    /* Both kinds of event stand at the start of the value. */
    return ex_event_for_record(x, (uint64_t)(uintptr_t)a->value.launchCompletionEvent.event,
                               &a->value.launchCompletionEvent.event);
}

static CUresult take_attribute(struct ex_session *x, CUlaunchAttribute *a)
{
    switch ((int)a->id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
        return take_named(x, a);
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
        return CUDA_SUCCESS;
    default: /* what it would mean is not known here */
        return CUDA_ERROR_INVALID_VALUE;
    }
}

/* The dispatcher's: a list is used by one call. */
static CUlaunchAttribute list[VGPU_LAUNCH_ATTRIBUTES_MAX];

CUresult ex_launch_attributes(struct ex_session *x, const uint8_t *bytes, uint32_t len,
                              CUlaunchConfig *config)
{
    CUresult cu = CUDA_SUCCESS;

    if (len % sizeof(list[0]) != 0 || len > sizeof(list)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (len > 0) {
        memcpy(list, bytes, len);
    }
    config->attrs = list;
    config->numAttrs = (unsigned int)(len / sizeof(list[0]));
    for (unsigned int i = 0; i < config->numAttrs && cu == CUDA_SUCCESS; i++) {
        cu = take_attribute(x, &list[i]);
    }
    return cu;
}

CUresult ex_do_cuLaunchKernelEx(struct ex_session *session,
                                const struct vgpu_args_cuLaunchKernelEx *args,
                                struct vgpu_ret_cuLaunchKernelEx *ret)
{
    CUlaunchConfig config = {.gridDimX = args->grid_x,
                             .gridDimY = args->grid_y,
                             .gridDimZ = args->grid_z,
                             .blockDimX = args->block_x,
                             .blockDimY = args->block_y,
                             .blockDimZ = args->block_z,
                             .sharedMemBytes = args->shared_bytes};
    struct ex_function *f = NULL;
    struct ex_stream *s = NULL;
    struct ex_params params;
    CUresult cu = enter(session, args->function, args->stream, args->params_len, &f, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS && session->driver->cuLaunchKernelEx == NULL) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        cu = ex_launch_attributes(session, args->attributes, args->attributes_len, &config);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    config.hStream = s->cu;
    cu = session->driver->cuLaunchKernelEx(&config, f->cu, NULL,
                                           ex_params_of(&params, args->params, args->params_len));
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
    }
    return cu;
}

CUresult ex_do_vgpuClusters(struct ex_session *session, const struct vgpu_args_vgpuClusters *args,
                            struct vgpu_ret_vgpuClusters *ret)
{
    CUlaunchConfig config = {.gridDimX = args->grid_x,
                             .gridDimY = args->grid_y,
                             .gridDimZ = args->grid_z,
                             .blockDimX = args->block_x,
                             .blockDimY = args->block_y,
                             .blockDimZ = args->block_z,
                             .sharedMemBytes = args->shared_bytes};
    CUfunction function = NULL;
    CUresult (*ask)(int *, CUfunction, const CUlaunchConfig *) =
        args->largest != 0 ? session->driver->cuOccupancyMaxPotentialClusterSize
                           : session->driver->cuOccupancyMaxActiveClusters;
    CUresult cu = ex_get_function(session, args->function, &function);

    if (cu == CUDA_SUCCESS && ask == NULL) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        cu = ex_launch_attributes(session, args->attributes, args->attributes_len, &config);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    int value = 0;

    cu = ask(&value, function, &config);
    ret->value = value;
    return cu;
}
