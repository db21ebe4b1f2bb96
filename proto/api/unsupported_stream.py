# SPDX-License-Identifier: Apache-2.0
"""Streams and events that this release refuses with CUDA_ERROR_NOT_SUPPORTED."""

CALLS = [
    {"name": "cuCtxRecordEvent", "base": "cuCtxRecordEvent", "since": 12050,
     "class": "unsupported"},
    {"name": "cuCtxWaitEvent", "base": "cuCtxWaitEvent", "since": 12050, "class": "unsupported"},
    {"name": "cuGreenCtxRecordEvent", "base": "cuGreenCtxRecordEvent", "since": 12040,
     "class": "unsupported"},
    {"name": "cuGreenCtxStreamCreate", "base": "cuGreenCtxStreamCreate", "since": 12050,
     "class": "unsupported"},
    {"name": "cuGreenCtxWaitEvent", "base": "cuGreenCtxWaitEvent", "since": 12040,
     "class": "unsupported"},
    {"name": "cuStreamAttachMemAsync", "base": "cuStreamAttachMemAsync", "since": 6000,
     "variants": [("cuStreamAttachMemAsync_ptsz", 7000)], "class": "unsupported"},
    {"name": "cuStreamBatchMemOp", "base": "cuStreamBatchMemOp", "since": 8000,
     "variants": [("cuStreamBatchMemOp_ptsz", 8000)], "class": "unsupported"},
    {"name": "cuStreamGetGreenCtx", "base": "cuStreamGetGreenCtx", "since": 12040,
     "class": "unsupported"},
    {"name": "cuStreamWaitValue32", "base": "cuStreamWaitValue32", "since": 8000,
     "variants": [("cuStreamWaitValue32_ptsz", 8000)], "class": "unsupported"},
    {"name": "cuStreamWaitValue64", "base": "cuStreamWaitValue64", "since": 9000,
     "variants": [("cuStreamWaitValue64_ptsz", 9000)], "class": "unsupported"},
    {"name": "cuStreamWriteValue32", "base": "cuStreamWriteValue32", "since": 8000,
     "variants": [("cuStreamWriteValue32_ptsz", 8000)], "class": "unsupported"},
    {"name": "cuStreamWriteValue64", "base": "cuStreamWriteValue64", "since": 9000,
     "variants": [("cuStreamWriteValue64_ptsz", 9000)], "class": "unsupported"},
]
