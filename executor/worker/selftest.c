/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/selftest.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "common/log.h"
#include "executor/driver.h"
#include "executor/worker/selftest_ptx.h"

#define BLOCK_BYTES 0x200000u
#define PAGE_BYTES  4096u
#define VALUE       35u

struct test {
    const struct ex_driver *d;
    CUdevice device;
    CUmodule module;
    CUfunction function;
    CUdeviceptr word; /* device memory for results */
};

/* Leaves the step with the result when a call fails. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        CUresult try_ = (call);                                                                    \
        if (try_ != CUDA_SUCCESS) {                                                                \
            return try_;                                                                           \
        }                                                                                          \
    } while (0)

/* The same for a function that a driver may lack. */
#define TRY_OPTIONAL(t, name, ...)                                                                 \
    TRY((t)->d->name == NULL ? CUDA_ERROR_NOT_SUPPORTED : (t)->d->name(__VA_ARGS__))

static CUresult test_memory(struct test *t)
{
    uint32_t word = VALUE;

    TRY(t->d->cuMemAlloc(&t->word, 1u << 20));
    TRY(t->d->cuMemsetD8(t->word, 0, 4));
    TRY(t->d->cuMemcpyHtoD(t->word, &word, sizeof(word)));
    word = 0;
    TRY(t->d->cuMemcpyDtoH(&word, t->word, sizeof(word)));
    return word == VALUE ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_STATE;
}

static CUresult test_compiler(struct test *t)
{
    static char log[1024]; /* the driver may keep it until the load returns, not longer */
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)(uintptr_t)sizeof(log)};
    CUdeviceptr global = 0;
    size_t bytes = 0;

    TRY(t->d->cuModuleLoadDataEx(&t->module, ex_selftest_ptx, 2, options, values));
    TRY(t->d->cuModuleGetFunction(&t->function, t->module, "vgpu_selftest"));
    TRY(t->d->cuModuleGetGlobal(&global, &bytes, t->module, "vgpu_selftest_adds"));
    return bytes == 4 ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_STATE;
}

