# SPDX-License-Identifier: Apache-2.0
"""The executor's generated part: the driver's table and the dispatch of operations."""

from . import wire
from .emit_ops import by_id, groups
from .text import banner, guard, wrap

TABLE = """/*
 * The driver's functions that a worker uses, by their exported names: filled in with
 * dlsym from ex_driver_symbols.  A missing required symbol means an unfit driver; an
 * optional one stays NULL.
 */

#include <stdbool.h>
#include <stddef.h>

#include "cuda_api.h"

"""

SYMBOL = """
struct ex_driver_symbol {
    const char *name;
    const char *older; /* the same call in drivers that lack it, or NULL */
    size_t offset;     /* of the pointer in struct ex_driver */
    bool required;
};
"""


def driver_calls(calls):
    return sorted((c for c in calls if c.driver), key=lambda c: c.name)


def driver_header(calls):
    out = TABLE + "struct ex_driver {\n"
    for call in driver_calls(calls):
        out += f"    __typeof__({call.name}) *{call.name};\n"
    out += "};\n" + SYMBOL + f"\n#define EX_DRIVER_SYMBOLS {len(driver_calls(calls))}u\n\n"
    out += "extern const struct ex_driver_symbol ex_driver_symbols[EX_DRIVER_SYMBOLS];\n"
    return guard("VGPU_EX_DRIVER_TABLE_H", out, "Apache-2.0")


def driver_source(calls):
    out = banner("Apache-2.0") + '#include "ex_driver_table.h"\n\n'
    out += "#define REQUIRED(call, older) {#call, older, offsetof(struct ex_driver, call), true}\n"
    out += "#define OPTIONAL(call, older) {#call, older, offsetof(struct ex_driver, call), false}\n"
    out += "\nconst struct ex_driver_symbol ex_driver_symbols[EX_DRIVER_SYMBOLS] = {\n"
    for call in driver_calls(calls):
        older = f'"{call.driver_older}"' if call.driver_older else "NULL"
        out += f"    {call.driver.upper()}({call.name}, {older}),\n"
    return out + "};\n"


DISPATCH = """/*
 * From a call record to the driver.  `run` decodes the body, looks handles up by kind
 * and generation and device ranges in the session's allocations, makes the call and puts
 * its results into the reply.  0, or -EPROTO: the body cannot be decoded, the peer is
 * broken.  -EMSGSIZE: the reply's room is below VGPU_BODY_BYTES_MAX.
 *
 * ex_do_<name>() are the hand-written operations: *args is decoded and bounded, nothing
 * in it is trusted; byte strings in *args are borrowed from the record, those in *ret
 * must live until run returns.  *ret comes zeroed.  It is sent with CUDA_SUCCESS only
 * (cuModuleLoadDataEx: also with errors).
 */

#include <stddef.h>
#include <stdint.h>

#include "executor/worker/session_api.h"
#include "ex_driver_table.h"
#include "proto/record.h"
#include "vgpu_ops.h"

/* The answer to one operation: `body` and `cap` are lent by the caller. */
struct ex_reply {
    CUresult cu;
    uint8_t *body; /* results, behind struct vgpu_answer */
    size_t cap;
    size_t len; /* 0 unless there are results */
};

typedef int ex_run_fn(struct ex_session *session, const struct vgpu_record *record,
                      const uint8_t *body, size_t len, struct ex_reply *reply);

struct ex_op {
    const struct vgpu_op_info *info;
    ex_run_fn *run;
};

/* The operation of an id that a guest may send, static, or NULL.  Any thread. */
const struct ex_op *ex_ops_find(uint32_t id);

"""

FIND = """
const struct ex_op *ex_ops_find(uint32_t id)
{
    const struct vgpu_op_info *info = vgpu_op_find(id);

    return info != NULL && ops[info - vgpu_op_infos].run != NULL ? &ops[info - vgpu_op_infos]
                                                                 : NULL;
}
"""


def run_prototype(call, tail):
    return wrap(f"int ex_run_{call.name}",
                ["struct ex_session *session", "const struct vgpu_record *record",
                 "const uint8_t *body", "size_t len", "struct ex_reply *reply"], tail)


def do_prototype(call):
    return wrap(f"CUresult ex_do_{call.name}",
                ["struct ex_session *session", f"const struct vgpu_args_{call.name} *args",
                 f"struct vgpu_ret_{call.name} *ret"], ";\n")


def dispatch_header(calls):
    ops = wire.operations(calls)
    out = DISPATCH + "".join(do_prototype(c) for c in ops if c.host == "manual")
    return guard("VGPU_EX_DISPATCH_H", out, "Apache-2.0")


def local_variables(call):
    """C variables of a generated call: one for each handle and each output."""
    out = ""
    for arg in call.args:
        if arg.type in wire.HANDLES:
            out += f"    {arg.type} {arg.name} = NULL;\n"
        elif arg.kind == "out":
            ctype = arg.type.rstrip("* ")
            out += f"    {ctype} {arg.name} = 0;\n"
    return out


