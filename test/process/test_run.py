#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test/harness/run.sh, which ./dev run uses: output and exit status are the program's."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import procfs
from case import GUEST, PATIENCE_S, main, wait_for
from stack import become_subreaper, build_folder

RUN = Path(__file__).resolve().parents[1] / "harness/run.sh"


class Run(unittest.TestCase):
    def setUp(self):
        become_subreaper()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o755)

    def run_program(self, *command):
        return subprocess.run([RUN, "--build", build_folder(), "--driver", "sim", "--", *command],
                              env={**os.environ, "TMPDIR": str(self.folder)}, text=True,
                              input="from standard input", capture_output=True,
                              timeout=2 * PATIENCE_S, check=False)

    def tearDown(self):
        self.assertEqual(list(self.folder.iterdir()), [], "files are left")
        wait_for(self.nobody_left, "the end of every process")

    def nobody_left(self):
        for pid in procfs.children(os.getpid()):
            if procfs.stat(pid)[0] == "Z":
                os.waitpid(pid, 0)
        return not procfs.children(os.getpid())

    def test_output_and_status_pass_through(self):
        result = self.run_program("sh", "-c", "cat; echo; echo error >&2; exit 7")
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (7, "from standard input\n", "error\n"))

    def test_signal_becomes_128_and_its_number(self):
        self.assertEqual(self.run_program("sh", "-c", "kill -9 $$").returncode, 137)

    def test_program_that_is_not_there(self):
        self.assertEqual(self.run_program("/nonexistent/program").returncode, 127)

    def test_cuda_program(self):
        result = self.run_program(build_folder() / "test/process" / GUEST, "session")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "passed\n", ""))

    def test_no_program(self):
        result = subprocess.run([RUN], capture_output=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    if not RUN.exists():
        print(f"skipped: no {RUN}")
        sys.exit(77)
    main()
