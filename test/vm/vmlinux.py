#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the kernel out of its compressed image; QEMU boots it a second sooner.

    vmlinux.py VMLINUZ OUT

Debian 12 compresses with LZ4 in its old framing: a magic, then blocks of (length, data).
liblz4 is there wherever apt is.
"""

import ctypes
import struct
import sys
from pathlib import Path

MAGIC = 0x184C2102
BLOCK_MAX = 8 << 20
# Offsets into the header of a bzImage (Linux, Documentation/x86/boot.rst).
SETUP_SECTORS = 0x1F1
PAYLOAD_OFFSET = 0x248


def payload(image):
    start = (image[SETUP_SECTORS] + 1) * 512
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    return image[start + offset:start + offset + length]


def unpack(data):
    """The blocks' contents; the kernel's own size stands behind the last one."""
    lz4 = ctypes.CDLL("liblz4.so.1")
    buffer = ctypes.create_string_buffer(BLOCK_MAX)
    at = 4
    while at + 8 <= len(data):
        length, = struct.unpack_from("<I", data, at)
        block = data[at + 4:at + 4 + length]
        size = lz4.LZ4_decompress_safe(block, buffer, len(block), BLOCK_MAX)
        if size < 0 or len(block) != length:
            sys.exit(f"vmlinux: broken LZ4 block at {at}")
        yield buffer.raw[:size]
        at += 4 + length


def main():
    data = payload(Path(sys.argv[1]).read_bytes())
    if struct.unpack_from("<I", data)[0] != MAGIC:
        sys.exit(f"vmlinux: {sys.argv[1]}: not an LZ4 kernel image of Debian's kind")
    kernel = b"".join(unpack(data))
    if kernel[:4] != b"\x7fELF":
        sys.exit(f"vmlinux: {sys.argv[1]}: holds no ELF file")
    Path(sys.argv[2]).write_bytes(kernel)


if __name__ == "__main__":
    main()