def lookups(call):
    """Handles and ranges, each only when what came before is good."""
    out = ""
    for arg in call.args:
        if arg.type in wire.HANDLES:
            text = wrap(f"ex_get_{wire.HANDLES[arg.type]}",
                        ["session", f"args->{arg.name}", f"&{arg.name}"], "")
        elif arg.kind == "devptr" and arg.bound:
            text = wrap("ex_check_device",
                        ["session", f"args->{arg.name}", f"args->{arg.bound}"], "")
        else:
            continue
        if not out:
            out += f"    cu = {text};\n"
        else:
            out += f"    if (cu == CUDA_SUCCESS) {{\n        cu = {text};\n    }}\n"
    return out


def driver_arguments(call):
    result = []
    for arg in call.args:
        if arg.type in wire.HANDLES:
            result.append(arg.name)
        elif arg.kind == "out":
            result.append(f"&{arg.name}")
        elif wire.scalar_kind(arg.type) and arg.type.startswith("CU") and arg.kind == "value":
            result.append(f"({arg.type})args->{arg.name}")
        else:
            result.append(f"args->{arg.name}")
    return result


def auto_function(call):
    """Looks up what the operation names and makes the driver call of the same name."""
    out = wrap(f"static CUresult do_{call.name}",
               ["struct ex_session *session", f"const struct vgpu_args_{call.name} *args",
                f"struct vgpu_ret_{call.name} *ret"], "\n{\n")
    out += local_variables(call) + "    CUresult cu;\n\n"
    if call.driver == "optional":
        out += f"    if (ex_session_driver(session)->{call.name} == NULL) {{\n"
        out += "        return CUDA_ERROR_NOT_SUPPORTED;\n    }\n"
    found = lookups(call)
    out += found
    if found:
        out += "    if (cu != CUDA_SUCCESS) {\n        return cu;\n    }\n"
    out += wrap(f"cu = ex_session_driver(session)->{call.name}", driver_arguments(call), ";\n", 4)
    for arg in call.args:
        if arg.kind == "out":
            out += f"    ret->{arg.name} = {arg.name};\n"
    if not call.wire_args:
        out += "    (void)args;\n"
    if not call.wire_ret:
        out += "    (void)ret;\n"
    return out + "    return cu;\n}\n\n"


def run_function(call):
    name = call.name
    target = "ex_do_" if call.host == "manual" else "do_"
    out = run_prototype(call, "\n{\n")
    out += f"    struct vgpu_args_{name} args;\n    struct vgpu_ret_{name} ret = {{0}};\n"
    out += "    ssize_t size;\n\n" if call.wire_ret else "\n"
    out += "    (void)record;\n"
    out += wrap(f"if (vgpu_get_args_{name}", ["body", "len", "&args"], " != 0) {\n", 4)
    out += "        return -EPROTO;\n    }\n"
    out += wrap(f"reply->cu = {target}{name}", ["session", "&args", "&ret"], ";\n", 4)
    out += "    reply->len = 0;\n"
    if not call.wire_ret:
        return out + "    return 0;\n}\n"
    if not call.ret_on_error:
        out += "    if (reply->cu != CUDA_SUCCESS) {\n        return 0;\n    }\n"
    out += wrap(f"size = vgpu_put_ret_{name}", ["reply->body", "reply->cap", "&ret"], ";\n", 4)
    out += "    if (size < 0) {\n        return -EMSGSIZE;\n    }\n"
    return out + "    reply->len = (size_t)size;\n    return 0;\n}\n"


def family_source(family, ops):
    out = banner("Apache-2.0") + '#include "ex_run.h"\n\n#include <errno.h>\n'
    for call in (c for c in ops if not c.is_upcall):
        out += "\n" + (auto_function(call) if call.host == "auto" else "") + run_function(call)
    return out


def emit(calls, limits):
    out = banner("Apache-2.0") + '#include "ex_run.h"\n\n'
    out += "/* In the order of vgpu_op_infos. */\nstatic const struct ex_op ops[VGPU_OPS] = {\n"
    for index, call in enumerate(by_id(calls, limits)):
        run = "NULL" if call.is_upcall else f"ex_run_{call.name}"
        line = f"    {{&vgpu_op_infos[{index}], {run}}},\n"
        out += line
    out += "};\n" + FIND
    runs = '/* The generated runners, for ex_dispatch.c. */\n\n#include "ex_dispatch.h"\n\n'
    runs += "".join(f"ex_run_fn ex_run_{c.name};\n" for c in wire.operations(calls)
                    if not c.is_upcall)
    files = {"ex_driver_table.h": driver_header(calls),
             "ex_driver_table.c": driver_source(calls),
             "ex_dispatch.h": dispatch_header(calls), "ex_dispatch.c": out,
             "ex_run.h": guard("VGPU_EX_RUN_H", runs, "Apache-2.0")}
    for family, ops in groups(calls).items():
        files[f"ex_run_{family}.c"] = family_source(family, ops)
    return files
