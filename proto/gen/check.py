# SPDX-License-Identifier: Apache-2.0
"""Self-checks of the table.  Every one has a failing table in test/gen/bad."""

from . import wire
from .table import CLASSES, TableError

# Kinds of C arguments; those of the second set need a bound.
PLAIN = {"value", "handle", "devptr", "hostptr", "out", "inout", "struct_in", "callback",
         "user"}
BOUNDED = {"string", "text_out", "bytes_in", "bytes_out", "array_in", "array_out", "image",
           "params"}
OUTPUTS = {"out", "text_out", "bytes_out", "array_out"}


def fail(call, text):
    raise TableError(f"{call.where}: {call.name}: {text}")


def check_bound(call, arg, limits):
    if not arg.bound:
        fail(call, f"unbounded length: argument '{arg.name}' of kind '{arg.kind}'")
    names = {a.name: a for a in call.args}
    if arg.bound in names:
        if names[arg.bound].kind in OUTPUTS:
            fail(call, f"output used as input: '{arg.bound}' bounds '{arg.name}'")
    elif wire.bound_value(arg.bound, limits) is None:
        fail(call, f"unbounded length: '{arg.bound}' is no argument, limit or number")


def check_args(call, limits):
    for arg in call.args or []:
        if arg.kind not in PLAIN | BOUNDED:
            fail(call, f"unknown kind '{arg.kind}' of argument '{arg.decl}'")
        if not arg.type:
            fail(call, f"argument '{arg.decl}' is not a C declaration")
        if arg.kind in BOUNDED or arg.bound:
            check_bound(call, arg, limits)


def check_field(call, item, limits):
    if item.kind not in wire.SIZES:
        fail(call, f"unknown kind '{item.kind}' of field '{item.name}'")
    if item.kind == "handle" and item.handle not in wire.HANDLE_KINDS:
        fail(call, f"unknown kind of handle '{item.handle}' of field '{item.name}'")
    if item.kind == "bytes" and wire.bound_value(item.bound or "?", limits) is None:
        fail(call, f"unbounded length: field '{item.name}'")


def check_wire(call, limits):
    if not call.is_operation:
        if call.wire_args is not None:
            fail(call, "has a wire form and no host side")
        return
    if call.is_upcall and (call.host != "none" or not call.internal):
        fail(call, "an upcall is an operation of our own without a host side")
    if call.cls not in ("one_way", "round_trip", "upcall"):
        fail(call, f"class '{call.cls}' has no operation")
    if call.wire_args is None:
        wire.derive(call)
    outputs = {a.name for a in call.args or [] if a.kind in OUTPUTS}
    for item in call.wire_args + call.wire_ret:
        check_field(call, item, limits)
    for item in call.wire_args:
        if item.name in outputs and not item.new:
            fail(call, f"output used as input: '{item.name}'")
    if call.cls in ("one_way", "upcall") and call.wire_ret:
        fail(call, "a one-way operation has no results")
    for fields in (call.wire_args, call.wire_ret):
        if wire.body_max(fields, limits) > limits["VGPU_RECORD_BYTES_MAX"] - 24:
            fail(call, "does not fit a record")


def check_symbol(call, names):
    if call.cls not in CLASSES:
        fail(call, f"unknown class '{call.cls}'")
    if call.capture not in ("", "unsafe"):
        fail(call, f"unknown effect on captures '{call.capture}'")
    if call.cls != "unsupported" and not call.doc:
        fail(call, "undocumented")
    if call.internal:
        return
    if not call.base or not call.since:
        fail(call, "needs 'base' and 'since'")
    if call.implemented and call.args is None:
        fail(call, "implemented without 'args'")
    if call.cls in ("one_way", "round_trip") and not (call.is_operation or call.via or call.alias_of):
        fail(call, f"'{call.cls}' and no operation: it wants 'host', or 'via' names operations")
    for name in ([call.alias_of] if call.alias_of else []) + call.via:
        if name not in names:
            fail(call, f"alias of unknown base '{name}'" if name == call.alias_of
                 else f"goes by unknown operation '{name}'")
    for name in call.via:
        if not names[name].is_operation:
            fail(call, f"goes by unknown operation '{name}'")


def check_older(call, names):
    """What stands in for a call in older drivers takes the same arguments."""
    older = names.get(call.driver_older)
    if not call.driver_older:
        return
    if not call.driver or older is None or older.since >= call.since:
        fail(call, f"'{call.driver_older}' is no older form of a driver call")
    if [a.type for a in older.args or []] != [a.type for a in call.args]:
        fail(call, f"'{call.driver_older}' takes other arguments")


def check_unique(calls):
    seen = {}
    for call in calls:
        for name in [call.name] + [v[0] for v in call.variants]:
            if name in seen:
                fail(call, f"duplicate name '{name}', first in {seen[name]}")
            seen[name] = call.where
    rows = {}
    for call in calls:
        for base, since in [(call.base, call.since)] + list(call.also):
            if base and (base, since) in rows:
                fail(call, f"duplicate name: {base} version {since} is {rows[base, since]}")
            rows[base, since] = call.name


def check_ids(calls, limits, hash_function):
    ids = {}
    for call in wire.operations(calls):
        value = hash_function(call, limits)
        if value in ids:
            fail(call, f"id collision with {ids[value]}: {value:#010x}; rename a field")
        if value < wire.HASH_MIN:
            fail(call, f"id {value:#x} is reserved; rename a field")
        ids[value] = call.name


def check(calls, limits, hash_function=wire.operation_id):
    """Raises TableError at the first mistake."""
    check_unique(calls)
    names = {c.name: c for c in calls}
    for call in calls:
        check_args(call, limits)
        check_symbol(call, names)
        check_wire(call, limits)
        check_older(call, names)
    check_ids(calls, limits, hash_function)
