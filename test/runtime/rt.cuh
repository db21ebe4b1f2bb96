// SPDX-License-Identifier: Apache-2.0
// What the programs of test/runtime share.  A program prints lines that are the same on every
// run (names of errors, values; no times, no addresses) and ends with rt_end(): "NAME: PASS"
// and status 0, or "NAME: FAIL" and status 1.
//
//   RT_OK(call)        must succeed; otherwise the program ends there
//   RT_IS(call, code)  must answer so; the answer is printed
//   RT_SHOW(call)      the answer is printed: whatever it is, natively it must be the same
//   RT_CHECK(what)     must hold; printed only if it does not
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
#include <cuda_runtime.h>

static int rt_failures;

inline void rt_fail(const char *what, int line)
{
    printf("line %d: wrong: %s\n", line, what);
    __atomic_add_fetch(&rt_failures, 1, __ATOMIC_RELAXED);
}

inline cudaError_t rt_show(const char *text, cudaError_t answer)
{
    printf("%s: %s\n", text, cudaGetErrorName(answer));
    return answer;
}

inline void rt_is(const char *text, cudaError_t answer, cudaError_t wanted, int line)
{
    rt_show(text, answer);
    if (answer != wanted) {
        printf("  wanted %s\n", cudaGetErrorName(wanted));
        rt_fail(text, line);
    }
}

inline void rt_ok(const char *text, cudaError_t answer, int line)
{
    if (answer != cudaSuccess) {
        rt_show(text, answer);
        rt_fail(text, line);
        fflush(stdout);
        _exit(1);
    }
}

#define RT_OK(call)         rt_ok(#call, (call), __LINE__)
#define RT_IS(call, wanted) rt_is(#call, (call), (wanted), __LINE__)
#define RT_SHOW(call)       rt_show(#call, (call))
#define RT_CHECK(what)                                                                             \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            rt_fail(#what, __LINE__);                                                              \
        }                                                                                          \
    } while (0)

inline int rt_end(const char *name)
{
    printf("%s: %s\n", name, rt_failures ? "FAIL" : "PASS");
    fflush(stdout);
    return rt_failures ? 1 : 0;
}

inline void rt_print_status(const char *name, int status)
{
    if (WIFSIGNALED(status)) {
        printf("%s: signal %d\n", name, WTERMSIG(status));
    } else {
        printf("%s: exit %d\n", name, WEXITSTATUS(status));
    }
    fflush(stdout);
}

// Runs a function in a process of its own and prints how that ended; call it before the first
// CUDA call.  The function's failures are the child's exit status 1.
template <typename Function> int rt_child(const char *name, Function function)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        printf("-- %s\n", name);
        function();
        exit(rt_failures ? 1 : 0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    rt_print_status(name, status);
    return status;
}

inline void rt_child_passes(const char *name, void (*function)())
{
    if (rt_child(name, function) != 0) {
        rt_fail(name, __LINE__);
    }
}

// FNV-1a: one number for a block of results.
inline uint64_t rt_hash(const void *data, size_t bytes)
{
    uint64_t hash = 14695981039346656037ull;
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ static_cast<const unsigned char *>(data)[i]) * 1099511628211ull;
    }
    return hash;
}

template <typename T> void rt_print_hash(const char *name, const std::vector<T> &values)
{
    printf("%s: %016llx\n", name,
           static_cast<unsigned long long>(rt_hash(values.data(), values.size() * sizeof(T))));
}

// Device memory of n elements that holds the values.
template <typename T> T *rt_upload(const std::vector<T> &values)
{
    T *device = nullptr;
    RT_OK(cudaMalloc(&device, values.size() * sizeof(T)));
    RT_OK(cudaMemcpy(device, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
    return device;
}

template <typename T> std::vector<T> rt_download(const T *device, size_t n)
{
    std::vector<T> values(n);
    RT_OK(cudaMemcpy(values.data(), device, n * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
}
