# SPDX-License-Identifier: Apache-2.0
"""Address ranges, physical memory, and mappings of the one into the other."""

CALLS = [
    {
        "name": "vgpuPhysicalCreate", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "bytes"), ("u32", "compression")],
            "ret": [("handle:physical", "physical")],
        },
        "doc": "Makes physical memory.",
    },
    {
        "name": "vgpuPhysicalRelease", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("handle:physical", "physical")],
            "ret": [],
        },
        "doc": "Gives physical memory back, at once or when it is mapped nowhere any more.",
    },
    {
        "name": "vgpuMap", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "address"), ("handle:physical", "physical")],
            "ret": [],
        },
        "doc": "Maps physical memory at an address of the zone.",
    },
    {
        "name": "vgpuUnmap", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "address")],
            "ret": [],
        },
        "doc": "Ends the mapping that begins at an address.",
    },
    {
        "name": "vgpuSetAccess", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "address"), ("u64", "bytes"), ("u32", "flags")],
            "ret": [],
        },
        "doc": "Says how mapped memory may be used.",
    },
    {
        "name": "cuMemAddressReserve", "base": "cuMemAddressReserve", "since": 10020,
        "class": "local", "driver": "required",
        "args": [
            ("out", "CUdeviceptr *ptr"),
            ("value", "size_t size"),
            ("value", "size_t alignment"),
            ("devptr", "CUdeviceptr addr"),
            ("value", "unsigned long long flags"),
        ],
        "doc": "Reserves an address range.",
    },
    {
        "name": "cuMemAddressFree", "base": "cuMemAddressFree", "since": 10020,
        "class": "local", "driver": "required",
        "args": [("devptr", "CUdeviceptr ptr"), ("value", "size_t size")],
        "doc": "Gives a reserved address range back.",
    },
    {
        "name": "cuMemCreate", "base": "cuMemCreate", "since": 10020, "class": "round_trip",
        "driver": "required",
        "args": [
            ("out", "CUmemGenericAllocationHandle *handle"),
            ("value", "size_t size"),
            ("struct_in", "const CUmemAllocationProp *prop"),
            ("value", "unsigned long long flags"),
        ],
        "via": ["vgpuPhysicalCreate"],
        "doc": "Makes physical memory of a device.",
    },
    {
        "name": "cuMemRelease", "base": "cuMemRelease", "since": 10020, "class": "round_trip",
        "driver": "required",
        "args": [("value", "CUmemGenericAllocationHandle handle")],
        "via": ["vgpuPhysicalRelease"],
        "doc": "Drops a handle of physical memory.",
    },
    {
        "name": "cuMemMap", "base": "cuMemMap", "since": 10020, "class": "round_trip",
        "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr ptr"),
            ("value", "size_t size"),
            ("value", "size_t offset"),
            ("value", "CUmemGenericAllocationHandle handle"),
            ("value", "unsigned long long flags"),
        ],
        "via": ["vgpuMap"],
        "doc": "Maps physical memory into a reserved range.",
    },
    {
        "name": "cuMemUnmap", "base": "cuMemUnmap", "since": 10020, "class": "round_trip",
        "driver": "required",
        "args": [("devptr", "CUdeviceptr ptr"), ("value", "size_t size")],
        "via": ["vgpuUnmap"],
        "doc": "Ends the mappings in a range.",
    },
    {
        "name": "cuMemSetAccess", "base": "cuMemSetAccess", "since": 10020,
        "class": "round_trip", "driver": "required",
        "args": [
            ("devptr", "CUdeviceptr ptr"),
            ("value", "size_t size"),
            ("array_in", "const CUmemAccessDesc *desc", "count"),
            ("value", "size_t count"),
        ],
        "via": ["vgpuSetAccess"],
        "doc": "Says how a device may use mapped memory.",
    },
    {
        "name": "cuMemGetAccess", "base": "cuMemGetAccess", "since": 10020, "class": "local",
        "args": [
            ("out", "unsigned long long *flags"),
            ("struct_in", "const CUmemLocation *location"),
            ("devptr", "CUdeviceptr ptr"),
        ],
        "doc": "How a device may use mapped memory.",
    },
    {
        "name": "cuMemGetAllocationGranularity", "base": "cuMemGetAllocationGranularity",
        "since": 10020, "class": "local", "driver": "required",
        "args": [
            ("out", "size_t *granularity"),
            ("struct_in", "const CUmemAllocationProp *prop"),
            ("value", "CUmemAllocationGranularity_flags option"),
        ],
        "doc": "What sizes and addresses of physical memory are multiples of.",
    },
    {
        "name": "cuMemGetAllocationPropertiesFromHandle",
        "base": "cuMemGetAllocationPropertiesFromHandle", "since": 10020, "class": "local",
        "args": [
            ("out", "CUmemAllocationProp *prop"),
            ("value", "CUmemGenericAllocationHandle handle"),
        ],
        "negatives": 1, "negatives_why": "what it says of a released handle is chance",
        "doc": "What physical memory was made with.",
    },
    {
        "name": "cuMemRetainAllocationHandle", "base": "cuMemRetainAllocationHandle",
        "since": 11000, "class": "local",
        "args": [
            ("out", "CUmemGenericAllocationHandle *handle"),
            ("user", "void *addr"),
        ],
        "doc": "One more handle of the physical memory at an address.",
    },
]
