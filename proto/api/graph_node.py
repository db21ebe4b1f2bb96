# SPDX-License-Identifier: Apache-2.0
"""Nodes of graphs, kept by the guest."""

CALLS = [
    {
        "name": "cuGraphAddKernelNode",
        "base": "cuGraphAddKernelNode", "since": 10000, "class": "local",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("struct_in", "const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams"),
        ],
        "doc": "Adds a node that launches a kernel.",
    },
    {
        "name": "cuGraphKernelNodeGetParams",
        "base": "cuGraphKernelNodeGetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams"),
        ],
        "doc": "The parameters of a node that launches a kernel.",
    },
    {
        "name": "cuGraphKernelNodeSetParams",
        "base": "cuGraphKernelNodeSetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams"),
        ],
        "doc": "Sets the parameters of a node that launches a kernel.",
    },
    {
        "name": "cuGraphAddKernelNode_v2",
        "base": "cuGraphAddKernelNode", "since": 12000, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("struct_in", "const CUDA_KERNEL_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Adds a node that launches a kernel.",
    },
    {
        "name": "cuGraphKernelNodeGetParams_v2",
        "base": "cuGraphKernelNodeGetParams", "since": 12000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_KERNEL_NODE_PARAMS *nodeParams"),
        ],
        "doc": "The parameters of a node that launches a kernel.",
    },
    {
        "name": "cuGraphKernelNodeSetParams_v2",
        "base": "cuGraphKernelNodeSetParams", "since": 12000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_KERNEL_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Sets the parameters of a node that launches a kernel.",
    },
    {
        "name": "cuGraphAddMemcpyNode",
        "base": "cuGraphAddMemcpyNode", "since": 10000, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("struct_in", "const CUDA_MEMCPY3D *copyParams"),
            ("handle", "CUcontext ctx"),
        ],
        "doc": "Adds a node that copies.",
    },
    {
        "name": "cuGraphMemcpyNodeGetParams",
        "base": "cuGraphMemcpyNodeGetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_MEMCPY3D *nodeParams"),
        ],
        "doc": "The parameters of a node that copies.",
    },
    {
        "name": "cuGraphMemcpyNodeSetParams",
        "base": "cuGraphMemcpyNodeSetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_MEMCPY3D *nodeParams"),
        ],
        "doc": "Sets the parameters of a node that copies.",
    },
    {
        "name": "cuGraphAddMemsetNode",
        "base": "cuGraphAddMemsetNode", "since": 10000, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("struct_in", "const CUDA_MEMSET_NODE_PARAMS *memsetParams"),
            ("handle", "CUcontext ctx"),
        ],
        "doc": "Adds a node that fills memory.",
    },
    {
        "name": "cuGraphMemsetNodeGetParams",
        "base": "cuGraphMemsetNodeGetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_MEMSET_NODE_PARAMS *nodeParams"),
        ],
        "doc": "The parameters of a node that fills memory.",
    },
    {
        "name": "cuGraphMemsetNodeSetParams",
        "base": "cuGraphMemsetNodeSetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_MEMSET_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Sets the parameters of a node that fills memory.",
    },
    {
        "name": "cuGraphAddHostNode",
        "base": "cuGraphAddHostNode", "since": 10000, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("struct_in", "const CUDA_HOST_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Adds a node that calls a function of the program.",
    },
    {
        "name": "cuGraphHostNodeGetParams",
        "base": "cuGraphHostNodeGetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_HOST_NODE_PARAMS *nodeParams"),
        ],
        "doc": "The parameters of a node that calls a function of the program.",
    },
    {
        "name": "cuGraphHostNodeSetParams",
        "base": "cuGraphHostNodeSetParams", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_HOST_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Sets the parameters of a node that calls a function of the program.",
    },
    {
        "name": "cuGraphAddBatchMemOpNode",
        "base": "cuGraphAddBatchMemOpNode", "since": 11070, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("struct_in", "const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Adds a node that writes words and waits for words.",
    },
    {
        "name": "cuGraphBatchMemOpNodeGetParams",
        "base": "cuGraphBatchMemOpNodeGetParams", "since": 11070, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams"),
        ],
        "doc": "The parameters of a node that writes words and waits for words.",
    },
    {
        "name": "cuGraphBatchMemOpNodeSetParams",
        "base": "cuGraphBatchMemOpNodeSetParams", "since": 11070, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams"),
        ],
        "doc": "Sets the parameters of a node that writes words and waits for words.",
    },
    {
        "name": "cuGraphAddEmptyNode",
        "base": "cuGraphAddEmptyNode", "since": 10000, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
        ],
        "doc": "Adds a node that does nothing.",
    },
    {
        "name": "cuGraphAddChildGraphNode",
        "base": "cuGraphAddChildGraphNode", "since": 10000, "class": "local",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("handle", "CUgraph childGraph"),
        ],
        "doc": "Adds a node that runs a copy of another graph.",
    },
    {
        "name": "cuGraphChildGraphNodeGetGraph",
        "base": "cuGraphChildGraphNodeGetGraph", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUgraph *phGraph"),
        ],
        "doc": "The graph that a node runs.",
    },
    {
        "name": "cuGraphAddEventRecordNode",
        "base": "cuGraphAddEventRecordNode", "since": 11010, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("handle", "CUevent event"),
        ],
        "before_init": ["INVALID_VALUE"],
        "doc": "Adds a node that records an event.",
    },
    {
        "name": "cuGraphEventRecordNodeGetEvent",
        "base": "cuGraphEventRecordNodeGetEvent", "since": 11010, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUevent *event_out"),
        ],
        "doc": "The event of a node that records an event.",
    },
    {
        "name": "cuGraphEventRecordNodeSetEvent",
        "base": "cuGraphEventRecordNodeSetEvent", "since": 11010, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("handle", "CUevent event"),
        ],
        "before_init": ["INVALID_VALUE"],
        "doc": "Sets the event of a node that records an event.",
    },
    {
        "name": "cuGraphAddEventWaitNode",
        "base": "cuGraphAddEventWaitNode", "since": 11010, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("handle", "CUevent event"),
        ],
        "before_init": ["INVALID_VALUE"],
        "doc": "Adds a node that waits for an event.",
    },
    {
        "name": "cuGraphEventWaitNodeGetEvent",
        "base": "cuGraphEventWaitNodeGetEvent", "since": 11010, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUevent *event_out"),
        ],
        "doc": "The event of a node that waits for an event.",
    },
    {
        "name": "cuGraphEventWaitNodeSetEvent",
        "base": "cuGraphEventWaitNodeSetEvent", "since": 11010, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("handle", "CUevent event"),
        ],
        "before_init": ["INVALID_VALUE"],
        "doc": "Sets the event of a node that waits for an event.",
    },
    {
        "name": "cuGraphAddNode", "base": "cuGraphAddNode", "since": 12020, "class": "local",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("inout", "CUgraphNodeParams *nodeParams"),
        ],
        "doc": "Adds a node of any kind.",
    },
    {
        "name": "cuGraphAddNode_v2", "base": "cuGraphAddNode", "since": 12030, "class": "local",
        "args": [
            ("out", "CUgraphNode *phGraphNode"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("array_in", "const CUgraphEdgeData *dependencyData", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("inout", "CUgraphNodeParams *nodeParams"),
        ],
        "doc": "Adds a node of any kind, its edges with data.",
    },
    {
        "name": "cuGraphNodeSetParams",
        "base": "cuGraphNodeSetParams", "since": 12020, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("inout", "CUgraphNodeParams *nodeParams"),
        ],
        "doc": "Sets the parameters of a node of any kind.",
    },
    {
        "name": "cuGraphKernelNodeGetAttribute",
        "base": "cuGraphKernelNodeGetAttribute", "since": 11000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("value", "CUkernelNodeAttrID attr"),
            ("out", "CUkernelNodeAttrValue *value_out"),
        ],
        "doc": "An attribute of a node that launches a kernel.",
    },
    {
        "name": "cuGraphKernelNodeSetAttribute",
        "base": "cuGraphKernelNodeSetAttribute", "since": 11000, "class": "local",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("value", "CUkernelNodeAttrID attr"),
            ("struct_in", "const CUkernelNodeAttrValue *value"),
        ],
        "doc": "Sets an attribute of a node that launches a kernel.",
    },
    {
        "name": "cuGraphKernelNodeCopyAttributes",
        "base": "cuGraphKernelNodeCopyAttributes", "since": 11000, "class": "local",
        "args": [
            ("handle", "CUgraphNode dst"),
            ("handle", "CUgraphNode src"),
        ],
        "doc": "Gives a node the attributes of another one.",
    },
]
