/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Registered memory in programs of several threads, in children, and at the end of a program. */

#define PAGE  4096u
#define BYTES (256ul << 10)

static void *pages(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        abort();
    }
    return p;
}

/* A thread counts in the memory all the while: no step of it is lost. */
struct counter {
    atomic_uint *word;
    atomic_bool stop;
    unsigned int steps;
};

static void *count(void *arg)
{
    struct counter *c = arg;

    while (!atomic_load(&c->stop)) {
        atomic_fetch_add(c->word, 1);
        c->steps++;
    }
    return NULL;
}

/* Registers memory while a thread counts; ends that before it stops, or after. */
static void count_during(unsigned char *p, size_t bytes, unsigned char *word, bool end_too)
{
    int refused = 0;
    int lost = 0;

    conf_context();
    for (unsigned int i = 0; i < 40; i++) {
        struct counter c = {.word = (atomic_uint *)(void *)word};
        pthread_t thread;

        atomic_store(c.word, 0);
        CONF_EXPECT(!pthread_create(&thread, NULL, count, &c));
        refused += drv.cuMemHostRegister_v2(p, bytes, 0) != CUDA_SUCCESS;
        refused += end_too && drv.cuMemHostUnregister(p) != CUDA_SUCCESS;
        atomic_store(&c.stop, true);
        pthread_join(thread, NULL);
        lost += atomic_load(c.word) != c.steps;
        refused += !end_too && drv.cuMemHostUnregister(p) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    CONF_EXPECT(lost == 0);
}

CONF_POSITIVE(cuMemHostRegister_v2, no_write_is_lost)
{
    unsigned char *p = pages(16ul * PAGE);

    count_during(p, 16ul * PAGE, p + 8ul * PAGE, false);
}

/* The counter is in the first page, beside what is registered. */
CONF_POSITIVE(cuMemHostRegister_v2, no_write_beside_it_is_lost)
{
    unsigned char *p = pages(16ul * PAGE);

    count_during(p + 512, 4ul * PAGE, p, true);
}

/* True when pages lie in a device's memory, where writes cannot be held back. */
static bool is_of_device(const void *p)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    bool found = false;

    while (maps && fgets(line, sizeof(line), maps)) {
        unsigned long from = 0, to = 0;

        found |= sscanf(line, "%lx-%lx", &from, &to) == 2 && (unsigned long)p >= from &&
                 (unsigned long)p < to && strstr(line, "/sys/");
    }
    if (maps) {
        fclose(maps);
    }
    return found;
}

CONF_POSITIVE(cuMemHostUnregister, no_write_is_lost)
{
    unsigned char *p = pages(16ul * PAGE);

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, 16ul * PAGE, 0));
    if (is_of_device(p)) {
        conf_skip("a device's memory: docs/design.md, registered memory");
    }
    CONF_SETUP(cuMemHostUnregister(p));
    count_during(p, 16ul * PAGE, p + 8ul * PAGE, true);
}

/* Others allocate and free all the while in the pages that hold what is registered. */
static void *churn(void *arg)
{
    atomic_bool *stop = arg;
    bool right = true;

    while (!atomic_load(stop)) {
        unsigned char *block[32];

        for (unsigned int i = 0; i < 32; i++) {
            block[i] = malloc(40 + 24ul * i);
            memset(block[i], (int)i, 40 + 24ul * i);
        }
        for (unsigned int i = 0; i < 32; i++) {
            right &= block[i][0] == i && block[i][39 + 24ul * i] == i;
            free(block[i]);
        }
    }
    return right ? arg : NULL;
}

