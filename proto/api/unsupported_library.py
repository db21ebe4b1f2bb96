# SPDX-License-Identifier: Apache-2.0
"""Libraries, kernels, linking and launches that this release refuses with CUDA_ERROR_NOT_SUPPORTED."""

CALLS = [
    {"name": "cuLaunchCooperativeKernelMultiDevice", "base": "cuLaunchCooperativeKernelMultiDevice", "since": 9000,
     "class": "unsupported"},
    {"name": "cuModuleGetGlobal", "base": "cuModuleGetGlobal", "since": 2000,
     "class": "unsupported"},
]
