/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FAKE_DRIVER_H
#define TEST_FAKE_DRIVER_H

/*
 * A driver without a GPU: every call counts, and answers what the test says.  Its state
 * lies in shared memory, so that a test sees and steers a worker in a forked child.
 */

#include <stdatomic.h>

#include "ex_driver_table.h"

#define FAKE_CALLS(X)                                                                              \
    X(cuCtxSetCurrent)                                                                             \
    X(cuCtxSynchronize)                                                                            \
    X(cuEventCreate)                                                                               \
    X(cuEventDestroy_v2)                                                                           \
    X(cuEventRecordWithFlags)                                                                      \
    X(cuEventQuery)                                                                                \
    X(cuStreamCreateWithPriority)                                                                  \
    X(cuStreamDestroy_v2)                                                                          \
    X(cuStreamQuery)                                                                               \
    X(cuStreamWaitEvent)                                                                           \
    X(cuStreamWriteValue64_v2)                                                                     \
    X(cuMemHostRegister_v2)                                                                        \
    X(cuMemHostUnregister)                                                                         \
    X(cuMemAddressReserve)                                                                         \
    X(cuMemAddressFree)                                                                            \
    X(cuMemCreate)                                                                                 \
    X(cuMemRelease)                                                                                \
    X(cuMemMap)                                                                                    \
    X(cuMemUnmap)                                                                                  \
    X(cuMemSetAccess)                                                                              \
    X(cuMemGetInfo_v2)                                                                             \
    X(cuMemcpyHtoDAsync_v2)                                                                        \
    X(cuMemcpyDtoHAsync_v2)                                                                        \
    X(cuMemcpyDtoDAsync_v2)                                                                        \
    X(cuMemsetD8Async)                                                                             \
    X(cuModuleLoadDataEx)                                                                          \
    X(cuLinkCreate)                                                                                \
    X(cuLinkAddData)                                                                               \
    X(cuLinkComplete)                                                                              \
    X(cuLinkDestroy)                                                                               \
    X(cuModuleUnload)                                                                              \
    X(cuModuleGetFunction)                                                                         \
    X(cuModuleGetGlobal_v2)                                                                        \
    X(cuLaunchKernel)                                                                              \
    X(cuArray3DCreate_v2)                                                                          \
    X(cuArrayDestroy)                                                                              \
    X(cuMipmappedArrayCreate)                                                                      \
    X(cuMipmappedArrayDestroy)                                                                     \
    X(cuMipmappedArrayGetLevel)                                                                    \
    X(cuTexObjectCreate)                                                                           \
    X(cuTexObjectDestroy)                                                                          \
    X(cuSurfObjectCreate)                                                                          \
    X(cuSurfObjectDestroy)                                                                         \
    X(cuMemcpy3DAsync_v2)                                                                          \
    X(cuGraphCreate)                                                                               \
    X(cuGraphDestroy)                                                                              \
    X(cuGraphAddNode)                                                                              \
    X(cuGraphExecNodeSetParams)                                                                    \
    X(cuGraphInstantiateWithFlags)                                                                 \
    X(cuGraphLaunch)                                                                               \
    X(cuGraphUpload)                                                                               \
    X(cuGraphExecDestroy)

enum fake_call {
#define FAKE_ENUM(name) FAKE_##name,
    FAKE_CALLS(FAKE_ENUM)
#undef FAKE_ENUM
        FAKE_COUNT
};

struct fake {
    _Atomic int result[FAKE_COUNT]; /* what the call answers; 0 at first */
    _Atomic unsigned int count[FAKE_COUNT];
    _Atomic uint64_t last_address; /* of the last copy, fill or launch */
    _Atomic uint64_t last_bytes;
    char loaded[32]; /* the start of what was loaded last */
};

/* In shared memory, made by fake_driver_new(). */
extern struct fake *fake;

/* Makes `fake`, all zero, and fills *driver.  The parameters of every kernel are u64 and u32. */
void fake_driver_new(struct ex_driver *driver);

/* The part of it that graphs need (fake_graph.c): every kind of node is counted as cuGraphAddNode,
 * every change as cuGraphExecNodeSetParams. */
void fake_graph_fill(struct ex_driver *driver);

/* What a link of the fake makes of every text. */
#define FAKE_CODE "made by the linker"

/* Counts a call and gives its answer; a new object's address. */
CUresult fake_called(enum fake_call call);
void *fake_object(unsigned int kind);

/* How often a call was made. */
unsigned int fake_calls(enum fake_call call);

/* What it answers from now on. */
void fake_answer(enum fake_call call, CUresult cu);

#endif
