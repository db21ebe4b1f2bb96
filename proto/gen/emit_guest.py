# SPDX-License-Identifier: Apache-2.0
"""The guest library's generated part: exported symbols, senders, names, version script."""

from . import wire
from .emit_ops import groups, put_fields
from .text import banner, guard, macro, parameters, wrap

CLASS = {"local": "GS_CLASS_LOCAL", "one_way": "GS_CLASS_ONE_WAY",
         "round_trip": "GS_CLASS_ROUND_TRIP", "unsupported": "GS_CLASS_UNSUPPORTED"}
SMALL = 256
PER_THREAD = ("_ptds", "_ptsz")


def exported(calls):
    """Every entry that has a symbol, by name: the order of call indices."""
    return sorted((c for c in calls if not c.internal), key=lambda c: c.name)


def symbols(calls):
    return sorted(s for c in exported(calls) for s in [c.name] + [v[0] for v in c.variants])


def manual(calls):
    return [c for c in exported(calls) if c.implemented]


def implicit(call):
    """True for calls whose per-thread symbol changes a stream that is no argument."""
    named = any(arg.type == "CUstream" for arg in call.args)
    return not named and any(symbol.endswith(PER_THREAD) for symbol, _ in call.variants)


# gs_symbols.h

SYMBOLS = """#ifdef VGPU_CUDA_API_H
#error "gs_symbols.h declares the symbols that cuda_api.h renames; include one of them"
#endif

#include "proto/cuda_abi.h"

#define GS_EXPORT __attribute__((visibility("default")))

"""


def symbols_header(calls):
    out = SYMBOLS
    for call in manual(calls):
        for symbol in [call.name] + [v[0] for v in call.variants]:
            out += wrap(f"GS_EXPORT CUresult {symbol}", parameters(call.args), ";") + "\n"
    return guard("VGPU_GS_SYMBOLS_H", out, "Apache-2.0")


def refused(calls):
    """(symbol, call) of everything that is not implemented."""
    return [(s, c) for c in exported(calls) if not c.implemented
            for s in [c.name] + [v[0] for v in c.variants]]


def refused_header(calls):
    out = "/* Symbols of the calls that this release refuses; their arguments are not looked at. */\n\n"
    out += '#include "gs_symbols.h"\n\n'
    for symbol, _ in refused(calls):
        out += f"GS_EXPORT CUresult {symbol}(void);\n"
    return guard("VGPU_GS_SYMBOLS_REFUSED_H", out, "Apache-2.0")


# gs_stubs_<family>.c

def arguments(call, symbol):
    """What the symbol passes on to the hand-written function."""
    names = []
    for arg in call.args:
        if arg.type == "CUstream" and symbol.endswith("_ptsz"):
            names.append(f"{arg.name} == NULL ? CU_STREAM_PER_THREAD : {arg.name}")
        else:
            names.append(arg.name)
    if implicit(call):
        names.append("CU_STREAM_PER_THREAD" if symbol.endswith(PER_THREAD) else "NULL")
    return names


def since_of(call, symbol):
    """The version that brought the symbol."""
    return dict(call.variants).get(symbol, call.since)


def stub(call, symbol, oldest):
    """A call that the oldest driver lacks asks whether this host's has it, an unsafe one whether
    a capture forbids it."""
    target = call.alias_of or call.name
    since = since_of(call, symbol)
    out = wrap(f"CUresult {symbol}", parameters(call.args), "\n{\n")
    out += f"    gs_count(GS_CALL_{call.name});\n"
    if since > oldest:
        out += f"    if (gs_driver_version() < {since}) {{\n"
        out += f"        return gs_absent(GS_CALL_{call.name});\n    }}\n"
    if call.capture == "unsafe":
        out += "    CUresult cu = gs_capture_unsafe();\n\n    if (cu == CUDA_SUCCESS) {\n"
        out += wrap(f"cu = gs_{target}", arguments(call, symbol), ";\n    }\n", 8)
    else:
        out += wrap(f"CUresult cu = gs_{target}", arguments(call, symbol), ";\n\n", 4)
    return out + f"    return gs_told(GS_CALL_{call.name}, cu);\n}}\n"


def stubs_source(calls, oldest):
    out = banner("Apache-2.0") + '#include "gs_symbols.h"\n\n'
    out += '#include "gs_call_info.h"\n#include "gs_calls.h"\n#include "guest/libcuda/stub.h"\n'
    for call in calls:
        for symbol in [call.name] + [v[0] for v in call.variants]:
            out += "\n" + stub(call, symbol, oldest)
    return out