static CUresult test_launch(struct test *t)
{
    uint32_t value = VALUE;
    uint32_t word = 0;
    void *params[] = {&t->word, &value};

    TRY(t->d->cuLaunchKernel(t->function, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
    TRY(t->d->cuCtxSynchronize());
    TRY(t->d->cuMemcpyDtoH(&word, t->word, sizeof(word)));
    return word == VALUE + EX_SELFTEST_ADDS ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_STATE;
}

static CUresult test_cooperative(struct test *t)
{
    uint32_t value = VALUE;
    void *params[] = {&t->word, &value};

    TRY_OPTIONAL(t, cuLaunchCooperativeKernel, t->function, 1, 1, 1, 1, 1, 1, 0, NULL, params);
    return t->d->cuCtxSynchronize();
}

static CUresult test_print(struct test *t)
{
    CUmodule module = NULL;
    CUfunction function = NULL;
    CUresult cu;

    TRY(t->d->cuModuleLoadDataEx(&module, ex_selftest_print_ptx, 0, NULL, NULL));
    cu = t->d->cuModuleGetFunction(&function, module, "vgpu_selftest_print");
    if (cu == CUDA_SUCCESS) {
        cu = t->d->cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
    }
    if (cu == CUDA_SUCCESS) {
        cu = t->d->cuCtxSynchronize();
    }
    TRY(t->d->cuModuleUnload(module));
    return cu;
}

static CUresult test_linker(struct test *t)
{
    char text[sizeof(ex_selftest_ptx)];
    CUlinkState state = NULL;
    void *cubin = NULL;
    size_t bytes = 0;
    CUresult cu;

    memcpy(text, ex_selftest_ptx, sizeof(text));
    TRY_OPTIONAL(t, cuLinkCreate, 0, NULL, NULL, &state);
    cu =
        t->d->cuLinkAddData(state, CU_JIT_INPUT_PTX, text, sizeof(text), "selftest", 0, NULL, NULL);
    if (cu == CUDA_SUCCESS) {
        cu = t->d->cuLinkComplete(state, &cubin, &bytes);
    }
    TRY(t->d->cuLinkDestroy(state));
    return cu;
}

static CUresult test_pool(struct test *t)
{
    CUdeviceptr ptr = 0;

    TRY_OPTIONAL(t, cuMemAllocAsync, &ptr, 4096, NULL);
    TRY_OPTIONAL(t, cuMemFreeAsync, ptr, NULL);
    return t->d->cuStreamSynchronize(NULL);
}

static void on_host(void *arg)
{
    *(volatile uint32_t *)arg = VALUE;
}

static CUresult test_host_function(struct test *t)
{
    uint32_t word = 0;

    TRY_OPTIONAL(t, cuLaunchHostFunc, NULL, on_host, &word);
    TRY(t->d->cuStreamSynchronize(NULL));
    return word == VALUE ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_STATE;
}

/* A graph with a function of the host and a fill, made executable and run. */
static CUresult run_graph(struct test *t, CUgraph graph, const CUDA_HOST_NODE_PARAMS *host)
{
    CUDA_MEMSET_NODE_PARAMS fill = {
        .dst = t->word, .elementSize = 1, .width = 4, .height = 1, .pitch = 4};
    CUcontext context = NULL;
    CUgraphExec exec = NULL;
    CUgraphNode first = NULL;
    CUgraphNode second = NULL;

    TRY(t->d->cuCtxGetCurrent(&context));
    TRY_OPTIONAL(t, cuGraphAddHostNode, &first, graph, NULL, 0, host);
    TRY_OPTIONAL(t, cuGraphAddMemsetNode, &second, graph, &first, 1, &fill, context);
    TRY_OPTIONAL(t, cuGraphInstantiateWithFlags, &exec, graph, 0);
    TRY_OPTIONAL(t, cuGraphUpload, exec, NULL);
    TRY_OPTIONAL(t, cuGraphLaunch, exec, NULL);
    TRY(t->d->cuStreamSynchronize(NULL));
    TRY_OPTIONAL(t, cuGraphExecDestroy, exec);
    return CUDA_SUCCESS;
}

static CUresult test_graph(struct test *t)
{
    uint32_t word = 0;
    CUDA_HOST_NODE_PARAMS host = {.fn = on_host, .userData = &word};
    CUgraph graph = NULL;

    TRY_OPTIONAL(t, cuGraphCreate, &graph, 0);
    TRY(run_graph(t, graph, &host));
    TRY_OPTIONAL(t, cuGraphDestroy, graph);
    return word == VALUE ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_STATE;
}

static CUresult test_event(struct test *t)
{
    CUevent event = NULL;

    TRY(t->d->cuEventCreate(&event, CU_EVENT_BLOCKING_SYNC));
    TRY(t->d->cuEventRecordWithFlags(event, NULL, CU_EVENT_RECORD_DEFAULT));
    TRY(t->d->cuEventSynchronize(event));
    TRY(t->d->cuEventQuery(event));
    return t->d->cuEventDestroy(event);
}

static CUresult test_stream(struct test *t)
{
    CUstream stream = NULL;

    TRY(t->d->cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, 0));
    TRY(t->d->cuMemsetD8Async(t->word, 1, 4, stream));
    TRY(t->d->cuMemsetD16Async(t->word, 1, 2, stream));
    TRY(t->d->cuMemsetD32Async(t->word, 1, 1, stream));
    TRY(t->d->cuMemcpyDtoDAsync(t->word + 64, t->word, 4, stream));
    TRY(t->d->cuStreamSynchronize(stream));
    return t->d->cuStreamDestroy(stream);
}

static CUresult test_pinned(struct test *t)
{
    void *pinned = NULL;
    CUresult cu;

    TRY(t->d->cuMemAllocHost(&pinned, PAGE_BYTES));
    memset(pinned, 1, PAGE_BYTES);
    cu = t->d->cuMemcpyHtoDAsync(t->word, pinned, PAGE_BYTES, NULL);
    if (cu == CUDA_SUCCESS) {
        cu = t->d->cuMemcpyDtoHAsync(pinned, t->word, PAGE_BYTES, NULL);
    }
    if (cu == CUDA_SUCCESS) {
        cu = t->d->cuStreamSynchronize(NULL);
    }
    TRY(t->d->cuMemFreeHost(pinned));
    return cu;
}

/* A flag in registered memory that the GPU writes. */
static CUresult write_flag(struct test *t, volatile uint64_t *flag)
{
    *flag = 0;
    TRY_OPTIONAL(t, cuStreamWriteValue64, NULL, (CUdeviceptr)(uintptr_t)flag, VALUE,
                 CU_STREAM_WRITE_VALUE_DEFAULT);
    TRY(t->d->cuStreamSynchronize(NULL));
    return *flag == VALUE ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_STATE;
}

static CUresult with_registered(struct test *t, bool write)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CUresult cu;

    if (page == MAP_FAILED) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = t->d->cuMemHostRegister(page, PAGE_BYTES,
                                 CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP);
    if (cu == CUDA_SUCCESS) {
        CUresult wrote = write ? write_flag(t, page) : CUDA_SUCCESS;

        cu = t->d->cuMemHostUnregister(page);
        cu = cu == CUDA_SUCCESS ? wrote : cu;
    }
    (void)munmap(page, PAGE_BYTES);
    return cu;
}

