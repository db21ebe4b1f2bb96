/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Memory of the program that the device is let in to. */

#define PAGE  4096u
#define WORDS (64u << 10)
#define BYTES (WORDS * 4ul)

static void *pages(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        abort();
    }
    return p;
}

static CUdeviceptr device_address(void *p)
{
    CUdeviceptr d = 0;

    CONF_SETUP(cuMemHostGetDevicePointer_v2(&d, p, 0));
    return d;
}

static unsigned int wrong(const unsigned int *data, unsigned int value)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < WORDS; i++) {
        count += data[i] != value;
    }
    return count;
}

static void kernel_writes(unsigned int *p, unsigned int value)
{
    CUdeviceptr d = device_address(p);
    void *params[] = {&d, &value};

    conf_launch(conf_kernel("store"), WORDS / 256, 256, NULL, params);
    CONF_SETUP(cuCtxSynchronize());
}

CONF_POSITIVE(cuMemHostRegister_v2, whole_pages)
{
    unsigned int *p = pages(BYTES);

    conf_context();
    conf_fill(p, BYTES, 1);
    CONF_OK(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_EXPECT(conf_same(p, BYTES, 1));
    kernel_writes(p, 7);
    CONF_VALUE(wrong(p, 7));
    CONF_OK(cuMemHostUnregister(p));
    CONF_VALUE(wrong(p, 7));
    p[0] = 8;
    CONF_EXPECT(p[0] == 8 && p[1] == 7);
    munmap(p, BYTES);
}

CONF_POSITIVE(cuMemHostRegister_v2, memory_of_malloc)
{
    unsigned char *block = malloc(BYTES + 300);
    unsigned int *p = (unsigned int *)(block + 100);

    conf_context();
    conf_fill(block, BYTES + 300, 2);
    CONF_OK(cuMemHostRegister_v2(p, BYTES, CU_MEMHOSTREGISTER_PORTABLE));
    CONF_EXPECT(conf_same(block, BYTES + 300, 2));
    kernel_writes(p, 9);
    CONF_VALUE(wrong(p, 9));
    CONF_EXPECT(conf_same(block, 100, 2));
    CONF_OK(cuMemHostUnregister(p));
    CONF_VALUE(wrong(p, 9));
    free(block);
}

CONF_POSITIVE(cuMemHostRegister_v2, small_blocks_of_the_heap)
{
    unsigned char *near = malloc(64), *block = malloc(640), *next = malloc(64);

    conf_context();
    memset(near, 1, 64);
    memset(block, 2, 640);
    memset(next, 3, 64);
    CONF_OK(cuMemHostRegister_v2(block, 640, 0));
    CONF_OK(cuMemsetD8_v2(device_address(block), 5, 640));
    CONF_OK(cuCtxSynchronize());
    CONF_EXPECT(block[0] == 5 && block[639] == 5 && near[63] == 1 && next[0] == 3);
    free(near);
    near = malloc(4096);
    CONF_OK(cuMemHostUnregister(block));
    CONF_EXPECT(block[0] == 5 && block[639] == 5 && next[63] == 3);
    free(near);
    free(block);
    free(next);
}

CONF_POSITIVE(cuMemHostRegister_v2, copies_name_either_address)
{
    unsigned char *p = pages(BYTES), *q = pages(BYTES);
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(BYTES);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_OK(cuMemHostRegister_v2(q, BYTES, 0));
    conf_fill(p, BYTES, 3);
    CONF_OK(cuMemcpyHtoDAsync_v2(d, p, BYTES, s));
    CONF_OK(cuMemcpyDtoHAsync_v2(q, d, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(conf_same(q, BYTES, 3));
    memset(q, 0, BYTES);
    CONF_OK(cuMemcpyDtoDAsync_v2(device_address(q), device_address(p), BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(conf_same(q, BYTES, 3));
    CONF_OK(cuMemHostUnregister(p));
    CONF_OK(cuMemHostUnregister(q));
}

CONF_POSITIVE(cuMemHostRegister_v2, again_and_again)
{
    unsigned char *p = pages(BYTES);
    int refused = 0;

    conf_context();
    conf_fill(p, BYTES, 4);
    for (unsigned int i = 0; i < 50; i++) {
        refused += drv.cuMemHostRegister_v2(p + 100ul * i, BYTES / 2, 0) != CUDA_SUCCESS;
        refused += drv.cuMemHostUnregister(p + 100ul * i) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    CONF_EXPECT(conf_same(p, BYTES, 4));
}

CONF_POSITIVE(cuMemHostRegister_v2, attributes)
{
    unsigned int *p = pages(BYTES);
    unsigned int type = 0, flags = 0;
    CUdeviceptr d = 0;
    void *h = NULL;

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)p));
    CONF_VALUE(type);
    CONF_OK(cuPointerGetAttribute(&d, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, (CUdeviceptr)p + 8));
    CONF_EXPECT(d == device_address(p) + 8);
    CONF_OK(cuPointerGetAttribute(&h, CU_POINTER_ATTRIBUTE_HOST_POINTER, d));
    CONF_EXPECT(h == (char *)p + 8);
    CONF_OK(cuMemHostGetFlags(&flags, p));
    CONF_EXPECT((flags & CU_MEMHOSTREGISTER_DEVICEMAP) != 0);
    CONF_OK(cuMemHostUnregister(p));
}

CONF_POSITIVE(cuMemHostRegister_v2, ends_with_its_context)
{
    unsigned char *p = pages(BYTES);
    CUcontext ctx = NULL;

    conf_context();
    CONF_SETUP(cuCtxCreate_v2(&ctx, 0, 0));
    conf_fill(p, BYTES, 5);
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_OK(cuCtxDestroy_v2(ctx));
    CONF_EXPECT(conf_same(p, BYTES, 5));
    CONF_OK(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_OK(cuMemHostUnregister(p));
    CONF_EXPECT(conf_same(p, BYTES, 5));
}

CONF_NEGATIVE(cuMemHostRegister_v2, twice)
{
    unsigned char *p = pages(BYTES);

    conf_context();
    CONF_OK(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_RESULT(cuMemHostRegister_v2(p, BYTES, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    CONF_RESULT(cuMemHostRegister_v2(p + PAGE, PAGE, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    CONF_OK(cuMemHostUnregister(p));
}

CONF_NEGATIVE(cuMemHostRegister_v2, null)
{
    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(NULL, PAGE, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostRegister_v2, no_bytes)
{
    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(pages(PAGE), 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostRegister_v2, unknown_flags)
{
    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(pages(PAGE), PAGE, 0x4000), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostRegister_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemHostRegister_v2(pages(PAGE), PAGE, 0), CUDA_ERROR_INVALID_CONTEXT);
}

/* What cannot be given to the device is refused; what the vendor's driver can, it takes. */
CONF_UNSUPPORTED(cuMemHostRegister_v2, shared_memory)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(p, PAGE, 0), CUDA_ERROR_NOT_SUPPORTED);
}

CONF_UNSUPPORTED(cuMemHostRegister_v2, memory_of_a_file)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd_create("file", 0), 0);

    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(p, PAGE, 0), CUDA_ERROR_NOT_SUPPORTED);
}

CONF_UNSUPPORTED(cuMemHostRegister_v2, memory_that_cannot_be_written)
{
    void *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(p, PAGE, CU_MEMHOSTREGISTER_READ_ONLY),
                CUDA_ERROR_NOT_SUPPORTED);
}

CONF_UNSUPPORTED(cuMemHostRegister_v2, memory_of_a_device)
{
    conf_context();
    CONF_RESULT(cuMemHostRegister_v2(pages(PAGE), PAGE, CU_MEMHOSTREGISTER_IOMEMORY),
                CUDA_ERROR_NOT_SUPPORTED);
}

/* A page has one place in the window. */
CONF_UNSUPPORTED(cuMemHostRegister_v2, a_page_twice)
{
    unsigned char *p = pages(4ul * PAGE);

    conf_context();
    CONF_OK(cuMemHostRegister_v2(p, PAGE + 100, 0));
    CONF_RESULT(cuMemHostRegister_v2(p + PAGE + 200, PAGE, 0), CUDA_ERROR_NOT_SUPPORTED);
    CONF_OK(cuMemHostRegister_v2(p + 2ul * PAGE, PAGE, 0));
    CONF_OK(cuMemHostUnregister(p));
    CONF_OK(cuMemHostRegister_v2(p + 10, 2 * PAGE - 10, 0));
    CONF_OK(cuMemHostUnregister(p + 10));
}

/* The window's end: nothing has changed. */
CONF_UNSUPPORTED(cuMemHostRegister_v2, more_than_the_window)
{
    unsigned char *p = mmap(NULL, 8ul << 30, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    unsigned char *small = pages(BYTES);

    if (p == MAP_FAILED) {
        abort();
    }

    conf_context();
    conf_fill(p + (1ul << 30), BYTES, 3);
    CONF_RESULT(cuMemHostRegister_v2(p, 8ul << 30, 0), CUDA_ERROR_OUT_OF_MEMORY);
    CONF_EXPECT(conf_same(p + (1ul << 30), BYTES, 3));
    CONF_RESULT(cuMemHostUnregister(p), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    CONF_OK(cuMemHostRegister_v2(small, BYTES, 0));
    CONF_OK(cuMemHostUnregister(small));
}

CONF_NEGATIVE(cuMemHostRegister_v2, overlapping)
{
    unsigned char *p = pages(4ul * PAGE);

    conf_context();
    CONF_OK(cuMemHostRegister_v2(p + PAGE, 2ul * PAGE, 0));
    CONF_RESULT(cuMemHostRegister_v2(p, 2ul * PAGE, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    CONF_RESULT(cuMemHostRegister_v2(p + 2ul * PAGE, 2ul * PAGE, 0),
                CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    CONF_RESULT(cuMemHostRegister_v2(p, 4ul * PAGE, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    CONF_OK(cuMemHostUnregister(p + PAGE));
    CONF_OK(cuMemHostRegister_v2(p, 4ul * PAGE, 0));
    CONF_OK(cuMemHostUnregister(p));
}

CONF_NEGATIVE(cuMemHostRegister_v2, pinned_memory)
{
    void *p = NULL;

    conf_context();
    CONF_SETUP(cuMemAllocHost_v2(&p, BYTES));
    CONF_EITHER(cuMemHostRegister_v2(p, BYTES, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
                CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemFreeHost(p));
}

CONF_NEGATIVE(cuMemFreeHost, registered_memory)
{
    unsigned char *p = pages(BYTES);

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_RESULT(cuMemFreeHost(p), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuMemFree_v2(device_address(p)), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemHostUnregister(p));
}

CONF_NEGATIVE(cuMemcpyHtoD_v2, leaves_registered_memory)
{
    unsigned char *p = pages(BYTES);

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES / 2, 0));
    CONF_RESULT(cuMemcpyHtoD_v2(conf_memory(BYTES), p, BYTES), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemHostUnregister(p));
}

static void *let_go(void *arg)
{
    const struct timespec while_the_call_waits = {.tv_nsec = 50L * 1000 * 1000};

    nanosleep(&while_the_call_waits, NULL);
    conf_busy_stop(arg);
    return NULL;
}

CONF_POSITIVE(cuMemHostUnregister, late_writes_stay_out)
{
    unsigned int *p = pages(BYTES), *next = NULL;
    unsigned int one = 1;
    struct conf_busy busy;
    CUdeviceptr d = 0;
    CUfunction store = NULL;
    CUstream s = NULL;
    pthread_t thread;
    void *params[] = {&d, &one};

    conf_context();
    store = conf_kernel("store");
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    d = device_address(p);
    conf_busy_start(&busy, s);
    conf_launch(store, WORDS / 256, 256, s, params);
    CONF_EXPECT(!pthread_create(&thread, NULL, let_go, &busy));
    CONF_OK(cuMemHostUnregister(p));
    CONF_VALUE(wrong(p, 1));
    memset(p, 0, BYTES);
    CONF_OK(cuMemAllocHost_v2((void **)&next, BYTES));
    memset(next, 0, BYTES);
    CONF_OK(cuCtxSynchronize());
    pthread_join(thread, NULL);
    CONF_VALUE(wrong(p, 0));
    CONF_VALUE(wrong(next, 0));
}

CONF_NEGATIVE(cuMemHostUnregister, never_registered)
{
    conf_context();
    CONF_RESULT(cuMemHostUnregister(pages(PAGE)), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

CONF_NEGATIVE(cuMemHostUnregister, twice)
{
    unsigned char *p = pages(BYTES);

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_OK(cuMemHostUnregister(p));
    CONF_RESULT(cuMemHostUnregister(p), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

CONF_NEGATIVE(cuMemHostUnregister, null)
{
    conf_context();
    CONF_RESULT(cuMemHostUnregister(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostUnregister, not_its_start)
{
    unsigned char *p = pages(BYTES);

    conf_context();
    CONF_SETUP(cuMemHostRegister_v2(p, BYTES, 0));
    CONF_EITHER(cuMemHostUnregister(p + PAGE), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    CONF_OK(cuMemHostUnregister(p));
}

CONF_NEGATIVE(cuMemHostUnregister, pinned_memory)
{
    void *p = NULL;

    conf_context();
    CONF_SETUP(cuMemAllocHost_v2(&p, BYTES));
    CONF_EITHER(cuMemHostUnregister(p), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    CONF_OK(cuMemFreeHost(p));
}
