/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/launch.h"

#include <string.h>

#include "guest/libcuda/event.h"

/* How many bytes of its value an attribute has: the rest is not read. */
static size_t value_bytes(CUlaunchAttributeID id)
{
    const CUlaunchAttributeValue *v = NULL;

    switch ((int)id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        return sizeof(v->accessPolicyWindow);
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
        return sizeof(v->clusterDim);
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
        return sizeof(v->programmaticEvent);
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
        return sizeof(v->launchCompletionEvent);
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
        return sizeof(v->memSyncDomainMap);
    default:
        return sizeof(int);
    }
}

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

/* Both kinds of event stand at the start of the value. */
static CUresult take_event(struct gs_attributes *a, CUlaunchAttribute *to)
{
    struct gs_event *event;
    CUresult cu = gs_event_find(to->value.launchCompletionEvent.event, &event);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((event->flags & CU_EVENT_DISABLE_TIMING) == 0) {
        return CUDA_ERROR_NOT_SUPPORTED; /* as native */
    }
    if (a->event_count == 2) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    a->events[a->event_count++] = event;
    to->value.launchCompletionEvent.event = NULL;
    a->hash = hash_bytes(a->hash, to, sizeof(*to));
    to->value.launchCompletionEvent.event = (CUevent)(uintptr_t)event->wire;
    return CUDA_SUCCESS;
}

static CUresult take_one(struct gs_attributes *a, const CUlaunchAttribute *from)
{
    CUlaunchAttribute *to = &a->list[a->count];

    if (from->id == CU_LAUNCH_ATTRIBUTE_IGNORE) {
        return CUDA_SUCCESS;
    }
    if (from->id == CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (a->count == VGPU_LAUNCH_ATTRIBUTES_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memset(to, 0, sizeof(*to));
    to->id = from->id;
    memcpy(&to->value, &from->value, value_bytes(from->id));
    a->count++;
    if (to->id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT ||
        to->id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT) {
        return take_event(a, to);
    }
    if (to->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
        memcpy(a->cluster, &to->value.clusterDim, sizeof(a->cluster));
    }
    a->hash = hash_bytes(a->hash, to, sizeof(*to));
    return CUDA_SUCCESS;
}

CUresult gs_attributes_take(const CUlaunchConfig *config, struct gs_attributes *attributes)
{
    CUresult cu = CUDA_SUCCESS;

    attributes->count = 0;
    attributes->event_count = 0;
    attributes->hash = 0xcbf29ce484222325u;
    memset(attributes->cluster, 0, sizeof(attributes->cluster));
    if (config->numAttrs > 0 && config->attrs == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < config->numAttrs && cu == CUDA_SUCCESS; i++) {
        cu = take_one(attributes, &config->attrs[i]);
    }
    return cu;
}
