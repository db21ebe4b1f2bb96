/* SPDX-License-Identifier: Apache-2.0 */
/* Every answered NVML call: its answer, NULL, before nvmlInit, too little room. */
#include "nvml_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest/libnvml/device.h"
#include "test/unit/guest/fake_broker.h"

#define SUCCESS       NVML_SUCCESS
#define UNINITIALIZED NVML_ERROR_UNINITIALIZED
#define BAD           NVML_ERROR_INVALID_ARGUMENT
#define UNSUPPORTED   NVML_ERROR_NOT_SUPPORTED
#define TOTAL         (1ull << 20)

static struct fake_broker broker;

static nvmlDevice_t start(void)
{
    nvmlDevice_t device = NULL;

    CHILD_CHECK(nvmlInit_v2() == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetHandleByIndex_v2(0, &device) == SUCCESS);
    return device;
}

/* ---- nvmlInit and nvmlShutdown ------------------------------------------------ */

static void child_before_init(void)
{
    nvmlDevice_t device = NULL;
    unsigned int count = 9;
    char text[96];
    int version = 0;

    CHILD_CHECK(nvmlShutdown() == UNINITIALIZED);
    CHILD_CHECK(nvmlDeviceGetCount_v2(&count) == UNINITIALIZED && count == 9);
    CHILD_CHECK(nvmlDeviceGetCount_v2(NULL) == UNINITIALIZED);
    CHILD_CHECK(nvmlDeviceGetHandleByIndex_v2(0, &device) == UNINITIALIZED);
    CHILD_CHECK(nvmlDeviceGetName(device, text, sizeof(text)) == UNINITIALIZED);
    CHILD_CHECK(nvmlSystemGetDriverVersion(text, sizeof(text)) == UNINITIALIZED);
    CHILD_CHECK(nvmlEventSetWait_v2(NULL, NULL, 0) == UNINITIALIZED);
    CHILD_CHECK(nvmlSystemGetNVMLVersion(text, sizeof(text)) == SUCCESS);
    CHILD_CHECK(strcmp(text, "13.0") == 0);
    CHILD_CHECK(nvmlSystemGetCudaDriverVersion_v2(&version) == SUCCESS && version == 13000);
    CHILD_CHECK(strcmp(nvmlErrorString(NVML_ERROR_GPU_IS_LOST), "GPU is lost") == 0);
    CHILD_CHECK(strcmp(nvmlErrorString((nvmlReturn_t)12345), "Unknown Error") == 0);
}

static void child_counts_starts(void)
{
    unsigned int count = 0;

    CHILD_CHECK(nvmlInit_v2() == SUCCESS);
    CHILD_CHECK(nvmlInit() == SUCCESS);
    CHILD_CHECK(nvmlInitWithFlags(NVML_INIT_FLAG_NO_ATTACH) == SUCCESS);
    CHILD_CHECK(nvmlShutdown() == SUCCESS && nvmlShutdown() == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetCount(&count) == SUCCESS && count == 1);
    CHILD_CHECK(nvmlShutdown() == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetCount(&count) == UNINITIALIZED);
    CHILD_CHECK(nvmlShutdown() == UNINITIALIZED);
    CHILD_CHECK(nvmlInit_v2() == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetCount(&count) == SUCCESS);
}

static void child_is_refused(void)
{
    unsigned int count = 9;

    atomic_store(&broker.refuse_hello, 803);
    CHILD_CHECK(nvmlInit_v2() == NVML_ERROR_LIB_RM_VERSION_MISMATCH);
    atomic_store(&broker.refuse_hello, 802);
    CHILD_CHECK(nvmlInit_v2() == NVML_ERROR_DRIVER_NOT_LOADED);
    CHILD_CHECK(nvmlShutdown() == UNINITIALIZED);
    atomic_store(&broker.refuse_hello, 100);
    CHILD_CHECK(nvmlInit_v2() == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetCount_v2(&count) == SUCCESS && count == 0);
}

/* ---- the system ----------------------------------------------------------------- */