static CUresult test_registered(struct test *t)
{
    return with_registered(t, false);
}

static CUresult test_flag(struct test *t)
{
    return with_registered(t, true);
}

static CUresult test_mapping(struct test *t)
{
    CUmemAllocationProp prop = {
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = t->device},
    };
    CUmemAccessDesc access = {.location = prop.location,
                              .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    CUmemGenericAllocationHandle block = 0;
    CUdeviceptr at = 0;

    TRY(t->d->cuMemAddressReserve(&at, BLOCK_BYTES, BLOCK_BYTES, 0, 0));
    TRY(t->d->cuMemCreate(&block, BLOCK_BYTES, &prop, 0));
    TRY(t->d->cuMemMap(at, BLOCK_BYTES, 0, block, 0));
    TRY(t->d->cuMemSetAccess(at, BLOCK_BYTES, &access, 1));
    TRY(t->d->cuMemsetD8(at, 1, BLOCK_BYTES));
    /* It only queues the fill, and unmapping waits for nobody. */
    TRY(t->d->cuStreamSynchronize(NULL));
    TRY(t->d->cuMemUnmap(at, BLOCK_BYTES));
    TRY(t->d->cuMemRelease(block));
    return t->d->cuMemAddressFree(at, BLOCK_BYTES);
}

static CUresult test_release(struct test *t)
{
    TRY(t->d->cuModuleUnload(t->module));
    return t->d->cuMemFree(t->word);
}

static const struct {
    const char *name;
    CUresult (*run)(struct test *t);
    bool optional; /* 801 is accepted */
} steps[] = {
    {"memory", test_memory, false},
    {"compiler", test_compiler, false},
    {"launch", test_launch, false},
    {"cooperative launch", test_cooperative, true},
    {"printf", test_print, true},
    {"linker", test_linker, true},
    {"memory pool", test_pool, true},
    {"host function", test_host_function, true},
    {"graph", test_graph, true},
    {"blocking event", test_event, false},
    {"stream", test_stream, false},
    {"pinned memory", test_pinned, false},
    {"registered memory", test_registered, false},
    {"flag written by the GPU", test_flag, true},
    {"mapped memory", test_mapping, false},
    {"release", test_release, false},
};

static void tell(FILE *report, const struct ex_driver *driver, const char *name, CUresult cu)
{
    if (report != NULL) {
        (void)fprintf(report, "%-24s %s\n", name,
                      cu == CUDA_SUCCESS ? "OK" : ex_driver_error_name(driver, cu));
        (void)fflush(report);
    }
}

CUresult ex_selftest_run(const struct ex_driver *driver, CUdevice device, FILE *report)
{
    struct test test = {.d = driver, .device = device};
    CUresult first = CUDA_SUCCESS;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        CUresult cu = steps[i].run(&test);

        tell(report, driver, steps[i].name, cu);
        if (cu == CUDA_SUCCESS) {
            continue;
        }
        if (cu == CUDA_ERROR_NOT_SUPPORTED && steps[i].optional) {
            vgpu_log(VGPU_LOG_DEBUG, "the driver has no step=\"%s\"", steps[i].name);
            continue;
        }
        vgpu_log(VGPU_LOG_ERROR, "self-test failed step=\"%s\" result=%d name=%s", steps[i].name,
                 (int)cu, ex_driver_error_name(driver, cu));
        first = first == CUDA_SUCCESS ? cu : first;
        /* Without a report the first failure is all that is wanted. */
        if (report == NULL) {
            break;
        }
    }
    return first;
}
