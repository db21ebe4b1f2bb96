// SPDX-License-Identifier: Apache-2.0
// Ways to end in the middle of work: return, exit, _exit, abort, a signal, from another thread,
// with a kernel that never ends.  The next process works each time.
#include <csignal>
#include <thread>
#include "rt.cuh"

__global__ void spin(volatile int *flag)
{
    while (*flag == 0) {
    }
}

__global__ void busy(int *data, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        data[threadIdx.x] = data[threadIdx.x] * 3 + i;
    }
}

static int *start()
{
    int *data = nullptr;
    RT_OK(cudaMalloc(&data, 4096));
    RT_OK(cudaMemset(data, 0, 4096));
    for (int i = 0; i < 8; i++) {
        busy<<<1, 64>>>(data, 5000);
    }
    RT_OK(cudaGetLastError());
    fflush(stdout);
    return data;
}

static void returns()
{
    start();
}

static void exits()
{
    start();
    exit(7);
}

static void leaves_at_once()
{
    start();
    _exit(8);
}

static void aborts()
{
    start();
    abort();
}

static void is_killed()
{
    start();
    raise(SIGKILL);
}

static void from_a_thread()
{
    start();
    std::thread([] { exit(9); }).join();
}

static void endless()
{
    spin<<<1, 1>>>(start());
    fflush(stdout);
    _exit(10);
}

static void works()
{
    int *data = start();
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_IS(cudaFree(data), cudaSuccess);
}

int main()
{
    rt_child("returns", returns);
    rt_child("exits", exits);
    rt_child("leaves at once", leaves_at_once);
    rt_child_passes("works", works);
    rt_child("aborts", aborts);
    rt_child("is killed", is_killed);
    rt_child("exits from a thread", from_a_thread);
    rt_child("leaves with an endless kernel", endless);
    rt_child_passes("works again", works);
    return rt_end("exits");
}
