// SPDX-License-Identifier: Apache-2.0
// Memory pools: attributes, the threshold, what trimming gives back, memory used again, pools of
// the program's own and as the device's current one.
#include "rt.cuh"

static unsigned long long attribute(cudaMemPool_t pool, cudaMemPoolAttr which)
{
    unsigned long long value = 0;
    RT_OK(cudaMemPoolGetAttribute(pool, which, &value));
    return value;
}

static void attributes(cudaMemPool_t pool)
{
    for (cudaMemPoolAttr which :
         {cudaMemPoolReuseFollowEventDependencies, cudaMemPoolReuseAllowOpportunistic,
          cudaMemPoolReuseAllowInternalDependencies}) {
        int value = 9;
        RT_OK(cudaMemPoolGetAttribute(pool, which, &value));
        printf("attribute %d: %d\n", static_cast<int>(which), value);
        value = 0;
        RT_OK(cudaMemPoolSetAttribute(pool, which, &value));
        RT_OK(cudaMemPoolGetAttribute(pool, which, &value));
        RT_CHECK(value == 0);
    }
    unsigned long long threshold = ~0ull;
    printf("threshold %llu\n", attribute(pool, cudaMemPoolAttrReleaseThreshold));
    RT_IS(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold), cudaSuccess);
    RT_CHECK(attribute(pool, cudaMemPoolAttrReleaseThreshold) == ~0ull);
    RT_SHOW(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &threshold));
    RT_SHOW(cudaMemPoolGetAttribute(pool, static_cast<cudaMemPoolAttr>(99), &threshold));
    cudaGetLastError();
}

static void use(cudaMemPool_t pool, cudaStream_t stream)
{
    const size_t bytes = size_t(8) << 20;
    void *first = nullptr, *second = nullptr;
    RT_IS(cudaMallocFromPoolAsync(&first, bytes, pool, stream), cudaSuccess);
    RT_OK(cudaStreamSynchronize(stream));
    unsigned long long used = attribute(pool, cudaMemPoolAttrUsedMemCurrent);
    unsigned long long reserved = attribute(pool, cudaMemPoolAttrReservedMemCurrent);
    printf("used %llu\n", used);
    RT_CHECK(used == bytes && reserved >= bytes);
    RT_OK(cudaFreeAsync(first, stream));
    RT_IS(cudaMallocFromPoolAsync(&second, bytes, pool, stream), cudaSuccess);
    printf("the same memory again: %d\n", first == second);
    RT_OK(cudaFreeAsync(second, stream));
    RT_OK(cudaStreamSynchronize(stream));
    printf("used %llu, kept %d\n", attribute(pool, cudaMemPoolAttrUsedMemCurrent),
           attribute(pool, cudaMemPoolAttrReservedMemCurrent) >= bytes);
    RT_IS(cudaMemPoolTrimTo(pool, 0), cudaSuccess);
    printf("reserved after trimming: %llu\n", attribute(pool, cudaMemPoolAttrReservedMemCurrent));
    printf("most used: %llu\n", attribute(pool, cudaMemPoolAttrUsedMemHigh));
}

static cudaMemPool_t make()
{
    cudaMemPool_t pool = nullptr;
    cudaMemPoolProps props = {};
    props.allocType = cudaMemAllocationTypePinned;
    props.handleTypes = cudaMemHandleTypeNone;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = 0;
    RT_IS(cudaMemPoolCreate(&pool, &props), cudaSuccess);
    return pool;
}

static void access_of(cudaMemPool_t pool)
{
    cudaMemAccessFlags flags;
    cudaMemLocation location = {};
    location.type = cudaMemLocationTypeDevice;
    location.id = 0;
    RT_IS(cudaMemPoolGetAccess(&flags, pool, &location), cudaSuccess);
    printf("access %d\n", static_cast<int>(flags));
    cudaMemAccessDesc desc = {};
    desc.location = location;
    desc.flags = cudaMemAccessFlagsProtReadWrite;
    RT_SHOW(cudaMemPoolSetAccess(pool, &desc, 1));
    desc.flags = cudaMemAccessFlagsProtNone;
    RT_SHOW(cudaMemPoolSetAccess(pool, &desc, 1));
    cudaGetLastError();
}

int main()
{
    cudaStream_t stream;
    cudaMemPool_t standard, current, own;
    RT_OK(cudaStreamCreate(&stream));
    RT_OK(cudaDeviceGetDefaultMemPool(&standard, 0));
    RT_OK(cudaDeviceGetMemPool(&current, 0));
    RT_CHECK(standard == current);
    own = make();
    attributes(own);
    use(own, stream);
    access_of(own);
    RT_IS(cudaDeviceSetMemPool(0, own), cudaSuccess);
    RT_OK(cudaDeviceGetMemPool(&current, 0));
    RT_CHECK(current == own);
    void *memory = nullptr;
    RT_OK(cudaMallocAsync(&memory, 4096, stream));
    RT_OK(cudaStreamSynchronize(stream));
    printf("used %llu\n", attribute(own, cudaMemPoolAttrUsedMemCurrent));
    RT_OK(cudaFreeAsync(memory, stream));
    RT_OK(cudaStreamSynchronize(stream));
    RT_IS(cudaDeviceSetMemPool(0, standard), cudaSuccess);
    RT_IS(cudaMemPoolDestroy(own), cudaSuccess);
    RT_SHOW(cudaMemPoolDestroy(standard));
    cudaGetLastError();
    return rt_end("pools");
}
