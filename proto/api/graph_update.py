# SPDX-License-Identifier: Apache-2.0
"""Changes of executable graphs."""

CALLS = [
    {
        "name": "cuGraphExecKernelNodeSetParams",
        "base": "cuGraphExecKernelNodeSetParams", "since": 10010, "class": "one_way",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams"),
        ],
        "via": ["vgpuGraphKernel"],
        "doc": "Changes a node that launches a kernel in an executable graph.",
    },
    {
        "name": "cuGraphExecKernelNodeSetParams_v2",
        "base": "cuGraphExecKernelNodeSetParams", "since": 12000, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_KERNEL_NODE_PARAMS *nodeParams"),
        ],
        "via": ["vgpuGraphKernel"],
        "doc": "Changes a node that launches a kernel in an executable graph.",
    },
    {
        "name": "cuGraphExecMemcpyNodeSetParams",
        "base": "cuGraphExecMemcpyNodeSetParams", "since": 10020, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_MEMCPY3D *copyParams"),
            ("handle", "CUcontext ctx"),
        ],
        "via": ["vgpuGraphCopy"],
        "doc": "Changes a node that copies in an executable graph.",
    },
    {
        "name": "cuGraphExecMemsetNodeSetParams",
        "base": "cuGraphExecMemsetNodeSetParams", "since": 10020, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_MEMSET_NODE_PARAMS *memsetParams"),
            ("handle", "CUcontext ctx"),
        ],
        "via": ["vgpuGraphFill"],
        "doc": "Changes a node that fills memory in an executable graph.",
    },
    {
        "name": "cuGraphExecHostNodeSetParams",
        "base": "cuGraphExecHostNodeSetParams", "since": 10020, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_HOST_NODE_PARAMS *nodeParams"),
        ],
        "via": ["vgpuGraphHost"],
        "doc": "Changes a node that calls a function of the program in an executable graph.",
    },
    {
        "name": "cuGraphExecBatchMemOpNodeSetParams",
        "base": "cuGraphExecBatchMemOpNodeSetParams", "since": 11070, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("struct_in", "const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams"),
        ],
        "via": ["vgpuGraphWords"],
        "doc": "Changes a node that writes words and waits for words in an executable graph.",
    },
    {
        "name": "cuGraphExecEventRecordNodeSetEvent",
        "base": "cuGraphExecEventRecordNodeSetEvent", "since": 11010, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("handle", "CUevent event"),
        ],
        "via": ["vgpuGraphEvent"],
        "doc": "Changes a node that records an event in an executable graph.",
    },
    {
        "name": "cuGraphExecEventWaitNodeSetEvent",
        "base": "cuGraphExecEventWaitNodeSetEvent", "since": 11010, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("handle", "CUevent event"),
        ],
        "via": ["vgpuGraphEvent"],
        "doc": "Changes a node that waits for an event in an executable graph.",
    },
    {
        "name": "cuGraphExecChildGraphNodeSetParams",
        "base": "cuGraphExecChildGraphNodeSetParams", "since": 11010, "class": "one_way",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("handle", "CUgraph childGraph"),
        ],
        "via": ["vgpuGraphKernel"],
        "doc": "Changes the nodes of a child graph in an executable graph.",
    },
    {
        "name": "cuGraphExecNodeSetParams",
        "base": "cuGraphExecNodeSetParams", "since": 12020, "class": "one_way",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("inout", "CUgraphNodeParams *nodeParams"),
        ],
        "via": ["vgpuGraphKernel"],
        "doc": "Changes a node of any kind in an executable graph.",
    },
    {
        "name": "cuGraphExecUpdate",
        "base": "cuGraphExecUpdate", "since": 10020, "class": "one_way",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraph hGraph"),
            ("out", "CUgraphNode *hErrorNode_out"),
            ("out", "CUgraphExecUpdateResult *updateResult_out"),
        ],
        "via": ["vgpuGraphKernel"],
        "doc": "Changes an executable graph to what another graph of its form says.",
    },
    {
        "name": "cuGraphExecUpdate_v2",
        "base": "cuGraphExecUpdate", "since": 12000, "class": "one_way",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraph hGraph"),
            ("out", "CUgraphExecUpdateResultInfo *resultInfo"),
        ],
        "via": ["vgpuGraphKernel"],
        "doc": "Changes an executable graph to what another graph of its form says.",
    },
    {
        "name": "cuGraphNodeSetEnabled",
        "base": "cuGraphNodeSetEnabled", "since": 11060, "class": "one_way",
        "driver": "optional",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("value", "unsigned int isEnabled"),
        ],
        "via": ["vgpuGraphEnable"],
        "doc": "Has a node of an executable graph do its work, or nothing.",
    },
    {
        "name": "cuGraphNodeGetEnabled",
        "base": "cuGraphNodeGetEnabled", "since": 11060, "class": "local",
        "args": [
            ("handle", "CUgraphExec hGraphExec"),
            ("handle", "CUgraphNode hNode"),
            ("out", "unsigned int *isEnabled"),
        ],
        "doc": "Whether a node of an executable graph does its work.",
    },
]
