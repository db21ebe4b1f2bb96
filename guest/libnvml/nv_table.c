/* SPDX-License-Identifier: Apache-2.0 */
#include "nvml_api.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libnvml/library.h"

/*
 * The table that nvidia-smi asks for before anything else and gives up without.  Slot 0 is its
 * size; the others are functions of which only those below are known, by what nvidia-smi 535 and
 * 580 pass.  The rest say that they are not supported.
 */
#define SLOTS 512

/* (index, &handle, 0x22): a handle by index. */
#define SLOT_HANDLE 81
/* Its messages, which it may keep. */
#define SLOT_LOG 26
/* (handle, &count, entries): compute, graphics and MPS processes with their names. */
#define SLOT_COMPUTE  213
#define SLOT_GRAPHICS 214
#define SLOT_MPS      215

/* An entry of the last three. */
struct process {
    nvmlProcessInfo_t info;
    unsigned long long protected_memory;
    char name[4096];
};

_Static_assert(sizeof(struct process) == 4128, "entry of the list");

typedef nvmlReturn_t (*slot_fn)(void);

union slot {
    size_t size;
    slot_fn fn;
    nvmlReturn_t (*handle)(unsigned int index, nvmlDevice_t *device);
    nvmlReturn_t (*list)(nvmlDevice_t device, unsigned int *count, struct process *list);
};

static nvmlReturn_t unknown(void)
{
    static atomic_bool told;

    return nv_unsupported("a slot of nvidia-smi's table", &told);
}

static nvmlReturn_t quiet(void)
{
    return NVML_SUCCESS;
}

static nvmlReturn_t list_none(nvmlDevice_t device, unsigned int *count, struct process *list)
{
    (void)list;
    if (count == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, NULL);
}

static void fill_process(struct process *entry, const nvmlProcessInfo_t *info)
{
    memset(entry, 0, sizeof(*entry));
    entry->info = *info;
    (void)nvmlSystemGetProcessName(info->pid, entry->name, sizeof(entry->name));
}

static nvmlReturn_t list_compute(nvmlDevice_t device, unsigned int *count, struct process *list)
{
    nvmlProcessInfo_t *infos = calloc(VGPU_SURVEY_PROCESSES_MAX, sizeof(*infos));
    unsigned int found = VGPU_SURVEY_PROCESSES_MAX;
    nvmlReturn_t ret = infos != NULL && count != NULL ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;

    if (ret == NVML_SUCCESS) {
        ret = nvmlDeviceGetComputeRunningProcesses_v3(device, &found, infos);
    }
    if (ret == NVML_SUCCESS && found > 0 && (list == NULL || found > *count)) {
        ret = NVML_ERROR_INSUFFICIENT_SIZE;
    }
    for (unsigned int i = 0; ret == NVML_SUCCESS && i < found; i++) {
        fill_process(&list[i], &infos[i]);
    }
    if (ret == NVML_SUCCESS || ret == NVML_ERROR_INSUFFICIENT_SIZE) {
        *count = found;
    }
    free(infos);
    return ret;
}

static union slot table[SLOTS];

static void fill(void)
{
    for (unsigned int i = 1; i < SLOTS; i++) {
        table[i].fn = unknown;
    }
    table[SLOT_LOG].fn = quiet;
    table[SLOT_HANDLE].handle = nvmlDeviceGetHandleByIndex_v2;
    table[SLOT_COMPUTE].list = list_compute;
    table[SLOT_GRAPHICS].list = list_none;
    table[SLOT_MPS].list = list_none;
    table[0].size = SLOTS * sizeof(table[0]);
}

nvmlReturn_t nv_nvmlInternalGetExportTable(const void **out, const void *id)
{
    static const unsigned char known[16] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
                                            0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (memcmp(id, known, sizeof(known)) != 0) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    (void)pthread_once(&once, fill);
    *out = table;
    return NVML_SUCCESS;
}
