#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Empties those members of a library's fat binaries that one kind of GPU never runs.

usage: slim.py LIBRARY OUT --capability 90

For each fat binary this keeps what a driver takes for that capability: machine code for
it, else the PTX of the highest capability that is not above it.  The payloads of all
other members become zeros, in place: every header, offset and length stays, what runs is
byte for byte the original, and the file compresses to a fraction.
"""
import argparse
import collections
import struct
import sys

# A fat binary: a header, then members, each a header and a payload.
MAGIC = 0xba55ed50
CONTAINER = struct.Struct('<IHHQ')  # magic, version, bytes of the header, bytes of all members
MEMBER = struct.Struct('<HHIQ')  # kind, version, bytes of the header, bytes of the payload
CAPABILITY_AT = 28
PTX, CODE = 1, 2
Member = collections.namedtuple('Member', 'kind capability start length')


class Malformed(Exception):
    """A file that is not laid out as it should be; says how."""


def section(image, wanted):
    """Offset and length of a section of a 64-bit ELF file."""
    if image[:6] != b'\x7fELF\x02\x01':
        raise Malformed('not a 64-bit ELF file')
    table, = struct.unpack_from('<Q', image, 40)
    size, number, names = struct.unpack_from('<HHH', image, 58)
    headers = [struct.unpack_from('<IIQQQQ', image, table + i * size) for i in range(number)]
    for name, _, _, _, offset, length in headers:
        start = headers[names][4] + name
        if image[start:start + len(wanted) + 1] == wanted + b'\0':
            return offset, length
    raise Malformed(f'no section {wanted.decode()}')


def members(image, start, end):
    while start < end:
        kind, _, header, length = MEMBER.unpack_from(image, start)
        capability, = struct.unpack_from('<I', image, start + CAPABILITY_AT)
        if kind == 0:
            return
        if kind not in (PTX, CODE) or header < 32 or start + header + length > end:
            raise Malformed(f'a member at {start:#x} of kind {kind} with {header} + {length} bytes')
        yield Member(kind, capability, start + header, length)
        start += header + length


def binaries(image):
    """The members of each fat binary of the library."""
    offset, length = section(image, b'.nv_fatbin')
    end = offset + length
    while offset < end:
        magic, _, header, size = CONTAINER.unpack_from(image, offset)
        if magic != MAGIC:
            offset += 8  # between two: they begin at multiples of 8
            continue
        yield list(members(image, offset + header, offset + header + size))
        offset += header + size


def taken(found, capability):
    """The member that a GPU of this capability runs."""
    code = [m for m in found if m.kind == CODE and m.capability // 10 == capability // 10]
    code = [m for m in code if m.capability <= capability]
    text = [m for m in found if m.kind == PTX and m.capability <= capability]
    for choice in (code, text):
        if choice:
            return max(choice, key=lambda m: m.capability)
    raise Malformed(f'a fat binary with nothing for capability {capability}')


def slim(image, capability):
    """Bytes kept and bytes emptied, by kind and capability."""
    kept, emptied = collections.Counter(), collections.Counter()
    for found in binaries(image):
        keep = taken(found, capability)
        for member in found:
            label = ('', 'PTX', 'code')[member.kind] + f' {member.capability}'
            if member == keep:
                kept[label] += member.length
            else:
                emptied[label] += member.length
                image[member.start:member.start + member.length] = bytes(member.length)
    return kept, emptied


def listed(counter):
    return ', '.join(f'{label}: {length / 1e6:.1f} MB' for label, length in sorted(counter.items())) or 'nothing'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('library')
    parser.add_argument('out')
    parser.add_argument('--capability', type=int, required=True)
    args = parser.parse_args()
    with open(args.library, 'rb') as file:
        image = bytearray(file.read())
    try:
        kept, emptied = slim(image, args.capability)
    except (Malformed, struct.error, IndexError) as problem:
        print(f'slim.py: {args.library}: {problem}', file=sys.stderr)
        return 1
    with open(args.out, 'wb') as file:
        file.write(image)
    print(f'kept {listed(kept)}; emptied {listed(emptied)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
