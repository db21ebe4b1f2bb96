# SPDX-License-Identifier: Apache-2.0
"""Captures, kept by the guest."""

CALLS = [
    {
        "name": "cuStreamBeginCapture", "base": "cuStreamBeginCapture",
        "since": 10000, "variants": [("cuStreamBeginCapture_ptsz", 10000)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
        ],
        "doc": "Begins a capture (old form, mode global).",
    },
    {
        "name": "cuStreamBeginCapture_v2", "base": "cuStreamBeginCapture",
        "since": 10010, "variants": [("cuStreamBeginCapture_v2_ptsz", 10010)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("value", "CUstreamCaptureMode mode"),
        ],
        "doc": "Begins a capture: the stream's operations become nodes of a graph.",
    },
    {
        "name": "cuStreamBeginCaptureToGraph", "base": "cuStreamBeginCaptureToGraph",
        "since": 12030, "variants": [("cuStreamBeginCaptureToGraph_ptsz", 12030)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("handle", "CUgraph hGraph"),
            ("array_in", "const CUgraphNode *dependencies", "numDependencies"),
            ("array_in", "const CUgraphEdgeData *dependencyData", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("value", "CUstreamCaptureMode mode"),
        ],
        "doc": "Begins a capture into a graph that there is.",
    },
    {
        "name": "cuStreamEndCapture", "base": "cuStreamEndCapture",
        "since": 10000, "variants": [("cuStreamEndCapture_ptsz", 10000)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("out", "CUgraph *phGraph"),
        ],
        "optional": ["phGraph"],
        "doc": "Ends a capture and gives its graph.",
    },
    {
        "name": "cuStreamGetCaptureInfo", "base": "cuStreamGetCaptureInfo",
        "since": 10010, "variants": [("cuStreamGetCaptureInfo_ptsz", 10010)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("out", "CUstreamCaptureStatus *captureStatus_out"),
            ("out", "cuuint64_t *id_out"),
        ],
        "doc": "The state of a stream's capture.",
    },
    {
        "name": "cuStreamGetCaptureInfo_v2", "base": "cuStreamGetCaptureInfo",
        "since": 11030, "variants": [("cuStreamGetCaptureInfo_v2_ptsz", 11030)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("out", "CUstreamCaptureStatus *captureStatus_out"),
            ("out", "cuuint64_t *id_out"),
            ("out", "CUgraph *graph_out"),
            ("out", "const CUgraphNode **dependencies_out"),
            ("out", "size_t *numDependencies_out"),
        ],
        "doc": "The state of a stream's capture, its graph, and what the next node follows.",
    },
    {
        "name": "cuStreamGetCaptureInfo_v3", "base": "cuStreamGetCaptureInfo",
        "since": 12030, "variants": [("cuStreamGetCaptureInfo_v3_ptsz", 12030)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("out", "CUstreamCaptureStatus *captureStatus_out"),
            ("out", "cuuint64_t *id_out"),
            ("out", "CUgraph *graph_out"),
            ("out", "const CUgraphNode **dependencies_out"),
            ("out", "const CUgraphEdgeData **edgeData_out"),
            ("out", "size_t *numDependencies_out"),
        ],
        "doc": "The state of a stream's capture, with the data of edges.",
    },
    {
        "name": "cuStreamUpdateCaptureDependencies", "base": "cuStreamUpdateCaptureDependencies",
        "since": 11030, "variants": [("cuStreamUpdateCaptureDependencies_ptsz", 11030)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("array_in", "CUgraphNode *dependencies", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("value", "unsigned int flags"),
        ],
        "doc": "Changes what the next captured node follows.",
    },
    {
        "name": "cuStreamUpdateCaptureDependencies_v2", "base": "cuStreamUpdateCaptureDependencies",
        "since": 12030, "variants": [("cuStreamUpdateCaptureDependencies_v2_ptsz", 12030)],
        "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("array_in", "CUgraphNode *dependencies", "numDependencies"),
            ("array_in", "const CUgraphEdgeData *dependencyData", "numDependencies"),
            ("value", "size_t numDependencies"),
            ("value", "unsigned int flags"),
        ],
        "doc": "Changes what the next captured node follows, with the data of edges.",
    },
]
