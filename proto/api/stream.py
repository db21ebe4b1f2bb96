# SPDX-License-Identifier: Apache-2.0
"""Streams."""

CALLS = [
    {
        "name": "cuStreamCreate", "base": "cuStreamCreate", "since": 2000, "class": "one_way",
        "driver": "required",
        "args": [("out", "CUstream *phStream"), ("value", "unsigned int Flags")],
        "via": ["cuStreamCreateWithPriority"],
        "doc": "Makes a stream.",
    },
    {
        "name": "cuStreamCreateWithPriority", "base": "cuStreamCreateWithPriority",
        "since": 5050, "class": "one_way", "host": "manual", "driver": "required",
        "args": [
            ("out", "CUstream *phStream"),
            ("value", "unsigned int flags"),
            ("value", "int priority"),
        ],
        "wire": {
            "args": [("new:stream", "stream"), ("u32", "flags"), ("i32", "priority")],
            "ret": [],
        },
        "before_init": ["INVALID_VALUE"],
        "doc": "Makes a stream with a priority.",
    },
    {
        "name": "cuStreamDestroy", "base": "cuStreamDestroy", "since": 2000,
        "alias_of": "cuStreamDestroy_v2", "class": "one_way",
        "args": [("handle", "CUstream hStream")],
        "doc": "Destroys a stream; its work goes on.",
    },
    {
        "name": "cuStreamDestroy_v2", "base": "cuStreamDestroy", "since": 4000,
        "class": "one_way", "host": "manual", "driver": "required",
        "args": [("handle", "CUstream hStream")],
        "wire": {
            "args": [("handle:stream", "stream")],
            "ret": [],
        },
        "doc": "Destroys a stream; its work goes on.",
    },
    {
        "name": "cuStreamGetPriority", "base": "cuStreamGetPriority", "since": 5050,
        "variants": [("cuStreamGetPriority_ptsz", 7000)], "class": "local",
        "args": [("handle", "CUstream hStream"), ("out", "int *priority")],
        "doc": "The priority of a stream.",
    },
    {
        "name": "cuStreamGetFlags", "base": "cuStreamGetFlags", "since": 5050,
        "variants": [("cuStreamGetFlags_ptsz", 7000)], "class": "local",
        "args": [("handle", "CUstream hStream"), ("out", "unsigned int *flags")],
        "doc": "The flags of a stream.",
    },
    {
        "name": "cuStreamGetId", "base": "cuStreamGetId", "since": 12000,
        "variants": [("cuStreamGetId_ptsz", 12000)], "class": "local",
        "args": [("handle", "CUstream hStream"), ("out", "unsigned long long *streamId")],
        "doc": "A number that no other stream of the process has.",
    },
    {
        "name": "cuStreamGetCtx", "base": "cuStreamGetCtx", "since": 9020,
        "variants": [("cuStreamGetCtx_ptsz", 9020)], "class": "local",
        "args": [("handle", "CUstream hStream"), ("out", "CUcontext *pctx")],
        "doc": "The context of a stream.",
    },
    {
        "name": "cuStreamWaitEvent", "base": "cuStreamWaitEvent", "since": 3020,
        "variants": [("cuStreamWaitEvent_ptsz", 7000)], "class": "one_way", "host": "manual",
        "driver": "required",
        "args": [
            ("handle", "CUstream hStream"),
            ("handle", "CUevent hEvent"),
            ("value", "unsigned int Flags"),
        ],
        "wire": {
            "args": [
                ("handle:stream", "stream"),
                ("handle:event", "event"),
                ("u32", "flags"),
            ],
            "ret": [],
        },
        "doc": "Lets later work of a stream wait for an event.",
    },
    {
        "name": "cuStreamQuery", "base": "cuStreamQuery", "since": 2000,
        "variants": [("cuStreamQuery_ptsz", 7000)], "class": "round_trip", "host": "auto",
        "driver": "required",
        "capture": "unsafe",
        "args": [("handle", "CUstream stream")],
        "doc": "Whether all work of a stream is done.",
    },
    {
        "name": "cuStreamSynchronize", "base": "cuStreamSynchronize", "since": 2000,
        "variants": [("cuStreamSynchronize_ptsz", 7000)], "class": "one_way",
        "driver": "required",
        "capture": "unsafe",
        "args": [("handle", "CUstream hStream")], "via": ["vgpuFence"],
        "doc": "Waits for all work of a stream.",
    },
    {
        "name": "cuStreamIsCapturing", "base": "cuStreamIsCapturing", "since": 10000,
        "variants": [("cuStreamIsCapturing_ptsz", 10000)], "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("out", "CUstreamCaptureStatus *captureStatus"),
        ],
        "doc": "Whether a stream is capturing.",
    },
    {
        "name": "cuThreadExchangeStreamCaptureMode",
        "base": "cuThreadExchangeStreamCaptureMode", "since": 10010, "class": "local",
        "args": [("inout", "CUstreamCaptureMode *mode")],
        "negatives": 1, "negatives_why": "any mode is taken",
        "optional": ["mode"],
        "doc": "Exchanges the thread's capture mode.",
    },
]
