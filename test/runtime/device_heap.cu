// SPDX-License-Identifier: Apache-2.0
// malloc, free, new and memcpy in kernels, clocks, and assembly that reads special registers.
#include "rt.cuh"

struct Node {
    int value;
    Node *next;
};

__global__ void build(Node **lists)
{
    Node *head = nullptr;
    for (int i = 0; i < 5; i++) {
        Node *node = static_cast<Node *>(malloc(sizeof(Node)));
        node->value = i * static_cast<int>(threadIdx.x + 1);
        node->next = head;
        head = node;
    }
    lists[threadIdx.x] = head;
}

__global__ void consume(Node **lists, int *sums)
{
    int sum = 0;
    Node *node = lists[threadIdx.x];
    while (node) {
        Node *next = node->next;
        sum += node->value;
        free(node);
        node = next;
    }
    sums[threadIdx.x] = sum;
}

__global__ void registers(int *out)
{
    unsigned lane, width;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    asm volatile("mov.u32 %0, %%ntid.x;" : "=r"(width));
    long long before = clock64();
    __nanosleep(10);
    out[threadIdx.x] = static_cast<int>(lane + width) + (clock64() >= before ? 0 : 100000);
}

int main()
{
    Node **lists = rt_upload(std::vector<Node *>(64, nullptr));
    int *out = rt_upload(std::vector<int>(64, 0));
    registers<<<1, 64>>>(out);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_CHECK(rt_download(out, 64)[37] == 5 + 64);
    RT_IS(cudaDeviceSetLimit(cudaLimitMallocHeapSize, size_t(32) << 20), cudaSuccess);
    build<<<1, 64>>>(lists);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    consume<<<1, 64>>>(lists, out);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<int> sums = rt_download(out, 64);
    printf("sums %d %d\n", sums[0], sums[63]);
    for (int i = 0; i < 64; i++) {
        RT_CHECK(sums[i] == 10 * (i + 1));
    }
    return rt_end("device_heap");
}
