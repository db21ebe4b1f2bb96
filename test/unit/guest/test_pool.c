/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <pthread.h>

#include "gs_symbols.h"
#include "guest/libcuda/session.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

#define PENDING 20000u

static struct fake_broker broker;

/* How often it was asked how far a stream has come. */
static uint64_t asked;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __real_gs_settled_by(struct gs_session *s, uint32_t index, uint64_t sent);
bool __wrap_gs_settled_by(struct gs_session *s, uint32_t index, uint64_t sent);

bool __wrap_gs_settled_by(struct gs_session *s, uint32_t index, uint64_t sent)
{
    asked++;
    return __real_gs_settled_by(s, index, sent);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxCreate_v2(&context, 0, 0) == CUDA_SUCCESS);
}

static uint64_t records(void)
{
    return atomic_load(&broker.channels[0].records);
}

/* A stream gets back what it freed, another what is known to be out of use; nobody else's. */
static void pool_memory(void)
{
    CUstream a;
    CUstream b;
    CUdeviceptr p;
    CUdeviceptr q;
    uint64_t before;
    size_t have;
    size_t total;

    (void)start();
    CHILD_CHECK(cuStreamCreate(&a, 0) == CUDA_SUCCESS && cuStreamCreate(&b, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAllocAsync(&p, 3u << 20, a) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemsetD8Async(p, 1, 64, a) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFreeAsync(p, a) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFreeAsync(p, a) == CUDA_ERROR_INVALID_VALUE);
    /* An answer: what was sent before it has been counted. */
    CHILD_CHECK(cuMemGetInfo_v2(&have, &total) == CUDA_SUCCESS);
    before = records();
    CHILD_CHECK(cuMemAllocAsync(&q, 3u << 20, a) == CUDA_SUCCESS && q == p);
    CHILD_CHECK(cuMemFreeAsync(q, a) == CUDA_SUCCESS && records() == before);
    CHILD_CHECK(cuMemAllocAsync(&q, 3u << 20, b) == CUDA_SUCCESS && q != p);
    CHILD_CHECK(cuMemFreeAsync(q, a) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAllocAsync(&q, 3u << 20, b) == CUDA_SUCCESS && q != p);
    CHILD_CHECK(cuMemFreeAsync(q, b) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(a) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(b) == CUDA_SUCCESS);
    before = records();
    for (unsigned int i = 0; i < 100; i++) {
        CHILD_CHECK(cuMemAllocAsync(&q, 3u << 20, i % 2 == 0 ? a : b) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemFreeAsync(q, i % 2 == 0 ? a : b) == CUDA_SUCCESS);
        CHILD_CHECK(cuStreamSynchronize(i % 2 == 0 ? a : b) == CUDA_SUCCESS);
    }
    CHILD_CHECK(records() == before);
    fake_broker_stop(&broker);
}

static uint64_t reserved(void)
{
    CUmemoryPool pool;
    uint64_t bytes = 1;

    CHILD_CHECK(cuDeviceGetDefaultMemPool(&pool, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &bytes) ==
                CUDA_SUCCESS);
    return bytes;
}

/* Gives `stream` work that is not known to be done. */
static void busy(CUstream stream, CUdeviceptr word)
{
    CHILD_CHECK(cuMemsetD8Async(word, 1, 4, stream) == CUDA_SUCCESS);
}

/* Allocates in one stream and frees in another that is not known to come on. */
static void pend(CUstream alloc, CUstream freed, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        CUdeviceptr p;

        CHILD_CHECK(cuMemAllocAsync(&p, 512, alloc) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemFreeAsync(p, freed) == CUDA_SUCCESS);
    }
}

/* What is pending costs the allocations behind it nothing. */
static void many_pending_frees(void)
{
    CUdeviceptr word;
    CUstream a;
    CUstream b;

    start();
    CHILD_CHECK(cuStreamCreate(&a, 0) == CUDA_SUCCESS && cuStreamCreate(&b, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&word, 4) == CUDA_SUCCESS);
    busy(b, word);
    asked = 0;
    pend(a, b, PENDING);
    CHILD_CHECK(asked < (uint64_t)20 * PENDING);
    CHILD_CHECK(reserved() >= (uint64_t)512 * PENDING);
    CHILD_CHECK(cuStreamSynchronize(b) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(a) == CUDA_SUCCESS && reserved() == 0);
    CHILD_CHECK(asked < (uint64_t)40 * PENDING);
    fake_broker_stop(&broker);
}

/* What an ended stream left pending stays so when the next stream of its index comes on, holds
 * nothing of that stream back, and ends with a wait for everything. */
static void pending_in_an_ended_stream(void)
{
    CUdeviceptr word;
    CUstream a;
    CUstream first;
    CUstream second;

    start();
    CHILD_CHECK(cuStreamCreate(&a, 0) == CUDA_SUCCESS && cuStreamCreate(&first, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&word, 4) == CUDA_SUCCESS);
    busy(first, word);
    pend(a, first, 5000); /* fills a chunk and begins another */
    CHILD_CHECK(cuStreamDestroy_v2(first) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamCreate(&second, 0) == CUDA_SUCCESS);
    CHILD_CHECK((uint32_t)(uintptr_t)second == (uint32_t)(uintptr_t)first);
    pend(a, second, 1);
    busy(second, word);
    pend(a, second, 9000);
    CHILD_CHECK(reserved() == 4ull << 21);
    CHILD_CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
    CHILD_CHECK(cuStreamSynchronize(a) == CUDA_SUCCESS && reserved() == 2ull << 21);
    CHILD_CHECK(cuCtxSynchronize() == CUDA_SUCCESS && reserved() == 0);
    fake_broker_stop(&broker);
}

