/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_CONF_AFTER_FAULT_H
#define VGPU_CONF_AFTER_FAULT_H

/*
 * A context with an object of every kind, all made before a kernel of it faults.  What each call
 * answers then is not documented: cases record it, so that ours answers as native does.
 */

#include "test/conformance/conf.h"

struct conf_after {
    CUcontext context;
    CUdeviceptr memory;
    CUfunction function;
    CUmodule module;
    CUstream stream;
    CUevent event; /* recorded */
    void *host;    /* page-locked */
    void *page;    /* registered */
    CUmemoryPool pool;
    CUdeviceptr from_pool;
    CUuserObject object;
    CUgraph graph;
    CUgraph clone;
    CUgraphNode empty, kernel, fill, copy;
    CUgraphExec exec;
    CUarray array;
    CUmipmappedArray mipmap;
    CUtexObject texture;
    CUsurfObject surface;
    CUlibrary library;
    CUkernel library_kernel;
    CUmemGenericAllocationHandle physical;
    CUdeviceptr mapped;
    CUdeviceptr reserved;
    CUlinkState link;
};
extern struct conf_after after;
/* Where calls store what they give. */
extern unsigned long long after_out[64];
extern void *const out;

/* The basic objects, up to `page`; all of them.  Then the fault, with code 700. */
void conf_fault(void);
void conf_fault_of_everything(void);

/* A call that gives the fault's code as well. */
#define AFTER(symbol, call)                                                                        \
    CONF_NEGATIVE(symbol, remembers_the_fault)                                                     \
    {                                                                                              \
        conf_fault();                                                                              \
        CONF_RESULT(call, CUDA_ERROR_ILLEGAL_ADDRESS);                                             \
        CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);                               \
    }

#define AFTER_EVERYTHING(symbol, step)                                                             \
    CONF_NEGATIVE(symbol, after_a_kernel_fault)                                                    \
    {                                                                                              \
        conf_fault_of_everything();                                                                \
        step;                                                                                      \
        CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);                               \
    }

/* As AFTER, with an object of every kind. */
#define AFTER_ALL(symbol, call)                                                                    \
    AFTER_EVERYTHING(symbol, CONF_RESULT(call, CUDA_ERROR_ILLEGAL_ADDRESS))

/* One that does without the device. */
#define AFTER_STILL(symbol, call) AFTER_EVERYTHING(symbol, CONF_OK(call))

/* One that may do without the device: recorded. */
#define AFTER_SOMEHOW(symbol, call) AFTER_EVERYTHING(symbol, CONF_CALL(call))

#endif
