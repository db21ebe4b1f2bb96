#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Older drivers on the host: what they lack is refused by name, everything else works."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from case import PATIENCE_S, StackCase, main
from stack import build_folder

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "proto"))
from gen import table  # noqa: E402  (proto/ is no package of this folder)

API = Path(__file__).resolve().parents[2] / "proto/api"
PROGRAMS = ("vectoradd", "saxpy", "matmul", "reduce", "pipeline", "threads")
SUITE = build_folder() / "test/conformance/vgpu-conformance"
# Of the suite only every so manieth case, for builds in which a process takes long to start.
ONE_IN = int(os.environ.get("VGPU_TEST_ONE_IN", "1"))
# Cases of these ask for the newest version themselves.
ASKS_FOR_NEWEST = re.compile(r"cuGetProcAddress(_v2)?\.")


def symbols():
    """(symbol, base, version that brought it) of every export."""
    for call in table.load(API):
        if not call.internal:
            yield call.name, call.base, call.since
            yield from ((name, call.base, since) for name, since in call.variants)


def older_driver(number):
    """For setUpClass: the simulator that the stack's workers load is of that version."""

    class Older:
        @classmethod
        def setUpClass(cls):
            os.environ["VGPU_SIM_VERSION"] = str(number)
            cls.addClassCleanup(os.environ.pop, "VGPU_SIM_VERSION")
            super().setUpClass()

        version = number

        def test_programs_that_need_nothing_newer_pass(self):
            for name in PROGRAMS:
                result = self.stack.run(f"vgpu-demo-{name}")
                self.assertEqual((result.status, result.err), (0, ""), result)
                self.assertIn("PASS", result.out)

        def test_every_call_that_came_later_is_refused(self):
            rows = list(symbols())
            guest = self.stack.start("vgpu-process-since")
            guest.process.stdin.write("".join(f"{name} {base} {since}\n"
                                              for name, base, since in rows).encode())
            guest.process.stdin.flush()
            result = guest.finish()
            newer = sum(since > self.version for _, _, since in rows)
            self.assertGreater(newer, 10)
            self.assertEqual(result.out, f"newer {newer} older {len(rows) - newer}\n")
            self.assertEqual(result.status, 0, result)

        def test_conformance_but_for_what_came_later(self):
            since = {name: version for name, _, version in symbols()}
            out = self.run_suite()
            failed = re.findall(r"^fail \w+ +(\w+)\.(\w+):", out, re.M)
            others = [f"{call}.{name}" for call, name in failed if since[call] <= self.version]
            self.assertEqual([case for case in others if not ASKS_FOR_NEWEST.match(case)], [], out)
            self.assertGreater(int(re.search(r"passed (\d+)", out).group(1)), 900 // ONE_IN, out)

        def run_suite(self):
            listed = subprocess.run([SUITE, "--list"], stdout=subprocess.PIPE, text=True, check=True)
            names = [line.split()[1] for line in listed.stdout.splitlines()][::ONE_IN]
            with tempfile.NamedTemporaryFile("w", prefix="vgpu-cases-") as chosen:
                chosen.write("\n".join(names) + "\n")
                chosen.flush()
                guest = self.stack.start(SUITE, "--quiet", "--jobs", "2", "--cases", chosen.name)
                return guest.finish(4 * PATIENCE_S).out

    return Older


class Cuda124(older_driver(12040), StackCase):
    pass


class Cuda128(older_driver(12080), StackCase):
    pass


class TooOld(unittest.TestCase):
    def refusal(self, version):
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "vgpu.conf"
            config.write_text(f"[broker]\nexecutor_socket = {folder}/executor.sock\n")
            return subprocess.run([build_folder() / "executor/vgpu-executor", "--all", "--driver", "sim",
                                   "--config", config], capture_output=True, text=True,
                                  env={**os.environ, "VGPU_SIM_VERSION": str(version),
                                       "VGPU_LOG_TARGET": "stderr"}, timeout=PATIENCE_S,
                                  check=False)

    def test_start_fails_and_says_why(self):
        for version, name in ((12000, "12.0"), (12030, "12.3"), (11040, "11.4")):
            result = self.refusal(version)
            self.assertEqual(result.returncode, 1, result)
            self.assertRegex(result.stderr, f"libcuda-sim.* is of CUDA {name}; "
                                            "12.4 or later is needed", result)


if __name__ == "__main__":
    main()
