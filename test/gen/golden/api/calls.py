# SPDX-License-Identifier: Apache-2.0
"""Representative entries: what the generator makes of them lies beside this folder."""

CALLS = [
    {
        "name": "cuCtxGetLimit", "base": "cuCtxGetLimit", "since": 3010, "class": "round_trip",
        "host": "auto", "driver": "required",
        "args": [("out", "size_t *value"), ("value", "CUlimit limit")],
        "doc": "A limit of the current context.",
    },
    {
        "name": "cuMemAlloc_v2", "base": "cuMemAlloc", "since": 3020, "class": "round_trip",
        "host": "manual", "driver": "required",
        "args": [("out", "CUdeviceptr *dptr"), ("value", "size_t bytesize")],
        "wire": {
            "args": [("u64", "bytesize")],
            "ret": [("u64", "dptr")],
        },
        "doc": "Allocates device memory.",
    },
    {
        "name": "cuMemcpyHtoD_v2", "base": "cuMemcpyHtoD", "since": 3020,
        "variants": [("cuMemcpyHtoD_v2_ptds", 7000)], "class": "one_way", "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("bytes_in", "const void *srcHost", "ByteCount"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopyHtoD"],
        "doc": "Copies from host to device.",
    },
    {
        "name": "cuModuleGetFunction", "base": "cuModuleGetFunction", "since": 2000,
        "class": "round_trip", "host": "manual", "driver": "required",
        "args": [
            ("out", "CUfunction *hfunc"),
            ("handle", "CUmodule hmod"),
            ("string", "const char *name", "VGPU_NAME_BYTES_MAX"),
        ],
        "wire": {
            "args": [
                ("handle:module", "module"),
                ("bytes", "name", "VGPU_NAME_BYTES_MAX"),
            ],
            "ret": [
                ("handle:function", "function"),
                ("bytes", "attributes", "4 * VGPU_FUNCTION_ATTRIBUTES"),
                ("bytes", "layout", "8 * VGPU_PARAMS_MAX"),
            ],
        },
        "doc": "A kernel of a module, with its attributes and parameter layout.",
    },
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
    {
        "name": "cuStreamQuery", "base": "cuStreamQuery", "since": 2000,
        "variants": [("cuStreamQuery_ptsz", 7000)], "class": "round_trip", "host": "auto",
        "driver": "required",
        "args": [("handle", "CUstream stream")],
        "doc": "Whether all work of a stream is done.",
    },
    {
        "name": "cuCtxResetPersistingL2Cache", "base": "cuCtxResetPersistingL2Cache",
        "since": 11000, "class": "round_trip", "host": "auto", "driver": "required", "args": [],
        "negatives": 1, "negatives_why": "it looks at nothing but the current context",
        "doc": "Gives back what persists in the cache.",
    },
    {
        "name": "vgpuCopyHtoD", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("u64", "dst"),
                ("u64", "offset"),
                ("u64", "bytes"),
                ("handle:stream", "stream"),
            ],
            "ret": [],
        },
        "doc": "Copies from the window to device memory in a stream.",
    },
    {"name": "cuGraphLaunch", "base": "cuGraphLaunch", "since": 10000,
     "variants": [("cuGraphLaunch_ptsz", 10000)], "class": "unsupported"},
]
