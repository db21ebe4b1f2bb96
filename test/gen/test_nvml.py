#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of NVML calls: the coverage page is its, mistakes are refused, nothing is exported twice."""

import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "proto/nvml"
sys.path.insert(0, str(ROOT / "proto"))

from gen import nvml, table  # noqa: E402


class Page(unittest.TestCase):
    def test_the_page_is_the_tables(self):
        made = nvml.emit(TABLE)["nvml.md"]
        self.assertEqual((ROOT / "docs/specs/nvml.md").read_text(), made,
                         "copy build/generated/nvml.md to docs/specs/nvml.md")

    def test_every_symbol_is_on_it(self):
        files = nvml.emit(TABLE)
        listed = set(re.findall(r"^    (\w+);$", files["libnvidia-ml.map"], re.M))
        self.assertEqual(set(re.findall(r"`(nvml[A-Z]\w+)`", files["nvml.md"])) - {"nvmlInit"},
                         listed - {"nvmlInit"})
        self.assertGreater(len(listed), 380)


class Mistakes(unittest.TestCase):
    def refused(self, old, new):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(TABLE, folder, dirs_exist_ok=True)
            path = Path(folder, "implemented.py")
            text = path.read_text()
            self.assertIn(old, text)
            path.write_text(text.replace(old, new, 1))
            with self.assertRaises(table.TableError) as caught:
                nvml.emit(folder)
        return str(caught.exception)

    def test_each_is_refused(self):
        for old, new, what in (
                ('"state": "any", "args"', '"state": "some", "args"', "unknown state"),
                ('("pointer", "char *name")', '("text", "char *name")', "kind of argument"),
                ('"doc": "Its index."', '"doc": ""', "not documented"),
                ('"alias_of": "nvmlInit_v2"', '"alias_of": "nvmlInit_v9"', "no such call"),
                ('"name": "nvmlUnitGetCount"', '"name": "nvmlUnitGetDevices"', "twice"),
                ('"name": "nvmlUnitGetCount"', '"name": "nvmlInit_v2"', "twice"),
                ('"family": "devices",', '"famly": "devices",', "unknown keys")):
            with self.subTest(new):
                self.assertIn(what, self.refused(old, new))


if __name__ == "__main__":
    unittest.main()