static void child_asks_the_system(void)
{
    char text[96];
    unsigned int number = 9;
    int version = 0;

    (void)start();
    CHILD_CHECK(nvmlSystemGetDriverVersion(NULL, 80) == BAD);
    CHILD_CHECK(nvmlSystemGetDriverVersion(text, 7) == NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(nvmlSystemGetDriverVersion(text, 8) == SUCCESS && strcmp(text, "580.1.2") == 0);
    CHILD_CHECK(nvmlSystemGetNVMLVersion(NULL, 80) == BAD);
    CHILD_CHECK(nvmlSystemGetNVMLVersion(text, 5) == NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(nvmlSystemGetNVMLVersion(text, 80) == SUCCESS && strcmp(text, "12.580.1.2") == 0);
    CHILD_CHECK(nvmlSystemGetCudaDriverVersion_v2(NULL) == BAD);
    CHILD_CHECK(nvmlSystemGetCudaDriverVersion_v2(&version) == SUCCESS && version == 12040);
    CHILD_CHECK(nvmlSystemGetCudaDriverVersion(&version) == SUCCESS && version == 12040);
    CHILD_CHECK(nvmlSystemGetProcessName((unsigned int)getpid(), NULL, 80) == BAD);
    CHILD_CHECK(nvmlSystemGetProcessName((unsigned int)getpid(), text, 0) == BAD);
    CHILD_CHECK(nvmlSystemGetProcessName(0, text, 80) == NVML_ERROR_NOT_FOUND);
    CHILD_CHECK(nvmlSystemGetProcessName((unsigned int)getpid(), text, 80) == SUCCESS);
    CHILD_CHECK(text[0] != '\0' && strlen(text) < 80);
    CHILD_CHECK(nvmlSystemGetProcessName((unsigned int)getpid(), text, 3) == SUCCESS);
    CHILD_CHECK(strlen(text) == 2);
    CHILD_CHECK(nvmlUnitGetCount(NULL) == BAD);
    CHILD_CHECK(nvmlUnitGetCount(&number) == SUCCESS && number == 0);
    number = 9;
    CHILD_CHECK(nvmlGetExcludedDeviceCount(NULL) == BAD);
    CHILD_CHECK(nvmlGetExcludedDeviceCount(&number) == SUCCESS && number == 0);
    number = 9;
    CHILD_CHECK(nvmlGetBlacklistDeviceCount(&number) == SUCCESS && number == 0);
}

static void child_asks_for_confidential_computing(void)
{
    nvmlConfComputeSystemState_t state = {9, 9, 9};
    nvmlSystemConfComputeSettings_t settings = {.version = 7, .ccFeature = 9};

    (void)start();
    CHILD_CHECK(nvmlSystemGetConfComputeState(NULL) == BAD);
    CHILD_CHECK(nvmlSystemGetConfComputeState(&state) == SUCCESS && state.ccFeature == 0);
    CHILD_CHECK(nvmlSystemGetConfComputeSettings(NULL) == BAD);
    CHILD_CHECK(nvmlSystemGetConfComputeSettings(&settings) ==
                NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    settings.version = NVML_ABI_VERSION(nvmlSystemConfComputeSettings_v1_t, 1);
    CHILD_CHECK(nvmlSystemGetConfComputeSettings(&settings) == SUCCESS && settings.ccFeature == 0);
}

static void child_has_no_release(void)
{
    char text[96];

    (void)start();
    CHILD_CHECK(nvmlSystemGetDriverVersion(text, sizeof(text)) == UNSUPPORTED);
    CHILD_CHECK(nvmlSystemGetNVMLVersion(text, sizeof(text)) == SUCCESS);
    CHILD_CHECK(strcmp(text, "13.0") == 0);
}

/* ---- devices ---------------------------------------------------------------------- */

static void child_finds_devices(void)
{
    nvmlDevice_t first = start();
    nvmlDevice_t second = NULL;
    nvmlDevice_t found = NULL;
    unsigned int number = 9;

    CHILD_CHECK(nvmlDeviceGetCount_v2(NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetCount_v2(&number) == SUCCESS && number == 2);
    CHILD_CHECK(nvmlDeviceGetHandleByIndex_v2(2, &found) == BAD);
    CHILD_CHECK(nvmlDeviceGetHandleByIndex_v2(0, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetHandleByIndex(1, &second) == SUCCESS && second != first);
    CHILD_CHECK(nvmlDeviceGetIndex(second, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetIndex(NULL, &number) == BAD);
    CHILD_CHECK(nvmlDeviceGetIndex((nvmlDevice_t)(void *)&number, &number) == BAD);
    CHILD_CHECK(nvmlDeviceGetIndex(second, &number) == SUCCESS && number == 1);
    /* The one that Welcome named last has the lower address. */
    CHILD_CHECK(nvmlDeviceGetHandleByUUID("GPU-02020202-0202-0202-0202-020202020202", &found) ==
                SUCCESS);
    CHILD_CHECK(found == first);
    CHILD_CHECK(nvmlDeviceGetHandleByUUID("GPU-02020202", &found) == NVML_ERROR_NOT_FOUND);
    CHILD_CHECK(nvmlDeviceGetHandleByUUID(NULL, &found) == BAD);
    CHILD_CHECK(nvmlDeviceGetHandleByUUID("", NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetHandleByPciBusId_v2("00000000:02:00.0", &found) == SUCCESS);
    CHILD_CHECK(found == second);
    CHILD_CHECK(nvmlDeviceGetHandleByPciBusId("1:0", &found) == SUCCESS && found == first);
    CHILD_CHECK(nvmlDeviceGetHandleByPciBusId_v2("0001:02:00.0", &found) == NVML_ERROR_NOT_FOUND);
    CHILD_CHECK(nvmlDeviceGetHandleByPciBusId_v2("02:00.1", &found) == NVML_ERROR_NOT_FOUND);
    CHILD_CHECK(nvmlDeviceGetHandleByPciBusId_v2("bus", &found) == NVML_ERROR_NOT_FOUND);
    CHILD_CHECK(nvmlDeviceGetHandleByPciBusId_v2(NULL, &found) == BAD);
}

static void child_asks_who_it_is(void)
{
    nvmlDevice_t device = start();
    nvmlPciInfo_t pci;
    nvmlPciInfo_t old;
    char text[96];

    CHILD_CHECK(nvmlDeviceGetName(device, NULL, 96) == BAD);
    CHILD_CHECK(nvmlDeviceGetName(NULL, text, 96) == BAD);
    CHILD_CHECK(nvmlDeviceGetName(device, text, 8) == NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(nvmlDeviceGetName(device, text, 9) == SUCCESS && strcmp(text, "Fake GPU") == 0);
    CHILD_CHECK(nvmlDeviceGetUUID(device, text, 40) == NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(nvmlDeviceGetUUID(device, NULL, 40) == BAD);
    CHILD_CHECK(nvmlDeviceGetUUID(device, text, 41) == SUCCESS);
    CHILD_CHECK(strcmp(text, "GPU-01010101-0101-0101-0101-010101010101") == 0);
    CHILD_CHECK(nvmlDeviceGetPciInfo_v3(device, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetPciInfo_v3(device, &pci) == SUCCESS);
    CHILD_CHECK(pci.domain == 0 && pci.bus == 1 && pci.device == 0);
    CHILD_CHECK(strcmp(pci.busId, "00000000:01:00.0") == 0);
    CHILD_CHECK(strcmp(pci.busIdLegacy, "0000:01:00.0") == 0);
    memset(&old, 0x5a, sizeof(old));
    CHILD_CHECK(nvmlDeviceGetPciInfo_v2(device, &old) == SUCCESS);
    CHILD_CHECK(memcmp(&old, &pci, offsetof(nvmlPciInfo_t, busId)) == 0 && old.busId[0] == 0x5a);
    memset(&old, 0x5a, sizeof(old));
    CHILD_CHECK(nvmlDeviceGetPciInfo(device, &old) == SUCCESS);
    CHILD_CHECK(old.pciDeviceId == 0 && old.pciSubSystemId == 0x5a5a5a5a);
}

/* ---- memory and processes ------------------------------------------------------------ */

static void child_asks_for_memory(void)
{
    nvmlDevice_t device = start();
    nvmlMemory_v2_t second = {.version = 1};
    nvmlMemory_t memory;

    CHILD_CHECK(nvmlDeviceGetMemoryInfo(device, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetMemoryInfo(NULL, &memory) == BAD);
    CHILD_CHECK(nvmlDeviceGetMemoryInfo(device, &memory) == SUCCESS);
    CHILD_CHECK(memory.total == TOTAL && memory.used == 2048 && memory.free == TOTAL - 2048);
    CHILD_CHECK(nvmlDeviceGetMemoryInfo_v2(device, &second) ==
                NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    second.version = NVML_ABI_VERSION(nvmlMemory_v2_t, 2);
    CHILD_CHECK(nvmlDeviceGetMemoryInfo_v2(device, &second) == SUCCESS);
    CHILD_CHECK(second.total == TOTAL && second.used == 2048 && second.reserved == 0);
    CHILD_CHECK(atomic_load(&broker.surveys) == 2);
    CHILD_CHECK(atomic_load(&broker.count) == 1);
}

/* By uuid, not by the place that the device has here. */
static void child_asks_for_the_memory_of_the_right_one(void)
{
    nvmlDevice_t device = start();
    nvmlMemory_t memory;

    CHILD_CHECK(nvmlDeviceGetMemoryInfo(device, &memory) == SUCCESS && memory.used == 3072);
}

static void child_asks_for_processes(void)
{
    nvmlDevice_t device = start();
    nvmlProcessInfo_t infos[4];
    nvmlProcessInfo_v1_t old[4];
    unsigned int count = 0;

    CHILD_CHECK(nvmlDeviceGetComputeRunningProcesses_v3(device, NULL, infos) == BAD);
    CHILD_CHECK(nvmlDeviceGetComputeRunningProcesses_v3(device, &count, NULL) ==
                NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(count == 3);
    count = 2;
    CHILD_CHECK(nvmlDeviceGetComputeRunningProcesses_v3(device, &count, infos) ==
                NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(count == 3);
    count = 4;
    CHILD_CHECK(nvmlDeviceGetComputeRunningProcesses_v3(device, &count, infos) == SUCCESS);
    CHILD_CHECK(count == 3 && infos[2].pid == 102 && infos[2].usedGpuMemory == 3072);
    CHILD_CHECK(infos[0].gpuInstanceId == 0xffffffff && infos[0].computeInstanceId == 0xffffffff);
    count = 4;
    CHILD_CHECK(nvmlDeviceGetComputeRunningProcesses(device, &count, old) == SUCCESS);
    CHILD_CHECK(count == 3 && old[1].pid == 101 && old[1].usedGpuMemory == 2048);
    count = 4;
    CHILD_CHECK(nvmlDeviceGetGraphicsRunningProcesses_v3(device, &count, infos) == SUCCESS);
    CHILD_CHECK(count == 0);
    count = 4;
    CHILD_CHECK(nvmlDeviceGetMPSComputeRunningProcesses_v3(device, &count, NULL) == SUCCESS);
    CHILD_CHECK(count == 0);
}

static void child_gets_nonsense(void)
{
    nvmlDevice_t device = start();
    nvmlMemory_t memory;

    CHILD_CHECK(nvmlDeviceGetMemoryInfo(device, &memory) == NVML_ERROR_GPU_IS_LOST);
}

static void child_loses_the_broker(void)
{
    nvmlDevice_t device = start();
    nvmlMemory_t memory;
    char text[96];

    CHILD_CHECK(nvmlDeviceGetMemoryInfo(device, &memory) == SUCCESS);
    fake_broker_stop(&broker);
    CHILD_CHECK(nvmlDeviceGetMemoryInfo(device, &memory) == NVML_ERROR_GPU_IS_LOST);
    CHILD_CHECK(nvmlDeviceGetName(device, text, sizeof(text)) == SUCCESS);
    CHILD_CHECK(nvmlShutdown() == SUCCESS);
}

/* ---- hardware, several devices, events, the table -------------------------------------- */

static void child_asks_for_hardware(void)
{
    nvmlDevice_t device = start();
    nvmlDeviceArchitecture_t arch = 0;
    nvmlComputeMode_t mode;
    nvmlEnableState_t state = NVML_FEATURE_ENABLED;
    nvmlFieldValue_t fields[2] = {{.fieldId = 1}, {.fieldId = 2}};
    unsigned int number = 0;
    int major = 0;
    int minor = 0;

    /* The fake's attributes are their own numbers: compute capability 75.76. */
    CHILD_CHECK(nvmlDeviceGetCudaComputeCapability(device, &major, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetCudaComputeCapability(device, &major, &minor) == SUCCESS);
    CHILD_CHECK(major == 75 && minor == 76);
    CHILD_CHECK(nvmlDeviceGetArchitecture(device, &arch) == SUCCESS);
    CHILD_CHECK(arch == NVML_DEVICE_ARCH_UNKNOWN);
    CHILD_CHECK(nvmlDeviceGetComputeMode(device, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetComputeMode(device, &mode) == SUCCESS && (int)mode == 20);
    CHILD_CHECK(nvmlDeviceGetMemoryBusWidth(device, &number) == SUCCESS && number == 37);
    CHILD_CHECK(nvmlDeviceGetMultiGpuBoard(device, &number) == UNSUPPORTED);
    CHILD_CHECK(nvmlDeviceGetMaxClockInfo(device, NVML_CLOCK_SM, &number) == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetMaxClockInfo(device, NVML_CLOCK_VIDEO, &number) == UNSUPPORTED);
    CHILD_CHECK(nvmlDeviceGetMaxClockInfo(device, NVML_CLOCK_COUNT, &number) == BAD);
    CHILD_CHECK(nvmlDeviceGetMaxClockInfo(device, NVML_CLOCK_MEM, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetDisplayActive(device, &state) == SUCCESS && state == 0);
    CHILD_CHECK(nvmlDeviceGetDisplayMode(device, NULL) == BAD);
    CHILD_CHECK(nvmlDeviceGetFieldValues(device, 0, fields) == BAD);
    CHILD_CHECK(nvmlDeviceGetFieldValues(device, 2, fields) == SUCCESS);
    CHILD_CHECK(fields[1].nvmlReturn == UNSUPPORTED && fields[1].fieldId == 2);
}

static void child_asks_about_two(void)
{
    nvmlDevice_t first = start();
    nvmlDevice_t second = NULL;
    nvmlGpuP2PStatus_t status;
    unsigned int number = 9;
    int same = 0;

    CHILD_CHECK(nvmlDeviceGetHandleByIndex_v2(1, &second) == SUCCESS);
    CHILD_CHECK(nvmlDeviceGetP2PStatus(first, second, NVML_P2P_CAPS_INDEX_READ, &status) ==
                SUCCESS);
    CHILD_CHECK(status == NVML_P2P_STATUS_NOT_SUPPORTED);
    CHILD_CHECK(nvmlDeviceGetP2PStatus(first, first, NVML_P2P_CAPS_INDEX_READ, &status) == SUCCESS);
    CHILD_CHECK(status == NVML_P2P_STATUS_OK);
    CHILD_CHECK(nvmlDeviceGetP2PStatus(first, first, NVML_P2P_CAPS_INDEX_UNKNOWN, &status) == BAD);
    CHILD_CHECK(nvmlDeviceGetP2PStatus(first, NULL, NVML_P2P_CAPS_INDEX_READ, &status) == BAD);
    CHILD_CHECK(nvmlDeviceOnSameBoard(first, first, &same) == SUCCESS && same == 1);
    CHILD_CHECK(nvmlDeviceOnSameBoard(first, second, &same) == UNSUPPORTED);
    CHILD_CHECK(nvmlDeviceIsMigDeviceHandle(first, &number) == SUCCESS && number == 0);
    number = 9;
    CHILD_CHECK(nvmlDeviceGetMaxMigDeviceCount(first, &number) == SUCCESS && number == 0);
}

static void child_waits_for_events(void)
{
    nvmlDevice_t device = start();
    nvmlEventSet_t set = NULL;
    nvmlEventData_t data;
    unsigned long long types = 9;

    CHILD_CHECK(nvmlEventSetCreate(NULL) == BAD);
    CHILD_CHECK(nvmlEventSetCreate(&set) == SUCCESS && set != NULL);
    CHILD_CHECK(nvmlDeviceGetSupportedEventTypes(device, &types) == SUCCESS && types == 0);
    CHILD_CHECK(nvmlEventSetWait_v2(set, NULL, 1) == BAD);
    CHILD_CHECK(nvmlEventSetWait_v2(NULL, &data, 1) == BAD);
    CHILD_CHECK(nvmlEventSetWait(set, &data, 1) == NVML_ERROR_TIMEOUT);
    CHILD_CHECK(nvmlEventSetFree(set) == SUCCESS);
}

typedef nvmlReturn_t (*handle_slot)(unsigned int index, nvmlDevice_t *device, unsigned int how);
typedef nvmlReturn_t (*list_slot)(nvmlDevice_t device, unsigned int *count, void *list);

/* What nvidia-smi does first. */
static void child_asks_for_the_table(void)
{
    static const unsigned char id[16] = {0xc4, 0xfe, 0x3e, 0x6c, 0xc9, 0x8f, 0x6c, 0x4e,
                                         0xa3, 0x27, 0xee, 0x69, 0x6e, 0x12, 0xf7, 0xc4};
    nvmlDevice_t device = start();
    nvmlDevice_t found = NULL;
    const void *answer = NULL;
    void *const *slots;
    unsigned int count = 8;
    char *list = calloc(8, 4128);
    uint64_t used;

    CHILD_CHECK(list != NULL && nvmlInternalGetExportTable(NULL, id) == BAD);
    CHILD_CHECK(nvmlInternalGetExportTable(&answer, "0123456789abcdef") == BAD && answer == NULL);
    CHILD_CHECK(nvmlInternalGetExportTable(&answer, id) == SUCCESS);
    slots = answer;
    CHILD_CHECK((size_t)slots[0] >= 250 * sizeof(slots[0]));
    CHILD_CHECK(((handle_slot)slots[81])(0, &found, 0x22) == SUCCESS && found == device);
    CHILD_CHECK(((handle_slot)slots[1])(0, &found, 0x22) == UNSUPPORTED);
    CHILD_CHECK(((list_slot)slots[213])(device, &count, list) == SUCCESS && count == 3);
    memcpy(&used, list + 4128 + 8, sizeof(used));
    CHILD_CHECK(used == 2048);
    count = 1;
    CHILD_CHECK(((list_slot)slots[213])(device, &count, list) == NVML_ERROR_INSUFFICIENT_SIZE);
    CHILD_CHECK(count == 3);
    CHILD_CHECK(((list_slot)slots[214])(device, &count, list) == SUCCESS && count == 0);
    free(list);
}

nvmlReturn_t nvmlDeviceSetPowerManagementLimit(void);
nvmlReturn_t nvmlDeviceGetUtilizationRates(void);

static void child_asks_for_what_there_is_not(void)
{
    CHILD_CHECK(nvmlDeviceGetUtilizationRates() == UNINITIALIZED);
    (void)start();
    CHILD_CHECK(nvmlDeviceGetUtilizationRates() == UNSUPPORTED);
    CHILD_CHECK(nvmlDeviceGetUtilizationRates() == UNSUPPORTED);
    CHILD_CHECK(nvmlDeviceSetPowerManagementLimit() == UNSUPPORTED);
}

/* ---- tests -------------------------------------------------------------------------------- */

struct setting {
    void (*child)(void);
    uint32_t devices;
    bool reversed;
    uint32_t processes;
    bool bad_survey;
    bool stops; /* the child stops the broker */
    const char *release;
};

static const struct setting *setting;

static void run(void)
{
    broker.devices = setting->devices;
    broker.reversed = setting->reversed;
    broker.processes = setting->processes;
    broker.bad_survey = setting->bad_survey;
    broker.release = setting->release;
    fake_broker_start(&broker);
    setting->child();
    if (!setting->stops) {
        fake_broker_stop(&broker);
    }
}

static void test_in_child(void **state)
{
    setting = *state;
    fake_run_in_child(run);
}

#define TEST(fn, ...)                                                                              \
    {                                                                                              \
        .name = #fn, .test_func = test_in_child, .initial_state = &(struct setting)                \
        {                                                                                          \
            .child = (fn), __VA_ARGS__                                                             \
        }                                                                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(child_before_init),
        TEST(child_counts_starts),
        TEST(child_is_refused),
        TEST(child_asks_the_system, .release = "580.1.2"),
        TEST(child_asks_for_confidential_computing),
        TEST(child_has_no_release),
        TEST(child_finds_devices, .devices = 2, .reversed = true),
        TEST(child_asks_who_it_is),
        TEST(child_asks_for_memory),
        TEST(child_asks_for_the_memory_of_the_right_one, .devices = 2, .reversed = true),
        TEST(child_asks_for_processes, .processes = 3),
        TEST(child_gets_nonsense, .bad_survey = true),
        TEST(child_loses_the_broker, .stops = true),
        TEST(child_asks_for_hardware),
        TEST(child_asks_about_two, .devices = 2),
        TEST(child_waits_for_events),
        TEST(child_asks_for_the_table, .processes = 3),
        TEST(child_asks_for_what_there_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
