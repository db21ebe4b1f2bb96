/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * After the first context the simulator makes do with the calls of a locked
 * worker: every other call ends the process here.
 */

static const unsigned allowed[] = {
    SYS_read,           SYS_write,        SYS_close,  SYS_mmap,          SYS_munmap,
    SYS_mprotect,       SYS_madvise,      SYS_futex,  SYS_clock_gettime, SYS_clock_nanosleep,
    SYS_sched_yield,    SYS_getpid,       SYS_gettid, SYS_brk,           SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_exit,   SYS_exit_group,
};
#define ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

static void lock_all_threads(void)
{
    struct sock_filter code[ALLOWED * 2 + 2];
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    size_t n = 0;

    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ALLOWED; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
}

static void use_memory(void)
{
    CUmemAllocationProp prop = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                                .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
    CUmemAccessDesc access = {{CU_MEM_LOCATION_TYPE_DEVICE, 0}, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;
    CUdeviceptr q = 0;
    void *host = NULL;

    OK(cuMemAddressReserve(&p, 8 << 20, 0, 0x310000000000, 0));
    CHECK(p == 0x310000000000);
    OK(cuMemCreate(&h, 4 << 20, &prop, 0));
    OK(cuMemMap(p, 4 << 20, 0, h, 0));
    OK(cuMemSetAccess(p, 4 << 20, &access, 1));
    OK(cuMemsetD8(p, 1, 4 << 20));
    OK(cuCtxSynchronize()); /* unmapping does not wait */
    OK(cuMemUnmap(p, 4 << 20));
    OK(cuMemRelease(h));
    OK(cuMemAddressFree(p, 8 << 20));
    OK(cuMemHostAlloc(&host, 1 << 20, 0));
    OK(cuMemAllocAsync(&q, 64 << 20, NULL));
    OK(cuMemcpyHtoDAsync(q, host, 1 << 20, NULL));
    OK(cuMemFreeAsync(q, NULL));
    OK(cuMemFreeHost(host));
}

static void count(void *data)
{
    *(int *)data += 1;
}

static void use_streams(CUfunction f)
{
    CUdeviceptr d = 0;
    CUstream s = NULL;
    CUevent e = NULL;
    int n = 0;
    int zero = 0;

    OK(cuMemAlloc(&d, 4096));
    OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    OK(cuEventCreate(&e, CU_EVENT_BLOCKING_SYNC));
    OK(cuLaunchKernel(f, 64, 1, 1, 256, 1, 1, 0, s, (void *[]){&d, &d, &d, &zero}, NULL));
    OK(cuLaunchHostFunc(s, count, &n));
    OK(cuStreamWriteValue64(s, d, 1, 0));
    OK(cuStreamWaitValue64(s, d, 1, CU_STREAM_WAIT_VALUE_GEQ));
    OK(cuEventRecord(e, s));
    OK(cuEventSynchronize(e));
    CHECK(n == 1);
    OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2048));
    OK(cuEventDestroy(e));
    OK(cuStreamDestroy(s));
}

static void locked(void)
{
    char *text = sim_ptx("vecadd.ptx");
    char *compressed = sim_ptx("vecadd.zstd.fatbin");
    CUmodule m = NULL;

    (void)sim_context();
    lock_all_threads();
    OK(cuModuleLoadData(&m, text));
    use_memory();
    use_streams(sim_function(m, "vecadd"));
    OK(cuModuleUnload(m));
    OK(cuModuleLoadData(&m, compressed));
    OK(cuModuleUnload(m));
    FAILS(CUDA_ERROR_INVALID_PTX, cuModuleLoadData(&m, ".version 7.0\n.target sm_75\nbroken"));
}

static void test_locked_process_goes_on(void **state)
{
    (void)state;
    sim_child(locked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_locked_process_goes_on)};

#if defined(VGPU_ASAN) || defined(VGPU_TSAN)
    return 77; /* a sanitizer's runtime wants more calls */
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
