# SPDX-License-Identifier: Apache-2.0
"""test_ops_<family>.c: a round trip of every body, and what a decoder must refuse."""

from . import encode, wire
from .emit_ops import both, groups
from .text import banner

HEAD = """#include "test/unit/proto/ops_check.h"

"""


def c_value(item, value):
    if item.kind == "f32":
        return f"{value}f"
    return f"{value:#x}" + {"u64": "ull", "handle": "ull", "u32": "u", "i32": ""}[item.kind]


def assign(call, which, fields, limits):
    """Statements that fill `in`; byte strings lie in arrays of their own size."""
    values = encode.samples(fields, limits)
    out = ""
    for item in fields:
        value = values[item.name]
        if item.kind == "bytes":
            start = value[0] if value else 0
            out += f"    ops_pattern(&in.{item.name}, &in.{item.name}_len, {len(value)}, {start});\n"
        else:
            out += f"    in.{item.name} = {c_value(item, value)};\n"
    return out


def compare(fields):
    out = ""
    for item in fields:
        if item.kind == "bytes":
            out += (f"    ops_same_bytes(in.{item.name}, in.{item.name}_len, out.{item.name},\n"
                    f"                   out.{item.name}_len);\n")
        elif item.kind == "f32":
            out += f"    assert_memory_equal(&in.{item.name}, &out.{item.name}, 4);\n"
        else:
            out += f"    assert_true(in.{item.name} == out.{item.name});\n"
    return out


def over_bound(call, which, fields):
    """A byte string one over its bound is not put."""
    out = ""
    for item in wire.strings(fields):
        out += (f"    in.{item.name}_len = {wire.bound_c(item)} + 1;\n"
                f"    assert_int_equal(vgpu_put_{which}_{call.name}(body, sizeof(body), &in),"
                f" -EMSGSIZE);\n    in.{item.name}_len = 0;\n")
    return out


def test(call, which, fields, limits):
    name, body = f"{which}_{call.name}", encode.body(fields, encode.samples(fields, limits))
    out = f"static int get_{name}(const uint8_t *body, size_t len)\n{{\n"
    out += f"    struct vgpu_{name} out;\n\n    return vgpu_get_{name}(body, len, &out);\n}}\n\n"
    out += f"static void test_{name}(void **state)\n{{\n"
    out += f"    static uint8_t body[VGPU_RECORD_BYTES_MAX];\n    struct vgpu_{name} in = {{0}};\n"
    out += f"    struct vgpu_{name} out;\n    ssize_t size;\n\n    (void)state;\n"
    out += assign(call, which, fields, limits)
    out += f"    size = vgpu_put_{name}(body, sizeof(body), &in);\n"
    out += f"    assert_int_equal(size, {len(body)});\n"
    if body:
        out += f"    assert_int_equal(vgpu_put_{name}(body, (size_t)size - 1, &in), -EMSGSIZE);\n"
    out += f"    ops_same_text(body, (size_t)size,\n                  \"{body.hex()}\");\n"
    out += f"    assert_int_equal(vgpu_get_{name}(body, (size_t)size, &out), 0);\n"
    out += compare(fields)
    out += f"    ops_refuse_other_lengths(get_{name}, body, (size_t)size);\n"
    fixed, used = wire.layout(fields), wire.used(fields)
    if used < fixed:
        out += f"    ops_refuse_changed(get_{name}, body, (size_t)size, {used});\n"
    if body and wire.strings(fields) and len(body) - 1 >= fixed and padded_tail(fields, limits):
        out += f"    ops_refuse_changed(get_{name}, body, (size_t)size, (size_t)size - 1);\n"
    return out + over_bound(call, which, fields) + "}\n\n"


def padded_tail(fields, limits):
    """True when the sample ends in padding."""
    last = wire.strings(fields)[-1]
    return len(encode.samples(fields, limits)[last.name]) % 8 != 0


def source(ops, limits):
    out = banner() + HEAD
    names = []
    for call in ops:
        for which, fields in both(call):
            out += test(call, which, fields, limits)
            names.append(f"test_{which}_{call.name}")
    out += "int main(void)\n{\n    static const struct CMUnitTest tests[] = {\n"
    out += "".join(f"        cmocka_unit_test({name}),\n" for name in names)
    return out + "    };\n\n    return cmocka_run_group_tests(tests, NULL, NULL);\n}\n"


def emit(calls, limits):
    files = {}
    for family, ops in groups(calls).items():
        half = 6
        for start in range(0, len(ops), half):
            suffix = f"_{start // half + 1}" if len(ops) > half else ""
            files[f"test_ops_{family}{suffix}.c"] = source(ops[start:start + half], limits)
    return files
