#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/specs/wire.md says what the code does: hex examples, limits, messages, operations."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "proto"), str(ROOT / "test/gen")]

from gen import check, table, wire  # noqa: E402
import wire_doc  # noqa: E402

PAGE = (ROOT / "docs/specs/wire.md").read_text()
LIMITS = table.load_limits(ROOT / "proto/limits.h")
SCHEMA = wire_doc.load_schema((ROOT / "proto/vgpu.proto").read_text())
CALLS = table.load(ROOT / "proto/api")
check.check(CALLS, LIMITS)


def show(kind, data):
    if kind == "frame":
        return wire_doc.show_frame(SCHEMA, data)
    return wire_doc.show_record(CALLS, LIMITS, data, kind == "answer")


class Examples(unittest.TestCase):
    def test_each_decodes_to_its_text(self):
        blocks = wire_doc.BLOCK.findall(PAGE)
        self.assertEqual(len(blocks), PAGE.count("```hex"))
        self.assertGreaterEqual(len(blocks), 6)
        for kind, text, digits in blocks:
            with self.subTest(text):
                self.assertEqual(show(kind, bytes.fromhex(digits)), text)


class Tables(unittest.TestCase):
    def test_limits_are_those_of_the_header(self):
        rows = re.findall(r"^\| `(VGPU_\w+)` \| ([0-9,]+) \|", PAGE, re.M)
        page = {name: int(value.replace(",", "")) for name, value in rows}
        self.assertEqual(page, LIMITS)

    def test_every_message_has_a_row(self):
        rows = set(re.findall(r"^\| `(\w+)` \| (?:broker|guest|worker|supervisor|probe|device|tool|hostd)", PAGE, re.M))
        messages = set(SCHEMA) - {"Frame", "DeviceFacts"}
        self.assertEqual(rows, messages)

    def test_every_operation_has_a_row_with_its_fields(self):
        rows = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*→[^|]*) \|$", PAGE, re.M))
        for call in wire.operations(CALLS):
            def text(fields):
                return ", ".join(wire.field_text(f, {**LIMITS}) for f in fields)
            want = f"{text(call.wire_args)} → {text(call.wire_ret)}".strip()
            self.assertEqual(rows.get(call.name), want,
                             f"docs/specs/wire.md wants the row of {call.name}: {want}")
        self.assertEqual(set(rows), {c.name for c in wire.operations(CALLS)})


if __name__ == "__main__":
    unittest.main()
