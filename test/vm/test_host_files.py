#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program of the host, not packed into the image, uses CUDA in a guest: share.py, ./dev run."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VGPU_BUILD", ROOT / "build/release")).resolve()
PROGRAM = ROOT / "test/frameworks/programs/driver.py"
SKIPPED = 77


class HostFiles(unittest.TestCase):
    def run_in_guest(self, *command):
        return subprocess.run(
            [ROOT / "test/harness/run.sh", "--build", BUILD, "--driver", "sim", "--vm",
             "--host-files", "--timeout", "150", "--", *command],
            capture_output=True, text=True, check=False, timeout=200)

    def test_python_by_ctypes(self):
        done = self.run_in_guest(sys.executable, "-B", str(PROGRAM))
        self.assertEqual(done.returncode, 0, done)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.assertIn({"result": "right", "value": True}, lines, done)
        self.assertIn({"done": True}, lines, done)

    def test_nothing_can_be_written_but_memory(self):
        done = self.run_in_guest("/bin/sh", "-c", f"echo > {ROOT}/written-by-a-guest; "
                                 "echo fine > /dev/shm/file && cat /dev/shm/file")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "fine"), done)
        self.assertFalse((ROOT / "written-by-a-guest").exists())


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: the daemon that shares files needs root")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
