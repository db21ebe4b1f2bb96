/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_kernel.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/launch.h"
#include "guest/libcuda/module.h"
#include "guest/libcuda/stub.h"

/* Attributes that a node can have.  Of the others a launch's order with the one before it becomes a
 * full dependency, hints are left out, and events that a launch records are refused. */
bool gs_kernel_attribute_is_known(CUlaunchAttributeID id)
{
    switch ((int)id) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
        return true;
    default:
        return false;
    }
}

CUlaunchAttribute *gs_kernel_attribute(const struct gs_kernel_node *kernel, CUlaunchAttributeID id)
{
    for (uint32_t i = 0; i < kernel->attribute_count; i++) {
        if (kernel->attributes[i].id == id) {
            return &kernel->attributes[i];
        }
    }
    return NULL;
}

CUresult gs_kernel_set_attribute(struct gs_kernel_node *kernel, CUlaunchAttributeID id,
                                 const CUlaunchAttributeValue *value)
{
    CUlaunchAttribute *at;

    if (!gs_kernel_attribute_is_known(id)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (kernel->attributes == NULL) {
        kernel->attributes = calloc(VGPU_LAUNCH_ATTRIBUTES_MAX, sizeof(*kernel->attributes));
    }
    if (kernel->attributes == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    at = gs_kernel_attribute(kernel, id);
    if (at == NULL) {
        if (kernel->attribute_count == VGPU_LAUNCH_ATTRIBUTES_MAX) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        at = &kernel->attributes[kernel->attribute_count++];
    }
    at->id = id;
    at->value = *value;
    return CUDA_SUCCESS;
}

/* The list of a launch, as far as it means something to a node. */
static CUresult take_attributes(const CUlaunchConfig *config, struct gs_kernel_node *kernel)
{
    CUresult cu = CUDA_SUCCESS;

    if (config->numAttrs > 0 && config->attrs == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < config->numAttrs && cu == CUDA_SUCCESS; i++) {
        const CUlaunchAttribute *a = &config->attrs[i];

        if (a->id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT ||
            a->id == CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT ||
            a->id == CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE) {
            cu = gs_unsupported_here("with an event or a node of the device among the attributes");
        } else if (gs_kernel_attribute_is_known(a->id)) {
            cu = gs_kernel_set_attribute(kernel, a->id, &a->value);
        }
    }
    return cu;
}

/* The pointers that GetParams shows: one per parameter into our bytes, NULL behind the last. */
static bool show_params(const struct gs_function *f, struct gs_kernel_node *kernel)
{
    void **pointers = calloc((size_t)f->param_count + 1, sizeof(void *));

    kernel->shown.kernelParams = pointers;
    kernel->shown.extra = NULL;
    for (uint32_t i = 0; pointers != NULL && i < f->param_count; i++) {
        pointers[i] = kernel->bytes + f->params[i].offset;
    }
    return pointers != NULL;
}

static CUresult take_params(const struct gs_launch *l, struct gs_kernel_node *kernel)
{
    size_t len = l->function->param_bytes;
    CUresult cu;

    kernel->bytes = calloc(1, len > 0 ? len : 1);
    if (kernel->bytes == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_launch_params(l->function, l->params, l->extra, kernel->bytes, &len);
    kernel->len = (uint32_t)len;
    return cu == CUDA_SUCCESS && !show_params(l->function, kernel) ? CUDA_ERROR_OUT_OF_MEMORY : cu;
}

CUresult gs_params_launch(const struct gs_launch *l, struct gs_node_params *params)
{
    struct gs_context *context = l->function->module->context;
    CUresult cu = gs_launch_check(context->device, l->function, &l->config);

    *params = (struct gs_node_params){.type = CU_GRAPH_NODE_TYPE_KERNEL};
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    params->kernel.shown = (CUDA_KERNEL_NODE_PARAMS){
        .func = gs_function_handle(l->function),
        .gridDimX = l->config.gridDimX,
        .gridDimY = l->config.gridDimY,
        .gridDimZ = l->config.gridDimZ,
        .blockDimX = l->config.blockDimX,
        .blockDimY = l->config.blockDimY,
        .blockDimZ = l->config.blockDimZ,
        .sharedMemBytes = l->config.sharedMemBytes,
        .kern = (CUkernel)(uintptr_t)atomic_load(&l->function->kernel),
        .ctx = gs_context_handle(context),
    };
    gs_params_set_context(params, context);
    cu = take_params(l, &params->kernel);
    if (cu == CUDA_SUCCESS) {
        cu = take_attributes(&l->config, &params->kernel);
    }
    if (cu != CUDA_SUCCESS) {
        gs_node_params_free(params);
    }
    return cu;
}

/* A function says where it belongs; a kernel is that of the context named, or of the current one.
 */
static CUresult find_function(const CUDA_KERNEL_NODE_PARAMS *p, struct gs_function **f)
{
    CUfunction handle = p->func != NULL ? p->func : (CUfunction)(void *)p->kern;
    struct gs_call call = {.thread = gs_thread_get()};
    CUresult cu;

    if (handle == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (vgpu_handle_kind_of((uint64_t)(uintptr_t)handle) != VGPU_HANDLE_KERNEL) {
        return gs_function_find(handle, f);
    }
    cu = gs_params_context(p->ctx, &call.context);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    call.session = call.context->session;
    return call.thread != NULL ? gs_function_in(&call, handle, f) : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult gs_params_kernel(const CUDA_KERNEL_NODE_PARAMS *p, struct gs_node_params *params)
{
    struct gs_launch launch = {.function = NULL};
    CUresult cu;

    if (p == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = find_function(p, &launch.function);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    launch.config = (CUlaunchConfig){
        .gridDimX = p->gridDimX,
        .gridDimY = p->gridDimY,
        .gridDimZ = p->gridDimZ,
        .blockDimX = p->blockDimX,
        .blockDimY = p->blockDimY,
        .blockDimZ = p->blockDimZ,
        .sharedMemBytes = p->sharedMemBytes,
    };
    launch.params = p->kernelParams;
    launch.extra = p->extra;
    return gs_params_launch(&launch, params);
}
