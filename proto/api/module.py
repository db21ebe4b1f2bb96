# SPDX-License-Identifier: Apache-2.0
"""Modules and their functions."""

CALLS = [
    {
        "name": "cuModuleLoad", "base": "cuModuleLoad", "since": 2000, "class": "round_trip",
        "args": [("out", "CUmodule *module"), ("string", "const char *fname", "4096")],
        "via": ["cuModuleLoadDataEx"],
        "doc": "Loads a module from a file.",
    },
    {
        "name": "cuModuleLoadData", "base": "cuModuleLoadData", "since": 2000,
        "class": "round_trip",
        "args": [
            ("out", "CUmodule *module"),
            ("image", "const void *image", "VGPU_MODULE_BYTES_MAX"),
        ],
        "via": ["cuModuleLoadDataEx"],
        "doc": "Loads a module from memory.",
    },
    {
        "name": "cuModuleLoadDataEx", "base": "cuModuleLoadDataEx", "since": 2010,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "required",
        "args": [
            ("out", "CUmodule *module"),
            ("image", "const void *image", "VGPU_MODULE_BYTES_MAX"),
            ("value", "unsigned int numOptions"),
            ("array_in", "CUjit_option *options", "numOptions"),
            ("array_in", "void **optionValues", "numOptions"),
        ],
        "wire": {
            "args": [
                ("u64", "image_offset"),
                ("u64", "image_size"),
                ("u32", "in_parts"),
                ("u32", "info_log_size"),
                ("u32", "error_log_size"),
                ("u32", "policy"),
                ("bytes", "options", "16 * VGPU_JIT_OPTIONS_MAX"),
                ("bytes", "key", "VGPU_CACHE_KEY_BYTES"),
            ],
            "ret": [
                ("handle:module", "module"),
                ("u32", "wall_time_us"),
                ("u32", "prints"),
                ("u32", "missing"),
                ("bytes", "managed", "VGPU_TEXT_BYTES_MAX"),
                ("bytes", "info_log", "VGPU_JIT_LOG_BYTES_MAX"),
                ("bytes", "error_log", "VGPU_JIT_LOG_BYTES_MAX"),
            ],
        },
        "ret_on_error": True,
        "doc": "Loads a module from memory, with options of the compiler.",
    },
    {
        "name": "cuModuleLoadFatBinary", "base": "cuModuleLoadFatBinary", "since": 2000,
        "class": "round_trip",
        "args": [
            ("out", "CUmodule *module"),
            ("image", "const void *fatCubin", "VGPU_MODULE_BYTES_MAX"),
        ],
        "via": ["cuModuleLoadDataEx"],
        "doc": "Loads a module from a fat binary.",
    },
    {
        "name": "cuModuleUnload", "base": "cuModuleUnload", "since": 2000,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "required",
        "capture": "unsafe",
        "args": [("handle", "CUmodule hmod")],
        "wire": {
            "args": [("handle:module", "module")],
            "ret": [],
        },
        "doc": "Unloads a module.",
    },
    {
        "name": "cuModuleGetLoadingMode", "base": "cuModuleGetLoadingMode", "since": 11070,
        "class": "local", "driver": "optional",
        "args": [("out", "CUmoduleLoadingMode *mode")],
        "optional": ["mode"],
        "doc": "Whether modules are loaded eagerly or lazily.",
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
        "name": "cuModuleGetGlobal_v2", "base": "cuModuleGetGlobal", "since": 3020,
        "class": "round_trip", "host": "manual", "driver": "required",
        "args": [
            ("out", "CUdeviceptr *dptr"),
            ("out", "size_t *bytes"),
            ("handle", "CUmodule hmod"),
            ("string", "const char *name", "VGPU_NAME_BYTES_MAX"),
        ],
        "wire": {
            "args": [
                ("handle:module", "module"),
                ("bytes", "name", "VGPU_NAME_BYTES_MAX"),
            ],
            "ret": [("u64", "dptr"), ("u64", "bytes")],
        },
        "doc": "Address and size of a variable of a module.",
    },
    {
        "name": "cuFuncGetAttribute", "base": "cuFuncGetAttribute", "since": 2020,
        "class": "local", "driver": "required",
        "args": [
            ("out", "int *pi"),
            ("value", "CUfunction_attribute attrib"),
            ("handle", "CUfunction hfunc"),
        ],
        "doc": "One attribute of a kernel.",
    },
    {
        "name": "cuFuncSetAttribute", "base": "cuFuncSetAttribute", "since": 9000,
        "class": "round_trip", "host": "manual", "driver": "required",
        "args": [
            ("handle", "CUfunction function"),
            ("value", "CUfunction_attribute attrib"),
            ("value", "int value"),
        ],
        "doc": "Sets one attribute of a kernel.",
    },
    {
        "name": "cuFuncSetCacheConfig", "base": "cuFuncSetCacheConfig", "since": 3000,
        "class": "round_trip", "host": "auto", "driver": "required",
        "args": [("handle", "CUfunction function"), ("value", "CUfunc_cache config")],
        "doc": "Sets the preferred cache configuration of a kernel.",
    },
    {
        "name": "cuFuncGetModule", "base": "cuFuncGetModule", "since": 11000, "class": "local",
        "args": [("out", "CUmodule *hmod"), ("handle", "CUfunction hfunc")],
        "doc": "The module of a kernel.",
    },
    {
        "name": "cuFuncGetName", "base": "cuFuncGetName", "since": 12030, "class": "local",
        "driver": "optional",
        "args": [("out", "const char **name"), ("handle", "CUfunction hfunc")],
        "before_init": ["INVALID_VALUE"],
        "doc": "The name of a kernel.",
    },
    {
        "name": "cuFuncGetParamInfo", "base": "cuFuncGetParamInfo", "since": 12040,
        "class": "local", "driver": "optional",
        "args": [
            ("handle", "CUfunction func"),
            ("value", "size_t paramIndex"),
            ("out", "size_t *paramOffset"),
            ("out", "size_t *paramSize"),
        ],
        "before_init": ["INVALID_VALUE"],
        "doc": "Offset and size of one parameter of a kernel.",
    },
    {
        "name": "cuModuleGetFunctionCount", "base": "cuModuleGetFunctionCount", "since": 12040,
        "class": "round_trip", "host": "auto", "driver": "optional",
        "args": [("out", "unsigned int *count"), ("handle", "CUmodule mod")],
        "doc": "How many kernels a module has.",
    },
    {
        "name": "cuModuleEnumerateFunctions", "base": "cuModuleEnumerateFunctions",
        "since": 12040, "class": "round_trip", "driver": "optional",
        "args": [
            ("array_out", "CUfunction *functions", "numFunctions"),
            ("value", "unsigned int numFunctions"),
            ("handle", "CUmodule mod"),
        ],
        "via": ["vgpuModuleNames"],
        "doc": "The kernels of a module.",
    },
    {
        "name": "cuFuncIsLoaded", "base": "cuFuncIsLoaded", "since": 12040, "class": "local",
        "args": [("out", "CUfunctionLoadingState *state"), ("handle", "CUfunction function")],
        "doc": "Whether a kernel is loaded: always.",
    },
    {
        "name": "cuFuncLoad", "base": "cuFuncLoad", "since": 12040, "class": "local",
        "args": [("handle", "CUfunction function")],
        "doc": "Loads a kernel, which has been done.",
    },
]
