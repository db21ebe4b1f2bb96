/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_DEVICE_H
#define VGPU_TEST_PTX_DEVICE_H

/*
 * What a kernel's source begins with, and what it shares with the C program
 * that checks it: BOTH is a function for either side.  clang compiles the same
 * sources without any header of the toolkit, with the few names below.
 */
#include <stdint.h>

#if defined(__clang__) && defined(__CUDA__)
#define __global__   __attribute__((global))
#define __device__   __attribute__((device))
#define __shared__   __attribute__((shared))
#define __constant__ __attribute__((constant))
#define PTX_INDEX(name, reg)                                                                       \
    static const struct name##_type {                                                              \
        __declspec(property(get = get_x)) unsigned x;                                              \
        __declspec(property(get = get_y)) unsigned y;                                              \
        static __device__ unsigned get_x()                                                         \
        {                                                                                          \
            return __nvvm_read_ptx_sreg_##reg##_x();                                               \
        }                                                                                          \
        static __device__ unsigned get_y()                                                         \
        {                                                                                          \
            return __nvvm_read_ptx_sreg_##reg##_y();                                               \
        }                                                                                          \
    } name = {};
PTX_INDEX(threadIdx, tid)
PTX_INDEX(blockDim, ntid)
PTX_INDEX(blockIdx, ctaid)
PTX_INDEX(gridDim, nctaid)
#endif

#if defined(__CUDACC__) || defined(__CUDA__)
#define BOTH   static inline __device__
#define KERNEL extern "C" __global__ void
#define INDEX  (blockIdx.x * blockDim.x + threadIdx.x)
#define STRIDE (gridDim.x * blockDim.x)
#else
#define BOTH static inline
#endif

#endif
