# SPDX-License-Identifier: Apache-2.0
"""Version, errors and entry points."""

CALLS = [
    {
        "name": "cuInit", "base": "cuInit", "since": 2000, "class": "local",
        "driver": "required",
        "args": [("value", "unsigned int Flags")],
        "before_init": ["SUCCESS"],
        "doc": "Connects to the broker and learns the devices.",
    },
    {
        "name": "cuDriverGetVersion", "base": "cuDriverGetVersion", "since": 2020,
        "class": "local", "driver": "required",
        "args": [("out", "int *driverVersion")],
        "doc": "The CUDA version of the host's driver.",
    },
    {
        "name": "cuGetErrorString", "base": "cuGetErrorString", "since": 6000, "class": "local",
        "driver": "required",
        "args": [("value", "CUresult error"), ("out", "const char **pStr")],
        "before_init": ["SUCCESS"],
        "doc": "The description of an error code.",
    },
    {
        "name": "cuGetErrorName", "base": "cuGetErrorName", "since": 6000, "class": "local",
        "driver": "required",
        "args": [("value", "CUresult error"), ("out", "const char **pStr")],
        "before_init": ["SUCCESS"],
        "doc": "The name of an error code.",
    },
    {
        "name": "cuGetProcAddress", "base": "cuGetProcAddress", "since": 11030,
        "class": "local",
        "args": [
            ("string", "const char *symbol", "VGPU_NAME_BYTES_MAX"),
            ("out", "void **pfn"),
            ("value", "int cudaVersion"),
            ("value", "cuuint64_t flags"),
        ],
        "before_init": ["SUCCESS"],
        "doc": "Finds an entry point by name and version (11.3 form, no status).",
    },
    {
        "name": "cuGetProcAddress_v2", "base": "cuGetProcAddress", "since": 12000,
        "class": "local",
        "args": [
            ("string", "const char *symbol", "VGPU_NAME_BYTES_MAX"),
            ("out", "void **pfn"),
            ("value", "int cudaVersion"),
            ("value", "cuuint64_t flags"),
            ("out", "CUdriverProcAddressQueryResult *symbolStatus"),
        ],
        "before_init": ["SUCCESS"],
        "doc": "Finds an entry point by name and version, with a status.",
    },
    {
        "name": "cuGetExportTable", "base": "cuGetExportTable", "since": 3000, "class": "local",
        "args": [
            ("out", "const void **ppExportTable"),
            ("struct_in", "const CUuuid *pExportTableId"),
        ],
        "positives": 0, "positives_why": "this release has no such tables",
        "before_init": ["SUCCESS"],
        "doc": "Finds a table of the driver's internal functions.",
    },
]
