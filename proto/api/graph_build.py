# SPDX-License-Identifier: Apache-2.0
"""The operations that build an executable graph in the worker, and change it."""

CALLS = [
    {
        "name": "vgpuGraphNew", "class": "one_way", "host": "manual",
        "wire": {
            "args": [("new:graph", "graph")],
            "ret": [],
        },
        "doc": "Begins an executable graph: nodes follow, then cuGraphInstantiateWithFlags.",
    },
    {
        "name": "vgpuGraphKernel", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("handle:function", "function"),
                ("u32", "node"),
                ("u32", "grid_x"),
                ("u32", "grid_y"),
                ("u32", "grid_z"),
                ("u32", "block_x"),
                ("u32", "block_y"),
                ("u32", "block_z"),
                ("u32", "shared_bytes"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
                ("bytes", "attributes", "72 * VGPU_LAUNCH_ATTRIBUTES_MAX"),
                ("bytes", "params", "VGPU_PARAM_BYTES_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that launches a kernel, new or changed.",
    },
    {
        "name": "vgpuGraphCopy", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("u64", "dst"),
                ("u64", "dst_pitch"),
                ("u64", "dst_rows"),
                ("u64", "src"),
                ("u64", "src_pitch"),
                ("u64", "src_rows"),
                ("u64", "width"),
                ("u64", "height"),
                ("u64", "depth"),
                ("u32", "dst_type"),
                ("u32", "src_type"),
                ("u32", "node"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that copies a box, new or changed.",
    },
    {
        "name": "vgpuGraphFill", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("u64", "dst"),
                ("u64", "pitch"),
                ("u64", "width"),
                ("u64", "height"),
                ("u32", "value"),
                ("u32", "element"),
                ("u32", "node"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that fills a rectangle, new or changed.",
    },
    {
        "name": "vgpuGraphHost", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("u64", "token"),
                ("u32", "node"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that calls a function of the program, new or changed.",
    },
    {
        "name": "vgpuGraphEvent", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("handle:event", "event"),
                ("u32", "record"),
                ("u32", "node"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that records an event or waits for one, new or changed.",
    },
    {
        "name": "vgpuGraphWords", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("u32", "node"),
                ("bytes", "operations", "24 * VGPU_MEM_OPS_MAX"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that writes words or waits for words, new or changed.",
    },
    {
        "name": "vgpuGraphEmpty", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:graph", "graph"),
                ("u32", "node"),
                ("bytes", "deps", "4 * VGPU_GRAPH_DEPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "A node that does nothing.",
    },
    {
        "name": "vgpuGraphEnable", "class": "one_way", "host": "manual",
        "wire": {
            "args": [("handle:graph", "graph"), ("u32", "node"), ("u32", "enabled")],
            "ret": [],
        },
        "doc": "Has a node do its work, or nothing.",
    },
]
