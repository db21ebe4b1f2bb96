# SPDX-License-Identifier: Apache-2.0
"""Arrays, textures and surfaces."""

CALLS = [
    {
        "name": "vgpuArrayCreate", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [
                ("u64", "width"),
                ("u64", "height"),
                ("u64", "depth"),
                ("u32", "format"),
                ("u32", "channels"),
                ("u32", "flags"),
            ],
            "ret": [("handle:array", "array")],
        },
        "doc": "Makes an array.",
    },
    {
        "name": "vgpuMipmapCreate", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [
                ("u64", "width"),
                ("u64", "height"),
                ("u64", "depth"),
                ("u32", "format"),
                ("u32", "channels"),
                ("u32", "flags"),
                ("u32", "levels"),
            ],
            "ret": [("handle:mipmap", "mipmap")],
        },
        "doc": "Makes a mipmapped array.",
    },
    {
        "name": "vgpuMipmapLevel", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("handle:mipmap", "mipmap"), ("u32", "level")],
            "ret": [("handle:array", "array")],
        },
        "doc": "One level of a mipmapped array, which lives as long as that.",
    },
    {
        "name": "vgpuArrayDestroy", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("handle:array", "array")],
            "ret": [],
        },
        "doc": "Ends an array that is no level of another.",
    },
    {
        "name": "vgpuMipmapDestroy", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("handle:mipmap", "mipmap")],
            "ret": [],
        },
        "doc": "Ends a mipmapped array and its levels.",
    },
    {
        "name": "vgpuTextureCreate", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [
                ("u64", "object"),
                ("u64", "width"),
                ("u64", "height"),
                ("u64", "pitch"),
                ("u32", "type"),
                ("u32", "format"),
                ("u32", "channels"),
                ("bytes", "texture", "VGPU_TEXTURE_BYTES_MAX"),
                ("bytes", "view", "VGPU_TEXTURE_BYTES_MAX"),
            ],
            "ret": [("u64", "texture")],
        },
        "doc": "Makes a texture object.",
    },
    {
        "name": "vgpuTextureDestroy", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "texture")],
            "ret": [],
        },
        "doc": "Ends a texture object.",
    },
    {
        "name": "vgpuSurfaceCreate", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("handle:array", "array")],
            "ret": [("u64", "surface")],
        },
        "doc": "Makes a surface object.",
    },
    {
        "name": "vgpuSurfaceDestroy", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "surface")],
            "ret": [],
        },
        "doc": "Ends a surface object.",
    },
    {
        "name": "cuArrayCreate_v2", "base": "cuArrayCreate", "since": 3020,
        "class": "round_trip",
        "capture": "unsafe",
        "args": [
            ("out", "CUarray *pHandle"),
            ("struct_in", "const CUDA_ARRAY_DESCRIPTOR *pAllocateArray"),
        ],
        "via": ["vgpuArrayCreate"],
        "doc": "Makes an array of one or two dimensions.",
    },
    {
        "name": "cuArray3DCreate_v2", "base": "cuArray3DCreate", "since": 3020,
        "class": "round_trip", "driver": "required",
        "capture": "unsafe",
        "args": [
            ("out", "CUarray *pHandle"),
            ("struct_in", "const CUDA_ARRAY3D_DESCRIPTOR *pAllocateArray"),
        ],
        "via": ["vgpuArrayCreate"],
        "doc": "Makes an array.",
    },
    {
        "name": "cuArrayDestroy", "base": "cuArrayDestroy", "since": 2000,
        "class": "round_trip", "driver": "required",
        "capture": "unsafe",
        "args": [
            ("handle", "CUarray hArray"),
        ],
        "via": ["vgpuArrayDestroy"],
        "doc": "Ends an array.",
    },
    {
        "name": "cuArrayGetDescriptor_v2", "base": "cuArrayGetDescriptor", "since": 3020,
        "class": "local",
        "args": [
            ("out", "CUDA_ARRAY_DESCRIPTOR *pArrayDescriptor"),
            ("handle", "CUarray hArray"),
        ],
        "doc": "What an array of one or two dimensions was made with.",
    },
    {
        "name": "cuArray3DGetDescriptor_v2", "base": "cuArray3DGetDescriptor", "since": 3020,
        "class": "local",
        "args": [
            ("out", "CUDA_ARRAY3D_DESCRIPTOR *pArrayDescriptor"),
            ("handle", "CUarray hArray"),
        ],
        "doc": "What an array was made with.",
    },
    {
        "name": "cuArrayGetMemoryRequirements", "base": "cuArrayGetMemoryRequirements", "since": 11060,
        "class": "local",
        "args": [
            ("out", "CUDA_ARRAY_MEMORY_REQUIREMENTS *memoryRequirements"),
            ("handle", "CUarray array"),
            ("value", "CUdevice device"),
        ],
        "positives": 0, "positives_why": "arrays that it is for cannot be made",
        "doc": "What memory an array with deferred mapping needs; there are none.",
    },
    {
        "name": "cuArrayGetSparseProperties", "base": "cuArrayGetSparseProperties", "since": 11010,
        "class": "local",
        "args": [
            ("out", "CUDA_ARRAY_SPARSE_PROPERTIES *sparseProperties"),
            ("handle", "CUarray array"),
        ],
        "positives": 0, "positives_why": "arrays that it is for cannot be made",
        "doc": "The layout of a sparse array; there are none.",
    },
    {
        "name": "cuArrayGetPlane", "base": "cuArrayGetPlane", "since": 11020,
        "class": "local",
        "args": [
            ("out", "CUarray *pPlaneArray"),
            ("handle", "CUarray hArray"),
            ("value", "unsigned int planeIdx"),
        ],
        "positives": 0, "positives_why": "arrays that it is for cannot be made",
        "doc": "A plane of an array with several; there are none.",
    },
    {
        "name": "cuMipmappedArrayCreate", "base": "cuMipmappedArrayCreate", "since": 5000,
        "class": "round_trip", "driver": "required",
        "capture": "unsafe",
        "args": [
            ("out", "CUmipmappedArray *pHandle"),
            ("struct_in", "const CUDA_ARRAY3D_DESCRIPTOR *pMipmappedArrayDesc"),
            ("value", "unsigned int numMipmapLevels"),
        ],
        "via": ["vgpuMipmapCreate"],
        "doc": "Makes a mipmapped array.",
    },
    {
        "name": "cuMipmappedArrayDestroy", "base": "cuMipmappedArrayDestroy", "since": 5000,
        "class": "round_trip", "driver": "required",
        "capture": "unsafe",
        "args": [
            ("handle", "CUmipmappedArray hMipmappedArray"),
        ],
        "via": ["vgpuMipmapDestroy"],
        "doc": "Ends a mipmapped array.",
    },
    {
        "name": "cuMipmappedArrayGetLevel", "base": "cuMipmappedArrayGetLevel", "since": 5000,
        "class": "round_trip", "driver": "required",
        "args": [
            ("out", "CUarray *pLevelArray"),
            ("handle", "CUmipmappedArray hMipmappedArray"),
            ("value", "unsigned int level"),
        ],
        "via": ["vgpuMipmapLevel"],
        "doc": "One level of a mipmapped array.",
    },
    {
        "name": "cuMipmappedArrayGetMemoryRequirements", "base": "cuMipmappedArrayGetMemoryRequirements", "since": 11060,
        "class": "local",
        "args": [
            ("out", "CUDA_ARRAY_MEMORY_REQUIREMENTS *memoryRequirements"),
            ("handle", "CUmipmappedArray mipmap"),
            ("value", "CUdevice device"),
        ],
        "positives": 0, "positives_why": "arrays that it is for cannot be made",
        "doc": "What memory a mipmapped array with deferred mapping needs; there are none.",
    },
    {
        "name": "cuMipmappedArrayGetSparseProperties", "base": "cuMipmappedArrayGetSparseProperties", "since": 11010,
        "class": "local",
        "args": [
            ("out", "CUDA_ARRAY_SPARSE_PROPERTIES *sparseProperties"),
            ("handle", "CUmipmappedArray mipmap"),
        ],
        "positives": 0, "positives_why": "arrays that it is for cannot be made",
        "doc": "The layout of a sparse mipmapped array; there are none.",
    },
    {
        "name": "cuDeviceGetTexture1DLinearMaxWidth", "base": "cuDeviceGetTexture1DLinearMaxWidth",
        "since": 11010, "class": "local",
        "args": [
            ("out", "size_t *maxWidthInElements"),
            ("value", "CUarray_format format"),
            ("value", "unsigned int numChannels"),
            ("value", "CUdevice dev"),
        ],
        "doc": "How many elements a texture over linear memory can have.",
    },
    {
        "name": "cuTexObjectCreate", "base": "cuTexObjectCreate", "since": 5000,
        "class": "round_trip", "driver": "required",
        "args": [
            ("out", "CUtexObject *pTexObject"),
            ("struct_in", "const CUDA_RESOURCE_DESC *pResDesc"),
            ("struct_in", "const CUDA_TEXTURE_DESC *pTexDesc"),
            ("struct_in", "const CUDA_RESOURCE_VIEW_DESC *pResViewDesc"),
        ],
        "via": ["vgpuTextureCreate"],
        "doc": "Makes a texture object.",
    },
    {
        "name": "cuTexObjectDestroy", "base": "cuTexObjectDestroy", "since": 5000,
        "class": "round_trip", "driver": "required",
        "args": [
            ("value", "CUtexObject texObject"),
        ],
        "via": ["vgpuTextureDestroy"],
        "doc": "Ends a texture object.",
    },
    {
        "name": "cuTexObjectGetResourceDesc", "base": "cuTexObjectGetResourceDesc", "since": 5000,
        "class": "local",
        "args": [
            ("out", "CUDA_RESOURCE_DESC *pResDesc"),
            ("value", "CUtexObject texObject"),
        ],
        "doc": "The resource of a texture object.",
    },
    {
        "name": "cuTexObjectGetTextureDesc", "base": "cuTexObjectGetTextureDesc", "since": 5000,
        "class": "local",
        "args": [
            ("out", "CUDA_TEXTURE_DESC *pTexDesc"),
            ("value", "CUtexObject texObject"),
        ],
        "doc": "How a texture object is read.",
    },
    {
        "name": "cuTexObjectGetResourceViewDesc", "base": "cuTexObjectGetResourceViewDesc", "since": 5000,
        "class": "local",
        "args": [
            ("out", "CUDA_RESOURCE_VIEW_DESC *pResViewDesc"),
            ("value", "CUtexObject texObject"),
        ],
        "doc": "How a texture object sees its resource.",
    },
    {
        "name": "cuSurfObjectCreate", "base": "cuSurfObjectCreate", "since": 5000,
        "class": "round_trip", "driver": "required",
        "args": [
            ("out", "CUsurfObject *pSurfObject"),
            ("struct_in", "const CUDA_RESOURCE_DESC *pResDesc"),
        ],
        "via": ["vgpuSurfaceCreate"],
        "doc": "Makes a surface object.",
    },
    {
        "name": "cuSurfObjectDestroy", "base": "cuSurfObjectDestroy", "since": 5000,
        "class": "round_trip", "driver": "required",
        "args": [
            ("value", "CUsurfObject surfObject"),
        ],
        "via": ["vgpuSurfaceDestroy"],
        "doc": "Ends a surface object.",
    },
    {
        "name": "cuSurfObjectGetResourceDesc", "base": "cuSurfObjectGetResourceDesc", "since": 5000,
        "class": "local",
        "args": [
            ("out", "CUDA_RESOURCE_DESC *pResDesc"),
            ("value", "CUsurfObject surfObject"),
        ],
        "doc": "The resource of a surface object.",
    },
    {
        "name": "cuMemcpyAtoA_v2", "base": "cuMemcpyAtoA", "since": 3020,
        "variants": [("cuMemcpyAtoA_v2_ptds", 7000)],
        "class": "one_way",
        "capture": "unsafe",
        "args": [
            ("handle", "CUarray dstArray"),
            ("value", "size_t dstOffset"),
            ("handle", "CUarray srcArray"),
            ("value", "size_t srcOffset"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies between arrays of one dimension.",
    },
    {
        "name": "cuMemcpyAtoD_v2", "base": "cuMemcpyAtoD", "since": 3020,
        "variants": [("cuMemcpyAtoD_v2_ptds", 7000)],
        "class": "one_way",
        "capture": "unsafe",
        "args": [
            ("devptr", "CUdeviceptr dstDevice"),
            ("handle", "CUarray srcArray"),
            ("value", "size_t srcOffset"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies from an array of one dimension to device memory.",
    },
    {
        "name": "cuMemcpyDtoA_v2", "base": "cuMemcpyDtoA", "since": 3020,
        "variants": [("cuMemcpyDtoA_v2_ptds", 7000)],
        "class": "one_way",
        "capture": "unsafe",
        "args": [
            ("handle", "CUarray dstArray"),
            ("value", "size_t dstOffset"),
            ("devptr", "CUdeviceptr srcDevice"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies from device memory to an array of one dimension.",
    },
    {
        "name": "cuMemcpyAtoH_v2", "base": "cuMemcpyAtoH", "since": 3020,
        "variants": [("cuMemcpyAtoH_v2_ptds", 7000)],
        "class": "one_way",
        "capture": "unsafe",
        "args": [
            ("bytes_out", "void *dstHost", "ByteCount"),
            ("handle", "CUarray srcArray"),
            ("value", "size_t srcOffset"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies from an array of one dimension to the host.",
    },
    {
        "name": "cuMemcpyHtoA_v2", "base": "cuMemcpyHtoA", "since": 3020,
        "variants": [("cuMemcpyHtoA_v2_ptds", 7000)],
        "class": "one_way",
        "capture": "unsafe",
        "args": [
            ("handle", "CUarray dstArray"),
            ("value", "size_t dstOffset"),
            ("bytes_in", "const void *srcHost", "ByteCount"),
            ("value", "size_t ByteCount"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies from the host to an array of one dimension.",
    },
    {
        "name": "cuMemcpyAtoHAsync_v2", "base": "cuMemcpyAtoHAsync", "since": 3020,
        "variants": [("cuMemcpyAtoHAsync_v2_ptsz", 7000)],
        "class": "one_way",
        "args": [
            ("bytes_out", "void *dstHost", "ByteCount"),
            ("handle", "CUarray srcArray"),
            ("value", "size_t srcOffset"),
            ("value", "size_t ByteCount"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies from an array of one dimension to the host in a stream.",
    },
    {
        "name": "cuMemcpyHtoAAsync_v2", "base": "cuMemcpyHtoAAsync", "since": 3020,
        "variants": [("cuMemcpyHtoAAsync_v2_ptsz", 7000)],
        "class": "one_way",
        "args": [
            ("handle", "CUarray dstArray"),
            ("value", "size_t dstOffset"),
            ("bytes_in", "const void *srcHost", "ByteCount"),
            ("value", "size_t ByteCount"),
            ("handle", "CUstream hStream"),
        ],
        "via": ["vgpuCopy3D"],
        "doc": "Copies from the host to an array of one dimension in a stream.",
    },
]
