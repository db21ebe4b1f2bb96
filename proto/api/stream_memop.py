# SPDX-License-Identifier: Apache-2.0
"""Words of memory that a stream writes or waits for."""

CALLS = [
    {
        "name": "cuStreamWaitValue32_v2", "base": "cuStreamWaitValue32", "since": 11070,
        "variants": [("cuStreamWaitValue32_v2_ptsz", 11070)], "class": "one_way",
        "args": [
            ("handle", "CUstream stream"),
            ("devptr", "CUdeviceptr addr"),
            ("value", "cuuint32_t value"),
            ("value", "unsigned int flags"),
        ],
        "via": ["cuStreamBatchMemOp_v2"],
        "doc": "Lets later work of a stream wait until a word has a value.",
    },
    {
        "name": "cuStreamWaitValue64_v2", "base": "cuStreamWaitValue64", "since": 11070,
        "variants": [("cuStreamWaitValue64_v2_ptsz", 11070)], "class": "one_way",
        "args": [
            ("handle", "CUstream stream"),
            ("devptr", "CUdeviceptr addr"),
            ("value", "cuuint64_t value"),
            ("value", "unsigned int flags"),
        ],
        "via": ["cuStreamBatchMemOp_v2"],
        "doc": "Lets later work of a stream wait until a word has a value.",
    },
    {
        "name": "cuStreamWriteValue32_v2", "base": "cuStreamWriteValue32", "since": 11070,
        "variants": [("cuStreamWriteValue32_v2_ptsz", 11070)], "class": "one_way",
        "args": [
            ("handle", "CUstream stream"),
            ("devptr", "CUdeviceptr addr"),
            ("value", "cuuint32_t value"),
            ("value", "unsigned int flags"),
        ],
        "via": ["cuStreamBatchMemOp_v2"],
        "doc": "Has a stream write a word.",
    },
    {
        "name": "cuStreamWriteValue64_v2", "base": "cuStreamWriteValue64", "since": 11070,
        "variants": [("cuStreamWriteValue64_v2_ptsz", 11070)], "class": "one_way",
        "driver": "required",
        "args": [
            ("handle", "CUstream stream"),
            ("devptr", "CUdeviceptr addr"),
            ("value", "cuuint64_t value"),
            ("value", "unsigned int flags"),
        ],
        "via": ["cuStreamBatchMemOp_v2"],
        "doc": "Has a stream write a word.",
    },
    {
        "name": "cuStreamBatchMemOp_v2", "base": "cuStreamBatchMemOp", "since": 11070,
        "variants": [("cuStreamBatchMemOp_v2_ptsz", 11070)], "class": "one_way",
        "host": "manual", "driver": "optional",
        "args": [
            ("handle", "CUstream stream"),
            ("value", "unsigned int count"),
            ("array_in", "CUstreamBatchMemOpParams *paramArray", "count"),
            ("value", "unsigned int flags"),
        ],
        "wire": {
            "args": [
                ("handle:stream", "stream"),
                ("bytes", "operations", "24 * VGPU_MEM_OPS_MAX"),
            ],
            "ret": [],
        },
        "doc": "Writes words and waits for words in a stream.",
    },
]
