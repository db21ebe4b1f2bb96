# SPDX-License-Identifier: Apache-2.0
"""Allocations in a stream's order, and the pools that they come from."""

CALLS = [
    {
        "name": "cuMemAllocAsync", "base": "cuMemAllocAsync", "since": 11020,
        "variants": [("cuMemAllocAsync_ptsz", 11020)], "class": "local", "driver": "optional",
        "args": [
            ("out", "CUdeviceptr *dptr"),
            ("value", "size_t bytesize"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["cuMemAlloc_v2"],
        "doc": "Allocates device memory in a stream's order, from the device's current pool.",
    },
    {
        "name": "cuMemAllocFromPoolAsync", "base": "cuMemAllocFromPoolAsync", "since": 11020,
        "variants": [("cuMemAllocFromPoolAsync_ptsz", 11020)], "class": "local",
        "args": [
            ("out", "CUdeviceptr *dptr"),
            ("value", "size_t bytesize"),
            ("handle", "CUmemoryPool pool"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["cuMemAlloc_v2"],
        "doc": "Allocates device memory in a stream's order, from a pool.",
    },
    {
        "name": "cuMemFreeAsync", "base": "cuMemFreeAsync", "since": 11020,
        "variants": [("cuMemFreeAsync_ptsz", 11020)], "class": "local", "driver": "optional",
        "args": [("devptr", "CUdeviceptr dptr"), ("handle", "CUstream hStream")],
        "doc": "Frees device memory in a stream's order.",
    },
    {
        "name": "cuMemPoolCreate", "base": "cuMemPoolCreate", "since": 11020, "class": "local",
        "args": [
            ("out", "CUmemoryPool *pool"),
            ("struct_in", "const CUmemPoolProps *poolProps"),
        ],
        "doc": "Makes a pool of a device's memory.",
    },
    {
        "name": "cuMemPoolDestroy", "base": "cuMemPoolDestroy", "since": 11020, "class": "local",
        "args": [("handle", "CUmemoryPool pool")], "via": ["cuMemFree_v2"],
        "doc": "Ends a pool; its memory goes with its last allocation.",
    },
    {
        "name": "cuMemPoolTrimTo", "base": "cuMemPoolTrimTo", "since": 11020, "class": "local",
        "args": [("handle", "CUmemoryPool pool"), ("value", "size_t minBytesToKeep")],
        "via": ["cuMemFree_v2"],
        "doc": "Gives memory of a pool back that nothing lives in.",
    },
    {
        "name": "cuMemPoolSetAttribute", "base": "cuMemPoolSetAttribute", "since": 11020,
        "class": "local",
        "args": [
            ("handle", "CUmemoryPool pool"),
            ("value", "CUmemPool_attribute attr"),
            ("bytes_in", "void *value", "8"),
        ],
        "doc": "Sets an attribute of a pool.",
    },
    {
        "name": "cuMemPoolGetAttribute", "base": "cuMemPoolGetAttribute", "since": 11020,
        "class": "local",
        "args": [
            ("handle", "CUmemoryPool pool"),
            ("value", "CUmemPool_attribute attr"),
            ("bytes_out", "void *value", "8"),
        ],
        "doc": "One attribute of a pool.",
    },
    {
        "name": "cuMemPoolSetAccess", "base": "cuMemPoolSetAccess", "since": 11020,
        "class": "local",
        "args": [
            ("handle", "CUmemoryPool pool"),
            ("array_in", "const CUmemAccessDesc *map", "count"),
            ("value", "size_t count"),
        ],
        "doc": "Says which devices may use a pool's memory; only its own can.",
    },
    {
        "name": "cuMemPoolGetAccess", "base": "cuMemPoolGetAccess", "since": 11020,
        "class": "local",
        "args": [
            ("out", "CUmemAccess_flags *flags"),
            ("handle", "CUmemoryPool memPool"),
            ("inout", "CUmemLocation *location"),
        ],
        "doc": "How a device may use a pool's memory.",
    },
    {
        "name": "cuDeviceGetDefaultMemPool", "base": "cuDeviceGetDefaultMemPool", "since": 11020,
        "class": "local",
        "args": [("out", "CUmemoryPool *pool_out"), ("value", "CUdevice dev")],
        "doc": "The pool that a device has from the start.",
    },
    {
        "name": "cuDeviceGetMemPool", "base": "cuDeviceGetMemPool", "since": 11020,
        "class": "local",
        "args": [("out", "CUmemoryPool *pool"), ("value", "CUdevice dev")],
        "doc": "The pool that cuMemAllocAsync uses.",
    },
    {
        "name": "cuDeviceSetMemPool", "base": "cuDeviceSetMemPool", "since": 11020,
        "class": "local",
        "args": [("value", "CUdevice dev"), ("handle", "CUmemoryPool pool")],
        "doc": "Sets the pool that cuMemAllocAsync uses.",
    },
    {
        "name": "cuMemGetDefaultMemPool", "base": "cuMemGetDefaultMemPool", "since": 13000,
        "class": "local",
        "args": [
            ("out", "CUmemoryPool *pool_out"),
            ("inout", "CUmemLocation *location"),
            ("value", "CUmemAllocationType type"),
        ],
        "doc": "The pool that a place has from the start; there are pools of devices.",
    },
    {
        "name": "cuMemGetMemPool", "base": "cuMemGetMemPool", "since": 13000, "class": "local",
        "args": [
            ("out", "CUmemoryPool *pool"),
            ("inout", "CUmemLocation *location"),
            ("value", "CUmemAllocationType type"),
        ],
        "doc": "The pool that allocations at a place use.",
    },
    {
        "name": "cuMemSetMemPool", "base": "cuMemSetMemPool", "since": 13000, "class": "local",
        "args": [
            ("inout", "CUmemLocation *location"),
            ("value", "CUmemAllocationType type"),
            ("handle", "CUmemoryPool pool"),
        ],
        "doc": "Sets the pool that allocations at a place use.",
    },
]
