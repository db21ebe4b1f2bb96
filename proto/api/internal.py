# SPDX-License-Identifier: Apache-2.0
"""Operations of our own, which no program calls."""

CALLS = [
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
    {
        "name": "vgpuCopyDtoH", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("u64", "offset"),
                ("u64", "src"),
                ("u64", "bytes"),
                ("handle:stream", "stream"),
            ],
            "ret": [],
        },
        "doc": "Copies from device memory to the window in a stream.",
    },
    {
        "name": "vgpuHostRegister", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "offset"), ("u64", "bytes")],
            "ret": [],
        },
        "doc": "Registers a slab of the window with the driver.",
    },
    {
        "name": "vgpuImageKnown", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "image_size")],
            "ret": [("u32", "known")],
        },
        "doc": "Whether the cache has anything of the size of an image.",
    },
    {
        "name": "vgpuImagePart", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "image_size"), ("u64", "at"), ("u64", "offset"), ("u64", "bytes")],
            "ret": [],
        },
        "doc": "Copies the next part of a module image out of the window.",
    },
    {
        "name": "vgpuHostUnregister", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [("u64", "offset")],
            "ret": [],
        },
        "doc": "Unregisters a slab of the window.",
    },
    {
        "name": "vgpuFence", "class": "one_way", "host": "manual",
        "wire": {
            "args": [("handle:stream", "stream"), ("u32", "lane"), ("u64", "value")],
            "ret": [],
        },
        "doc": "Has a value written to a lane's fence slot when a stream's earlier work is done.",
    },
    {
        "name": "vgpuEventWait", "class": "one_way", "host": "manual",
        "wire": {
            "args": [("handle:event", "event"), ("u32", "lane"), ("u64", "value")],
            "ret": [],
        },
        "doc": "Has a value written to a lane's fence slot when an event has happened.",
    },
    {
        "name": "vgpuRecord", "class": "one_way", "host": "manual",
        "wire": {
            "args": [
                ("handle:event", "event"),
                ("handle:stream", "stream"),
                ("u32", "lane"),
                ("u64", "value"),
            ],
            "ret": [],
        },
        "doc": "Records an event in a stream and has a value written to a fence slot directly "
               "behind it; counts as two operations.",
    },
    {
        "name": "vgpuModuleNames", "class": "round_trip", "host": "manual",
        "wire": {
            "args": [("handle:module", "module"), ("u32", "first")],
            "ret": [("bytes", "names", "VGPU_NAME_BYTES_MAX")],
        },
        "doc": "Names of a module's kernels from a number on, as many as fit, each with its NUL.",
    },
    {
        "name": "vgpuClusters", "class": "round_trip", "host": "manual",
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
                ("u32", "largest"),
                ("bytes", "attributes", "72 * VGPU_LAUNCH_ATTRIBUTES_MAX"),
            ],
            "ret": [("i32", "value")],
        },
        "doc": "How many clusters of a kernel run at once, or with `largest` how large one can be.",
    },
    {
        "name": "vgpuFlush", "class": "round_trip", "host": "manual",
        "wire": {
            "args": [("handle:stream", "stream"), ("handle:event", "event")],
            "ret": [("u64", "end")],
        },
        "doc": "Has the driver print what kernels said; the guest has all when it has read so far.",
    },
]
