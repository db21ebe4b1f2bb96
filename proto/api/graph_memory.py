# SPDX-License-Identifier: Apache-2.0
"""Memory of graphs, which the guest hands out."""

CALLS = [
    {
        "name": "cuGraphAddMemAllocNode",
        "base": "cuGraphAddMemAllocNode", "since": 11040, "class": "local",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("inout", "CUDA_MEM_ALLOC_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Adds a node that allocates memory.",
    },
    {
        "name": "cuGraphMemAllocNodeGetParams",
        "base": "cuGraphMemAllocNodeGetParams", "since": 11040, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_MEM_ALLOC_NODE_PARAMS *params_out"),
        ],
        "doc": "The parameters of a node that allocates memory.",
    },
    {
        "name": "cuGraphAddMemFreeNode",
        "base": "cuGraphAddMemFreeNode", "since": 11040, "class": "local",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("value", "CUdeviceptr dptr"),
        ],
        "doc": "Adds a node that frees memory of a graph.",
    },
    {
        "name": "cuGraphMemFreeNodeGetParams",
        "base": "cuGraphMemFreeNodeGetParams", "since": 11040, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUdeviceptr *dptr_out"),
        ],
        "doc": "What a node frees.",
    },
    {
        "name": "cuDeviceGraphMemTrim", "base": "cuDeviceGraphMemTrim", "since": 11040,
        "class": "local",
        "args": [("value", "CUdevice device")],
        "doc": "Gives back memory of graphs that have ended.",
    },
    {
        "name": "cuDeviceGetGraphMemAttribute", "base": "cuDeviceGetGraphMemAttribute",
        "since": 11040, "class": "local",
        "args": [
            ("value", "CUdevice device"),
            ("value", "CUgraphMem_attribute attr"),
            ("out", "void *value"),
        ],
        "doc": "How much memory graphs have.",
    },
    {
        "name": "cuDeviceSetGraphMemAttribute", "base": "cuDeviceSetGraphMemAttribute",
        "since": 11040, "class": "local",
        "args": [
            ("value", "CUdevice device"),
            ("value", "CUgraphMem_attribute attr"),
            ("bytes_in", "void *value", "8"),
        ],
        "doc": "Takes a high mark of that back to what is the case.",
    },
]
