/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/process.h"
#include "guest/libcuda/stub.h"

CUresult gs_cuInit(unsigned int Flags)
{
    CUresult cu;

    if (Flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (gs_host_call_inside()) {
        return CUDA_ERROR_NOT_PERMITTED;
    }
    cu = gs_process_connect();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (gs_device_count() == 0) {
        return CUDA_ERROR_NO_DEVICE;
    }
    gs_process_start();
    return CUDA_SUCCESS;
}

/* Programs ask before cuInit; without a host the answer is what this library speaks. */
CUresult gs_cuDriverGetVersion(int *driverVersion)
{
    if (driverVersion == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    gs_process_connect_once();
    *driverVersion = gs_driver_version();
    return CUDA_SUCCESS;
}
