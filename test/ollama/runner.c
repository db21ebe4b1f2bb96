/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-ollama-runner --port N [--model MIB]
 *
 *   server ──HTTP──► runner ──► libcuda.so.1, libnvidia-ml.so.1
 *
 *   GET  /health      ok
 *   GET  /info        a line for each GPU that it sees: ids, memory, capability, versions
 *   POST /load        MIB: weights by pinned staging, a pool by virtual memory management
 *   POST /completion  SEED TOKENS: that many lines, a kernel for each
 *
 * One process for one model, which its server kills when nobody has asked for a while.  Loading
 * before listening (--model) is the way up to version 0.11, /load the later one.
 */
#include <stdlib.h>
#include <string.h>

#include "test/ollama/http.h"
#include "test/ollama/ollama.h"
#include "test/programs/driver_api.h"

#include "bystander_ptx.h"

#define STAGING     OLLAMA_MIB
#define POOL_RANGE  (UINT64_C(32) << 30)
#define POOL_CHUNK  (UINT64_C(8) << 20)
#define TOKENS_MAX  4096u
#define STATE_BYTES (OLLAMA_STATE * sizeof(uint32_t))

struct model {
    CUcontext context;
    CUstream stream;
    CUfunction mix;
    CUdeviceptr weights;
    CUdeviceptr pool; /* 0: the device has no such memory management */
    CUdeviceptr state;
};

static void check(CUresult cu, const char *what)
{
    const char *name = NULL;

    if (cu != CUDA_SUCCESS) {
        (void)drv.cuGetErrorName(cu, &name);
        (void)fprintf(stderr, "runner: %s: %s (%d)\n", what, name != NULL ? name : "?", (int)cu);
        exit(1);
    }
}

#define CHECK(call, ...) check(drv.call(__VA_ARGS__), #call)

/* NVML first, because CUDA's own figure needs a context. */
static void ask_memory(CUdevice device, struct ollama_gpu *gpu)
{
    CUcontext context = NULL;
    size_t free_bytes = 0;
    size_t total = 0;

    if (ollama_nvml_memory(gpu->id, &gpu->free, &gpu->total) == 0) {
        return;
    }
    CHECK(cuDevicePrimaryCtxRetain, &context, device);
    CHECK(cuCtxSetCurrent, context);
    CHECK(cuMemGetInfo_v2, &free_bytes, &total);
    CHECK(cuDevicePrimaryCtxRelease_v2, device);
    gpu->free = free_bytes;
    gpu->total = total;
}

