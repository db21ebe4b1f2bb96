# SPDX-License-Identifier: Apache-2.0
"""The call table: reads proto/api/*.py and limits.h into Call objects.

A table file is data: one assignment `CALLS = [...]` of plain literals.  It is parsed,
never executed, so every complaint can name file and line.
"""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

CLASSES = ("local", "one_way", "round_trip", "upcall", "unsupported")
KEYS = {
    "name", "base", "since", "variants", "also", "alias_of", "class", "guest", "host",
    "blocking", "capture", "driver", "driver_older", "args", "wire", "via", "ret_on_error",
    "positives", "positives_why", "negatives", "negatives_why", "before_init", "optional", "doc",
}


class TableError(Exception):
    """A mistake in the table; its text is what the maintainer reads."""


@dataclass
class Arg:
    """One C argument: kind, declaration as written, bound of what it points to."""
    kind: str
    decl: str
    bound: str = ""
    name: str = ""
    type: str = ""


@dataclass
class Field:
    """One field of an operation on the wire; `handle` is the kind of a handle."""
    kind: str
    name: str
    bound: str = ""
    handle: str = ""
    new: bool = False
    offset: int = 0


@dataclass
class Call:
    """One entry of the table."""
    name: str
    where: str
    family: str
    raw: dict
    base: str = ""
    since: int = 0
    variants: list = field(default_factory=list)
    also: list = field(default_factory=list)
    alias_of: str = ""
    cls: str = ""
    guest: str = "manual"
    host: str = "none"
    blocking: bool = False
    capture: str = ""
    driver: str = ""
    driver_older: str = ""
    args: list = None
    via: list = field(default_factory=list)
    ret_on_error: bool = False
    before_init: list = field(default_factory=list)
    optional: list = field(default_factory=list)
    doc: str = ""
    wire_args: list = None
    wire_ret: list = None

    @property
    def internal(self):
        return self.name.startswith("vgpu")

    @property
    def implemented(self):
        return not self.internal and self.cls != "unsupported"

    @property
    def is_operation(self):
        return self.host != "none" or self.is_upcall

    @property
    def is_upcall(self):
        """Goes from the worker to the guest, unasked."""
        return self.cls == "upcall"


def split_declaration(decl):
    """'CUdeviceptr *dptr' -> ('CUdeviceptr *', 'dptr')."""
    match = re.fullmatch(r"(.*?)(\w+)", decl.strip())
    if not match or not match.group(1).strip():
        return "", decl
    return match.group(1).strip(), match.group(2)


def make_arg(item):
    arg = Arg(item[0], item[1], item[2] if len(item) > 2 else "")
    arg.type, arg.name = split_declaration(arg.decl)
    return arg


def make_field(item):
    kind, _, handle = item[0].partition(":")
    result = Field(kind, item[1], item[2] if len(item) > 2 else "", handle)
    if kind == "new":
        result.kind, result.new = "handle", True
    return result


def make_call(raw, where, family):
    unknown = sorted(set(raw) - KEYS)
    if unknown:
        raise TableError(f"{where}: unknown key '{unknown[0]}'")
    for key in ("name", "class"):
        if key not in raw:
            raise TableError(f"{where}: entry without '{key}'")
    call = Call(raw["name"], where, family, raw, cls=raw["class"])
    for key in ("base", "since", "variants", "also", "alias_of", "guest", "host",
                "blocking", "capture", "driver", "driver_older", "via", "ret_on_error",
                "before_init", "optional", "doc"):
        if key in raw:
            setattr(call, key, raw[key])
    if "args" in raw:
        call.args = [make_arg(item) for item in raw["args"]]
    if "wire" in raw:
        call.wire_args = [make_field(item) for item in raw["wire"]["args"]]
        call.wire_ret = [make_field(item) for item in raw["wire"]["ret"]]
    return call


def load_file(path):
    tree = ast.parse(path.read_text(), filename=str(path))
    nodes = [n for n in tree.body if isinstance(n, ast.Assign)]
    others = [n for n in tree.body if not isinstance(n, (ast.Assign, ast.Expr))]
    if len(nodes) != 1 or others or nodes[0].targets[0].id != "CALLS":
        raise TableError(f"{path.name}: a table file is one assignment CALLS = [...]")
    calls = []
    for node in nodes[0].value.elts:
        where = f"{path.name}:{node.lineno}"
        try:
            raw = ast.literal_eval(node)
        except ValueError:
            raise TableError(f"{where}: not a plain literal") from None
        calls.append(make_call(raw, where, path.stem))
    return calls


def load(where):
    """Every call of one table file, or of a folder of them, by file name and line."""
    calls, where = [], Path(where)
    for path in sorted(where.glob("*.py")) if where.is_dir() else [where]:
        calls.extend(load_file(path))
    return calls


def load_limits(path):
    """Names and values of limits.h."""
    limits = {}
    pattern = re.compile(r"^#define (VGPU_\w+) +(0x[0-9a-fA-F]+|[0-9]+)(?:u|ull)?$", re.M)
    for match in pattern.finditer(Path(path).read_text()):
        limits[match.group(1)] = int(match.group(2), 0)
    return limits
