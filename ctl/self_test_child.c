/* SPDX-License-Identifier: Apache-2.0 */
/* The process of vgpuctl self-test local: a small program of the Driver API. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "common/io.h"
#include "ctl/escape.h"
#include "ctl/self_test.h"
#include "cuda_api.h"
#include "proto/frame_socket.h"

#define NUMBERS 4096u
#define BLOCK   256u
/* A broker grants at once. */
#define GRANT_MS 5000

static const char kernel[] =
    ".version 6.4\n.target sm_50\n.address_size 64\n"
    ".visible .entry vgpu_self_test(.param .u64 at, .param .u32 count)\n{\n"
    ".reg .pred %p<2>;\n.reg .b32 %r<8>;\n.reg .b64 %rd<5>;\n"
    "ld.param.u64 %rd1, [at];\nld.param.u32 %r1, [count];\n"
    "mov.u32 %r2, %ctaid.x;\nmov.u32 %r3, %ntid.x;\nmov.u32 %r4, %tid.x;\n"
    "mad.lo.s32 %r5, %r2, %r3, %r4;\n"
    "setp.ge.u32 %p1, %r5, %r1;\n@%p1 bra DONE;\n"
    "cvta.to.global.u64 %rd2, %rd1;\nmul.wide.u32 %rd3, %r5, 4;\nadd.s64 %rd4, %rd2, %rd3;\n"
    "ld.global.u32 %r6, [%rd4];\nmad.lo.s32 %r7, %r6, 3, 1;\nst.global.u32 [%rd4], %r7;\n"
    "DONE:\nret;\n}\n";

struct api {
    __typeof__(&cuInit) init;
    __typeof__(&cuDeviceGetCount) count;
    __typeof__(&cuDeviceGetName) name;
    __typeof__(&cuDevicePrimaryCtxRetain) retain;
    __typeof__(&cuDevicePrimaryCtxRelease) release;
    __typeof__(&cuCtxSetCurrent) set_current;
    __typeof__(&cuModuleLoadData) load;
    __typeof__(&cuModuleGetFunction) function;
    __typeof__(&cuMemAlloc) alloc;
    __typeof__(&cuMemFree) free;
    __typeof__(&cuMemcpyHtoD) to_device;
    __typeof__(&cuMemcpyDtoH) to_host;
    __typeof__(&cuLaunchKernel) launch;
    __typeof__(&cuCtxSynchronize) synchronize;
    __typeof__(&cuGetErrorName) error_name;
};

struct run {
    const char *socket;
    const char *library;
    int report;
    struct vgpu_frame_socket link; /* of the first two hops */
    struct api api;
    CUcontext context;
    CUfunction function;
    CUdeviceptr memory;
    uint32_t numbers[NUMBERS];
    struct ct_hop hop; /* under way */
};

__attribute__((format(printf, 2, 3))) static int say(struct run *run, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(run->hop.text, sizeof(run->hop.text), fmt, args);
    va_end(args);
    return 0;
}

/* A hop that failed, by the call that did. */
static int say_error(struct run *run, const char *call, CUresult cu)
{
    const char *name = "an error";

    (void)run->api.error_name(cu, &name);
    (void)say(run, "%s: %s (%d): vgpuctl doctor; journalctl -u vgpu-broker -u 'vgpu-executor@*'",
              call, name, (int)cu);
    return -EIO;
}

static int hop_connect(struct run *run)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    vgpu_frame_socket_init(&run->link, fd);
    if (strlen(run->socket) >= sizeof(address.sun_path)) {
        (void)say(run, "%.200s: too long for a socket's path", run->socket);
        return -ENAMETOOLONG;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", run->socket);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)say(run, "%s: %s: %s", run->socket, strerror(errno),
                  errno == EACCES ? "log in as a member of the socket's group (ls -l)"
                                  : "systemctl start vgpu-broker");
        return -EIO;
    }
    return say(run, "%s", run->socket);
}

static int hop_grant(struct run *run)
{
    Vgpu__Frame *frame;
    char reason[128];
    struct pollfd poll_fd = {.fd = run->link.fd, .events = POLLIN};
    int rc = poll(&poll_fd, 1, GRANT_MS) > 0 ? vgpu_frame_socket_receive(&run->link, &frame)
                                             : -ETIMEDOUT;

    if (rc < 0) {
        (void)say(run, "no grant: %s: is this the guests' socket? journalctl -u vgpu-broker",
                  strerror(-rc));
    } else if (frame->kind_case == VGPU__FRAME__KIND_REFUSE) {
        (void)say(run, "refused: %s (%d): vgpuctl status, vgpuctl sessions",
                  ct_escape(reason, sizeof(reason), frame->refuse->reason), frame->refuse->result);
        rc = -EIO;
    } else if (frame->kind_case != VGPU__FRAME__KIND_GRANT) {
        (void)say(run, "this socket is not for guests: name vgpu-broker's with --socket");
        rc = -EIO;
    } else {
        (void)say(run, "channel of %llu MiB, session %llu",
                  (unsigned long long)(frame->grant->channel_bytes >> 20),
                  (unsigned long long)frame->grant->session);
    }
    vgpu_frame_socket_fini(&run->link);
    return rc;
}

static int bind_symbol(struct run *run, void *library, const char *name, void *where)
{
    void *symbol = dlsym(library, name);

    memcpy(where, &symbol, sizeof(symbol));
    return symbol != NULL ? 0 : say(run, "%s has no %s", run->library, name) - ENOENT;
}

#define TEXT_OF(name)  #name
#define NAME_OF(name)  TEXT_OF(name)
#define BIND(to, name) (rc = rc != 0 ? rc : bind_symbol(run, library, NAME_OF(name), &run->api.to))