def refused_source(calls):
    out = banner("Apache-2.0") + '#include "gs_symbols_refused.h"\n\n'
    out += '#include "gs_call_info.h"\n#include "guest/libcuda/stub.h"\n\n'
    out += macro("#define REFUSE(symbol, call)",
                 "    CUresult symbol(void)\n    {\n        gs_count(GS_CALL_##call);\n"
                 "        return gs_unsupported(GS_CALL_##call);\n    }\n") + "\n"
    for symbol, call in refused(calls):
        line = f"REFUSE({symbol}, {call.name})\n"
        out += line if len(line) <= 101 else f"REFUSE({symbol},\n       {call.name})\n"
    return out


# gs_call_info

INFO = """/* The calls by index, for counters, traces and the log. */

enum gs_call_class {
    GS_CLASS_LOCAL,       /* answered in the guest */
    GS_CLASS_ONE_WAY,     /* sent, not answered */
    GS_CLASS_ROUND_TRIP,  /* waits for an answer */
    GS_CLASS_UNSUPPORTED, /* refused with CUDA_ERROR_NOT_SUPPORTED */
};

struct gs_call_info {
    const char *name;
    enum gs_call_class class;
    const char *doc; /* one line; "" for refused calls */
};

"""


def info_header(calls):
    out = INFO + "enum gs_call_index {\n"
    for call in exported(calls):
        out += f"    GS_CALL_{call.name},\n"
    out += "    GS_CALLS,\n};\n\nextern const struct gs_call_info gs_call_info[GS_CALLS];\n"
    return guard("VGPU_GS_CALL_INFO_H", out, "Apache-2.0")


def info_source(calls):
    out = banner("Apache-2.0") + '#include "gs_call_info.h"\n\n'
    out += "/* clang-format off */\n#define R(name) {#name, GS_CLASS_UNSUPPORTED, \"\"}\n"
    out += "#define I(name, class, doc) {#name, GS_CLASS_##class, doc}\n\n"
    out += "const struct gs_call_info gs_call_info[GS_CALLS] = {\n"
    for call in exported(calls):
        if call.implemented:
            cls = CLASS[call.cls].replace("GS_CLASS_", "")
            out += f'    I({call.name}, {cls}, "{call.doc}"),\n'
        else:
            out += f"    R({call.name}),\n"
    return out + "};\n"


# gs_calls

CALLS = """/*
 * gs_cu<Name>(): the hand-written calls behind the exported symbols.  A stream argument
 * of NULL is the legacy stream, CU_STREAM_PER_THREAD the thread's own; `implicit` says
 * the same for calls that work in the default stream without naming it.
 *
 * gs_call_<name>(): sends an operation and waits; the worker's CUresult.  *ret is set on
 * CUDA_SUCCESS{always}.  Byte
 * strings in *ret lie in the thread's scratch buffer: valid until its next gs_call_.
 * gs_send_<name>(): sends a one-way operation; an error only when the session has ended.
 */

#include "proto/cuda_abi.h"
#include "vgpu_ops.h"

struct gs_session;

"""


def sender(call, tail):
    params = ["struct gs_session *session", f"const struct vgpu_args_{call.name} *args"]
    if call.cls == "one_way":
        return wrap(f"CUresult gs_send_{call.name}", params, tail)
    params.append(f"struct vgpu_ret_{call.name} *ret")
    return wrap(f"CUresult gs_call_{call.name}", params, tail)


def calls_header(calls):
    always = [c.name for c in wire.operations(calls) if c.ret_on_error]
    out = CALLS.replace("{always}", f" (of {', '.join(always)} also with errors)")
    for call in manual(calls):
        if call.alias_of:
            continue
        extra = ["CUstream implicit"] if implicit(call) else []
        out += wrap(f"CUresult gs_{call.name}", parameters(call.args, extra), ";") + "\n"
    out += "\n"
    for call in (c for c in wire.operations(calls) if not c.is_upcall):
        out += sender(call, ";") + "\n"
    return guard("VGPU_GS_CALLS_H", out, "Apache-2.0")


def encode(call):
    """Declarations and statements that leave the body in `body` and its size in `size`."""
    fixed, text = wire.layout(call.wire_args), wire.strings(call.wire_args)
    put = f"vgpu_put_args_{call.name}"
    if not text:
        return (f"    uint8_t body[{max(fixed, 8)}];\n"
                f"    ssize_t size = {put}(body, sizeof(body), args);\n", "")
    first = f"    uint8_t small[{SMALL}];\n    uint8_t *body = small;\n"
    first += f"    ssize_t size = {put}(small, sizeof(small), args);\n"
    later = ("    if (size < 0) {\n        body = gs_session_scratch(session);\n"
             f"        size = {put}(body, VGPU_RECORD_BYTES_MAX, args);\n    }}\n")
    return first, later


