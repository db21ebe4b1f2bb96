/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-process-runtime-static, -shared MODE: programs of NVIDIA's runtime, whose own ends and beginnings are the
 * test's; test/runtime has what they compute.
 *
 *   sum           adds vectors and prints "right"
 *   launch        its first call is a launch; prints "right"
 *   reset         the same before and after cudaDeviceReset, three times; prints "right"
 *   hold          adds, prints "ready", waits for the end of standard input, adds again and prints
 *                 what the runtime says; returns from main, so that the runtime's own end runs
 *   threads       eight threads add at once; prints "right"
 *
 * Each prints what the first refused call says.  Exit status: 0, or 1 for a refusal or wrong data.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <unistd.h>
#include <vector>

constexpr int count = 1000;

__device__ int result;

__global__ void store(int value)
{
    result = value;
}

__global__ void add(const float *a, const float *b, float *sum, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        sum[i] = a[i] + b[i];
    }
}

static bool fine(cudaError_t error)
{
    if (error != cudaSuccess) {
        printf("%s\n", cudaGetErrorName(error));
    }
    return error == cudaSuccess;
}

static bool sum_on(float *a, float *b, float *sum)
{
    float host[count];

    for (int i = 0; i < count; i++) {
        host[i] = (float)i;
    }
    if (!fine(cudaMemcpy(a, host, sizeof(host), cudaMemcpyHostToDevice)) ||
        !fine(cudaMemcpy(b, host, sizeof(host), cudaMemcpyHostToDevice))) {
        return false;
    }
    add<<<(count + 255) / 256, 256>>>(a, b, sum, count);
    if (!fine(cudaGetLastError()) ||
        !fine(cudaMemcpy(host, sum, sizeof(host), cudaMemcpyDeviceToHost))) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (host[i] != 2.0f * (float)i) {
            printf("wrong at %d\n", i);
            return false;
        }
    }
    return true;
}

static bool sum(void)
{
    float *a = nullptr;
    bool good = fine(cudaMalloc(&a, 3 * count * sizeof(float))) &&
                sum_on(a, a + count, a + 2 * count);

    return good && fine(cudaFree(a));
}

static bool launch(void)
{
    int value = 0;

    store<<<1, 1>>>(42);
    return fine(cudaGetLastError()) &&
           fine(cudaMemcpyFromSymbol(&value, result, sizeof(value))) && value == 42;
}

static bool reset(void)
{
    for (int i = 0; i < 3; i++) {
        if (!sum() || !launch() || !fine(cudaDeviceReset())) {
            return false;
        }
    }
    return sum();
}

static bool hold(void)
{
    char c;

    if (!sum()) {
        return false;
    }
    printf("ready\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0) {
    }
    return sum();
}

static bool threads(void)
{
    std::vector<std::thread> all;
    bool good[8];

    for (bool &one : good) {
        all.emplace_back([&one] { one = sum() && launch() && sum(); });
    }
    for (std::thread &one : all) {
        one.join();
    }
    for (bool one : good) {
        if (!one) {
            return false;
        }
    }
    return true;
}

static const struct {
    const char *name;
    bool (*run)(void);
} modes[] = {
    {"sum", sum}, {"launch", launch}, {"reset", reset}, {"hold", hold}, {"threads", threads},
};

int main(int argc, char **argv)
{
    for (auto &mode : modes) {
        if (argc == 2 && strcmp(argv[1], mode.name) == 0) {
            bool good = mode.run();

            if (good) {
                printf("right\n");
            }
            return good ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    fprintf(stderr, "usage: vgpu-process-runtime-static sum|launch|reset|hold|threads\n");
    return 2;
}
