/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Asks libnvidia-ml.so.1: vgpu-process-nvml WHAT.
 *
 *   show     one line of everything that stays the same
 *   watch    memory and processes, once for each line of input
 *   hold N   holds N MiB of device memory until its input ends
 *   same     compares with what libcuda.so.1 says of the device
 *   fork     a child asks after its parent has asked
 *   threads  several threads at once, with nvmlInit and nvmlShutdown of their own
 */

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nvml_api.h"
#include "test/programs/driver_api.h"

#define MIB     ((size_t)1 << 20)
#define THREADS 6
#define TURNS   40

/* What is used of the library, by name. */
#define NVML_CALLS(X)                                                                              \
    X(nvmlInit_v2)                                                                                 \
    X(nvmlShutdown)                                                                                \
    X(nvmlErrorString)                                                                             \
    X(nvmlSystemGetDriverVersion)                                                                  \
    X(nvmlSystemGetNVMLVersion)                                                                    \
    X(nvmlSystemGetCudaDriverVersion_v2)                                                           \
    X(nvmlDeviceGetCount_v2)                                                                       \
    X(nvmlDeviceGetHandleByIndex_v2)                                                               \
    X(nvmlDeviceGetName)                                                                           \
    X(nvmlDeviceGetUUID)                                                                           \
    X(nvmlDeviceGetPciInfo_v3)                                                                     \
    X(nvmlDeviceGetMemoryInfo)                                                                     \
    X(nvmlDeviceGetComputeRunningProcesses_v3)

static struct {
#define FIELD(name) __typeof__(&name) name;
    NVML_CALLS(FIELD)
} nv;

static void load(void)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);

    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
#define FIND(name)                                                                                 \
    do {                                                                                           \
        void *symbol = dlsym(library, #name);                                                      \
        memcpy(&nv.name, &symbol, sizeof(symbol));                                                 \
    } while (nv.name == NULL);
    NVML_CALLS(FIND)
}

static void must(nvmlReturn_t ret, const char *what)
{
    if (ret != NVML_SUCCESS) {
        printf("%s = %d (%s)\n", what, (int)ret, nv.nvmlErrorString(ret));
        (void)fflush(stdout);
        _exit(3);
    }
}

#define MUST(call) must(nv.call, #call)

static nvmlDevice_t start(void)
{
    nvmlDevice_t device = NULL;

    MUST(nvmlInit_v2());
    MUST(nvmlDeviceGetHandleByIndex_v2(0, &device));
    return device;
}

static int show(void)
{
    nvmlDevice_t device = start();
    char name[96];
    char uuid[96];
    char driver[80];
    char library[80];
    nvmlPciInfo_t pci;
    nvmlMemory_t memory;
    unsigned int count = 0;
    int cuda = 0;

    MUST(nvmlDeviceGetCount_v2(&count));
    MUST(nvmlDeviceGetName(device, name, sizeof(name)));
    MUST(nvmlDeviceGetUUID(device, uuid, sizeof(uuid)));
    MUST(nvmlDeviceGetPciInfo_v3(device, &pci));
    MUST(nvmlDeviceGetMemoryInfo(device, &memory));
    MUST(nvmlSystemGetDriverVersion(driver, sizeof(driver)));
    MUST(nvmlSystemGetNVMLVersion(library, sizeof(library)));
    MUST(nvmlSystemGetCudaDriverVersion_v2(&cuda));
    printf("%u|%s|%s|%s|%llu|%s|%s|%d\n", count, name, uuid, pci.busId, memory.total / MIB, driver,
           library, cuda);
    return 0;
}

static void print_use(nvmlDevice_t device)
{
    nvmlProcessInfo_t infos[64];
    unsigned int count = 64;
    nvmlMemory_t memory;

    MUST(nvmlDeviceGetMemoryInfo(device, &memory));
    MUST(nvmlDeviceGetComputeRunningProcesses_v3(device, &count, infos));
    printf("use %llu %llu", memory.used / MIB, memory.free / MIB);
    for (unsigned int i = 0; i < count; i++) {
        printf(" %u:%llu", infos[i].pid, infos[i].usedGpuMemory / MIB);
    }
    printf("\n");
    (void)fflush(stdout);
}

static int watch(void)
{
    nvmlDevice_t device = start();
    char line[16];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        print_use(device);
    }
    MUST(nvmlShutdown());
    return 0;
}

static void cuda(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(4);
    }
}

