/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdint.h>
#include <stdio.h>

#include "gs_proc_rows.h"
#include "guest/libcuda/log.h"
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
    (void)gs_process_connect();
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

/* This release has no internal tables.  Each UUID is told once: a small set of their hashes. */
static bool first_time(const CUuuid *id)
{
    static _Atomic uint64_t seen[32];
    uint64_t hash = 0xcbf29ce484222325ull;

    for (unsigned int i = 0; i < sizeof(id->bytes); i++) {
        hash = (hash ^ (unsigned char)id->bytes[i]) * 0x100000001b3ull;
    }
    hash |= 1;
    for (unsigned int i = 0; i < 32; i++) {
        uint64_t none = 0;

        if (atomic_compare_exchange_strong(&seen[i], &none, hash)) {
            return true;
        }
        if (none == hash) {
            return false;
        }
    }
    return false;
}

CUresult gs_cuGetExportTable(const void **ppExportTable, const CUuuid *pExportTableId)
{
    char text[40];
    size_t at = 0;

    if (ppExportTable == NULL || pExportTableId == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *ppExportTable = NULL;
    if (first_time(pExportTableId)) {
        for (unsigned int i = 0; i < sizeof(pExportTableId->bytes); i++) {
            const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%02x", dash,
                                   (unsigned char)pExportTableId->bytes[i]);
        }
        gs_log("there is no export table %s", text);
    }
    return CUDA_ERROR_INVALID_VALUE;
}