static void describe(CUdevice device, struct ollama_gpu *gpu)
{
    CUuuid uuid;
    int version = 0;

    memset(gpu, 0, sizeof(*gpu));
    CHECK(cuDriverGetVersion, &version);
    gpu->driver_major = version / 1000;
    gpu->driver_minor = version % 1000 / 10;
    CHECK(cuDeviceGetUuid_v2, &uuid, device);
    ollama_format_id((const unsigned char *)uuid.bytes, gpu->id);
    CHECK(cuDeviceGetName, gpu->name, sizeof(gpu->name), device);
    CHECK(cuDeviceGetPCIBusId, gpu->pci, sizeof(gpu->pci), device);
    CHECK(cuDeviceGetAttribute, &gpu->major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
    CHECK(cuDeviceGetAttribute, &gpu->minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
    ask_memory(device, gpu);
}

static int device_count(void)
{
    int count = 0;

    CHECK(cuDeviceGetCount, &count);
    return count;
}

static void answer_info(FILE *to)
{
    struct ollama_gpu gpu;
    char line[512];

    http_begin(to, 200);
    for (int i = 0, count = device_count(); i < count; i++) {
        CUdevice device;

        CHECK(cuDeviceGet, &device, i);
        describe(device, &gpu);
        ollama_write_gpu(&gpu, line, sizeof(line));
        http_line(to, "%s", line);
    }
}

/* Through a window of pinned memory, as large models are. */
static void upload_weights(struct model *model, uint64_t bytes)
{
    uint8_t *staging = NULL;

    CHECK(cuMemAlloc_v2, &model->weights, bytes);
    CHECK(cuMemHostAlloc, (void **)&staging, STAGING, 0);
    for (uint64_t at = 0; at < bytes; at += STAGING) {
        memset(staging, (int)(at / STAGING), STAGING);
        CHECK(cuMemcpyHtoDAsync_v2, model->weights + at, staging, STAGING, model->stream);
        CHECK(cuStreamSynchronize, model->stream);
    }
    CHECK(cuMemFreeHost, staging);
}

/* A large range of addresses, and memory behind its beginning. */
static void reserve_pool(struct model *model, CUdevice device)
{
    CUmemAllocationProp prop = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                                .location = {CU_MEM_LOCATION_TYPE_DEVICE, device}};
    CUmemAccessDesc access = {.location = prop.location,
                              .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    CUmemGenericAllocationHandle handle;
    size_t granularity = 0;
    int supported = 0;

    CHECK(cuDeviceGetAttribute, &supported, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
          device);
    if (!supported) {
        return;
    }
    CHECK(cuMemGetAllocationGranularity, &granularity, &prop, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED);
    CHECK(cuMemAddressReserve, &model->pool, POOL_RANGE, 0, 0, 0);
    CHECK(cuMemCreate, &handle, POOL_CHUNK, &prop, 0);
    CHECK(cuMemMap, model->pool, POOL_CHUNK, 0, handle, 0);
    CHECK(cuMemRelease, handle);
    CHECK(cuMemSetAccess, model->pool, POOL_CHUNK, &access, 1);
}

static void load(struct model *model, unsigned long mib)
{
    CUmodule module;
    CUdevice device;

    CHECK(cuDeviceGet, &device, 0);
    CHECK(cuDevicePrimaryCtxRetain, &model->context, device);
    CHECK(cuCtxSetCurrent, model->context);
    CHECK(cuStreamCreate, &model->stream, 1);
    CHECK(cuModuleLoadData, &module, bystander_ptx);
    CHECK(cuModuleGetFunction, &model->mix, module, "mix");
    upload_weights(model, mib * OLLAMA_MIB);
    reserve_pool(model, device);
    if (model->pool != 0) {
        model->state = model->pool;
    } else {
        CHECK(cuMemAlloc_v2, &model->state, STATE_BYTES);
    }
}

static void answer_completion(struct model *model, FILE *to, uint32_t seed, uint32_t tokens)
{
    uint32_t state[OLLAMA_STATE];
    uint32_t n = OLLAMA_STATE;

    ollama_model_start(state, seed);
    CHECK(cuMemcpyHtoDAsync_v2, model->state, state, STATE_BYTES, model->stream);
    http_begin(to, 200);
    for (uint32_t round = 0; round < tokens; round++) {
        void *params[] = {&model->state, &n, &round};

        CHECK(cuLaunchKernel, model->mix, 1, 1, 1, OLLAMA_STATE, 1, 1, 0, model->stream, params,
              NULL);
        CHECK(cuMemcpyDtoHAsync_v2, state, model->state, STATE_BYTES, model->stream);
        CHECK(cuStreamSynchronize, model->stream);
        http_line(to, "{\"content\":\"%u\",\"stop\":%s}", ollama_model_token(state, round),
                  round + 1 == tokens ? "true" : "false");
    }
}

static void answer(struct model *model, FILE *to, const struct http_request *request)
{
    unsigned int seed = 0;
    unsigned int tokens = 0;

    if (strcmp(request->path, "/health") == 0) {
        http_begin(to, 200);
        http_line(to, "{\"status\":\"ok\"}");
    } else if (strcmp(request->path, "/info") == 0) {
        answer_info(to);
    } else if (strcmp(request->path, "/load") == 0 && model->context == NULL) {
        load(model, strtoul(request->body, NULL, 10));
        http_begin(to, 200);
        http_line(to, "{\"success\":true}");
    } else if (strcmp(request->path, "/completion") == 0 && model->context != NULL &&
               sscanf(request->body, "%u %u", &seed, &tokens) == 2 && tokens <= TOKENS_MAX) {
        answer_completion(model, to, seed, tokens);
    } else {
        http_begin(to, 400);
    }
}

/* A context and a kernel on every GPU: one that cannot do that shall be found out now. */
static void initialise_deeply(void)
{
    for (int i = 0, count = device_count(); i < count; i++) {
        CUcontext context;
        CUmodule module;
        CUdevice device;

        CHECK(cuDeviceGet, &device, i);
        CHECK(cuDevicePrimaryCtxRetain, &context, device);
        CHECK(cuCtxSetCurrent, context);
        CHECK(cuModuleLoadData, &module, bystander_ptx);
        CHECK(cuModuleUnload, module);
        CHECK(cuDevicePrimaryCtxRelease_v2, device);
    }
}

int main(int argc, char **argv)
{
    struct model model = {.context = NULL};
    struct http_request request;
    unsigned long port = 0;
    unsigned long mib = 0;
    int listener;

    for (int i = 1; i + 1 < argc; i += 2) {
        *(strcmp(argv[i], "--port") == 0 ? &port : &mib) = strtoul(argv[i + 1], NULL, 10);
    }
    listener = http_listen((uint16_t)port);
    if (listener < 0 || driver_api_load() != 0) {
        (void)fprintf(stderr, "runner: no port %lu, or no libcuda.so.1\n", port);
        return 1;
    }
    CHECK(cuInit, 0);
    if (getenv("GGML_CUDA_INIT") != NULL) {
        initialise_deeply();
    }
    if (mib != 0) {
        load(&model, mib);
    }
    for (;;) {
        FILE *to = http_accept(listener, &request);

        if (to != NULL) {
            answer(&model, to, &request);
            (void)fclose(to);
        }
    }
}
