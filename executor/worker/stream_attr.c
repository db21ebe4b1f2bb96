/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include <string.h>

#include "executor/worker/session.h"

/* Attributes that hold for streams.  A window names memory: it must be the session's. */
static CUresult check(struct ex_session *x, CUstreamAttrID attr, const CUstreamAttrValue *value)
{
    const CUaccessPolicyWindow *window = &value->accessPolicyWindow;

    switch ((int)attr) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        return window->num_bytes == 0
                   ? CUDA_SUCCESS
                   : ex_check_device(x, (uintptr_t)window->base_ptr, window->num_bytes);
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
        return CUDA_SUCCESS;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult ex_do_cuStreamSetAttribute(struct ex_session *session,
                                    const struct vgpu_args_cuStreamSetAttribute *args,
                                    struct vgpu_ret_cuStreamSetAttribute *ret)
{
    CUstreamAttrID attr = (CUstreamAttrID)args->attr;
    CUstreamAttrValue value;
    CUstream stream = NULL;
    CUresult cu = ex_get_stream(session, args->stream, &stream);

    (void)ret;
    if (cu == CUDA_SUCCESS && args->value_len != sizeof(value)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    memcpy(&value, args->value, sizeof(value));
    cu = check(session, attr, &value);
    if (cu == CUDA_SUCCESS && session->driver->cuStreamSetAttribute == NULL) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    return cu == CUDA_SUCCESS ? session->driver->cuStreamSetAttribute(stream, attr, &value) : cu;
}

CUresult ex_do_cuStreamCopyAttributes(struct ex_session *session,
                                      const struct vgpu_args_cuStreamCopyAttributes *args,
                                      struct vgpu_ret_cuStreamCopyAttributes *ret)
{
    CUstream dst = NULL;
    CUstream src = NULL;
    CUresult cu = ex_get_stream(session, args->dst, &dst);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_get_stream(session, args->src, &src);
    }
    if (cu == CUDA_SUCCESS && session->driver->cuStreamCopyAttributes == NULL) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    return cu == CUDA_SUCCESS ? session->driver->cuStreamCopyAttributes(dst, src) : cu;
}
