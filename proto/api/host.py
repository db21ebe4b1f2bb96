# SPDX-License-Identifier: Apache-2.0
"""Functions of the program that run in a stream's order."""

CALLS = [
    {
        "name": "cuLaunchHostFunc", "base": "cuLaunchHostFunc", "since": 10000,
        "variants": [("cuLaunchHostFunc_ptsz", 10000)], "class": "one_way", "host": "manual",
        "driver": "optional",
        "args": [
            ("handle", "CUstream hStream"),
            ("callback", "CUhostFn fn"),
            ("user", "void *userData"),
        ],
        "wire": {
            "args": [("u64", "token"), ("handle:stream", "stream")],
            "ret": [],
        },
        "doc": "Has a function of the program called in a stream's order.",
    },
    {
        "name": "cuStreamAddCallback", "base": "cuStreamAddCallback", "since": 5000,
        "variants": [("cuStreamAddCallback_ptsz", 7000)], "class": "one_way",
        "args": [
            ("handle", "CUstream hStream"),
            ("callback", "CUstreamCallback callback"),
            ("user", "void *userData"),
            ("value", "unsigned int flags"),
        ],
        "via": ["cuLaunchHostFunc"],
        "before_init": ["INVALID_VALUE"],
        "doc": "Has a function of the program called in a stream's order, with a status.",
    },
    {
        "name": "vgpuHostCall", "class": "upcall",
        "wire": {
            "args": [("u64", "token"), ("u64", "call")],
            "ret": [],
        },
        "doc": "Asks the guest to call a function; the stream waits until vgpuHostDone.",
    },
    {
        "name": "vgpuHostDone", "class": "one_way", "host": "manual",
        "wire": {
            "args": [("u64", "call")],
            "ret": [],
        },
        "doc": "Says that the function of a vgpuHostCall has returned.",
    },
]