CONF_POSITIVE(cuMemHostRegister_v2, heap_in_use_by_another_thread)
{
    atomic_bool stop = false;
    void *right = NULL;
    pthread_t thread;
    int refused = 0;

    conf_context();
    CONF_EXPECT(!pthread_create(&thread, NULL, churn, &stop));
    for (unsigned int i = 0; i < 200; i++) {
        size_t bytes = 600 + 97ul * i;
        unsigned char *p = malloc(bytes);

        conf_fill(p, bytes, i);
        refused += drv.cuMemHostRegister_v2(p, bytes, 0) != CUDA_SUCCESS;
        refused += !conf_same(p, bytes, i);
        refused += drv.cuMemHostUnregister(p) != CUDA_SUCCESS;
        refused += !conf_same(p, bytes, i);
        free(p);
    }
    atomic_store(&stop, true);
    pthread_join(thread, &right);
    CONF_VALUE(refused);
    CONF_EXPECT(right == &stop);
}

/* A child has what the memory held, and what it writes is its own. */
CONF_POSITIVE(cuMemHostRegister_v2, a_child_has_a_copy)
{
    unsigned char *p = pages(BYTES);
    unsigned char *heap = malloc(3000);
    int status = -1;
    pid_t child;

    conf_context();
    conf_fill(p, BYTES, 5);
    conf_fill(heap, 3000, 6);
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_SETUP(cuMemHostRegister_v2(heap, 3000, 0));
    child = fork();
    if (child == 0) {
        bool right = conf_same(p, BYTES, 5) && conf_same(heap, 3000, 6);

        memset(p, 0, BYTES);
        memset(heap, 0, 3000);
        for (unsigned int i = 0; i < 1000; i++) {
            right &= malloc(100) != NULL;
        }
        free(heap);
        _exit(right ? 0 : 1);
    }
    CONF_EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    CONF_EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CONF_EXPECT(conf_same(p, BYTES, 5) && conf_same(heap, 3000, 6));
    CONF_OK(cuMemHostUnregister(p));
    CONF_OK(cuMemHostUnregister(heap));
    CONF_EXPECT(conf_same(p, BYTES, 5) && conf_same(heap, 3000, 6));
    free(heap);
}

static unsigned char *at_exit;

static void look_at_exit(void)
{
    if (!conf_same(at_exit, 3000, 7)) {
        abort();
    }
}

/* What runs at the end of the program still finds its memory. */
CONF_POSITIVE(cuMemHostRegister_v2, until_the_end_of_the_program)
{
    at_exit = malloc(3000);
    (void)atexit(look_at_exit);
    conf_context();
    conf_fill(at_exit, 3000, 7);
    CONF_OK(cuMemHostRegister_v2(at_exit, 3000, 0));
}

