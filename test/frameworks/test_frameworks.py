#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The comparison of two runs, and the runner on the simulator with programs that go wrong."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import catalogue  # noqa: E402
import execute  # noqa: E402
import libraries  # noqa: E402
import sides  # noqa: E402
import table  # noqa: E402
import verdict  # noqa: E402

BUILD = Path(os.environ.get("VGPU_BUILD", HERE.parents[1] / "build/release")).resolve()


def made_run(*lines, outcome="done", stats=()):
    return {"outcome": outcome, "lines": list(lines), "stats": list(stats)}


def result(name, **what):
    return {"result": name, **what}


class Comparison(unittest.TestCase):
    def judged(self, native, ours):
        return verdict.judge([made_run(native)], [made_run(ours)])

    def test_equal_values_and_bytes(self):
        for what in ({"value": [1, "a"]}, {"sha": "f", "bytes": 4}, {"near": 1.0, "rel": 0, "abs": 0}):
            self.assertEqual(self.judged(result("x", **what), result("x", **what))[0], "equal")

    def test_different_values(self):
        word, _, count, found = self.judged(result("x", value=1), result("x", value=2))
        self.assertEqual((word, count), ("different", 1))
        self.assertEqual(found["x"], "native 1, ours 2")

    def test_tolerance_is_native_s(self):
        near = {"rel": 0.1, "abs": 0.0}
        self.assertEqual(self.judged(result("x", near=1.0, **near),
                                     result("x", near=1.09, **near))[0], "equal")
        self.assertEqual(self.judged(result("x", near=1.0, **near),
                                     result("x", near=1.11, rel=9, abs=9))[0], "different")
        self.assertEqual(self.judged(result("x", near=[1.0, 2.0], **near),
                                     result("x", near=[1.0], **near))[0], "different")

    def test_nan_is_not_near_anything(self):
        near = {"rel": 0.1, "abs": 9.0}
        self.assertEqual(self.judged(result("x", near=1.0, **near),
                                     result("x", near=float("nan"), **near))[0], "different")

    def test_a_result_that_one_side_lacks(self):
        found = self.judged(result("x", value=1), result("y", value=1))[3]
        self.assertEqual(found, {"x": "not told through us", "y": "not told natively"})

    def test_names_may_repeat(self):
        native = made_run(result("x", value=1), result("x", value=2))
        ours = made_run(result("x", value=1), result("x", value=3))
        self.assertEqual(list(verdict.judge([native], [ours])[3]), ["x#2"])

    def test_bytes_say_how_far_apart(self):
        found = self.judged(result("x", sha="a", bytes=8, sum=10.0, size=10.0),
                            result("x", sha="b", bytes=8, sum=11.0, size=10.0))[3]
        self.assertEqual(found["x"], "bytes differ; sums 1.0e-01 apart, sizes 0.0e+00")

    def test_what_native_does_not_repeat_says_nothing(self):
        one, two = (made_run(result("x", value=n), result("y", value=n // 3)) for n in (1, 2))
        bad = made_run(result("x", value=3), result("y", value=3))
        self.assertEqual(list(verdict.judge([one], [two])[3]), ["x"])
        self.assertEqual(list(verdict.judge([one, two], [bad])[3]), ["y"])
        self.assertEqual(verdict.judge([one, two], [two])[0], "equal")
        self.assertEqual(list(verdict.unstable([one, two])), ["x"])

    def test_skips_and_failures(self):
        skip, bad = made_run(outcome="skipped: no torch"), made_run(outcome="failed: status 1")
        good = made_run()
        for native, ours, word in ((skip, skip, "skipped"), (good, skip, "failed"),
                                   (good, bad, "failed"), (bad, bad, "native failed")):
            self.assertEqual(verdict.judge([native], [ours])[0], word)
        self.assertEqual(verdict.judge([good], [])[0], "skipped")


class Figures(unittest.TestCase):
    def test_cost_of_an_operation_comes_from_the_counters_at_both_ends(self):
        def mark(at, waits):
            return {"pid": 7, "at": at, "round_trip": 0, "host_waits": waits, "one_way": 100,
                    "local": 0}

        run = made_run({"region": "a", "pid": 7, "operations": 10, "unit": "token"},
                       {"region": "b", "pid": 7, "operations": 2, "unit": "step"},
                       stats=[mark("start", 1), mark("stop", 21), mark("start", 30),
                              mark("stop", 34), mark("exit", 90)])
        self.assertEqual([(cost["unit"], cost["host_waits"]) for cost in verdict.regions(run)],
                         [("token", 2.0), ("step", 2.0)])

    def test_a_row_without_a_busy_gpu_does_not_count(self):
        row = verdict.ratio_row("gpt2_graph.tokens_per_s", "tokens/s", "higher", [100.0], [50.0], 12.0)
        self.assertEqual(table.figure_verdict(row), ("does not count: GPU 12 % busy", False))
        self.assertTrue(table.figure_verdict({**row, "busy": 80.0})[1])
        self.assertFalse(table.figure_verdict({**row, "busy": 80.0, "ratio": 0.95})[1])


class Pieces(unittest.TestCase):
    def test_every_program_is_there(self):
        programs = catalogue.everything(Path("/nowhere"))
        self.assertEqual(len({p.name for p in programs}), len(programs))
        for program in programs:
            file = (HERE / "libraries" / f"{program.name}.c" if program.check == "libraries"
                    else Path(program.command[2]))
            self.assertTrue(file.is_file(), file)
        self.assertEqual(sorted(f.stem for f in (HERE / "libraries").glob("*.c")),
                         sorted(libraries.WANTED))

    def test_native_s_environment_does_not_lead_to_us(self):
        found = sides.clean({"LD_LIBRARY_PATH": f"{BUILD}/guest/libcuda:/usr/lib/x",
                             "VGPU_SOCKET": "/x", "HOME": "/root"}, BUILD)
        self.assertEqual(found, {"LD_LIBRARY_PATH": "/usr/lib/x", "HOME": "/root"})

    def test_the_line_that_says_why(self):
        self.assertEqual(execute.last_words(["Traceback", "RuntimeError: CUDA error", "  note"]),
                         "RuntimeError: CUDA error")


class OnTheSimulator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.done = subprocess.run(
            [HERE / "run", "--build", BUILD, "--driver", "sim", "--results", folder.name,
             "--checks", "driver,faults", "--jobs", "2"],
            capture_output=True, text=True, check=False, timeout=120)
        with open(f"{folder.name}/frameworks.json", encoding="utf-8") as file:
            cls.rows = {row["name"]: row for row in json.load(file)["programs"]}

    def test_each_program_s_verdict(self):
        self.assertEqual({name: row["verdict"] for name, row in self.rows.items()},
                         {"driver": "equal", "driver_timed": "equal", "driver_fail": "failed",
                          "driver_differ": "different", "driver_hang": "failed"}, self.done)
        self.assertEqual(self.done.returncode, 1)

    def test_reasons_are_kept(self):
        self.assertEqual(list(self.rows["driver_differ"]["differences"]), ["side", "number"])
        self.assertIn("an error that was asked for", self.rows["driver_fail"]["reason"])
        self.assertIn("took longer than 4 s", self.rows["driver_hang"]["reason"])

    def test_speed_is_compared_in_turns(self):
        row = self.rows["driver_timed"]
        self.assertEqual([run["side"] for run in row["runs"]], ["native", "vgpu", "vgpu", "native"])
        self.assertEqual(len(row["figures"]), 1)
        cost, = row["regions"]
        self.assertEqual((cost["unit"], cost["one_way"] >= 1.0), ("launch", True), cost)
        self.assertLess(cost["round_trip"], 1.0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
