# SPDX-License-Identifier: Apache-2.0
"""Attributes of streams, and where they belong."""

CALLS = [
    {
        "name": "cuStreamGetDevice", "base": "cuStreamGetDevice", "since": 12080,
        "variants": [("cuStreamGetDevice_ptsz", 12080)], "class": "local",
        "args": [("handle", "CUstream hStream"), ("out", "CUdevice *device")],
        "doc": "The device of a stream.",
    },
    {
        "name": "cuStreamGetCtx_v2", "base": "cuStreamGetCtx", "since": 12050,
        "variants": [("cuStreamGetCtx_v2_ptsz", 12050)], "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("out", "CUcontext *pCtx"),
            ("out", "CUgreenCtx *pGreenCtx"),
        ],
        "optional": ["pCtx", "pGreenCtx"],
        "doc": "The context of a stream; green contexts there are none.",
    },
    {
        "name": "cuStreamGetAttribute", "base": "cuStreamGetAttribute", "since": 11000,
        "variants": [("cuStreamGetAttribute_ptsz", 11000)], "class": "local",
        "args": [
            ("handle", "CUstream hStream"),
            ("value", "CUstreamAttrID attr"),
            ("out", "CUstreamAttrValue *value"),
        ],
        "optional": ["value"],
        "doc": "An attribute of a stream.",
    },
    {
        "name": "cuStreamSetAttribute", "base": "cuStreamSetAttribute", "since": 11000,
        "variants": [("cuStreamSetAttribute_ptsz", 11000)], "class": "round_trip",
        "host": "manual", "driver": "optional",
        "args": [
            ("handle", "CUstream hStream"),
            ("value", "CUstreamAttrID attr"),
            ("struct_in", "const CUstreamAttrValue *value"),
        ],
        "wire": {
            "args": [("handle:stream", "stream"), ("u32", "attr"), ("bytes", "value", "64")],
            "ret": [],
        },
        "doc": "Sets an attribute of a stream.",
    },
    {
        "name": "cuStreamCopyAttributes", "base": "cuStreamCopyAttributes", "since": 11000,
        "variants": [("cuStreamCopyAttributes_ptsz", 11000)], "class": "round_trip",
        "host": "manual", "driver": "optional",
        "args": [("handle", "CUstream dst"), ("handle", "CUstream src")],
        "wire": {
            "args": [("handle:stream", "dst"), ("handle:stream", "src")],
            "ret": [],
        },
        "doc": "Gives a stream the attributes of another one.",
    },
]
