/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml_api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "guest/libnvml/library.h"
#include "proto/cuda_abi.h"

const char *nv_nvmlErrorString(nvmlReturn_t result)
{
    static const char *const texts[] = {
        [0] = "Success",
        [1] = "Uninitialized",
        [2] = "Invalid Argument",
        [3] = "Not Supported",
        [4] = "Insufficient Permissions",
        [5] = "Already Initialized",
        [6] = "Not Found",
        [7] = "Insufficient Size",
        [8] = "Insufficient External Power",
        [9] = "Driver Not Loaded",
        [10] = "Timeout",
        [11] = "Interrupt Request Issue",
        [12] = "NVML Shared Library Not Found",
        [13] = "Function Not Found",
        [14] = "Corrupted infoROM",
        [15] = "GPU is lost",
        [16] = "GPU requires reset",
        [17] = "GPU access blocked by the operating system",
        [18] = "Driver/library version mismatch",
        [19] = "In use by another client",
        [20] = "Insufficient Memory",
        [21] = "No data",
        [22] = "vGPU ECC not supported",
        [23] = "Insufficient Resources",
        [24] = "Invalid Frequency",
        [25] = "Argument version mismatch",
        [26] = "Requested functionality has been deprecated",
        [27] = "System is not in ready state",
    };
    unsigned int code = (unsigned int)result;

    return code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "Unknown Error";
}

nvmlReturn_t nv_nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
    const char *release = nv_system()->release;

    return release[0] != '\0' ? nv_copy_text(version, length, release) : NVML_ERROR_NOT_SUPPORTED;
}

/* The release is the driver's: this library belongs to whatever runs on the host. */
nvmlReturn_t nv_nvmlSystemGetNVMLVersion(char *version, unsigned int length)
{
    char text[VGPU_TEXT_BYTES_MAX + 16];
    const char *release = "0";
    int cuda = CUDA_VERSION;
    bool ready = nv_enter() == NVML_SUCCESS;

    if (ready && nv_system()->release[0] != '\0') {
        release = nv_system()->release;
        cuda = nv_system()->cuda_version;
    }
    (void)snprintf(text, sizeof(text), "%d.%s", cuda / 1000, release);
    if (ready) {
        nv_leave();
    }
    return nv_copy_text(version, length, text);
}

nvmlReturn_t nv_nvmlSystemGetCudaDriverVersion_v2(int *cudaDriverVersion)
{
    *cudaDriverVersion = CUDA_VERSION;
    if (nv_enter() == NVML_SUCCESS) {
        *cudaDriverVersion = nv_system()->cuda_version;
        nv_leave();
    }
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlSystemGetProcessName(unsigned int pid, char *name, unsigned int length)
{
    char path[32];
    char line[1024];
    size_t got;

    (void)snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
    VGPU_CLEANUP_FILE FILE *file = fopen(path, "re");

    if (length == 0) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    if (file == NULL) {
        return errno == EACCES ? NVML_ERROR_NO_PERMISSION : NVML_ERROR_NOT_FOUND;
    }
    got = fread(line, 1, sizeof(line) - 1, file);
    line[got] = '\0';
    if (strlen(line) >= length) {
        line[length - 1] = '\0';
    }
    return nv_copy_text(name, length, line);
}

nvmlReturn_t nv_nvmlUnitGetCount(unsigned int *unitCount)
{
    *unitCount = 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlGetExcludedDeviceCount(unsigned int *deviceCount)
{
    *deviceCount = 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *state)
{
    *state = (nvmlConfComputeSystemState_t){.environment = 0};
    return NVML_SUCCESS;
}

nvmlReturn_t nv_nvmlSystemGetConfComputeSettings(nvmlSystemConfComputeSettings_t *settings)
{
    unsigned int version = NVML_ABI_VERSION(nvmlSystemConfComputeSettings_v1_t, 1);

    if (settings->version != version) {
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    }
    *settings = (nvmlSystemConfComputeSettings_t){.version = version};
    return NVML_SUCCESS;
}