/* Memory that was unmapped while it was registered is not touched again. */
CONF_POSITIVE(cuMemHostUnregister, memory_that_is_gone)
{
    unsigned char *p = pages(BYTES);
    unsigned char *q = NULL;

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_EXPECT(munmap(p, BYTES) == 0);
    q = mmap(p, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CONF_EXPECT(q == p);
    CONF_OK(cuMemHostUnregister(p));
    CONF_EXPECT(q[0] == 0 && q[BYTES - 1] == 0);
}

/* Where the thread stands: not a local variable, which AddressSanitizer keeps elsewhere. */
static void *stack_of_a_thread(void *context)
{
    CONF_SETUP(cuCtxSetCurrent(context));
    CONF_RESULT(cuMemHostRegister_v2(__builtin_frame_address(0), 16, 0), CUDA_ERROR_NOT_SUPPORTED);
    return NULL;
}

CONF_UNSUPPORTED(cuMemHostRegister_v2, stacks)
{
    CUcontext ctx = conf_context();
    pthread_t thread;

    CONF_RESULT(cuMemHostRegister_v2(__builtin_frame_address(0), 16, 0), CUDA_ERROR_NOT_SUPPORTED);
    CONF_EXPECT(!pthread_create(&thread, NULL, stack_of_a_thread, ctx));
    pthread_join(thread, NULL);
}

/* ---- where the system refuses userfaultfd ---- */

static void refuse_userfaultfd(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    CONF_EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CONF_EXPECT(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

static void *wait_for(void *arg)
{
    const atomic_bool *stop = arg;

    while (!atomic_load(stop)) {
        usleep(1000);
    }
    return NULL;
}

CONF_UNSUPPORTED(cuMemHostRegister_v2, threads_without_userfaultfd)
{
    unsigned char *p = pages(BYTES);
    atomic_bool stop = false;
    pthread_t thread;

    conf_context();
    refuse_userfaultfd();
    conf_fill(p, BYTES, 8);
    CONF_EXPECT(!pthread_create(&thread, NULL, wait_for, &stop));
    CONF_RESULT(cuMemHostRegister_v2(p, BYTES, 0), CUDA_ERROR_NOT_SUPPORTED);
    CONF_EXPECT(conf_same(p, BYTES, 8));
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

/* Its first and last page cannot be given back, and serve again. */
CONF_POSITIVE(cuMemHostUnregister, threads_without_userfaultfd)
{
    unsigned char *block = pages(4ul * PAGE);
    unsigned char *p = block + 100;
    atomic_bool stop = false;
    CUcontext ctx = NULL;
    CUcontext next = NULL;
    pthread_t thread;

    conf_device();
    CONF_SETUP(cuDevicePrimaryCtxRetain(&ctx, 0));
    CONF_SETUP(cuCtxSetCurrent(ctx));
    conf_fill(block, 4ul * PAGE, 10);
    CONF_OK(cuMemHostRegister_v2(p, 3ul * PAGE, 0));
    refuse_userfaultfd();
    CONF_EXPECT(!pthread_create(&thread, NULL, wait_for, &stop));
    CONF_OK(cuMemHostUnregister(p));
    CONF_EXPECT(conf_same(block, 4ul * PAGE, 10));
    CONF_CALL(cuDevicePrimaryCtxReset_v2(0));
    CONF_EXPECT(conf_same(block, 4ul * PAGE, 10));
    CONF_SETUP(cuDevicePrimaryCtxRetain(&next, 0));
    CONF_SETUP(cuCtxSetCurrent(next));
    for (unsigned int i = 0; i < 40; i++) {
        void *other = NULL;

        CONF_SETUP(cuMemAllocHost_v2(&other, 64ul << 10));
        memset(other, 0xff, 64ul << 10);
    }
    CONF_EXPECT(conf_same(block, 4ul * PAGE, 10));
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

/* A thread of the sanitizer's own is one more. */
#ifndef __SANITIZE_THREAD__
CONF_POSITIVE(cuMemHostRegister_v2, one_thread_without_userfaultfd)
{
    unsigned char *p = pages(BYTES);

    conf_context();
    refuse_userfaultfd();
    conf_fill(p, BYTES, 9);
    CONF_OK(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_OK(cuMemHostUnregister(p));
    CONF_EXPECT(conf_same(p, BYTES, 9));
}

CONF_UNSUPPORTED(cuMemHostUnregister, the_same_again_without_userfaultfd)
{
    unsigned char *block = pages(4ul * PAGE);
    unsigned char *p = block + 100;
    atomic_bool stop = false;
    CUdeviceptr d = 0;
    pthread_t thread;

    conf_context();
    conf_fill(block, 4ul * PAGE, 11);
    CONF_OK(cuMemHostRegister_v2(p, 1000, 0));
    refuse_userfaultfd();
    CONF_EXPECT(!pthread_create(&thread, NULL, wait_for, &stop));
    CONF_OK(cuMemHostUnregister(p));
    CONF_RESULT(cuMemHostUnregister(p), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    CONF_RESULT(cuMemHostRegister_v2(p, 2000, 0), CUDA_ERROR_NOT_SUPPORTED);
    CONF_OK(cuMemHostRegister_v2(p, 1000, 0));
    CONF_OK(cuMemHostGetDevicePointer_v2(&d, p, 0));
    CONF_OK(cuMemsetD8_v2(d, 5, 1000));
    CONF_OK(cuCtxSynchronize());
    CONF_EXPECT(p[0] == 5 && p[999] == 5);
    CONF_OK(cuMemHostUnregister(p));
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    CONF_OK(cuMemHostRegister_v2(p, 2000, 0));
    CONF_OK(cuMemHostUnregister(p));
    CONF_EXPECT(p[0] == 5 && p[999] == 5);
}
#endif
