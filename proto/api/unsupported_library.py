# SPDX-License-Identifier: Apache-2.0
"""Libraries, kernels, linking and launches that this release refuses with CUDA_ERROR_NOT_SUPPORTED."""

CALLS = [
    {"name": "cuLaunchCooperativeKernelMultiDevice", "base": "cuLaunchCooperativeKernelMultiDevice", "since": 9000,
     "class": "unsupported"},

    {"name": "cuLinkAddData", "base": "cuLinkAddData", "since": 5050, "class": "unsupported"},
    {
        "name": "cuLinkAddData_v2", "base": "cuLinkAddData", "since": 6050,
        "class": "unsupported", "driver": "required",
        "args": [
            ("handle", "CUlinkState state"),
            ("value", "CUjitInputType type"),
            ("bytes_in", "void *data", "size"),
            ("value", "size_t size"),
            ("string", "const char *name", "VGPU_NAME_BYTES_MAX"),
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
        ],
    },
    {"name": "cuLinkAddFile", "base": "cuLinkAddFile", "since": 5050, "class": "unsupported"},
    {"name": "cuLinkAddFile_v2", "base": "cuLinkAddFile", "since": 6050, "class": "unsupported"},
    {
        "name": "cuLinkComplete", "base": "cuLinkComplete", "since": 5050,
        "class": "unsupported", "driver": "required",
        "args": [
            ("handle", "CUlinkState state"),
            ("out", "void **cubinOut"),
            ("out", "size_t *sizeOut"),
        ],
    },
    {"name": "cuLinkCreate", "base": "cuLinkCreate", "since": 5050, "class": "unsupported"},
    {
        "name": "cuLinkCreate_v2", "base": "cuLinkCreate", "since": 6050,
        "class": "unsupported", "driver": "required",
        "args": [
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
            ("out", "CUlinkState *stateOut"),
        ],
    },
    {
        "name": "cuLinkDestroy", "base": "cuLinkDestroy", "since": 5050, "class": "unsupported",
        "driver": "required",
        "args": [("handle", "CUlinkState state")],
    },
    {"name": "cuModuleGetGlobal", "base": "cuModuleGetGlobal", "since": 2000,
     "class": "unsupported"},
]