#define CUDA(call) cuda(drv.call, #call)

static int hold(const char *mib)
{
    CUcontext context = NULL;
    CUdeviceptr ptr = 0;

    if (mib == NULL || driver_api_load() != 0) {
        return 2;
    }
    CUDA(cuInit(0));
    CUDA(cuCtxCreate_v2(&context, 0, 0));
    if (strcmp(mib, "0") != 0) {
        CUDA(cuMemAlloc_v2(&ptr, strtoul(mib, NULL, 10) * MIB));
    }
    printf("held\n");
    (void)fflush(stdout);
    (void)getchar();
    return 0;
}

static int differs(const char *what, long long ours, long long theirs)
{
    if (ours != theirs) {
        printf("%s: %lld, CUDA says %lld\n", what, ours, theirs);
    }
    return ours != theirs;
}

static int compare(nvmlDevice_t device)
{
    static const CUdevice_attribute place[] = {CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID,
                                               CU_DEVICE_ATTRIBUTE_PCI_BUS_ID,
                                               CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID};
    char text[96];
    char other[96];
    nvmlMemory_t memory;
    nvmlPciInfo_t pci;
    CUuuid uuid;
    size_t total = 0;
    int version = 0;
    int numbers[3] = {0};
    int bad = 0;

    MUST(nvmlDeviceGetPciInfo_v3(device, &pci));
    for (int i = 0; i < 3; i++) {
        CUDA(cuDeviceGetAttribute(&numbers[i], place[i], 0));
    }
    bad += differs("domain", pci.domain, numbers[0]) + differs("bus", pci.bus, numbers[1]) +
           differs("device", pci.device, numbers[2]);
    MUST(nvmlDeviceGetMemoryInfo(device, &memory));
    CUDA(cuDeviceTotalMem_v2(&total, 0));
    bad += differs("memory", (long long)memory.total, (long long)total);
    MUST(nvmlSystemGetCudaDriverVersion_v2(numbers));
    CUDA(cuDriverGetVersion(&version));
    bad += differs("version", numbers[0], version);
    MUST(nvmlDeviceGetName(device, text, sizeof(text)));
    CUDA(cuDeviceGetName(other, sizeof(other), 0));
    bad += differs("name", strcmp(text, other), 0);
    MUST(nvmlDeviceGetUUID(device, text, sizeof(text)));
    CUDA(cuDeviceGetUuid_v2(&uuid, 0));
    (void)snprintf(other, sizeof(other), "GPU-%02x%02x", (unsigned char)uuid.bytes[0],
                   (unsigned char)uuid.bytes[1]);
    return bad + differs("uuid", strncmp(text, other, strlen(other)), 0);
}

static int same(void)
{
    CUcontext context = NULL;
    nvmlDevice_t device;

    if (driver_api_load() != 0) {
        return 2;
    }
    CUDA(cuInit(0));
    CUDA(cuCtxCreate_v2(&context, 0, 0));
    device = start();
    if (compare(device) != 0) {
        return 1;
    }
    CUDA(cuCtxDestroy_v2(context));
    printf("same\n");
    return 0;
}

static int fork_and_ask(void)
{
    nvmlDevice_t device = start();
    int status = 0;
    pid_t child;

    print_use(device);
    child = fork();
    if (child == 0) {
        print_use(device);
        MUST(nvmlShutdown());
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0) {
        return 1;
    }
    print_use(device);
    MUST(nvmlShutdown());
    return 0;
}

static void *turn(void *arg)
{
    for (int i = 0; i < TURNS; i++) {
        nvmlDevice_t device = start();
        nvmlMemory_t memory;

        MUST(nvmlDeviceGetMemoryInfo(device, &memory));
        MUST(nvmlShutdown());
    }
    return arg;
}

static int threads(void)
{
    pthread_t thread[THREADS];

    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&thread[i], NULL, turn, NULL) != 0) {
            return 2;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(thread[i], NULL);
    }
    printf("done\n");
    return nv.nvmlShutdown() == NVML_ERROR_UNINITIALIZED ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    load();
    if (strcmp(what, "hold") == 0) {
        return hold(argv[2]);
    }
    if (strcmp(what, "watch") == 0) {
        return watch();
    }
    if (strcmp(what, "same") == 0) {
        return same();
    }
    if (strcmp(what, "fork") == 0) {
        return fork_and_ask();
    }
    return strcmp(what, "threads") == 0 ? threads() : show();
}
