# SPDX-License-Identifier: Apache-2.0
"""Occupancy."""

CALLS = [
    {
        "name": "cuOccupancyMaxActiveBlocksPerMultiprocessor",
        "base": "cuOccupancyMaxActiveBlocksPerMultiprocessor", "since": 6050,
        "class": "round_trip",
        "args": [
            ("out", "int *numBlocks"),
            ("handle", "CUfunction func"),
            ("value", "int blockSize"),
            ("value", "size_t dynamicSMemSize"),
        ],
        "via": ["cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags"],
        "doc": "How many blocks of a kernel run at once on a multiprocessor.",
    },
    {
        "name": "cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags",
        "base": "cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", "since": 7000,
        "class": "round_trip", "host": "auto", "driver": "required",
        "args": [
            ("out", "int *blocks"),
            ("handle", "CUfunction function"),
            ("value", "int block_size"),
            ("value", "size_t shared_bytes"),
            ("value", "unsigned int flags"),
        ],
        "doc": "The same, with flags.",
    },
    {
        "name": "cuOccupancyMaxPotentialBlockSize", "base": "cuOccupancyMaxPotentialBlockSize",
        "since": 6050, "class": "round_trip",
        "args": [
            ("out", "int *minGridSize"),
            ("out", "int *blockSize"),
            ("handle", "CUfunction func"),
            ("callback", "CUoccupancyB2DSize blockSizeToDynamicSMemSize"),
            ("value", "size_t dynamicSMemSize"),
            ("value", "int blockSizeLimit"),
        ],
        "via": ["cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags"],
        "doc": "The block size with the best occupancy.",
    },
    {
        "name": "cuOccupancyMaxPotentialBlockSizeWithFlags",
        "base": "cuOccupancyMaxPotentialBlockSizeWithFlags", "since": 7000,
        "class": "round_trip",
        "args": [
            ("out", "int *minGridSize"),
            ("out", "int *blockSize"),
            ("handle", "CUfunction func"),
            ("callback", "CUoccupancyB2DSize blockSizeToDynamicSMemSize"),
            ("value", "size_t dynamicSMemSize"),
            ("value", "int blockSizeLimit"),
            ("value", "unsigned int flags"),
        ],
        "via": ["cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags"],
        "doc": "The block size with the best occupancy, with flags.",
    },
    {
        "name": "cuOccupancyAvailableDynamicSMemPerBlock",
        "base": "cuOccupancyAvailableDynamicSMemPerBlock", "since": 10020,
        "class": "round_trip", "host": "auto", "driver": "required",
        "args": [
            ("out", "size_t *bytes"),
            ("handle", "CUfunction function"),
            ("value", "int blocks"),
            ("value", "int block_size"),
        ],
        "optional": ["bytes"],
        "doc": "Dynamic shared memory left for a block.",
    },
    {
        "name": "cuOccupancyMaxActiveClusters", "base": "cuOccupancyMaxActiveClusters",
        "since": 11070, "class": "round_trip", "driver": "optional",
        "args": [
            ("out", "int *numClusters"),
            ("handle", "CUfunction func"),
            ("struct_in", "const CUlaunchConfig *config"),
        ],
        "via": ["vgpuClusters"],
        "before_init": ["INVALID_VALUE"],
        "doc": "How many clusters of a kernel run at once on the device.",
    },
    {
        "name": "cuOccupancyMaxPotentialClusterSize", "base": "cuOccupancyMaxPotentialClusterSize",
        "since": 11070, "class": "round_trip", "driver": "optional",
        "args": [
            ("out", "int *clusterSize"),
            ("handle", "CUfunction func"),
            ("struct_in", "const CUlaunchConfig *config"),
        ],
        "via": ["vgpuClusters"],
        "before_init": ["INVALID_VALUE"],
        "doc": "The largest cluster that a kernel can have.",
    },
]
