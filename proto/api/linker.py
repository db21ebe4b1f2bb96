# SPDX-License-Identifier: Apache-2.0
"""Linking of device code."""

CALLS = [
    {
        "name": "cuLinkCreate_v2", "base": "cuLinkCreate", "since": 6050,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "optional",
        "args": [
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
            ("out", "CUlinkState *stateOut"),
        ],
        "wire": {
            "args": [
                ("u32", "info_log_size"),
                ("u32", "error_log_size"),
                ("bytes", "options", "16 * VGPU_JIT_OPTIONS_MAX"),
            ],
            "ret": [("handle:link", "link")],
        },
        "doc": "Begins to link device code.",
    },
    {
        "name": "cuLinkCreate", "base": "cuLinkCreate", "since": 5050, "class": "round_trip",
        "alias_of": "cuLinkCreate_v2",
        "args": [
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
            ("out", "CUlinkState *stateOut"),
        ],
        "doc": "The same, first form.",
    },
    {
        "name": "cuLinkAddData_v2", "base": "cuLinkAddData", "since": 6050,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "optional",
        "args": [
            ("handle", "CUlinkState state"),
            ("value", "CUjitInputType type"),
            ("bytes_in", "void *data", "size"),
            ("value", "size_t size"),
            ("string", "const char *name", "VGPU_TEXT_BYTES_MAX"),
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
        ],
        "wire": {
            "args": [
                ("handle:link", "link"),
                ("u64", "offset"),
                ("u64", "size"),
                ("u32", "type"),
                ("bytes", "name", "VGPU_TEXT_BYTES_MAX"),
                ("bytes", "options", "16 * VGPU_JIT_OPTIONS_MAX"),
            ],
            "ret": [
                ("bytes", "info_log", "VGPU_JIT_LOG_BYTES_MAX"),
                ("bytes", "error_log", "VGPU_JIT_LOG_BYTES_MAX"),
            ],
        },
        "ret_on_error": True,
        "doc": "Adds an input from memory.",
    },
    {
        "name": "cuLinkAddData", "base": "cuLinkAddData", "since": 5050, "class": "round_trip",
        "alias_of": "cuLinkAddData_v2",
        "args": [
            ("handle", "CUlinkState state"),
            ("value", "CUjitInputType type"),
            ("bytes_in", "void *data", "size"),
            ("value", "size_t size"),
            ("string", "const char *name", "VGPU_TEXT_BYTES_MAX"),
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
        ],
        "doc": "The same, first form.",
    },
    {
        "name": "cuLinkAddFile_v2", "base": "cuLinkAddFile", "since": 6050,
        "class": "round_trip",
        "args": [
            ("handle", "CUlinkState state"),
            ("value", "CUjitInputType type"),
            ("string", "const char *path", "4096"),
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
        ],
        "via": ["cuLinkAddData_v2"],
        "doc": "Adds an input from a file.",
    },
    {
        "name": "cuLinkAddFile", "base": "cuLinkAddFile", "since": 5050, "class": "round_trip",
        "alias_of": "cuLinkAddFile_v2",
        "args": [
            ("handle", "CUlinkState state"),
            ("value", "CUjitInputType type"),
            ("string", "const char *path", "4096"),
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
        ],
        "doc": "The same, first form.",
    },
    {
        "name": "cuLinkComplete", "base": "cuLinkComplete", "since": 5050,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "optional",
        "args": [
            ("handle", "CUlinkState state"),
            ("out", "void **cubinOut"),
            ("out", "size_t *sizeOut"),
        ],
        "wire": {
            "args": [("handle:link", "link")],
            "ret": [
                ("u64", "size"),
                ("u32", "wall_time_us"),
                ("bytes", "info_log", "VGPU_JIT_LOG_BYTES_MAX"),
                ("bytes", "error_log", "VGPU_JIT_LOG_BYTES_MAX"),
            ],
        },
        "ret_on_error": True,
        "optional": ["sizeOut"],
        "doc": "Ends the linking; the result belongs to the state.",
    },
    {
        "name": "vgpuLinkRead", "class": "round_trip", "host": "manual", "blocking": True,
        "wire": {
            "args": [
                ("handle:link", "link"),
                ("u64", "from"),
                ("u64", "offset"),
                ("u64", "bytes"),
            ],
            "ret": [],
        },
        "doc": "Copies a part of the result to the window.",
    },
    {
        "name": "cuLinkDestroy", "base": "cuLinkDestroy", "since": 5050,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "optional",
        "args": [("handle", "CUlinkState state")],
        "wire": {"args": [("handle:link", "link")], "ret": []},
        "doc": "Ends a link state and frees its result.",
    },
]