static int bind_all(struct run *run, void *library)
{
    int rc = 0;

    BIND(init, cuInit);
    BIND(count, cuDeviceGetCount);
    BIND(name, cuDeviceGetName);
    BIND(retain, cuDevicePrimaryCtxRetain);
    BIND(release, cuDevicePrimaryCtxRelease);
    BIND(set_current, cuCtxSetCurrent);
    BIND(load, cuModuleLoadData);
    BIND(function, cuModuleGetFunction);
    BIND(alloc, cuMemAlloc);
    BIND(free, cuMemFree);
    BIND(to_device, cuMemcpyHtoD);
    BIND(to_host, cuMemcpyDtoH);
    BIND(launch, cuLaunchKernel);
    BIND(synchronize, cuCtxSynchronize);
    BIND(error_name, cuGetErrorName);
    return rc;
}

static int hop_library(struct run *run)
{
    void *library = dlopen(run->library, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        (void)say(run,
                  "%.200s cannot be loaded: install the guest package, or name its folder with "
                  "--library",
                  run->library);
        return -ENOENT;
    }
    return bind_all(run, library) == 0 ? say(run, "%s", run->library) : -ENOENT;
}

static int hop_welcome(struct run *run)
{
    char name[128] = "";
    char clean[128];
    int count = 0;
    CUresult cu = run->api.init(0);

    if (cu != CUDA_SUCCESS) {
        return say_error(run, "cuInit", cu);
    }
    cu = run->api.count(&count);
    if (cu != CUDA_SUCCESS || count == 0) {
        return say_error(run, "cuDeviceGetCount", cu != CUDA_SUCCESS ? cu : CUDA_ERROR_NO_DEVICE);
    }
    (void)run->api.name(name, sizeof(name), 0);
    return say(run, "%d GPU, the first is %s", count, ct_escape(clean, sizeof(clean), name));
}

static int hop_worker(struct run *run)
{
    CUresult cu = run->api.retain(&run->context, 0);

    if (cu == CUDA_SUCCESS) {
        cu = run->api.set_current(run->context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = run->api.alloc(&run->memory, sizeof(run->numbers));
    }
    return cu == CUDA_SUCCESS ? say(run, "a worker with a context") : say_error(run, "context", cu);
}

static int hop_module(struct run *run)
{
    CUmodule module;
    CUresult cu = run->api.load(&module, kernel);

    if (cu == CUDA_SUCCESS) {
        cu = run->api.function(&run->function, module, "vgpu_self_test");
    }
    return cu == CUDA_SUCCESS ? say(run, "PTX compiled") : say_error(run, "cuModuleLoadData", cu);
}

static int hop_copy(struct run *run)
{
    CUresult cu;

    for (uint32_t i = 0; i < NUMBERS; i++) {
        run->numbers[i] = i ^ 0x5a5a;
    }
    cu = run->api.to_device(run->memory, run->numbers, sizeof(run->numbers));
    return cu == CUDA_SUCCESS ? say(run, "%u KiB to the device", NUMBERS * 4 / 1024)
                              : say_error(run, "cuMemcpyHtoD", cu);
}

static int hop_launch(struct run *run)
{
    uint32_t count = NUMBERS;
    void *parameters[] = {&run->memory, &count};
    CUresult cu = run->api.launch(run->function, NUMBERS / BLOCK, 1, 1, BLOCK, 1, 1, 0, NULL,
                                  parameters, NULL);

    if (cu == CUDA_SUCCESS) {
        cu = run->api.synchronize();
    }
    return cu == CUDA_SUCCESS ? say(run, "a kernel of %u threads ran", NUMBERS)
                              : say_error(run, "cuLaunchKernel", cu);
}

static int hop_result(struct run *run)
{
    CUresult cu = run->api.to_host(run->numbers, run->memory, sizeof(run->numbers));

    if (cu != CUDA_SUCCESS) {
        return say_error(run, "cuMemcpyDtoH", cu);
    }
    for (uint32_t i = 0; i < NUMBERS; i++) {
        if (run->numbers[i] != (i ^ 0x5a5a) * 3 + 1) {
            (void)say(run, "number %u is %u, not %u: the GPU computes wrongly: nvidia-smi -q", i,
                      run->numbers[i], (i ^ 0x5a5a) * 3 + 1);
            return -EIO;
        }
    }
    return say(run, "%u numbers are right", NUMBERS);
}

static int hop_close(struct run *run)
{
    CUresult cu = run->api.free(run->memory);

    if (cu == CUDA_SUCCESS) {
        cu = run->api.release(0);
    }
    return cu == CUDA_SUCCESS ? say(run, "the worker is given back") : say_error(run, "close", cu);
}

int ct_self_test_main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*go)(struct run *run);
    } hops[] = {
        {"connect", hop_connect}, {"grant", hop_grant},   {"library", hop_library},
        {"welcome", hop_welcome}, {"worker", hop_worker}, {"module", hop_module},
        {"copy", hop_copy},       {"launch", hop_launch}, {"result", hop_result},
        {"close", hop_close},
    };
    static struct run run;

    if (argc != 4) {
        return 2;
    }
    run.socket = argv[1];
    run.library = argv[2];
    run.report = atoi(argv[3]);
    for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++) {
        uint64_t start_ns = vgpu_clock_ns();

        memset(&run.hop, 0, sizeof(run.hop));
        (void)snprintf(run.hop.name, sizeof(run.hop.name), "%s", hops[i].name);
        run.hop.failed = hops[i].go(&run) != 0;
        run.hop.ns = vgpu_clock_ns() - start_ns;
        if (vgpu_write_full(run.report, &run.hop, sizeof(run.hop)) != 0 || run.hop.failed) {
            return 1;
        }
    }
    return 0;
}
