# SPDX-License-Identifier: Apache-2.0
"""Contexts: bookkeeping of the guest over the one context of the worker."""

CALLS = [
    {
        "name": "cuDevicePrimaryCtxRetain", "base": "cuDevicePrimaryCtxRetain", "since": 7000,
        "class": "local", "driver": "required",
        "args": [("out", "CUcontext *pctx"), ("value", "CUdevice dev")],
        "doc": "The primary context of a device; counts one more user.",
    },
    {
        "name": "cuDevicePrimaryCtxRelease", "base": "cuDevicePrimaryCtxRelease", "since": 7000,
        "class": "local",
        "args": [("value", "CUdevice dev")],
        "doc": "The same as _v2, but no error when there is no user (7.0 form).",
    },
    {
        "name": "cuDevicePrimaryCtxRelease_v2", "base": "cuDevicePrimaryCtxRelease",
        "since": 11000, "class": "local",
        "args": [("value", "CUdevice dev")],
        "doc": "Counts one user of the primary context less; the last one ends it.",
    },
    {
        "name": "cuDevicePrimaryCtxReset", "base": "cuDevicePrimaryCtxReset", "since": 7000,
        "alias_of": "cuDevicePrimaryCtxReset_v2", "class": "local",
        "args": [("value", "CUdevice dev")],
        "doc": "Ends the primary context and everything in it.",
    },
    {
        "name": "cuDevicePrimaryCtxReset_v2", "base": "cuDevicePrimaryCtxReset", "since": 11000,
        "class": "local",
        "args": [("value", "CUdevice dev")],
        "doc": "Ends the primary context and everything in it.",
    },
    {
        "name": "cuDevicePrimaryCtxSetFlags", "base": "cuDevicePrimaryCtxSetFlags",
        "since": 7000, "class": "local",
        "args": [("value", "CUdevice dev"), ("value", "unsigned int flags")],
        "doc": "Sets the flags of the primary context while it is not active (7.0 form).",
    },
    {
        "name": "cuDevicePrimaryCtxSetFlags_v2", "base": "cuDevicePrimaryCtxSetFlags",
        "since": 11000, "class": "local", "driver": "required",
        "args": [("value", "CUdevice dev"), ("value", "unsigned int flags")],
        "doc": "Sets the flags of the primary context.",
    },
    {
        "name": "cuDevicePrimaryCtxGetState", "base": "cuDevicePrimaryCtxGetState",
        "since": 7000, "class": "local",
        "args": [
            ("value", "CUdevice dev"),
            ("out", "unsigned int *flags"),
            ("out", "int *active"),
        ],
        "doc": "Flags of the primary context and whether it is active.",
    },
    {
        "name": "cuCtxCreate_v2", "base": "cuCtxCreate", "since": 3020, "class": "local",
        "driver": "required",
        "args": [
            ("out", "CUcontext *pctx"),
            ("value", "unsigned int flags"),
            ("value", "CUdevice dev"),
        ],
        "doc": "Makes a context and makes it current.",
    },
    {
        "name": "cuCtxCreate_v3", "base": "cuCtxCreate", "since": 11040, "class": "local",
        "args": [
            ("out", "CUcontext *pctx"),
            ("array_in", "CUexecAffinityParam *paramsArray", "numParams"),
            ("value", "int numParams"),
            ("value", "unsigned int flags"),
            ("value", "CUdevice dev"),
        ],
        "doc": "Makes a context with execution affinity.",
    },
    {
        "name": "cuCtxCreate_v4", "base": "cuCtxCreate", "since": 12050, "class": "local",
        "args": [
            ("out", "CUcontext *pctx"),
            ("struct_in", "CUctxCreateParams *ctxCreateParams"),
            ("value", "unsigned int flags"),
            ("value", "CUdevice dev"),
        ],
        "doc": "Makes a context with parameters.",
    },
    {
        "name": "cuCtxDestroy", "base": "cuCtxDestroy", "since": 2000,
        "alias_of": "cuCtxDestroy_v2", "class": "local",
        "args": [("handle", "CUcontext ctx")],
        "doc": "Destroys a context and frees what it owns.",
    },
    {
        "name": "cuCtxDestroy_v2", "base": "cuCtxDestroy", "since": 4000, "class": "local",
        "args": [("handle", "CUcontext ctx")],
        "doc": "Destroys a context and frees what it owns.",
    },
    {
        "name": "cuCtxPushCurrent", "base": "cuCtxPushCurrent", "since": 2000,
        "alias_of": "cuCtxPushCurrent_v2", "class": "local",
        "args": [("handle", "CUcontext ctx")],
        "doc": "Pushes a context on the thread's stack.",
    },
    {
        "name": "cuCtxPushCurrent_v2", "base": "cuCtxPushCurrent", "since": 4000,
        "class": "local",
        "args": [("handle", "CUcontext ctx")],
        "doc": "Pushes a context on the thread's stack.",
    },
    {
        "name": "cuCtxPopCurrent", "base": "cuCtxPopCurrent", "since": 2000,
        "alias_of": "cuCtxPopCurrent_v2", "class": "local",
        "args": [("out", "CUcontext *pctx")],
        "doc": "Pops the thread's current context.",
    },
    {
        "name": "cuCtxPopCurrent_v2", "base": "cuCtxPopCurrent", "since": 4000,
        "class": "local",
        "args": [("out", "CUcontext *pctx")],
        "optional": ["pctx"],
        "doc": "Pops the thread's current context.",
    },
    {
        "name": "cuCtxSetCurrent", "base": "cuCtxSetCurrent", "since": 4000, "class": "local",
        "driver": "required",
        "args": [("handle", "CUcontext ctx")],
        "doc": "Replaces the thread's current context.",
    },
    {
        "name": "cuCtxGetCurrent", "base": "cuCtxGetCurrent", "since": 4000, "class": "local",
        "args": [("out", "CUcontext *pctx")],
        "doc": "The thread's current context, or NULL.",
    },
    {
        "name": "cuCtxGetDevice", "base": "cuCtxGetDevice", "since": 2000, "class": "local",
        "args": [("out", "CUdevice *device")],
        "doc": "The device of the current context.",
    },
    {
        "name": "cuCtxGetDevice_v2", "base": "cuCtxGetDevice", "since": 13000, "class": "local",
        "args": [("out", "CUdevice *device"), ("handle", "CUcontext ctx")],
        "doc": "The device of a context.",
    },
    {
        "name": "cuCtxGetFlags", "base": "cuCtxGetFlags", "since": 7000, "class": "local",
        "args": [("out", "unsigned int *flags")],
        "doc": "The flags of the current context.",
    },
    {
        "name": "cuCtxSetFlags", "base": "cuCtxSetFlags", "since": 12010, "class": "local",
        "args": [("value", "unsigned int flags")],
        "doc": "Sets flags of the current context.",
    },
    {
        "name": "cuCtxGetId", "base": "cuCtxGetId", "since": 12000, "class": "local",
        "args": [("handle", "CUcontext ctx"), ("out", "unsigned long long *ctxId")],
        "doc": "A number that no other context of the process has.",
    },
    {
        "name": "cuCtxGetApiVersion", "base": "cuCtxGetApiVersion", "since": 3020,
        "class": "local",
        "args": [("handle", "CUcontext ctx"), ("out", "unsigned int *version")],
        "doc": "The version of the interface that made a context.",
    },
    {
        "name": "cuCtxSynchronize", "base": "cuCtxSynchronize", "since": 2000,
        "class": "round_trip", "host": "manual", "blocking": True, "driver": "required",
        "args": [],
        "wire": {
            "args": [],
            "ret": [],
        },
        "doc": "Waits for all work of the current context.",
    },
    {
        "name": "cuCtxSynchronize_v2", "base": "cuCtxSynchronize", "since": 13000,
        "class": "round_trip",
        "args": [("handle", "CUcontext ctx")], "via": ["cuCtxSynchronize"],
        "doc": "Waits for all work of a context.",
    },
    {
        "name": "cuCtxSetLimit", "base": "cuCtxSetLimit", "since": 3010, "class": "round_trip",
        "host": "manual", "blocking": True, "driver": "required",
        "args": [("value", "CUlimit limit"), ("value", "size_t value")],
        "wire": {
            "args": [("u32", "limit"), ("u64", "value")],
            "ret": [],
        },
        "doc": "Sets a limit of the current context.",
    },
    {
        "name": "cuCtxGetLimit", "base": "cuCtxGetLimit", "since": 3010, "class": "round_trip",
        "host": "auto", "driver": "required",
        "args": [("out", "size_t *value"), ("value", "CUlimit limit")],
        "doc": "A limit of the current context.",
    },
    {
        "name": "cuCtxGetCacheConfig", "base": "cuCtxGetCacheConfig", "since": 3020,
        "class": "local",
        "args": [("out", "CUfunc_cache *pconfig")],
        "doc": "The preferred cache configuration of the current context.",
    },
    {
        "name": "cuCtxSetCacheConfig", "base": "cuCtxSetCacheConfig", "since": 3020,
        "class": "round_trip", "host": "auto", "driver": "required",
        "args": [("value", "CUfunc_cache config")],
        "doc": "Sets the preferred cache configuration of the current context.",
    },
    {
        "name": "cuCtxGetStreamPriorityRange", "base": "cuCtxGetStreamPriorityRange",
        "since": 5050, "class": "local", "driver": "required",
        "args": [("out", "int *leastPriority"), ("out", "int *greatestPriority")],
        "optional": ["leastPriority", "greatestPriority"],
        "doc": "The least and the greatest stream priority.",
    },
]