/* Memory that no pool gave waits in the same way. */
static void memory_of_no_pool(void)
{
    CUdeviceptr word;
    CUdeviceptr p;
    CUstream b;

    start();
    CHILD_CHECK(cuStreamCreate(&b, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemAlloc_v2(&word, 4) == CUDA_SUCCESS && cuMemAlloc_v2(&p, 4) == CUDA_SUCCESS);
    busy(b, word);
    CHILD_CHECK(cuMemFreeAsync(p, b) == CUDA_SUCCESS);
    CHILD_CHECK(cuMemFreeAsync(p, b) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(cuStreamSynchronize(b) == CUDA_SUCCESS);
    fake_broker_stop(&broker);
}

#define ROUNDS 2000u

static void *set_thresholds(void *arg)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t bytes = i % 2 == 0 ? UINT64_MAX : 0;

        CHILD_CHECK(cuMemPoolSetAttribute(arg, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &bytes) ==
                    CUDA_SUCCESS);
    }
    return NULL;
}

/* A wait of one thread gives back down to what another one sets. */
static void threshold_and_waits(void)
{
    CUmemoryPool pool;
    pthread_t thread;
    CUstream stream;
    CUdeviceptr p;

    start();
    CHILD_CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDeviceGetDefaultMemPool(&pool, 0) == CUDA_SUCCESS);
    CHILD_CHECK(pthread_create(&thread, NULL, set_thresholds, pool) == 0);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        CHILD_CHECK(cuMemAllocAsync(&p, 512, stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemFreeAsync(p, stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS);
    }
    CHILD_CHECK(pthread_join(thread, NULL) == 0);
    CHILD_CHECK(set_thresholds(pool) == NULL); /* the last one is 0 */
    CHILD_CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS && reserved() == 0);
    fake_broker_stop(&broker);
}

static CUmemoryPool new_pool(void)
{
    const CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
                                  .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
    CUmemoryPool pool = NULL;

    CHILD_CHECK(cuMemPoolCreate(&pool, &props) == CUDA_SUCCESS);
    return pool;
}

static uint64_t used_high(CUmemoryPool pool)
{
    uint64_t bytes = 1;

    CHILD_CHECK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &bytes) == CUDA_SUCCESS);
    return bytes;
}

/* A new pool knows nothing of one that has ended, whose handle stays dead and whose memory lives
 * until it is freed. */
static void pools_after_others(void)
{
    CUmemoryPool old = NULL;
    CUmemoryPool pool;
    CUstream stream;
    uint64_t bytes;
    CUdeviceptr p;
    CUdeviceptr q;

    start();
    CHILD_CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    for (unsigned int i = 0; i < 3; i++) {
        pool = new_pool();
        CHILD_CHECK(pool != old && used_high(pool) == 0);
        CHILD_CHECK(cuMemAllocFromPoolAsync(&p, 512, pool, stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemPoolDestroy(pool) == CUDA_SUCCESS);
        old = pool;
        pool = new_pool();
        CHILD_CHECK(cuMemAllocFromPoolAsync(&q, 512, pool, stream) == CUDA_SUCCESS && p != q);
        CHILD_CHECK(cuMemAllocFromPoolAsync(&q, 512, old, stream) == CUDA_ERROR_INVALID_VALUE);
        CHILD_CHECK(cuMemFreeAsync(p, stream) == CUDA_SUCCESS && used_high(pool) == 512);
        CHILD_CHECK(cuMemFreeAsync(q, stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemPoolDestroy(old) == CUDA_ERROR_INVALID_VALUE);
        CHILD_CHECK(cuMemPoolDestroy(pool) == CUDA_SUCCESS);
        CHILD_CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemPoolGetAttribute(old, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &bytes) ==
                    CUDA_ERROR_INVALID_VALUE);
    }
    fake_broker_stop(&broker);
}

static void *change_current(void *arg)
{
    (void)arg;
    for (unsigned int i = 0; i < ROUNDS / 4; i++) {
        CUmemoryPool pool = new_pool();

        CHILD_CHECK(cuDeviceSetMemPool(0, pool) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemPoolDestroy(pool) == CUDA_SUCCESS);
        CHILD_CHECK(cuDeviceSetMemPool(0, pool) == CUDA_ERROR_INVALID_VALUE);
    }
    return NULL;
}

/* Whichever pool is the current one, allocations come from one that is there. */
static void current_pool_of_other_threads(void)
{
    pthread_t thread;
    CUstream stream;
    CUdeviceptr p;

    start();
    CHILD_CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
    CHILD_CHECK(pthread_create(&thread, NULL, change_current, NULL) == 0);
    for (unsigned int i = 0; i < ROUNDS / 4; i++) {
        CHILD_CHECK(cuMemAllocAsync(&p, 512, stream) == CUDA_SUCCESS);
        CHILD_CHECK(cuMemFreeAsync(p, stream) == CUDA_SUCCESS);
    }
    CHILD_CHECK(pthread_join(thread, NULL) == 0);
    CHILD_CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS && reserved() == 0);
    fake_broker_stop(&broker);
}

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(pool_memory)
IN_CHILD(many_pending_frees)
IN_CHILD(pending_in_an_ended_stream)
IN_CHILD(memory_of_no_pool)
IN_CHILD(threshold_and_waits)
IN_CHILD(pools_after_others)
IN_CHILD(current_pool_of_other_threads)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_memory),
        cmocka_unit_test(test_many_pending_frees),
        cmocka_unit_test(test_pending_in_an_ended_stream),
        cmocka_unit_test(test_memory_of_no_pool),
        cmocka_unit_test(test_threshold_and_waits),
        cmocka_unit_test(test_pools_after_others),
        cmocka_unit_test(test_current_pool_of_other_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
