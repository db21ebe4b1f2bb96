# SPDX-License-Identifier: Apache-2.0
"""Devices: answered from the facts that came with Welcome."""

CALLS = [
    {
        "name": "cuDeviceGet", "base": "cuDeviceGet", "since": 2000, "class": "local",
        "driver": "required",
        "args": [("out", "CUdevice *device"), ("value", "int ordinal")],
        "doc": "The device of an ordinal.",
    },
    {
        "name": "cuDeviceGetCount", "base": "cuDeviceGetCount", "since": 2000, "class": "local",
        "driver": "required",
        "args": [("out", "int *count")],
        "doc": "How many devices there are.",
    },
    {
        "name": "cuDeviceGetName", "base": "cuDeviceGetName", "since": 2000, "class": "local",
        "driver": "required",
        "args": [
            ("text_out", "char *name", "len"),
            ("value", "int len"),
            ("value", "CUdevice dev"),
        ],
        "doc": "The device's name.",
    },
    {
        "name": "cuDeviceGetUuid", "base": "cuDeviceGetUuid", "since": 9020,
        "alias_of": "cuDeviceGetUuid_v2", "class": "local",
        "args": [("out", "CUuuid *uuid"), ("value", "CUdevice dev")],
        "doc": "The device's UUID (of the whole GPU).",
    },
    {
        "name": "cuDeviceGetUuid_v2", "base": "cuDeviceGetUuid", "since": 11040,
        "class": "local", "driver": "required",
        "args": [("out", "CUuuid *uuid"), ("value", "CUdevice dev")],
        "doc": "The device's UUID, of the MIG instance where there is one.",
    },
    {
        "name": "cuDeviceTotalMem", "base": "cuDeviceTotalMem", "since": 2000, "class": "local",
        "args": [("out", "unsigned int *bytes"), ("value", "CUdevice dev")],
        "doc": "The device's memory as a 32-bit number of bytes.",
    },
    {
        "name": "cuDeviceTotalMem_v2", "base": "cuDeviceTotalMem", "since": 3020,
        "class": "local", "driver": "required",
        "args": [("out", "size_t *bytes"), ("value", "CUdevice dev")],
        "doc": "The device's memory, or the session's quota, in bytes.",
    },
    {
        "name": "cuDeviceGetAttribute", "base": "cuDeviceGetAttribute", "since": 2000,
        "class": "local", "driver": "required",
        "args": [
            ("out", "int *pi"),
            ("value", "CUdevice_attribute attrib"),
            ("value", "CUdevice dev"),
        ],
        "doc": "One attribute of the device.",
    },
    {
        "name": "cuDeviceGetProperties", "base": "cuDeviceGetProperties", "since": 2000,
        "class": "local",
        "args": [("out", "CUdevprop *prop"), ("value", "CUdevice dev")],
        "doc": "The old set of device properties.",
    },
    {
        "name": "cuDeviceComputeCapability", "base": "cuDeviceComputeCapability", "since": 2000,
        "class": "local",
        "args": [("out", "int *major"), ("out", "int *minor"), ("value", "CUdevice dev")],
        "doc": "The device's compute capability.",
    },
    {
        "name": "cuDeviceGetPCIBusId", "base": "cuDeviceGetPCIBusId", "since": 4010,
        "class": "local", "driver": "required",
        "args": [
            ("text_out", "char *pciBusId", "len"),
            ("value", "int len"),
            ("value", "CUdevice dev"),
        ],
        "doc": "The device's PCI address as text.",
    },
    {
        "name": "cuDeviceGetByPCIBusId", "base": "cuDeviceGetByPCIBusId", "since": 4010,
        "class": "local",
        "args": [
            ("out", "CUdevice *dev"),
            ("string", "const char *pciBusId", "VGPU_TEXT_BYTES_MAX"),
        ],
        "doc": "The device at a PCI address.",
    },
    {
        "name": "cuDeviceCanAccessPeer", "base": "cuDeviceCanAccessPeer", "since": 4000,
        "class": "local",
        "args": [
            ("out", "int *canAccessPeer"),
            ("value", "CUdevice dev"),
            ("value", "CUdevice peerDev"),
        ],
        "doc": "Whether one device can reach another's memory.",
    },
]
