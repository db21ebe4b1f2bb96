# SPDX-License-Identifier: Apache-2.0
"""vgpu_ops*.h and vgpu_ops*.c: operation ids, argument structs, encoders, decoders."""

from . import wire
from .text import banner, guard, macro, wrap


def groups(calls):
    """family -> its operations."""
    result = {}
    for call in wire.operations(calls):
        result.setdefault(call.family, []).append(call)
    return dict(sorted(result.items()))


def both(call):
    return (("args", call.wire_args), ("ret", call.wire_ret))


def struct(call, which, fields):
    out = f"struct vgpu_{which}_{call.name} {{\n"
    for item in fields:
        ctype = wire.C_TYPES[item.kind]
        gap = "" if ctype.endswith("*") else " "
        out += f"    {ctype}{gap}{item.name};\n"
        if item.kind == "bytes":
            out += f"    uint32_t {item.name}_len;\n"
    if not fields:
        out += "    char none;\n"
    return out + "};\n"


def prototype(call, which, verb, tail):
    if verb == "put":
        params = ["uint8_t *body", "size_t cap", f"const struct vgpu_{which}_{call.name} *{which}"]
        return wrap(f"ssize_t vgpu_put_{which}_{call.name}", params, tail)
    params = ["const uint8_t *body", "size_t len", f"struct vgpu_{which}_{call.name} *{which}"]
    return wrap(f"int vgpu_get_{which}_{call.name}", params, tail)


def room(which, fields, fixed):
    """The condition under which a body cannot be put."""
    text = wire.strings(fields)
    if not text:
        return f"    if (cap < {fixed}) {{\n" if fixed else ""
    out = "".join(f"    if ({which}->{s.name}_len > {wire.bound_c(s)}) {{\n"
                  "        return -EMSGSIZE;\n    }\n" for s in text)
    need = " + ".join(["at"] + [f"vgpu_wire_padded({which}->{s.name}_len)" for s in text])
    return out + f"    if (cap < {need}) {{\n"


def put(call, which, fields):
    fixed, text = wire.layout(fields), wire.strings(fields)
    out = prototype(call, which, "put", "\n{\n")
    out += f"    size_t at = {fixed};\n\n" if text else ""
    if room(which, fields, fixed):
        out += room(which, fields, fixed) + "        return -EMSGSIZE;\n    }\n"
    if not fields:
        out += "    (void)body;\n    (void)cap;\n"
        out += f"    (void){which};\n"
    out += put_fields(which, fields)
    return out + ("    return (ssize_t)at;\n}\n" if text else f"    return {fixed};\n}}\n")


def put_fields(which, fields):
    """Writes a body that has room; byte strings from `at` on."""
    fixed, text = wire.layout(fields), wire.strings(fields)
    out = ""
    for item in sorted(fields, key=lambda f: f.offset):
        if item.kind == "bytes":
            out += (f"    vgpu_wire_put_u32(body + {item.offset}, {which}->{item.name}_len);\n")
        else:
            kind = "u64" if item.kind == "handle" else item.kind
            out += f"    vgpu_wire_put_{kind}(body + {item.offset}, {which}->{item.name});\n"
    if wire.used(fields) < fixed:
        out += f"    vgpu_wire_put_u32(body + {wire.used(fields)}, 0);\n"
    for item in text:
        out += wrap("vgpu_wire_put_bytes",
                    ["body", "&at", f"{which}->{item.name}", f"{which}->{item.name}_len"],
                    ";\n", 4)
    return out


def get(call, which, fields):
    fixed, text = wire.layout(fields), wire.strings(fields)
    out = prototype(call, which, "get", "\n{\n")
    out += f"    size_t at = {fixed};\n\n" if text else ""
    compare = "len < at" if text else (f"len != {fixed}" if fixed else "len != 0")
    out += f"    if ({compare}) {{\n        return -EPROTO;\n    }}\n"
    if not fields:
        out += f"    (void)body;\n    {which}->none = 0;\n"
    for item in sorted(fields, key=lambda f: f.offset):
        name = f"{item.name}_len" if item.kind == "bytes" else item.name
        kind = {"handle": "u64", "bytes": "u32"}.get(item.kind, item.kind)
        out += f"    {which}->{name} = vgpu_wire_get_{kind}(body + {item.offset});\n"
    if wire.used(fields) < fixed:
        out += (f"    if (vgpu_wire_get_u32(body + {wire.used(fields)}) != 0) {{\n"
                "        return -EPROTO;\n    }\n")
    for item in text:
        out += wrap("if (!vgpu_wire_get_bytes",
                    ["body", "len", "&at", f"{which}->{item.name}_len", wire.bound_c(item),
                     f"&{which}->{item.name}"], ") {\n", 4)
        out += "        return -EPROTO;\n    }\n"
    return out + ("    return at == len ? 0 : -EPROTO;\n}\n" if text else "    return 0;\n}\n")


