# SPDX-License-Identifier: Apache-2.0
"""Executable graphs."""

CALLS = [
    {
        "name": "cuGraphInstantiate", "base": "cuGraphInstantiate", "since": 10000,
        "alias_of": "cuGraphInstantiate_v2", "class": "round_trip",
        "args": [
            ("out", "CUgraphExec *phGraphExec"),
            ("handle", "CUgraph hGraph"),
            ("out", "CUgraphNode *phErrorNode"),
            ("text_out", "char *logBuffer", "bufferSize"),
            ("value", "size_t bufferSize"),
        ],
        "doc": "Makes a graph executable (old form).",
    },
    {
        "name": "cuGraphInstantiate_v2", "base": "cuGraphInstantiate", "since": 11000,
        "class": "round_trip",
        "args": [
            ("out", "CUgraphExec *phGraphExec"),
            ("handle", "CUgraph hGraph"),
            ("out", "CUgraphNode *phErrorNode"),
            ("text_out", "char *logBuffer", "bufferSize"),
            ("value", "size_t bufferSize"),
        ],
        "via": ["cuGraphInstantiateWithFlags"],
        "doc": "Makes a graph executable (old form).",
    },
    {
        "name": "cuGraphInstantiateWithFlags", "base": "cuGraphInstantiateWithFlags",
        "since": 11040, "also": [("cuGraphInstantiate", 12000)], "class": "round_trip",
        "host": "manual", "blocking": True, "driver": "optional",
        "args": [
            ("out", "CUgraphExec *phGraphExec"),
            ("handle", "CUgraph hGraph"),
            ("value", "unsigned long long flags"),
        ],
        "wire": {
            "args": [("handle:graph", "graph"), ("u64", "flags")],
            "ret": [],
        },
        "doc": "Makes a graph executable.",
    },
    {
        "name": "cuGraphInstantiateWithParams", "base": "cuGraphInstantiateWithParams",
        "since": 12000, "variants": [("cuGraphInstantiateWithParams_ptsz", 12000)],
        "class": "round_trip",
        "args": [
            ("out", "CUgraphExec *phGraphExec"),
            ("handle", "CUgraph hGraph"),
            ("inout", "CUDA_GRAPH_INSTANTIATE_PARAMS *instantiateParams"),
        ],
        "via": ["cuGraphInstantiateWithFlags"],
        "doc": "Makes a graph executable, with parameters.",
    },
    {
        "name": "cuGraphExecGetFlags", "base": "cuGraphExecGetFlags", "since": 12000,
        "class": "local",
        "args": [("handle", "CUgraphExec hGraphExec"), ("out", "cuuint64_t *flags")],
        "doc": "The flags that an executable graph was made with.",
    },
    {
        "name": "cuGraphExecDestroy", "base": "cuGraphExecDestroy", "since": 10000,
        "class": "one_way", "host": "manual", "driver": "optional",
        "args": [("handle", "CUgraphExec hGraphExec")],
        "wire": {
            "args": [("handle:graph", "graph")],
            "ret": [],
        },
        "doc": "Destroys an executable graph; its runs go on.",
    },
    {
        "name": "cuGraphLaunch", "base": "cuGraphLaunch", "since": 10000,
        "variants": [("cuGraphLaunch_ptsz", 10000)], "class": "one_way", "host": "manual",
        "driver": "optional",
        "args": [("handle", "CUgraphExec hGraphExec"), ("handle", "CUstream hStream")],
        "wire": {
            "args": [("handle:graph", "graph"), ("handle:stream", "stream")],
            "ret": [],
        },
        "doc": "Runs an executable graph in a stream.",
    },
    {
        "name": "cuGraphUpload", "base": "cuGraphUpload", "since": 11010,
        "variants": [("cuGraphUpload_ptsz", 11010)], "class": "one_way", "host": "manual",
        "driver": "optional",
        "args": [("handle", "CUgraphExec hGraphExec"), ("handle", "CUstream hStream")],
        "wire": {
            "args": [("handle:graph", "graph"), ("handle:stream", "stream")],
            "ret": [],
        },
        "doc": "Brings an executable graph to the device ahead of its run.",
    },
]
