// SPDX-License-Identifier: Apache-2.0
// A shared library with kernels: opened, used, closed and opened again, while the program's own
// kernels go on; each opening has variables of its own.
#include <dlfcn.h>
#include <libgen.h>
#include <string>
#include "rt.cuh"

typedef int (*plugin_function)(int *, int);

__global__ void twice(int *data)
{
    data[threadIdx.x] *= 2;
}

static std::string beside(const char *name)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = '\0';
    return std::string(dirname(path)) + "/" + name;
}

int main()
{
    std::string path = beside("libruntime-plugin.so");
    int *data = rt_upload(std::vector<int>(32, 0)), wanted = 0;
    for (int round = 1; round <= 3; round++) {
        void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            printf("not opened: %s\n", dlerror());
            rt_fail("dlopen", __LINE__);
            break;
        }
        plugin_function work = reinterpret_cast<plugin_function>(dlsym(library, "plugin_work"));
        for (int i = 1; i <= 2; i++) {
            int uses = work(data, round * 10);
            printf("round %d: used %d times\n", round, uses);
            RT_CHECK(uses == i);
            wanted += round * 10;
        }
        twice<<<1, 32>>>(data);
        wanted *= 2;
        RT_IS(cudaDeviceSynchronize(), cudaSuccess);
        RT_CHECK(dlclose(library) == 0);
    }
    int seen = rt_download(data, 32)[31];
    printf("value %d\n", seen);
    RT_CHECK(seen == wanted);
    RT_IS(cudaGetLastError(), cudaSuccess);
    return rt_end("plugin");
}
