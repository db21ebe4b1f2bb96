#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpu-conformance refuses what it cannot do before it runs a case:  test_words.py PROGRAM."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = sys.argv.pop(1)
REFUSED = 2


class Words(unittest.TestCase):
    def refused(self, said, *words):
        run = subprocess.run([PROGRAM, *words], text=True, capture_output=True, check=False)
        self.assertEqual((run.returncode, run.stdout), (REFUSED, ""), words)
        self.assertIn(said, run.stderr)

    def test_numbers(self):
        for option, wrong in (("--jobs", ("x", "0", "-1", "", "1x", "4294967296")),
                              ("--seconds", ("x", "-1", "", " 1", "99999999999999999999"))):
            for value in wrong:
                self.refused(f"{option} {value}: a number", option, value)

    def test_files(self):
        for option in ("--skipping", "--values", "--json", "--write-values", "--cases"):
            self.refused("/no/where", option, "/no/where")
        self.refused("/no/where", "--compare", "/no/where", "/no/other")

    def test_results_of_another_run_stay(self):
        with tempfile.TemporaryDirectory() as folder:
            old = Path(folder, "old.json")
            old.write_text("old")
            self.refused("/no/where", "--json", str(old), "--write-values", "/no/where")
            self.assertEqual(old.read_text(), "old")

    def test_files_to_compare(self):
        with tempfile.TemporaryDirectory() as folder:
            empty, none, one = (Path(folder, name) for name in ("empty", "none.json", "one.json"))
            empty.write_text("")
            none.write_text('{"driver": "native", "cases": [\n]}\n')
            one.write_text('{"driver": "vgpu", "cases": [\n'
                           '{"call": "cuInit", "kind": "ours", "name": "again", "result": "pass", '
                           '"why": "", "transcript": "0"}\n]}\n')
            self.refused(str(empty), "--compare", str(empty), str(one))
            run = subprocess.run([PROGRAM, "--compare", str(none), str(one)], text=True,
                                 capture_output=True, check=False)
            self.assertEqual(run.returncode, 0, run)

    def test_a_filter_without_cases(self):
        self.refused("no case matches cuNothing.*", "--filter", "cuNothing.*")

    def test_words(self):
        self.refused("usage: ", "--frob")
        self.refused("usage: ", "word")


if __name__ == "__main__":
    unittest.main(verbosity=2)