def writer(call):
    """What writes the body where the record is put together."""
    fixed, text = wire.layout(call.wire_args), wire.strings(call.wire_args)
    out = wrap(f"static void write_{call.name}",
               ["uint8_t *body", "size_t len", "const void *from"], "\n{\n")
    if not call.wire_args:
        return out + "    (void)body;\n    (void)len;\n    (void)from;\n}\n\n"
    out += f"    const struct vgpu_args_{call.name} *args = from;\n"
    out += (f"    size_t at = {fixed};\n" if text else "") + "\n    (void)len;\n"
    return out + put_fields("args", call.wire_args) + "}\n\n"


def send_function(call):
    fixed, text = wire.layout(call.wire_args), wire.strings(call.wire_args)
    length = " + ".join([str(fixed)] + [f"vgpu_wire_padded(args->{s.name}_len)" for s in text])
    out = writer(call) + sender(call, "\n{\n")
    for item in text:
        out += f"    if (args->{item.name}_len > {wire.bound_c(item)}) {{\n"
        out += "        return CUDA_ERROR_INVALID_VALUE;\n    }\n"
    return out + wrap("return gs_session_write",
                      ["session", f"VGPU_OP_{call.name}", length, f"write_{call.name}", "args"],
                      ";\n}\n", 4)


def call_function(call):
    declare, later = encode(call)
    fixed, text = wire.layout(call.wire_ret), wire.strings(call.wire_ret)
    out = sender(call, "\n{\n") + declare
    if text:
        out += "    uint8_t *answer = gs_session_scratch(session);\n"
    else:
        out += f"    uint8_t answer[{max(fixed, 8)}];\n"
    room = "VGPU_RECORD_BYTES_MAX" if text else "sizeof(answer)"
    out += "    size_t length = 0;\n    CUresult cu;\n\n" + later
    out += "    if (size < 0) {\n        return CUDA_ERROR_INVALID_VALUE;\n    }\n"
    out += wrap("cu = gs_session_call", ["session", f"VGPU_OP_{call.name}", "body", "(size_t)size",
                                         "answer", room, "&length"], ";\n", 4)
    skip = "cu != CUDA_SUCCESS && length == 0" if call.ret_on_error else "cu != CUDA_SUCCESS"
    if call.ret_on_error:
        out += "    memset(ret, 0, sizeof(*ret));\n"
    out += f"    if ({skip}) {{\n        return cu;\n    }}\n"
    out += wrap(f"if (vgpu_get_ret_{call.name}", ["answer", "length", "ret"],
                " != 0) {\n", 4)
    return out + "        return BROKEN_ANSWER;\n    }\n    return cu;\n}\n"


def calls_source(ops):
    out = banner("Apache-2.0") + '#include "gs_calls.h"\n\n#include <string.h>\n\n'
    out += '#include "guest/libcuda/session.h"\n#include "proto/limits.h"\n'
    out += '#include "proto/wire.h"\n' if any(c.cls == "one_way" for c in ops) else ""
    if any(c.cls == "round_trip" for c in ops):
        out += "\n/* A worker whose answer cannot be read is as good as dead. */\n"
        out += "#define BROKEN_ANSWER CUDA_ERROR_LAUNCH_FAILED\n"
    for call in (c for c in ops if not c.is_upcall):
        out += "\n" + (send_function(call) if call.cls == "one_way" else call_function(call))
    return out


def version_script(calls):
    out = "# Generated by proto/gen from proto/api.  Do not edit.\n{\nglobal:\n"
    return out + "".join(f"    {s};\n" for s in symbols(calls)) + "local:\n    *;\n};\n"


def emit(calls, limits):
    files = {"gs_symbols.h": symbols_header(calls),
             "gs_symbols_refused.h": refused_header(calls),
             "gs_call_info.h": info_header(calls), "gs_call_info.c": info_source(calls),
             "gs_calls.h": calls_header(calls),
             "libcuda.map": version_script(calls)}
    for family in sorted({c.family for c in exported(calls)}):
        members = [c for c in exported(calls) if c.family == family]
        done = [c for c in members if c.implemented]
        if done:
            oldest = limits["VGPU_DRIVER_VERSION_MIN"]
            files[f"gs_stubs_{family}.c"] = stubs_source(done, oldest)
        if len(done) < len(members):
            name = "gs_refused_" + family.replace("unsupported_", "") + ".c"
            files[name] = refused_source([c for c in members if not c.implemented])
    for family, ops in groups(calls).items():
        files[f"gs_calls_{family}.c"] = calls_source(ops)
    return files
