# SPDX-License-Identifier: Apache-2.0
"""Conformance cases that every call has by its signature: made_<family>.c.

  not_initialised    the call before cuInit
  null_<argument>    NULL where the call stores an answer, the other arguments good

A call whose hand-written cases ask the same has none here.  Facts of the driver that do not
follow from the signature stand in the table: "before_init" and "optional".  An argument
of a type that has no sample here leaves the call's null cases to be written by hand.
"""

import re
from pathlib import Path

from .check import OUTPUTS
from .text import banner, wrap

CASE = re.compile(r"^CONF_(POSITIVE|NEGATIVE)\((\w+), (\w+)\)\n\{\n(.*?)^\}", re.M | re.S)
# NULL in place of these may be told before the driver asks whether it is initialised.
OBJECTS = {"CUevent": "HANDLE", "CUfunction": "HANDLE", "CUkernel": "HANDLE",
           "CUlibrary": "HANDLE", "CUmodule": "HANDLE", "CUlinkState": "HANDLE",
           "CUcontext": "VALUE", "CUgraph": "VALUE", "CUgraphExec": "VALUE",
           "CUgraphNode": "VALUE", "CUuserObject": "VALUE"}
SAMPLES = {
    "CUcontext": "made_context()", "CUdevice": "0", "CUdeviceptr": "conf_memory(4096)",
    "CUevent": "made_event()", "CUfunction": 'conf_kernel("noop")',
    "CUkernel": 'conf_library_kernel("noop")', "CUlibrary": "conf_library()",
    "CUlinkState": "made_link()", "CUmemoryPool": "made_pool()", "CUmodule": "conf_module()",
    "CUstream": "NULL", "const char *": '"noop"', "const CUlaunchConfig *": "made_config()",
    "const CUmemAllocationProp *": "made_memory_prop()", "const CUmemPoolProps *":
    "made_pool_props()", "size_t": "16", "unsigned int": "1", "int": "1", "float": "0",
    "CUoccupancyB2DSize": "NULL", "CUjit_option *": "NULL", "void **": "NULL",
}
PLAIN_KINDS = {"value", "out", "bytes_in", "hostptr", "user"}
HEAD = '#include "test/conformance/made.h"\n'


def hand_written(directory):
    """(symbol, name, body) of every negative case."""
    for path in sorted(Path(directory).glob("cases_*.c")):
        for kind, symbol, name, body in CASE.findall(path.read_text()):
            if kind == "NEGATIVE":
                yield symbol, name, body


def arguments_of(symbol, body):
    """The argument texts of each use of the symbol in a body."""
    for match in re.finditer(rf"\b{symbol}\(", body):
        depth, start, found = 1, match.end(), []
        for i in range(match.end(), len(body)):
            depth += (body[i] in "([{") - (body[i] in ")]}")
            if depth == 0 or (depth == 1 and body[i] == ","):
                found.append(body[start:i].strip())
                start = i + 1
            if depth == 0:
                yield found
                break


def asked(directory):
    """({symbol: asked before cuInit}, {(symbol, argument index) given as NULL})."""
    before, null = set(), set()
    for symbol, name, body in hand_written(directory):
        if "before_init" in name:
            before.add(symbol)
        for found in arguments_of(symbol, body):
            null.update((symbol, i) for i, text in enumerate(found) if text == "NULL")
    return before, null


def lines_of(call, name, steps):
    return f"\nCONF_NEGATIVE({call.name}, {name})\n{{\n" + "".join(steps) + "}\n"


def expect(call, args, codes):
    macro = "CONF_RESULT" if len(codes) == 1 else "CONF_EITHER"
    answers = ["CUDA_ERROR_" + code for code in codes]
    return wrap(macro, [f"{call.name}({', '.join(args)})"] + answers, ";\n", 4)


# Before cuInit: nothing exists, so handles are NULL and memory is the case's own.

def blank(arg):
    if arg.kind in ("string", "image"):
        return "conf_ptx()"
    if arg.kind in ("value", "devptr"):
        enum = arg.type.startswith("CU") and arg.type not in SAMPLES
        return f"({arg.type})0" if enum else "16"
    return "NULL" if arg.kind in ("handle", "callback") else "made_scratch"


def before_init(call):
    codes = call.before_init or ["NOT_INITIALIZED"]
    objects = {OBJECTS[a.type] for a in call.args if a.type in OBJECTS}
    if not call.before_init and objects:
        codes = ["NOT_INITIALIZED", "INVALID_" + sorted(objects)[0]]
    if codes == ["SUCCESS"]:
        return ""
    return lines_of(call, "not_initialised", [expect(call, [blank(a) for a in call.args], codes)])


# NULL outputs

def sample(arg):
    """A good value for an argument, or None."""
    if arg.kind == "image":
        return "conf_ptx()"
    if arg.type in SAMPLES and not (arg.kind in OUTPUTS and arg.type == "void **"):
        return SAMPLES[arg.type]
    if arg.kind == "value":
        return f"({arg.type})1"
    return "made_scratch" if arg.kind in PLAIN_KINDS | OUTPUTS | {"inout"} else None


def null_outputs(call, null):
    out = ""
    samples = [sample(a) for a in call.args]
    for i, arg in enumerate(call.args):
        skip = arg.name in call.optional or (call.name, i) in null
        others = samples[:i] + ["NULL"] + samples[i + 1:]
        if arg.kind not in OUTPUTS | {"inout"} or skip or None in others:
            continue
        steps = ["    made_start();\n", expect(call, others, ["INVALID_VALUE"])]
        out += lines_of(call, f"null_{arg.name}", steps)
    return out


def emit(calls, directory):
    files = {}
    before, null = asked(directory)
    for call in calls:
        if not call.implemented or call.alias_of:
            continue
        text = "" if call.name in before else before_init(call)
        text += null_outputs(call, null)
        name = f"made_{call.family}.c"
        files[name] = files.get(name, banner("Apache-2.0") + HEAD) + text
    return files
