/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <sys/wait.h>
#include <unistd.h>

static bool in_child;

static void failed(const char *text, const char *file, int line)
{
    if (in_child) {
        fprintf(stderr, "%s:%d: %s\n", file, line, text);
        _exit(1);
    }
    print_error("%s:%d: %s\n", file, line, text);
    fail();
}

void sim_check(CUresult got, CUresult wanted, const char *what, const char *file, int line)
{
    char text[256];

    if (got != wanted) {
        (void)snprintf(text, sizeof(text), "%s answered %d, not %d", what, (int)got, (int)wanted);
        failed(text, file, line);
    }
}

void sim_assert(bool cond, const char *what, const char *file, int line)
{
    if (!cond) {
        failed(what, file, line);
    }
}

void sim_child(void (*body)(void))
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        in_child = true;
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

CUcontext sim_context(void)
{
    CUcontext ctx = NULL;
    CUdevice dev = 0;

    OK(cuInit(0));
    OK(cuDeviceGet(&dev, 0));
    OK(cuCtxCreate(&ctx, NULL, 0, dev));
    return ctx;
}

char *sim_ptx(const char *name)
{
    char path[512];
    FILE *f;
    long size;
    char *text;

    (void)snprintf(path, sizeof(path), "%s/%s", SIM_PTX_DIR, name);
    f = fopen(path, "r");
    CHECK(f != NULL);
    CHECK(fseek(f, 0, SEEK_END) == 0);
    size = ftell(f);
    CHECK(size > 0);
    rewind(f);
    text = calloc(1, (size_t)size + 1);
    CHECK(text != NULL);
    CHECK(fread(text, 1, (size_t)size, f) == (size_t)size);
    CHECK(fclose(f) == 0);
    return text;
}

CUmodule sim_module(const char *name)
{
    char *text = sim_ptx(name);
    CUmodule module = NULL;

    OK(cuModuleLoadData(&module, text));
    free(text);
    return module;
}

CUfunction sim_function(CUmodule module, const char *name)
{
    CUfunction f = NULL;

    OK(cuModuleGetFunction(&f, module, name));
    return f;
}

CUdeviceptr sim_device(const void *data, size_t size)
{
    CUdeviceptr p = 0;

    OK(cuMemAlloc(&p, size));
    if (data != NULL) {
        OK(cuMemcpyHtoD(p, data, size));
    } else {
        OK(cuMemsetD8(p, 0, size));
    }
    return p;
}

void sim_fetch(void *data, CUdeviceptr from, size_t size)
{
    OK(cuMemcpyDtoH(data, from, size));
}

void sim_launch(CUfunction f, unsigned grid, unsigned block, unsigned shared, void **args)
{
    OK(cuLaunchKernel(f, grid, 1, 1, block, 1, 1, shared, NULL, args, NULL));
    OK(cuCtxSynchronize());
}

uint64_t sim_random(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}
