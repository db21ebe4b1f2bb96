# SPDX-License-Identifier: Apache-2.0
"""Graphs that this release refuses with CUDA_ERROR_NOT_SUPPORTED."""

CALLS = [
    {"name": "cuFlushGPUDirectRDMAWrites", "base": "cuFlushGPUDirectRDMAWrites", "since": 11030,
     "class": "unsupported"},
    {"name": "cuGraphAddExternalSemaphoresSignalNode", "base": "cuGraphAddExternalSemaphoresSignalNode", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphAddExternalSemaphoresWaitNode", "base": "cuGraphAddExternalSemaphoresWaitNode", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphConditionalHandleCreate", "base": "cuGraphConditionalHandleCreate", "since": 12030,
     "class": "unsupported"},
    {"name": "cuGraphDebugDotPrint", "base": "cuGraphDebugDotPrint", "since": 11030,
     "class": "unsupported"},
    {"name": "cuGraphExecExternalSemaphoresSignalNodeSetParams", "base": "cuGraphExecExternalSemaphoresSignalNodeSetParams", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphExecExternalSemaphoresWaitNodeSetParams", "base": "cuGraphExecExternalSemaphoresWaitNodeSetParams", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphExternalSemaphoresSignalNodeGetParams", "base": "cuGraphExternalSemaphoresSignalNodeGetParams", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphExternalSemaphoresSignalNodeSetParams", "base": "cuGraphExternalSemaphoresSignalNodeSetParams", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphExternalSemaphoresWaitNodeGetParams", "base": "cuGraphExternalSemaphoresWaitNodeGetParams", "since": 11020,
     "class": "unsupported"},
    {"name": "cuGraphExternalSemaphoresWaitNodeSetParams", "base": "cuGraphExternalSemaphoresWaitNodeSetParams", "since": 11020,
     "class": "unsupported"},
]
