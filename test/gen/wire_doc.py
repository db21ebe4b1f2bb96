# SPDX-License-Identifier: Apache-2.0
"""Reads the hex examples of wire.md: protobuf frames by vgpu.proto, records by the table."""

import re
import struct

from gen import encode, wire

BLOCK = re.compile(r"^```hex (.*)\n# (.*)\n([0-9a-f \n]+)```$", re.M)
MESSAGE = re.compile(r"^message (\w+) \{(.*?)\}\s*$", re.M | re.S)
FIELD = re.compile(r"(repeated )?(\w+) (\w+) = (\d+);")


def load_schema(text):
    """message -> field number -> (name, type, repeated); the oneof lies in Frame."""
    text = re.sub(r"//.*", "", text)
    schema = {}
    for chunk in re.split(r"^message ", text, flags=re.M)[1:]:
        name = re.match(r"\w+", chunk).group(0)
        schema[name] = {int(n): (f, t, bool(r)) for r, t, f, n in FIELD.findall(chunk)}
    return schema


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def show_scalar(kind, value):
    if kind == "sint32":
        return str((value >> 1) ^ -(value & 1))
    return str(bool(value)).lower() if kind == "bool" else str(value)


def show_bytes(schema, kind, data):
    if kind in schema:
        return show_message(schema, kind, data)
    return f'"{data.decode()}"' if kind == "string" else data.hex()


def show_message(schema, name, data):
    """'Hello{protocol=1 pid=2}', in the order on the wire."""
    at, parts = 0, []
    while at < len(data):
        tag, at = varint(data, at)
        field, kind, _ = schema[name][tag >> 3]
        value, at = varint(data, at)
        if tag & 7 == 2:
            parts.append(f"{field}={show_bytes(schema, kind, data[at:at + value])}")
            at += value
        else:
            parts.append(f"{field}={show_scalar(kind, value)}")
    return f"{name}{{{' '.join(parts)}}}"


def show_frame(schema, data):
    length = struct.unpack_from("<I", data)[0]
    if length != len(data) - 4:
        raise ValueError("length prefix")
    return show_message(schema, "Frame", data[4:])


def show_values(fields, values):
    parts = []
    for item in fields:
        value = values[item.name]
        text = value.hex() if isinstance(value, bytes) else str(value)
        if item.kind == "handle":
            text = f"{value:#x}"
        parts.append(f"{item.name}={text}")
    return parts


def show_record(calls, limits, data, answer):
    op, length, sequence, lane, flags = struct.unpack_from("<IIIHH", data)
    if length != len(data):
        raise ValueError("length of the record")
    call = next(c for c in wire.operations(calls) if wire.operation_id(c, limits) == op)
    parts, at, fields = [call.name, f"sequence={sequence}", f"lane={lane}", f"flags={flags}"], 16, \
        call.wire_args
    if answer:
        result, zero = struct.unpack_from("<iI", data, 16)
        if zero:
            raise ValueError("answer")
        parts.append(f"result={result}")
        at, fields = 24, call.wire_ret
    return " ".join(parts + show_values(fields, encode.unbody(fields, data[at:])))
