/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-process-quota FILE SEED SEQUENCES QUOTA_MIB: random sequences of allocations, frees and
 * limits, beside others of the same machine.
 *
 *   FILE holds a number that all of them share: the bytes that they have together.  It is raised
 *   behind what was given and lowered ahead of what is given back, so it is never more than what is
 *   really held, and must never be more than the quota.
 *
 * Prints "ready" when it has its worker, begins when standard input ends, then "done refused=N".
 * Exit status: 0; 1 a call failed that must not; 2 over the quota.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/programs/driver_api.h"

#define MIB       ((uint64_t)1 << 20)
#define BLOCK     (2 * MIB)
#define HELD_MAX  12
#define STEPS     8
#define PIECE_MAX 24 /* blocks */
#define HEAP_MAX  64 /* MiB */

struct held {
    CUdeviceptr address; /* or 0 */
    CUmemGenericAllocationHandle physical;
    uint64_t bytes; /* that count */
};

static _Atomic uint64_t *sum;
static uint64_t quota;
static size_t heap_base;
static uint64_t heap; /* above that */
static unsigned long refused;
static struct held held[HELD_MAX];

static void must(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(1);
    }
}

static void raise_sum(uint64_t bytes)
{
    uint64_t now = atomic_fetch_add(sum, bytes) + bytes;

    if (now > quota) {
        fprintf(stderr, "over: %llu of %llu\n", (unsigned long long)now, (unsigned long long)quota);
        exit(2);
    }
}

static void lower_sum(uint64_t bytes)
{
    atomic_fetch_sub(sum, bytes);
}

/* True: given.  Out of memory is an answer, anything else is not. */
static int was_given(CUresult cu, const char *what)
{
    if (cu == CUDA_ERROR_OUT_OF_MEMORY) {
        refused++;
        return 0;
    }
    must(cu, what);
    return 1;
}

static void take(struct held *h)
{
    CUmemAllocationProp prop;
    uint64_t bytes = ((uint64_t)random() % PIECE_MAX + 1) * BLOCK;
    int given;

    memset(&prop, 0, sizeof(prop));
    memset(h, 0, sizeof(*h));
    prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    if (random() % 3 == 0) {
        given = was_given(drv.cuMemCreate(&h->physical, bytes, &prop, 0), "cuMemCreate");
    } else {
        given = was_given(drv.cuMemAlloc_v2(&h->address, bytes), "cuMemAlloc");
    }
    if (given) {
        h->bytes = bytes;
        raise_sum(bytes);
    }
}

static void give(struct held *h)
{
    lower_sum(h->bytes);
    if (h->address != 0) {
        must(drv.cuMemFree_v2(h->address), "cuMemFree");
    } else {
        must(drv.cuMemRelease(h->physical), "cuMemRelease");
    }
    h->bytes = 0;
}

/* The heap of kernels is device memory too. */
static void set_heap(void)
{
    uint64_t want = (uint64_t)random() % HEAP_MAX * MIB;

    if (want < heap) {
        lower_sum(heap - want);
        must(drv.cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, heap_base + want), "a smaller heap");
    } else if (was_given(drv.cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, heap_base + want), "heap")) {
        raise_sum(want - heap);
    } else {
        return;
    }
    heap = want;
}

static void look(void)
{
    size_t left = 0;
    size_t total = 0;

    must(drv.cuMemGetInfo_v2(&left, &total), "cuMemGetInfo");
    if (total != quota || left > total) {
        fprintf(stderr, "total %zu, free %zu\n", total, left);
        exit(1);
    }
}

static void sequence(void)
{
    for (int i = 0; i < STEPS; i++) {
        struct held *h = &held[random() % HELD_MAX];

        if (h->bytes != 0) {
            give(h);
        } else if (random() % 16 == 0) {
            set_heap();
        } else {
            take(h);
        }
    }
}

static void map_sum(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *at =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    sum = at;
}

int main(int argc, char **argv)
{
    unsigned long sequences;
    CUdevice device = 0;
    CUcontext context = NULL;

    if (argc != 5) {
        fprintf(stderr, "usage: %s FILE SEED SEQUENCES QUOTA_MIB\n", argv[0]);
        return 1;
    }
    map_sum(argv[1]);
    srandom((unsigned int)strtoul(argv[2], NULL, 10));
    sequences = strtoul(argv[3], NULL, 10);
    quota = strtoul(argv[4], NULL, 10) * MIB;
    if (driver_api_load() != 0) {
        return 1;
    }
    must(drv.cuInit(0), "cuInit");
    must(drv.cuDeviceGet(&device, 0), "cuDeviceGet");
    must(drv.cuCtxCreate_v2(&context, 0, device), "cuCtxCreate");
    must(drv.cuCtxGetLimit(&heap_base, CU_LIMIT_MALLOC_HEAP_SIZE), "cuCtxGetLimit");
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    for (unsigned long i = 0; i < sequences; i++) {
        sequence();
        if (i % 64 == 0) {
            look();
        }
    }
    /* What ends with the process is no more held. */
    for (int i = 0; i < HELD_MAX; i++) {
        if (held[i].bytes != 0) {
            give(&held[i]);
        }
    }
    lower_sum(heap);
    printf("done refused=%lu\n", refused);
    return 0;
}
