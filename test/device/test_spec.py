#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/specs/device.md, proto/device.h and these tests name the same numbers."""

import re
import unittest

import machine
from paths import ROOT

SPEC = (ROOT / "docs/specs/device.md").read_text(encoding="utf-8")
HEADER = (ROOT / "proto/device.h").read_text(encoding="utf-8")
DEFINE = re.compile(r"^#define VGPU_(\w+)\s+(0x[0-9a-f]+|\d+)u?(?:\s*/\* (\w+): .*)?", re.MULTILINE)
PHASE = re.compile(r"^    VGPU_CHANNEL_(\w+) = (\d+),", re.MULTILINE)
CHANNEL_REGISTERS = ("STATE", "CONTROL", "RESULT", "EPOCH")


def rows(heading):
    """The cells of the first table below a heading, without its own head."""
    section = SPEC.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]
            if not line.startswith("|---")]


def header():
    """{name: (value, access)} of every number in proto/device.h."""
    return {name: (int(value, 0), access) for name, value, access in DEFINE.findall(HEADER)}


class Registers(unittest.TestCase):
    """The table "Registers"."""

    @classmethod
    def setUpClass(cls):
        cls.table = {row[1]: (row[0], row[2], row[3]) for row in rows("Registers")}
        cls.header = header()

    def test_the_header_has_every_row_and_no_other(self):
        said = {"REG_" + name for name in self.table if name not in CHANNEL_REGISTERS}
        said -= {"REG_DOORBELL"}
        known = {name for name in self.header if name.startswith("REG_")} - {"REG_CHANNEL"}
        self.assertEqual(said, known)

    def test_offsets_and_access(self):
        for name, (offset, access, _) in self.table.items():
            if name in CHANNEL_REGISTERS or name == "DOORBELL":
                continue
            self.assertEqual(self.header["REG_" + name], (int(offset, 16), access), name)

    def test_channel_registers(self):
        base, stride = self.header["REG_CHANNEL"][0], self.header["CHANNEL_STRIDE"][0]
        for name in CHANNEL_REGISTERS:
            offset, access, _ = self.table[name]
            at, step = re.fullmatch(r"(0x[0-9a-f]+) \+ (\d+) n", offset).groups()
            self.assertEqual((int(at, 16), int(step)),
                             (base + self.header["CHANNEL_" + name][0], stride), name)
            self.assertEqual(access, self.header["CHANNEL_" + name][1], name)

    def test_doorbell(self):
        self.assertEqual(self.table["DOORBELL"][0], "0x1000 × (1 + n)")
        self.assertEqual(self.header["DEVICE_PAGE"][0], 0x1000)
        self.assertIn("#define VGPU_DEVICE_DOORBELL(n) (VGPU_DEVICE_PAGE * (1u + (n)))", HEADER)

    def test_values_at_reset(self):
        for name in ("MAGIC", "REVISION"):
            self.assertEqual(int(self.table[name][2], 16), self.header["DEVICE_" + name][0])

    def test_version_text_size(self):
        [row] = [row for row in rows("Registers") if row[1] == "VERSION_TEXT"]
        self.assertIn(f"{self.header['VERSION_TEXT_SIZE'][0]} bytes", row[4])

    def test_status_bits(self):
        [row] = [row for row in rows("Registers") if row[1] == "STATUS"]
        bits = re.findall(r"bit (\d) ([A-Z]+)", row[4])
        self.assertEqual({name: 1 << int(bit) for bit, name in bits},
                         {name.removeprefix("STATUS_"): value
                          for name, (value, _) in self.header.items() if name.startswith("STATUS_")})

    def test_commands(self):
        [row] = [row for row in rows("Registers") if row[1] == "CONTROL"]
        for word in ("OPEN", "CLOSE"):
            self.assertIn(f"{self.header['CONTROL_' + word][0]} {word}", row[4])

    def test_the_tests_use_these_offsets(self):
        for name, (offset, _, _) in self.table.items():
            if name in CHANNEL_REGISTERS:
                self.assertEqual(machine.register(0, getattr(machine, name)),
                                 int(offset.split()[0], 16))
            elif name != "DOORBELL":
                self.assertEqual(getattr(machine, name), int(offset, 16))

    def test_every_row_names_its_misuse(self):
        for row in rows("Registers"):
            self.assertEqual(len(row), 6, row)
            self.assertTrue(row[5], row)


class Channels(unittest.TestCase):
    """The table "Channels"."""

    def test_states(self):
        said = {row[1]: int(row[0]) for row in rows("Channels")}
        self.assertEqual(said, {name: int(value) for name, value in PHASE.findall(HEADER)})
        self.assertEqual(said, {name: getattr(machine, name) for name in said})


class Identity(unittest.TestCase):
    """The table "Identity"."""

    def test_numbers(self):
        table = dict(row[:2] for row in rows("Identity"))
        known = header()
        self.assertIn(f"{known['DEVICE_PCI_VENDOR'][0]:#x}, {known['DEVICE_PCI_DEVICE'][0]:#x}",
                      table["vendor, device"])
        self.assertIn(f"{known['DEVICE_PCI_CLASS'][0] << 8:#x}", table["class"])
        for bar in ("REGISTERS", "CHANNELS", "MSIX"):
            self.assertIn(f"BAR{known['DEVICE_BAR_' + bar][0]}", table)
        self.assertEqual((machine.VENDOR, machine.DEVICE),
                         (known["DEVICE_PCI_VENDOR"][0], known["DEVICE_PCI_DEVICE"][0]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
