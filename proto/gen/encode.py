# SPDX-License-Identifier: Apache-2.0
"""Bodies in Python: fuzz seeds, round-trip tests, and the test of the examples in wire.md.

A second implementation beside the emitted C: the tests hold the two together.
"""

import struct

from . import wire

FORMAT = {"u64": "<Q", "handle": "<Q", "u32": "<I", "i32": "<i", "f32": "<f", "bytes": "<I"}


def pad(data):
    return data + bytes(-len(data) % 8)


def body(fields, values):
    """`values`: field name -> number or bytes."""
    fixed = bytearray(wire.layout(fields))
    tail = b""
    for item in fields:
        value = values[item.name]
        if item.kind == "bytes":
            tail += pad(value)
            value = len(value)
        struct.pack_into(FORMAT[item.kind], fixed, item.offset, value)
    return bytes(fixed) + tail


def unbody(fields, data):
    """The values of a body, checked as the C decoder does; ValueError if it is none."""
    at = wire.layout(fields)
    if len(data) < at or len(data) % 8:
        raise ValueError("length")
    values = {}
    for item in fields:
        values[item.name] = struct.unpack_from(FORMAT[item.kind], data, item.offset)[0]
    for item in wire.strings(fields):
        end = at + values[item.name]
        values[item.name] = data[at:end]
        at = (end + 7) // 8 * 8
    if at != len(data) or body(fields, values) != data:
        raise ValueError("length or padding")
    return values


def sample(item, limits, salt):
    """A value of a field that no other field has."""
    if item.kind == "bytes":
        length = min(13 + salt % 8, wire.bound_value(item.bound, limits))
        return bytes((salt * 7 + i) & 0xff for i in range(length))
    if item.kind == "f32":
        return 1.5 * salt
    if item.kind == "handle":
        kind = wire.HANDLE_NUMBERS[item.handle]
        return kind << 56 | 1 << 32 | salt
    return 0x11111111 * (salt % 7) + salt


def samples(fields, limits):
    return {item.name: sample(item, limits, n + 1) for n, item in enumerate(fields)}
