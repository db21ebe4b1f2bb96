/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/stream.h"

#include <string.h>

/* Attributes of streams: kept and given back, without effect here. */

void stream_attr_init(struct CUstream_st *s)
{
    memset(s->attr, 0, sizeof(s->attr));
    s->attr[CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY].syncPolicy = (CUsynchronizationPolicy)-1;
    s->attr[CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP].memSyncDomainMap.remote = 1;
}

static bool known(CUstreamAttrID attr)
{
    return attr == CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW ||
           attr == CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY ||
           attr == CU_LAUNCH_ATTRIBUTE_PRIORITY ||
           attr == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP ||
           attr == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN;
}

/* Memory synchronisation domains of the hardware that is modelled. */
#define DOMAINS 4

static bool valid(CUstreamAttrID attr, const CUstreamAttrValue *v)
{
    switch ((int)attr) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        return v->accessPolicyWindow.hitRatio >= 0.0f && v->accessPolicyWindow.hitRatio <= 1.0f &&
               v->accessPolicyWindow.hitProp <= CU_ACCESS_PROPERTY_PERSISTING &&
               v->accessPolicyWindow.missProp < CU_ACCESS_PROPERTY_PERSISTING;
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        return v->syncPolicy >= CU_SYNC_POLICY_AUTO &&
               v->syncPolicy <= CU_SYNC_POLICY_BLOCKING_SYNC;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
        return v->memSyncDomainMap.default_ < DOMAINS && v->memSyncDomainMap.remote < DOMAINS;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
        return v->memSyncDomain <= CU_LAUNCH_MEM_SYNC_DOMAIN_REMOTE;
    default:
        return true;
    }
}

/* Begin a call on a stream's attribute; on success the caller ends it. */
static CUresult begin(const char *call, CUstream handle, struct CUstream_st **s)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = stream_resolve(ctx, handle, s);
    return cu == CUDA_SUCCESS ? CUDA_SUCCESS : sim_end(cu);
}

CUresult cuStreamSetAttribute(CUstream hStream, CUstreamAttrID attr, const CUstreamAttrValue *value)
{
    struct CUstream_st *s;
    CUresult cu = begin(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!known(attr) || value == NULL || !valid(attr, value)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    s->attr[attr] = *value;
    if (attr == CU_LAUNCH_ATTRIBUTE_PRIORITY) {
        s->priority = value->priority;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamGetAttribute(CUstream hStream, CUstreamAttrID attr, CUstreamAttrValue *value)
{
    struct CUstream_st *s;
    CUresult cu = begin(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!known(attr) || value == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *value = s->attr[attr];
    if (attr == CU_LAUNCH_ATTRIBUTE_PRIORITY) {
        value->priority = s->priority;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamCopyAttributes(CUstream dst, CUstream src)
{
    struct CUstream_st *to;
    struct CUstream_st *from;
    CUresult cu = begin(__func__, dst, &to);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = stream_resolve(to->ctx, src, &from);
    if (cu == CUDA_SUCCESS) {
        memcpy(to->attr, from->attr, sizeof(to->attr));
        to->priority = from->priority;
    }
    return sim_end(cu);
}
