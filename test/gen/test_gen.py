#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generator: every bad table is refused with its message (a comment in it), the golden
one gives the golden output, the real one is complete, and what is unchanged is not written.

    test_gen.py --accept    takes today's output as the golden one: read the difference
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BAD = ROOT / "test/gen/bad"
GOLDEN = ROOT / "test/gen/golden"


def run(*options, api=ROOT / "proto/api"):
    command = [sys.executable, "-B", "-m", "gen", "--api", str(api),
               "--limits", str(ROOT / "proto/limits.h"), *map(str, options)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT / "proto")},
                          capture_output=True, text=True, check=False)


class BadTables(unittest.TestCase):
    def test_each_is_refused_with_its_message(self):
        tables = sorted(BAD.glob("*.py"))
        self.assertGreater(len(tables), 10)
        for table in tables:
            with self.subTest(table.name):
                wanted = re.search(r"^# expect: (.*)$", table.read_text(), re.M).group(1)
                result = run("--check", "--conformance", BAD, api=table)
                self.assertEqual(result.stderr.strip(), wanted)
                self.assertEqual(result.returncode, 1)


# (base, version) -> symbol: calls whose form depends on the version asked for.
FORMS = {
    ("cuCtxGetDevice", 2000): "cuCtxGetDevice",
    ("cuCtxGetDevice", 13000): "cuCtxGetDevice_v2",
    ("cuCtxSynchronize", 13000): "cuCtxSynchronize_v2",
    ("cuCtxCreate", 11040): "cuCtxCreate_v3",
    ("cuDevicePrimaryCtxRelease", 7000): "cuDevicePrimaryCtxRelease",
    ("cuEventElapsedTime", 12080): "cuEventElapsedTime_v2",
    ("cuGetProcAddress", 11030): "cuGetProcAddress",
    ("cuGetProcAddress", 12000): "cuGetProcAddress_v2",
    ("cuGraphInstantiate", 11000): "cuGraphInstantiate_v2",
    ("cuGraphInstantiate", 12000): "cuGraphInstantiateWithFlags",
    ("cuMemAlloc", 2000): "cuMemAlloc",
    ("cuMemAlloc", 3020): "cuMemAlloc_v2",
    ("cuMemPrefetchAsync", 12020): "cuMemPrefetchAsync_v2",
    ("cuMemcpyBatchAsync", 13000): "cuMemcpyBatchAsync_v2",
    ("cuStreamBeginCapture", 10010): "cuStreamBeginCapture_v2",
    ("cuStreamGetCaptureInfo", 12030): "cuStreamGetCaptureInfo_v3",
}


def golden_files():
    return sorted(p for p in GOLDEN.iterdir() if p.is_file())


class GoldenTable(unittest.TestCase):
    def test_output_is_the_golden_one(self):
        self.assertGreater(len(golden_files()), 5)
        with tempfile.TemporaryDirectory() as out:
            self.assertEqual(run("--out", out, api=GOLDEN / "api").stderr, "")
            for path in golden_files():
                with self.subTest(path.name):
                    self.assertEqual((Path(out) / path.name).read_text(), path.read_text())


class MadeCases(unittest.TestCase):
    """GOLDEN/cases has hand-written cases that leave some out, and what is made of the rest."""

    def test_output_is_the_golden_one(self):
        cases = GOLDEN / "cases"
        with tempfile.TemporaryDirectory() as out:
            result = run("--conformance", cases, "--cases", out, api=GOLDEN / "api")
            self.assertEqual(result.stderr, "")
            self.assertEqual((Path(out) / "made_calls.c").read_text(),
                             (cases / "made_calls.c").read_text())


class RealTable(unittest.TestCase):
    def test_it_is_good_and_complete(self):
        self.assertEqual(run("--check").stderr, "")
        with tempfile.TemporaryDirectory() as out:
            self.assertEqual(run("--out", out).returncode, 0)
            symbols = re.findall(r"^    (cu\w+);$", (Path(out) / "libcuda.map").read_text(), re.M)
        self.assertEqual(len(symbols), 637)
        self.assertEqual(len(set(symbols)), 637)

    def test_procedure_rows_know_the_forms_that_programs_ask_for(self):
        with tempfile.TemporaryDirectory() as out:
            run("--out", out)
            text = (Path(out) / "gs_proc_rows.c").read_text()
        rows = re.findall(r'\{"(\w+)", (\d+), (\d+), \(void \*\)(\w+), (?:\(void \*\))?(\w+)\}', text)
        keys = [(base, int(since)) for base, since, *_ in rows]
        self.assertEqual(keys, sorted(set(keys)))
        symbols = {(base, int(since)): symbol for base, since, _, symbol, _ in rows}
        for key, symbol in FORMS.items():
            self.assertEqual(symbols[key], symbol)

    def test_list_names_what_is_written(self):
        with tempfile.TemporaryDirectory() as out:
            run("--out", out)
            written = sorted(str(p.relative_to(out)) for p in Path(out).rglob("*") if p.is_file())
        self.assertEqual(run("--list").stdout.split(), written)

    def test_unchanged_table_touches_no_file(self):
        with tempfile.TemporaryDirectory() as out:
            run("--out", out)
            for path in Path(out).rglob("*"):
                os.utime(path, (1, 1))
            run("--out", out)
            touched = [p for p in Path(out).rglob("*") if p.is_file() and p.stat().st_mtime != 1]
        self.assertEqual(touched, [])

    def test_generated_c_is_readable(self):
        with tempfile.TemporaryDirectory() as out:
            run("--out", out)
            for path in Path(out).glob("*.[ch]"):
                lines = path.read_text().split("\n")
                # Headers have a prototype for each of the 637 symbols.
                self.assertLessEqual(len(lines), 600 if path.suffix == ".c" else 1500, path.name)

    def test_committed_coverage_page_is_current(self):
        with tempfile.TemporaryDirectory() as out:
            run("--out", out)
            made = (Path(out) / "calls.md").read_text()
        committed = ROOT / "docs/specs/calls.md"
        self.assertEqual(committed.read_text(), made,
                         "copy build/generated/calls.md to docs/specs/calls.md")


def accept():
    with tempfile.TemporaryDirectory() as out:
        run("--out", out, api=GOLDEN / "api")
        for path in golden_files():
            path.write_text((Path(out) / path.name).read_text())
        run("--conformance", GOLDEN / "cases", "--cases", GOLDEN / "cases", api=GOLDEN / "api")


if __name__ == "__main__":
    if sys.argv[1:] == ["--accept"]:
        accept()
    else:
        unittest.main()
