# SPDX-License-Identifier: Apache-2.0
"""Launches."""

CALLS = [
    {
        "name": "cuLaunchKernel", "base": "cuLaunchKernel", "since": 4000,
        "variants": [("cuLaunchKernel_ptsz", 7000)], "class": "one_way", "host": "manual",
        "driver": "required",
        "args": [
            ("handle", "CUfunction f"),
            ("value", "unsigned int gridDimX"),
            ("value", "unsigned int gridDimY"),
            ("value", "unsigned int gridDimZ"),
            ("value", "unsigned int blockDimX"),
            ("value", "unsigned int blockDimY"),
            ("value", "unsigned int blockDimZ"),
            ("value", "unsigned int sharedMemBytes"),
            ("handle", "CUstream hStream"),
            ("params", "void **kernelParams", "VGPU_PARAM_BYTES_MAX"),
            ("params", "void **extra", "VGPU_PARAM_BYTES_MAX"),
        ],
        "wire": {
            "args": [
                ("handle:function", "function"),
                ("u32", "grid_x"),
                ("u32", "grid_y"),
                ("u32", "grid_z"),
                ("u32", "block_x"),
                ("u32", "block_y"),
                ("u32", "block_z"),
                ("u32", "shared_bytes"),
                ("handle:stream", "stream"),
                ("bytes", "params", "VGPU_PARAM_BYTES_MAX"),
            ],
            "ret": [],
        },
        "doc": "Launches a kernel.",
    },
]
