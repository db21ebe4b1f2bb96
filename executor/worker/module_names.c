/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "executor/worker/session.h"

/* The dispatcher's: what travels back. */
static uint8_t names[VGPU_NAME_BYTES_MAX];

/* Every kernel of a module, owned by the caller; *count of them. */
static CUresult list_functions(struct ex_session *x, CUmodule module, CUfunction **list,
                               unsigned int *count)
{
    CUresult cu = x->driver->cuModuleGetFunctionCount(count, module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *list = calloc((size_t)*count + 1, sizeof(void *));
    if (*list == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return *count > 0 ? x->driver->cuModuleEnumerateFunctions(*list, *count, module) : CUDA_SUCCESS;
}

/* Adds a name and its NUL; 801 for one that fits nowhere.  *used stays when there is no room. */
static CUresult add_name(struct ex_session *x, CUfunction function, uint32_t *used, bool *full)
{
    const char *name = NULL;
    CUresult cu = x->driver->cuFuncGetName(&name, function);
    size_t len;

    if (cu != CUDA_SUCCESS || name == NULL) {
        return cu != CUDA_SUCCESS ? cu : CUDA_ERROR_NOT_FOUND;
    }
    len = strlen(name) + 1;
    if (len > sizeof(names) - *used) {
        *full = true;
        return len > sizeof(names) ? CUDA_ERROR_NOT_SUPPORTED : CUDA_SUCCESS;
    }
    memcpy(names + *used, name, len);
    *used += (uint32_t)len;
    return CUDA_SUCCESS;
}

CUresult ex_do_vgpuModuleNames(struct ex_session *session,
                               const struct vgpu_args_vgpuModuleNames *args,
                               struct vgpu_ret_vgpuModuleNames *ret)
{
    VGPU_CLEANUP_FREE CUfunction *list = NULL;
    CUmodule module = NULL;
    unsigned int count = 0;
    uint32_t used = 0;
    bool full = false;
    CUresult cu = ex_get_module(session, args->module, &module);

    if (session->driver->cuModuleGetFunctionCount == NULL ||
        session->driver->cuModuleEnumerateFunctions == NULL ||
        session->driver->cuFuncGetName == NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        cu = list_functions(session, module, &list, &count);
    }
    for (unsigned int i = args->first; cu == CUDA_SUCCESS && i < count && !full; i++) {
        cu = add_name(session, list[i], &used, &full);
    }
    ret->names = names;
    ret->names_len = used;
    return cu;
}
