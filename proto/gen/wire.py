# SPDX-License-Identifier: Apache-2.0
"""Operations on the wire: derivation from C arguments, layout, signatures and ids.

Layout of a body: 8-byte fields, then 4-byte fields and the lengths of byte strings, in
the order of the table; zero padding to 8; then the byte strings, each padded to 8.
"""

import re

from .table import Field, TableError

SIZES = {"u64": 8, "handle": 8, "u32": 4, "i32": 4, "f32": 4, "bytes": 4}
C_TYPES = {"u64": "uint64_t", "handle": "uint64_t", "u32": "uint32_t", "i32": "int32_t",
           "f32": "float", "bytes": "const uint8_t *"}
SCALARS = {"int": "i32", "unsigned int": "u32", "float": "f32", "size_t": "u64",
           "unsigned long long": "u64", "CUdeviceptr": "u64", "cuuint64_t": "u64",
           "cuuint32_t": "u32"}
HANDLES = {"CUstream": "stream", "CUevent": "event", "CUmodule": "module",
           "CUfunction": "function", "CUlinkState": "link", "CUgraphExec": "graph"}
# enum vgpu_handle_kind of proto/handle.h.
HANDLE_NUMBERS = {"stream": 2, "event": 3, "module": 4, "function": 5, "link": 8, "physical": 16,
                  "array": 18, "mipmap": 19, "graph": 24}
HANDLE_KINDS = tuple(HANDLE_NUMBERS)
HASH_MIN = 0x10000


def scalar_kind(ctype):
    """Wire kind of a C scalar; enumerations travel as u32."""
    if ctype in SCALARS:
        return SCALARS[ctype]
    return "u32" if re.fullmatch(r"CU\w+", ctype) else ""


def derive(call):
    """Fills in the wire form of a call from its C arguments."""
    call.wire_args, call.wire_ret = [], []
    for arg in call.args:
        if arg.type in HANDLES:
            call.wire_args.append(Field("handle", arg.name, handle=HANDLES[arg.type]))
        elif arg.kind in ("value", "devptr") and scalar_kind(arg.type):
            call.wire_args.append(Field(scalar_kind(arg.type), arg.name))
        elif arg.kind == "out" and scalar_kind(arg.type.rstrip("* ")):
            call.wire_ret.append(Field(scalar_kind(arg.type.rstrip("* ")), arg.name))
        else:
            raise TableError(f"{call.where}: {call.name}: argument '{arg.name}' has no wire "
                             f"form of its own; give the operation a 'wire' list")


def layout(fields):
    """Sets the offsets; returns the size of the fixed part."""
    at = 0
    for size in (8, 4):
        for item in fields:
            if SIZES[item.kind] == size:
                item.offset = at
                at += size
    return (at + 7) // 8 * 8


def used(fields):
    """Bytes of the fixed part before its padding."""
    return sum(SIZES[item.kind] for item in fields)


def strings(fields):
    return [item for item in fields if item.kind == "bytes"]


def bound_value(bound, limits):
    """Value of '8 * VGPU_X', 'VGPU_X' or '16'; None when it is not one."""
    product = 1
    for part in bound.split("*"):
        part = part.strip()
        if part.isdigit():
            product *= int(part)
        elif part in limits:
            product *= limits[part]
        else:
            return None
    return product


def bound_c(item):
    """The bound as a C expression of type uint32_t."""
    parts = [p.strip() + "u" if p.strip().isdigit() else p.strip()
             for p in item.bound.split("*")]
    return " * ".join(parts)


def body_max(fields, limits):
    total = layout(fields)
    for item in strings(fields):
        total += (bound_value(item.bound, limits) + 7) // 8 * 8
    return total


def field_text(item, limits):
    kind = item.kind
    if item.handle:
        kind = ("new:" if item.new else "handle:") + item.handle
    if item.bound:
        kind += f"[{bound_value(item.bound, limits)}]"
    return f"{kind} {item.name}"


def signature(call, limits):
    """The canonical text whose hash is the operation's id: name, kinds, layout."""
    args = ",".join(field_text(f, limits) for f in call.wire_args)
    ret = ",".join(field_text(f, limits) for f in call.wire_ret)
    always = "!" if call.ret_on_error else ""
    return f"flat1 {call.name}({args})->{always}({ret})"


def fnv1a(text):
    value = 0x811c9dc5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xffffffff
    return value


def operation_id(call, limits):
    return fnv1a(signature(call, limits))


def operations(calls):
    """The calls that have an operation of their own, by name."""
    return sorted((c for c in calls if c.is_operation), key=lambda c: c.name)


def table_hash(calls, limits):
    return fnv1a("\n".join(signature(c, limits) for c in operations(calls)))
