/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdint.h>

#include "gs_proc_rows.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stub.h"

#define FLAGS_KNOWN                                                                                \
    (CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)

static CUresult find(const char *symbol, void **pfn, int version, cuuint64_t flags,
                     CUdriverProcAddressQueryResult *status)
{
    bool per_thread = (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) != 0;
    int host;

    /* Runtimes look everything up before cuInit: what there is depends on the host's driver. */
    gs_process_connect_once();
    host = gs_driver_version();
    if (symbol == NULL || pfn == NULL || (flags & ~(cuuint64_t)FLAGS_KNOWN) != 0 ||
        version > host) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    /* Native takes a negative version for the newest. */
    *pfn = gs_proc_find(symbol, version < 0 ? host : version, host, per_thread, status);
    return CUDA_SUCCESS;
}

CUresult gs_cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags,
                                CUdriverProcAddressQueryResult *symbolStatus)
{
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
    CUresult cu = find(symbol, pfn, cudaVersion, flags, &status);

    if (cu == CUDA_SUCCESS && symbolStatus != NULL) {
        *symbolStatus = status;
    }
    return cu;
}

CUresult gs_cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags)
{
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
    void *found = NULL;
    CUresult cu = find(symbol, pfn != NULL ? &found : NULL, cudaVersion, flags, &status);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (found == NULL) {
        return CUDA_ERROR_NOT_FOUND; /* and *pfn stays: measured */
    }
    *pfn = found;
    return CUDA_SUCCESS;
}
