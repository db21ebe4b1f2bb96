/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/runner.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/ptx/image.h"

/* Device allocations of one case. */
#define ALLOCATIONS_MAX 32

static struct {
    const struct px_case *at;
    const char *variant;
    CUcontext ctx;
    CUmodule module;
    CUdeviceptr memory[ALLOCATIONS_MAX];
    unsigned memory_count;
    uint64_t random;
    jmp_buf failed;
} px;

static _Noreturn void fail(const char *text)
{
    printf("FAIL %s/%s/%s: %s\n", px.variant, px.at->module, px.at->name, text);
    (void)fflush(stdout);
    longjmp(px.failed, 1);
}

void px_check(CUresult cu, const char *call)
{
    const char *name = "?";
    char text[256];

    if (cu != CUDA_SUCCESS) {
        (void)drv.cuGetErrorName(cu, &name);
        (void)snprintf(text, sizeof(text), "%s answered %d (%s)", call, (int)cu, name);
        fail(text);
    }
}

#define CHECK(call) px_check(drv.call, #call)

const char *px_image_find(const char *variant, const char *module)
{
    for (const struct px_image *i = px_images; i->variant != NULL; i++) {
        if (strcmp(i->variant, variant) == 0 && strcmp(i->module, module) == 0) {
            return i->text;
        }
    }
    return NULL;
}

void px_begin(void)
{
    CUdevice dev = 0;
    CUresult cu = driver_api_load() != 0 ? CUDA_ERROR_NOT_FOUND : drv.cuInit(0);

    if (cu == CUDA_SUCCESS) {
        cu = drv.cuDeviceGet(&dev, 0);
    }
    if (cu == CUDA_SUCCESS) {
        cu = drv.cuCtxCreate_v4(&px.ctx, NULL, 0, dev);
    }
    if (cu != CUDA_SUCCESS) {
        printf("no context on device 0: error %d\n", (int)cu);
        exit(1);
    }
}

void px_end(void)
{
    (void)drv.cuCtxDestroy_v2(px.ctx);
}

CUdeviceptr px_zero(size_t size)
{
    CUdeviceptr p = 0;

    px_expect(px.memory_count < ALLOCATIONS_MAX, "too many allocations for one case");
    CHECK(cuMemAlloc_v2(&p, size));
    px.memory[px.memory_count++] = p;
    CHECK(cuMemsetD8_v2(p, 0, size));
    return p;
}

CUdeviceptr px_in(const void *data, size_t size)
{
    CUdeviceptr p = px_zero(size);

    CHECK(cuMemcpyHtoD_v2(p, data, size));
    return p;
}

void px_out(void *data, CUdeviceptr from, size_t size)
{
    CHECK(cuMemcpyDtoH_v2(data, from, size));
}

CUdeviceptr px_variable(const char *name, size_t size)
{
    CUdeviceptr p = 0;
    size_t n = 0;

    CHECK(cuModuleGetGlobal_v2(&p, &n, px.module, name));
    px_expect(n == size, "a variable of another size");
    return p;
}

/* Not among the calls that driver_api.h names. */
static void launch_cooperative(CUfunction f, const struct px_shape *s, void **args)
{
    __typeof__(cuLaunchCooperativeKernel) *launch = NULL;
    void *symbol = driver_api_symbol("cuLaunchCooperativeKernel");

    memcpy(&launch, &symbol, sizeof(launch));
    px_expect(launch != NULL, "no cuLaunchCooperativeKernel");
    px_check(
        launch(f, s->grid[0], s->grid[1], 1, s->block[0], s->block[1], 1, s->shared, NULL, args),
        "cuLaunchCooperativeKernel");
}

void px_run_shape(const char *kernel, const struct px_shape *s, void **args)
{
    CUfunction f;

    CHECK(cuModuleGetFunction(&f, px.module, kernel));
    if (s->cooperative) {
        launch_cooperative(f, s, args);
    } else {
        CHECK(cuLaunchKernel(f, s->grid[0], s->grid[1], 1, s->block[0], s->block[1], 1, s->shared,
                             NULL, args, NULL));
    }
    CHECK(cuCtxSynchronize());
}

void px_run(const char *kernel, unsigned blocks, unsigned threads, void **args)
{
    px_run_shape(kernel, &(struct px_shape){{blocks, 1}, {threads, 1}, 0, false}, args);
}

void px_expect(bool cond, const char *text)
{
    if (!cond) {
        fail(text);
    }
}

void px_same(const char *what, const void *got, const void *want, size_t count, size_t size)
{
    const uint8_t *g = got;
    const uint8_t *w = want;
    char text[256];

    for (size_t i = 0; i < count; i++, g += size, w += size) {
        uint64_t a = 0;
        uint64_t b = 0;

        if (memcmp(g, w, size) != 0) {
            memcpy(&a, g, size < 8 ? size : 8);
            memcpy(&b, w, size < 8 ? size : 8);
            (void)snprintf(text, sizeof(text), "%s[%zu] is %#llx, not %#llx", what, i,
                           (unsigned long long)a, (unsigned long long)b);
            fail(text);
        }
    }
}

static void near(const char *what, size_t i, double got, double want, double tolerance)
{
    double size = fabs(want) > 1 ? fabs(want) : 1;
    char text[256];

    if ((isnan(got) && isnan(want)) || got == want || fabs(got - want) <= tolerance * size) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%s[%zu] is %.17g, not %.17g", what, i, got, want);
    fail(text);
}

void px_near(const char *what, const double *got, const double *want, size_t count,
             double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        near(what, i, got[i], want[i], tolerance);
    }
}

void px_near32(const char *what, const float *got, const float *want, size_t count,
               double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        near(what, i, (double)got[i], (double)want[i], tolerance);
    }
}

uint64_t px_random(void)
{
    px.random ^= px.random << 13;
    px.random ^= px.random >> 7;
    px.random ^= px.random << 17;
    return px.random * UINT64_C(0x2545f4914f6cdd1d);
}

float px_random_float(void)
{
    return (float)((int)(px_random() >> 40) % 1601 - 800) / 8;
}

static bool module_load(const char *text)
{
    static char why[2048];
    CUjit_option option[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *value[] = {why, (void *)sizeof(why)};
    CUresult cu;

    why[0] = '\0';
    cu = drv.cuModuleLoadDataEx(&px.module, text, 2, option, value);
    if (cu != CUDA_SUCCESS) {
        printf("FAIL %s/%s/%s: the module does not load: %d %s\n", px.variant, px.at->module,
               px.at->name, (int)cu, why);
    }
    return cu == CUDA_SUCCESS;
}

bool px_case_run(const struct px_case *c, const char *variant, const char *text)
{
    volatile bool good = false;

    px.at = c;
    px.variant = variant;
    px.memory_count = 0;
    px.random = UINT64_C(0x9e3779b97f4a7c15);
    if (!module_load(text)) {
        return false;
    }
    if (setjmp(px.failed) == 0) {
        c->run();
        good = true;
    }
    px_images_end();
    while (px.memory_count > 0) {
        (void)drv.cuMemFree_v2(px.memory[--px.memory_count]);
    }
    (void)drv.cuModuleUnload(px.module);
    return good;
}
