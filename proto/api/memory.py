# SPDX-License-Identifier: Apache-2.0
"""Device memory, pinned host memory, copies and fills."""

CALLS = [
    {
        "name": "cuMemGetInfo_v2", "base": "cuMemGetInfo", "since": 3020, "class": "round_trip",
        "host": "manual", "driver": "required",
        "args": [("out", "size_t *free"), ("out", "size_t *total")],
        "wire": {
            "args": [],
            "ret": [("u64", "free"), ("u64", "total")],
        },
        "doc": "Free and total memory of the session's device, in bytes.",
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
        "name": "cuMemFree_v2", "base": "cuMemFree", "since": 3020, "class": "round_trip",
        "host": "manual", "driver": "required",
        "args": [("devptr", "CUdeviceptr dptr")],
        "wire": {
            "args": [("u64", "dptr")],
            "ret": [],
        },
        "doc": "Frees device memory.",
    },
    {
        "name": "cuMemGetAddressRange_v2", "base": "cuMemGetAddressRange", "since": 3020,
        "class": "local",
        "args": [
            ("out", "CUdeviceptr *pbase"),
            ("out", "size_t *psize"),
            ("devptr", "CUdeviceptr dptr"),
        ],
        "doc": "Base and size of the allocation around an address.",
    },
    {
        "name": "cuMemAllocHost_v2", "base": "cuMemAllocHost", "since": 3020, "class": "local",
        "driver": "required",
        "args": [("out", "void **pp"), ("value", "size_t bytesize")],
        "via": ["vgpuHostRegister"],
        "doc": "Allocates pinned host memory.",
    },
    {
        "name": "cuMemFreeHost", "base": "cuMemFreeHost", "since": 2000, "class": "local",
        "driver": "required",
        "args": [("hostptr", "void *p")], "via": ["vgpuHostUnregister"],
        "doc": "Frees pinned host memory.",
    },
    {
        "name": "cuMemHostAlloc", "base": "cuMemHostAlloc", "since": 2020, "class": "local",
        "args": [
            ("out", "void **pp"),
            ("value", "size_t bytesize"),
            ("value", "unsigned int Flags"),
        ],
        "via": ["vgpuHostRegister"],
        "doc": "Allocates pinned host memory with flags.",
    },
    {
        "name": "cuMemHostGetDevicePointer_v2", "base": "cuMemHostGetDevicePointer",
        "since": 3020, "class": "local",
        "args": [
            ("out", "CUdeviceptr *pdptr"),
            ("hostptr", "void *p"),
            ("value", "unsigned int Flags"),
        ],
        "doc": "The device address of pinned host memory.",
    },
    {
        "name": "cuMemHostGetFlags", "base": "cuMemHostGetFlags", "since": 2030,
        "class": "local",
        "args": [("out", "unsigned int *pFlags"), ("hostptr", "void *p")],
        "doc": "The flags of pinned host memory.",
    },
    {
        "name": "cuPointerGetAttribute", "base": "cuPointerGetAttribute", "since": 4000,
        "class": "local",
        "args": [
            ("bytes_out", "void *data", "8"),
            ("value", "CUpointer_attribute attribute"),
            ("devptr", "CUdeviceptr ptr"),
        ],
        "doc": "One attribute of an address.",
    },
    {
        "name": "cuPointerGetAttributes", "base": "cuPointerGetAttributes", "since": 7000,
        "class": "local",
        "args": [
            ("value", "unsigned int numAttributes"),
            ("array_in", "CUpointer_attribute *attributes", "numAttributes"),
            ("array_out", "void **data", "numAttributes"),
            ("devptr", "CUdeviceptr ptr"),
        ],
        "doc": "Several attributes of an address.",
    },
    {
        "name": "cuMemcpy", "base": "cuMemcpy", "since": 4000,
        "variants": [("cuMemcpy_ptds", 7000)], "class": "one_way",
        "args": [
            ("devptr", "CUdeviceptr dst"),
            ("devptr", "CUdeviceptr src"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopyHtoD", "vgpuCopyDtoH", "cuMemcpyDtoDAsync_v2"],
        "doc": "Copies between any two addresses.",
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
        "name": "cuMemcpyDtoH_v2", "base": "cuMemcpyDtoH", "since": 3020,
        "variants": [("cuMemcpyDtoH_v2_ptds", 7000)], "class": "one_way", "driver": "required",
        "args": [
            ("bytes_out", "void *dstHost", "ByteCount"),
            ("devptr", "CUdeviceptr srcDevice"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopyDtoH"],
        "doc": "Copies from device to host.",
    },
    {
        "name": "cuMemcpyAsync", "base": "cuMemcpyAsync", "since": 4000,
        "variants": [("cuMemcpyAsync_ptsz", 7000)], "class": "one_way",
        "args": [
            ("devptr", "CUdeviceptr dst"),
            ("devptr", "CUdeviceptr src"),
            ("value", "size_t ByteCount"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["vgpuCopyHtoD", "vgpuCopyDtoH", "cuMemcpyDtoDAsync_v2"],
        "doc": "Copies between any two addresses in a stream.",
    },
    {
        "name": "cuMemcpyHtoDAsync_v2", "base": "cuMemcpyHtoDAsync", "since": 3020,
        "variants": [("cuMemcpyHtoDAsync_v2_ptsz", 7000)], "class": "one_way",
        "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("bytes_in", "const void *srcHost", "ByteCount"),
            ("value", "size_t ByteCount"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["vgpuCopyHtoD"],
        "doc": "Copies from host to device in a stream.",
    },
    {
        "name": "cuMemcpyDtoHAsync_v2", "base": "cuMemcpyDtoHAsync", "since": 3020,
        "variants": [("cuMemcpyDtoHAsync_v2_ptsz", 7000)], "class": "one_way",
        "driver": "required",
        "args": [
            ("bytes_out", "void *dstHost", "ByteCount"),
            ("devptr", "CUdeviceptr srcDevice"),
            ("value", "size_t ByteCount"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["vgpuCopyDtoH"],
        "doc": "Copies from device to host in a stream.",
    },
    {
        "name": "cuMemcpyDtoD_v2", "base": "cuMemcpyDtoD", "since": 3020,
        "variants": [("cuMemcpyDtoD_v2_ptds", 7000)], "class": "one_way",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("devptr", "CUdeviceptr srcDevice"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["cuMemcpyDtoDAsync_v2"],
        "doc": "Copies inside device memory.",
    },
    {
        "name": "cuMemcpyDtoDAsync_v2", "base": "cuMemcpyDtoDAsync", "since": 3020,
        "variants": [("cuMemcpyDtoDAsync_v2_ptsz", 7000)], "class": "one_way", "host": "manual",
        "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("devptr", "CUdeviceptr srcDevice"),
            ("value", "size_t ByteCount"),
            ("handle", "CUstream hStream"),
        ],
        "wire": {
            "args": [
                ("u64", "dst"),
                ("u64", "src"),
                ("u64", "bytes"),
                ("handle:stream", "stream"),
            ],
            "ret": [],
        },
        "doc": "Copies inside device memory in a stream.",
    },
    {
        "name": "cuMemsetD8_v2", "base": "cuMemsetD8", "since": 3020,
        "variants": [("cuMemsetD8_v2_ptds", 7000)], "class": "one_way", "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("value", "unsigned char uc"),
            ("value", "size_t N"),
        ],
        "via": ["cuMemsetD8Async"],
        "doc": "Fills device memory with a 8-bit value.",
    },
    {
        "name": "cuMemsetD8Async", "base": "cuMemsetD8Async", "since": 3020,
        "variants": [("cuMemsetD8Async_ptsz", 7000)], "class": "one_way", "host": "manual",
        "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("value", "unsigned char uc"),
            ("value", "size_t N"),
            ("handle", "CUstream hStream"),
        ],
        "wire": {
            "args": [
                ("u64", "dst"),
                ("u32", "value"),
                ("u64", "count"),
                ("handle:stream", "stream"),
            ],
            "ret": [],
        },
        "doc": "Fills device memory with a 8-bit value in a stream.",
    },
    {
        "name": "cuMemsetD16_v2", "base": "cuMemsetD16", "since": 3020,
        "variants": [("cuMemsetD16_v2_ptds", 7000)], "class": "one_way",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("value", "unsigned short us"),
            ("value", "size_t N"),
        ],
        "via": ["cuMemsetD16Async"],
        "doc": "Fills device memory with a 16-bit value.",
    },
    {
        "name": "cuMemsetD16Async", "base": "cuMemsetD16Async", "since": 3020,
        "variants": [("cuMemsetD16Async_ptsz", 7000)], "class": "one_way", "host": "manual",
        "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("value", "unsigned short us"),
            ("value", "size_t N"),
            ("handle", "CUstream hStream"),
        ],
        "wire": {
            "args": [
                ("u64", "dst"),
                ("u32", "value"),
                ("u64", "count"),
                ("handle:stream", "stream"),
            ],
            "ret": [],
        },
        "doc": "Fills device memory with a 16-bit value in a stream.",
    },
    {
        "name": "cuMemsetD32_v2", "base": "cuMemsetD32", "since": 3020,
        "variants": [("cuMemsetD32_v2_ptds", 7000)], "class": "one_way",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("value", "unsigned int ui"),
            ("value", "size_t N"),
        ],
        "via": ["cuMemsetD32Async"],
        "doc": "Fills device memory with a 32-bit value.",
    },
    {
        "name": "cuMemsetD32Async", "base": "cuMemsetD32Async", "since": 3020,
        "variants": [("cuMemsetD32Async_ptsz", 7000)], "class": "one_way", "host": "manual",
        "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("value", "unsigned int ui"),
            ("value", "size_t N"),
            ("handle", "CUstream hStream"),
        ],
        "wire": {
            "args": [
                ("u64", "dst"),
                ("u32", "value"),
                ("u64", "count"),
                ("handle:stream", "stream"),
            ],
            "ret": [],
        },
        "doc": "Fills device memory with a 32-bit value in a stream.",
    },
]
