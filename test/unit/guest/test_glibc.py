#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the guest's files want of the system: glibc 2.17, nothing else, from nowhere in particular.

usage: test_glibc.py MAKE_STUBS FILE..."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

OLDEST = (2, 17)
LIBRARIES = {"libc.so.6", "libpthread.so.0", "libdl.so.2"}
FILES = []
MAKE_STUBS = None


def said_by(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class Files(unittest.TestCase):
    def test_no_symbol_is_younger(self):
        for path in FILES:
            wanted = set(re.findall(r"\bGLIBC_([\d.]+)", said_by("objdump", "-T", path)))
            self.assertTrue(wanted, path)
            for version in wanted:
                self.assertLessEqual(tuple(map(int, version.split("."))), OLDEST, f"{path}: {version}")

    def test_nothing_but_libc(self):
        for path in FILES:
            dynamic = said_by("readelf", "-d", path)
            needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
            self.assertIn("libc.so.6", needed, path)
            self.assertLessEqual(needed, LIBRARIES, path)
            self.assertNotRegex(dynamic, r"\((RPATH|RUNPATH|RELR)\)")


class Symbols(unittest.TestCase):
    def make(self, text):
        """What make_stubs.py says of a list, and the files that it made."""
        with tempfile.TemporaryDirectory() as folder:
            symbols = Path(folder, "symbols.txt")
            symbols.write_text(text)
            out = Path(folder, "out")
            run = subprocess.run([sys.executable, "-B", MAKE_STUBS, symbols, out], capture_output=True,
                                 text=True, check=False)
            files = {p.name: p.read_text() for p in out.iterdir()} if out.exists() else {}
            return run, files

    def test_a_list(self):
        run, files = self.make("# words\n\nliba.so.6 GLIBC_2.2.5 f o:8\nliba.so.6 GLIBC_2.3 p=o\n")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(files["liba.map"], "GLIBC_2.2.5 { global: f; o; };\nGLIBC_2.3 { global: p; local: *; };\n")
        self.assertEqual(files["liba.c"].count("\n"), 3)

    def test_what_it_may_not_say(self):
        for text, words in (("liba.so.6 GLIBC_2.3\n", ":1: not 'SONAME"),
                            ("\nliba.so.6 2.3 f\n", ":2: not 'SONAME"),
                            ("a.so GLIBC_2.3 f\nb.so GLIBC_2.4 f:8\n", ":2: f stands in line 1 already")):
            run, files = self.make(text)
            self.assertEqual((run.returncode, files), (1, {}))
            self.assertIn(words, run.stderr)
            self.assertNotIn("Traceback", run.stderr)


if __name__ == "__main__":
    MAKE_STUBS, FILES = sys.argv[1], sys.argv[2:]
    if not FILES:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1], verbosity=2)
