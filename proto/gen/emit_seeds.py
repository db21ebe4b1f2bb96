# SPDX-License-Identifier: Apache-2.0
"""Seeds for the fuzzers: one well-formed input of every operation.

Input of fuzz_decode: u32 operation id, u32 0 for arguments or 1 for results, the body.
Input of fuzz_records: whole records, one behind the other.
"""

import struct

from . import encode, wire


def emit(calls, limits):
    files, records = {}, b""
    for call in wire.operations(calls):
        op = wire.operation_id(call, limits)
        for which, fields in ((0, call.wire_args), (1, call.wire_ret)):
            body = encode.body(fields, encode.samples(fields, limits))
            name = f"seeds/decode/{call.name}_{'ret' if which else 'args'}"
            files[name] = struct.pack("<II", op, which) + body
        args = encode.body(call.wire_args, encode.samples(call.wire_args, limits))
        records += encode.record(op, args, flags=1 if call.cls == "round_trip" else 0)
    files["seeds/records/one_of_each"] = records
    return files