def family_header(family, ops):
    out = "#include <stddef.h>\n#include <stdint.h>\n#include <sys/types.h>\n\n"
    for call in ops:
        for which, fields in both(call):
            out += struct(call, which, fields) + "\n"
    for call in ops:
        for which, _ in both(call):
            out += prototype(call, which, "put", ";\n")
            out += prototype(call, which, "get", ";\n")
    return guard(f"VGPU_OPS_{family.upper()}_H", out)


def family_source(family, ops):
    out = banner() + f'#include "vgpu_ops_{family}.h"\n\n#include <errno.h>\n\n'
    out += '#include "proto/wire.h"\n'
    for call in ops:
        for which, fields in both(call):
            out += "\n" + put(call, which, fields) + "\n" + get(call, which, fields)
    return out


HEADER = """/*
 * Operations on the wire (docs/specs/wire.md, "Records" and "Bodies").
 *
 * For every operation <name>:
 *   struct vgpu_args_<name>, struct vgpu_ret_<name>: what travels there and back.
 *   vgpu_put_args_<name>(body, cap, args): writes a body; its length (a multiple of 8),
 *     or -EMSGSIZE when a byte string is over its bound or the body over `cap`.
 *   vgpu_get_args_<name>(body, len, args): reads a body of exactly `len` bytes; 0, or
 *     -EPROTO (then *args is undefined).  Byte strings point into the body.
 *   the same with ret.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

"""

INFO = """
enum vgpu_op_class {
    VGPU_OP_ONE_WAY = 1,    /* answered only when the record says VGPU_RECORD_ANSWER */
    VGPU_OP_ROUND_TRIP = 2, /* always answered */
    VGPU_OP_UPCALL = 3,     /* from the worker to the guest, not answered */
};

struct vgpu_op_info {
    uint32_t id;
    const char *name;
    enum vgpu_op_class class;
    bool blocking; /* may wait in the driver: for a helper thread */
};

/* Every operation, by ascending id. */
extern const struct vgpu_op_info vgpu_op_infos[VGPU_OPS];

/* Hash of all signatures: equal tables have equal ones. */
extern const uint32_t vgpu_op_table_hash;

/* The operation of an id, static, or NULL. */
const struct vgpu_op_info *vgpu_op_find(uint32_t id);
"""

FIND = """
const struct vgpu_op_info *vgpu_op_find(uint32_t id)
{
    size_t low = 0;
    size_t high = VGPU_OPS;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (vgpu_op_infos[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < VGPU_OPS && vgpu_op_infos[low].id == id ? &vgpu_op_infos[low] : NULL;
}
"""


def by_id(calls, limits):
    return sorted(wire.operations(calls), key=lambda c: wire.operation_id(c, limits))


def main_header(calls, limits):
    out = HEADER
    for family in groups(calls):
        out += f'#include "vgpu_ops_{family}.h"\n'
    out += "\n"
    for call in wire.operations(calls):
        out += f"#define VGPU_OP_{call.name} {wire.operation_id(call, limits):#010x}u\n"
    out += f"\n#define VGPU_OPS {len(wire.operations(calls))}u\n"
    each = "    " + "\n    ".join(f"X({c.name})" for c in wire.operations(calls)) + "\n"
    out += "\n/* X(name) for every operation. */\n" + macro("#define VGPU_OPS_EACH(X)", each)
    return guard("VGPU_OPS_H", out + INFO)


def main_source(calls, limits):
    out = banner() + '#include "vgpu_ops.h"\n\nconst struct vgpu_op_info vgpu_op_infos[] = {\n'
    for call in by_id(calls, limits):
        cls = "VGPU_OP_" + call.cls.upper()
        blocking = "true" if call.blocking else "false"
        line = f'    {{VGPU_OP_{call.name}, "{call.name}", {cls}, {blocking}}},\n'
        if len(line) > 101:
            line = (f'    {{VGPU_OP_{call.name},\n     "{call.name}", {cls},\n'
                    f"     {blocking}}},\n")
        out += line
    out += "};\n\nconst uint32_t vgpu_op_table_hash = "
    out += f"{wire.table_hash(calls, limits):#010x}u;\n"
    return out + FIND


def emit(calls, limits):
    files = {"vgpu_ops.h": main_header(calls, limits), "vgpu_ops.c": main_source(calls, limits)}
    for family, ops in groups(calls).items():
        files[f"vgpu_ops_{family}.h"] = family_header(family, ops)
        files[f"vgpu_ops_{family}.c"] = family_source(family, ops)
    return files
