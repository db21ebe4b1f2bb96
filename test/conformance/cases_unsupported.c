/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls that vgpu does not offer: each says so with CUDA_ERROR_NOT_SUPPORTED
 * and changes nothing.  A call that becomes supported loses its case here.
 */
#include "test/conformance/conf.h"

#include <string.h>

/* The arguments are words in registers; what a call does not take it ignores. */
typedef CUresult (*any_call)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

static unsigned long long scratch[8][64];

/* Every pointer argument names valid, zeroed memory of its own. */
static void not_supported(const char *symbol)
{
    void *sym = driver_api_symbol(symbol);
    static const unsigned long long zeros[8][64];
    any_call call;
    CUresult cu;

    if (!sym) {
        conf_skip("not exported");
    }
    conf_context();
    memcpy(&call, &sym, sizeof(call));
    cu = call((uintptr_t)scratch[0], (uintptr_t)scratch[1], (uintptr_t)scratch[2],
              (uintptr_t)scratch[3], (uintptr_t)scratch[4], (uintptr_t)scratch[5]);
    CONF_EXPECT(cu == CUDA_ERROR_NOT_SUPPORTED);
    CONF_EXPECT(!memcmp(scratch, zeros, sizeof(scratch)));
    CONF_OK(cuCtxSynchronize());
}

CONF_UNSUPPORTED(cuMemAllocManaged, says_so)
{
    not_supported("cuMemAllocManaged");
}

CONF_UNSUPPORTED(cuMemPrefetchAsync, says_so)
{
    not_supported("cuMemPrefetchAsync");
}

CONF_UNSUPPORTED(cuMemAdvise, says_so)
{
    not_supported("cuMemAdvise");
}

CONF_UNSUPPORTED(cuIpcGetMemHandle, says_so)
{
    not_supported("cuIpcGetMemHandle");
}

CONF_UNSUPPORTED(cuIpcOpenMemHandle_v2, says_so)
{
    not_supported("cuIpcOpenMemHandle_v2");
}

CONF_UNSUPPORTED(cuIpcGetEventHandle, says_so)
{
    not_supported("cuIpcGetEventHandle");
}

CONF_UNSUPPORTED(cuImportExternalMemory, says_so)
{
    not_supported("cuImportExternalMemory");
}

CONF_UNSUPPORTED(cuImportExternalSemaphore, says_so)
{
    not_supported("cuImportExternalSemaphore");
}

CONF_UNSUPPORTED(cuCtxEnablePeerAccess, says_so)
{
    not_supported("cuCtxEnablePeerAccess");
}

CONF_UNSUPPORTED(cuMulticastCreate, says_so)
{
    not_supported("cuMulticastCreate");
}

CONF_UNSUPPORTED(cuGreenCtxCreate, says_so)
{
    not_supported("cuGreenCtxCreate");
}

CONF_UNSUPPORTED(cuMemExportToShareableHandle, says_so)
{
    not_supported("cuMemExportToShareableHandle");
}

CONF_UNSUPPORTED(cuModuleGetTexRef, says_so)
{
    not_supported("cuModuleGetTexRef");
}

CONF_UNSUPPORTED(cuProfilerInitialize, says_so)
{
    not_supported("cuProfilerInitialize");
}
