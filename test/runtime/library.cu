// SPDX-License-Identifier: Apache-2.0
// cudaLibraryLoadData: PTX made by the program, its kernels and variables, its kernel's
// attributes; images that are none, with the compiler's log.
#include "rt.cuh"

static const char image[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                            ".visible .global .align 4 .u32 factor = 6;\n"
                            ".visible .entry scale(.param .u64 data)\n"
                            "{\n"
                            "  .reg .u64 %p;\n  .reg .u32 %a, %b;\n"
                            "  ld.param.u64 %p, [data];\n"
                            "  ld.global.u32 %a, [factor];\n"
                            "  ld.global.u32 %b, [%p];\n"
                            "  mul.lo.u32 %b, %b, %a;\n"
                            "  st.global.u32 [%p], %b;\n"
                            "  ret;\n"
                            "}\n"
                            ".visible .entry idle()\n{\n  ret;\n}\n";
static const char wrong[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                            ".visible .entry broken()\n{\n  frobnicate.u32 %a;\n  ret;\n}\n";

static void use(cudaLibrary_t library)
{
    cudaKernel_t kernel;
    int *data = rt_upload(std::vector<int>(1, 7)), *factor = nullptr, two = 2;
    size_t bytes = 0;
    void *args[] = {&data};
    RT_IS(cudaLibraryGetKernel(&kernel, library, "scale"), cudaSuccess);
    RT_IS(cudaLaunchKernel(kernel, dim3(1), dim3(1), args, 0, nullptr), cudaSuccess);
    RT_IS(cudaLibraryGetGlobal(reinterpret_cast<void **>(&factor), &bytes, library, "factor"),
          cudaSuccess);
    printf("variable of %zu bytes\n", bytes);
    RT_IS(cudaMemcpy(factor, &two, sizeof(two), cudaMemcpyHostToDevice), cudaSuccess);
    RT_IS(cudaLaunchKernel(kernel, dim3(1), dim3(1), args, 0, nullptr), cudaSuccess);
    int seen = rt_download(data, 1)[0];
    printf("value %d\n", seen);
    RT_CHECK(seen == 84);
    cudaFuncAttributes attributes = {};
    RT_SHOW(cudaFuncGetAttributes(&attributes, kernel));
    RT_SHOW(cudaKernelSetAttributeForDevice(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                            65536, 0));
    RT_SHOW(cudaLibraryGetKernel(&kernel, library, "missing"));
    RT_SHOW(cudaLibraryGetGlobal(reinterpret_cast<void **>(&factor), &bytes, library, "missing"));
    RT_SHOW(cudaLibraryGetManaged(reinterpret_cast<void **>(&factor), &bytes, library, "factor"));
    cudaGetLastError();
    RT_OK(cudaFree(data));
}

static void refuse()
{
    cudaLibrary_t library = nullptr;
    char log[1024] = "";
    void *size = reinterpret_cast<void *>(sizeof(log));
    cudaJitOption options[] = {cudaJitErrorLogBuffer, cudaJitErrorLogBufferSizeBytes};
    void *values[] = {log, size};
    RT_SHOW(cudaLibraryLoadData(&library, wrong, options, values, 2, nullptr, nullptr, 0));
    printf("a log: %s\n", strstr(log, "line 6") ? "names the line" : log[0] ? "some" : "none");
    RT_CHECK(log[0] != '\0');
    RT_SHOW(cudaLibraryLoadData(&library, "neither", nullptr, nullptr, 0, nullptr, nullptr, 0));
    RT_SHOW(cudaLibraryLoadData(&library, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0));
    RT_SHOW(cudaLibraryLoadFromFile(&library, "/nonexistent/file", nullptr, nullptr, 0, nullptr,
                                    nullptr, 0));
    cudaGetLastError();
}

int main()
{
    cudaLibrary_t library;
    unsigned kernels = 0;
    RT_IS(cudaLibraryLoadData(&library, image, nullptr, nullptr, 0, nullptr, nullptr, 0),
          cudaSuccess);
    RT_IS(cudaLibraryGetKernelCount(&kernels, library), cudaSuccess);
    printf("%u kernels\n", kernels);
    RT_CHECK(kernels == 2);
    use(library);
    RT_IS(cudaLibraryUnload(library), cudaSuccess);
    refuse();
    return rt_end("library");
}
