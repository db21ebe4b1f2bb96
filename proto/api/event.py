# SPDX-License-Identifier: Apache-2.0
"""Events."""

CALLS = [
    {
        "name": "cuEventCreate", "base": "cuEventCreate", "since": 2000, "class": "one_way",
        "host": "manual", "driver": "required",
        "args": [("out", "CUevent *phEvent"), ("value", "unsigned int Flags")],
        "wire": {
            "args": [("new:event", "event"), ("u32", "flags")],
            "ret": [],
        },
        "doc": "Makes an event.",
    },
    {
        "name": "cuEventRecord", "base": "cuEventRecord", "since": 2000,
        "variants": [("cuEventRecord_ptsz", 7000)], "class": "one_way",
        "args": [("handle", "CUevent hEvent"), ("handle", "CUstream hStream")],
        "via": ["cuEventRecordWithFlags"],
        "doc": "Records an event in a stream.",
    },
    {
        "name": "cuEventRecordWithFlags", "base": "cuEventRecordWithFlags", "since": 11010,
        "variants": [("cuEventRecordWithFlags_ptsz", 11010)], "class": "one_way",
        "host": "manual", "driver": "required",
        "args": [
            ("handle", "CUevent hEvent"),
            ("handle", "CUstream hStream"),
            ("value", "unsigned int flags"),
        ],
        "wire": {
            "args": [
                ("handle:event", "event"),
                ("handle:stream", "stream"),
                ("u32", "flags"),
            ],
            "ret": [],
        },
        "doc": "Records an event in a stream, with flags.",
    },
    {
        "name": "cuEventQuery", "base": "cuEventQuery", "since": 2000, "class": "round_trip",
        "host": "auto", "driver": "required",
        "capture": "unsafe",
        "args": [("handle", "CUevent event")],
        "doc": "Whether an event has happened.",
    },
    {
        "name": "cuEventSynchronize", "base": "cuEventSynchronize", "since": 2000,
        "class": "one_way", "driver": "required",
        "args": [("handle", "CUevent hEvent")], "via": ["vgpuEventWait"],
        "doc": "Waits for an event.",
    },
    {
        "name": "cuEventDestroy", "base": "cuEventDestroy", "since": 2000,
        "alias_of": "cuEventDestroy_v2", "class": "one_way",
        "args": [("handle", "CUevent hEvent")],
        "doc": "Destroys an event.",
    },
    {
        "name": "cuEventDestroy_v2", "base": "cuEventDestroy", "since": 4000,
        "class": "one_way", "host": "manual", "driver": "required",
        "args": [("handle", "CUevent hEvent")],
        "wire": {
            "args": [("handle:event", "event")],
            "ret": [],
        },
        "doc": "Destroys an event.",
    },
    {
        "name": "cuEventElapsedTime", "base": "cuEventElapsedTime", "since": 2000,
        "alias_of": "cuEventElapsedTime_v2", "class": "round_trip",
        "args": [
            ("out", "float *pMilliseconds"),
            ("handle", "CUevent hStart"),
            ("handle", "CUevent hEnd"),
        ],
        "doc": "Milliseconds between two events.",
    },
    {
        "name": "cuEventElapsedTime_v2", "base": "cuEventElapsedTime", "since": 12080,
        "class": "round_trip", "host": "auto", "driver": "required",
        "driver_older": "cuEventElapsedTime",
        "args": [("out", "float *ms"), ("handle", "CUevent start"), ("handle", "CUevent end")],
        "doc": "Milliseconds between two events.",
    },
]
