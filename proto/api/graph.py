# SPDX-License-Identifier: Apache-2.0
"""Graphs: nodes and edges, kept by the guest."""

CALLS = [
    {
        "name": "cuGraphCreate", "base": "cuGraphCreate", "since": 10000, "class": "local",
        "driver": "optional",
        "args": [
            ("out", "CUgraph *phGraph"),
            ("value", "unsigned int flags"),
        ],
        "doc": "Makes an empty graph.",
    },
    {
        "name": "cuGraphDestroy", "base": "cuGraphDestroy", "since": 10000, "class": "local",
        "driver": "optional",
        "args": [
            ("handle", "CUgraph hGraph"),
        ],
        "doc": "Destroys a graph.",
    },
    {
        "name": "cuGraphClone", "base": "cuGraphClone", "since": 10000, "class": "local",
        "args": [
            ("out", "CUgraph *phGraphClone"),
            ("handle", "CUgraph originalGraph"),
        ],
        "doc": "Copies a graph.",
    },
    {
        "name": "cuGraphNodeFindInClone",
        "base": "cuGraphNodeFindInClone", "since": 10000, "class": "local",
        "args": [
            ("out", "CUgraphNode *phNode"),
            ("handle", "CUgraphNode hOriginalNode"),
            ("handle", "CUgraph hClonedGraph"),
        ],
        "doc": "The node of a copy that an original became.",
    },
    {
        "name": "cuGraphDestroyNode",
        "base": "cuGraphDestroyNode", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
        ],
        "doc": "Takes a node out of its graph.",
    },
    {
        "name": "cuGraphNodeGetType",
        "base": "cuGraphNodeGetType", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("out", "CUgraphNodeType *type"),
        ],
        "doc": "The kind of a node.",
    },
    {
        "name": "cuGraphGetNodes", "base": "cuGraphGetNodes", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_out", "CUgraphNode *nodes", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("inout", "size_t *numNodes"),
        ],
        "doc": "The nodes of a graph.",
    },
    {
        "name": "cuGraphGetRootNodes",
        "base": "cuGraphGetRootNodes", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_out", "CUgraphNode *rootNodes", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("inout", "size_t *numRootNodes"),
        ],
        "doc": "The nodes that follow no other.",
    },
    {
        "name": "cuGraphGetEdges", "base": "cuGraphGetEdges", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_out", "CUgraphNode *from", "VGPU_GRAPH_EDGES_MAX"),
            ("array_out", "CUgraphNode *to", "VGPU_GRAPH_EDGES_MAX"),
            ("inout", "size_t *numEdges"),
        ],
        "doc": "The edges of a graph.",
    },
    {
        "name": "cuGraphGetEdges_v2", "base": "cuGraphGetEdges", "since": 12030, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_out", "CUgraphNode *from", "VGPU_GRAPH_EDGES_MAX"),
            ("array_out", "CUgraphNode *to", "VGPU_GRAPH_EDGES_MAX"),
            ("array_out", "CUgraphEdgeData *edgeData", "VGPU_GRAPH_EDGES_MAX"),
            ("inout", "size_t *numEdges"),
        ],
        "doc": "The edges of a graph, with their data.",
    },
    {
        "name": "cuGraphNodeGetDependencies",
        "base": "cuGraphNodeGetDependencies", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("array_out", "CUgraphNode *dependencies", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("inout", "size_t *numDependencies"),
        ],
        "doc": "The nodes that a node follows.",
    },
    {
        "name": "cuGraphNodeGetDependencies_v2",
        "base": "cuGraphNodeGetDependencies", "since": 12030, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("array_out", "CUgraphNode *dependencies", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("array_out", "CUgraphEdgeData *edgeData", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("inout", "size_t *numDependencies"),
        ],
        "doc": "The nodes that a node follows, with the edges' data.",
    },
    {
        "name": "cuGraphNodeGetDependentNodes",
        "base": "cuGraphNodeGetDependentNodes", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("array_out", "CUgraphNode *dependentNodes", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("inout", "size_t *numDependentNodes"),
        ],
        "doc": "The nodes that follow a node.",
    },
    {
        "name": "cuGraphNodeGetDependentNodes_v2",
        "base": "cuGraphNodeGetDependentNodes", "since": 12030, "class": "local",
        "args": [
            ("handle", "CUgraphNode hNode"),
            ("array_out", "CUgraphNode *dependentNodes", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("array_out", "CUgraphEdgeData *edgeData", "VGPU_GRAPH_NODES_LIVE_MAX"),
            ("inout", "size_t *numDependentNodes"),
        ],
        "doc": "The nodes that follow a node, with the edges' data.",
    },
    {
        "name": "cuGraphAddDependencies",
        "base": "cuGraphAddDependencies", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *from", "numDependencies"),
            ("array_in", "const CUgraphNode *to", "numDependencies"),
            ("value", "size_t numDependencies"),
        ],
        "doc": "Adds edges.",
    },
    {
        "name": "cuGraphAddDependencies_v2",
        "base": "cuGraphAddDependencies", "since": 12030, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *from", "numDependencies"),
            ("array_in", "const CUgraphNode *to", "numDependencies"),
            ("array_in", "const CUgraphEdgeData *edgeData", "numDependencies"),
            ("value", "size_t numDependencies"),
        ],
        "doc": "Adds edges, with data.",
    },
    {
        "name": "cuGraphRemoveDependencies",
        "base": "cuGraphRemoveDependencies", "since": 10000, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *from", "numDependencies"),
            ("array_in", "const CUgraphNode *to", "numDependencies"),
            ("value", "size_t numDependencies"),
        ],
        "doc": "Removes edges.",
    },
    {
        "name": "cuGraphRemoveDependencies_v2",
        "base": "cuGraphRemoveDependencies", "since": 12030, "class": "local",
        "args": [
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *from", "numDependencies"),
            ("array_in", "const CUgraphNode *to", "numDependencies"),
            ("array_in", "const CUgraphEdgeData *edgeData", "numDependencies"),
            ("value", "size_t numDependencies"),
        ],
        "doc": "Removes edges, with data.",
    },
]
