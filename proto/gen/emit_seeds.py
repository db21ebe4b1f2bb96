# SPDX-License-Identifier: Apache-2.0
"""Seeds for the fuzzers: one well-formed input of every operation.

Input of fuzz_decode: u32 operation id, u32 0 for arguments or 1 for results, the body.
"""

import struct

from . import encode, wire


def emit(calls, limits):
    files = {}
    for call in wire.operations(calls):
        op = wire.operation_id(call, limits)
        for which, fields in ((0, call.wire_args), (1, call.wire_ret)):
            body = encode.body(fields, encode.samples(fields, limits))
            name = f"seeds/decode/{call.name}_{'ret' if which else 'args'}"
            files[name] = struct.pack("<II", op, which) + body
    return files
