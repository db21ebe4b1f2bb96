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
        "optional": ["pStr"],
        "doc": "The description of an error code.",
    },
    {
        "name": "cuGetErrorName", "base": "cuGetErrorName", "since": 6000, "class": "local",
        "driver": "required",
        "args": [("value", "CUresult error"), ("out", "const char **pStr")],
        "before_init": ["SUCCESS"],
        "optional": ["pStr"],
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
        "optional": ["pfn"],
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
        "optional": ["pfn"],
        "doc": "Finds an entry point by name and version, with a status.",
    },
    {
        "name": "cuGetExportTable", "base": "cuGetExportTable", "since": 3000, "class": "local",
        "args": [
            ("out", "const void **ppExportTable"),
            ("struct_in", "const CUuuid *pExportTableId"),
        ],
        "before_init": ["SUCCESS"],
        "doc": "Finds a table of the driver's internal functions.",
    },
    {
        "name": "cuLogsRegisterCallback", "base": "cuLogsRegisterCallback", "since": 12090,
        "class": "local",
        "args": [
            ("callback", "CUlogsCallback callbackFunc"),
            ("user", "void *userData"),
            ("out", "CUlogsCallbackHandle *callback_out"),
        ],
        "before_init": ["SUCCESS"],
        "optional": ["callback_out"],
        "doc": "Has a function called with each message of the library's log.",
    },
    {
        "name": "cuLogsUnregisterCallback", "base": "cuLogsUnregisterCallback", "since": 12090,
        "class": "local",
        "args": [("handle", "CUlogsCallbackHandle callback")],
        "before_init": ["SUCCESS"],
        "negatives": 1, "negatives_why": "a handle that was never made is memory to the driver",
        "doc": "Ends that.",
    },
    {
        "name": "cuLogsCurrent", "base": "cuLogsCurrent", "since": 12090, "class": "local",
        "args": [
            ("out", "CUlogIterator *iterator_out"),
            ("value", "unsigned int flags"),
        ],
        "before_init": ["SUCCESS"],
        "negatives": 1, "negatives_why": "it looks at nothing but the pointer",
        "doc": "Where the next message of the library's log will be.",
    },
    {
        "name": "cuLogsDumpToFile", "base": "cuLogsDumpToFile", "since": 12090, "class": "local",
        "args": [
            ("inout", "CUlogIterator *iterator"),
            ("string", "const char *pathToFile", "4096"),
            ("value", "unsigned int flags"),
        ],
        "before_init": ["SUCCESS"],
        "optional": ["iterator"],
        "doc": "Writes messages of the library's log to a file.",
    },
    {
        "name": "cuLogsDumpToMemory", "base": "cuLogsDumpToMemory", "since": 12090,
        "class": "local",
        "args": [
            ("inout", "CUlogIterator *iterator"),
            ("text_out", "char *buffer", "size"),
            ("inout", "size_t *size"),
            ("value", "unsigned int flags"),
        ],
        "before_init": ["SUCCESS"],
        "optional": ["iterator"],
        "doc": "Gives messages of the library's log as text.",
    },
]
