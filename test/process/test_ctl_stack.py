#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpuctl with a running stack: self-test local, hop by hop."""

import json
import os
import subprocess
import unittest

from ctl_case import CTL, FAILED
from stack import PATIENCE_S, Stack, build_folder, needed

HOPS = ["connect", "grant", "library", "welcome", "worker", "module", "copy", "launch", "result",
        "close"]
LIBRARY = build_folder() / "guest/libcuda"


class SelfTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.close)

    def ctl(self, *words, status=0, path=None):
        run = subprocess.run([CTL, "--socket", path or self.stack.socket, *words], text=True,
                             capture_output=True, timeout=4 * PATIENCE_S, check=False,
                             env={**os.environ, "VGPU_LOG_TARGET": "stderr"})
        self.assertEqual(run.returncode, status, (run.stdout, run.stderr))
        return run

    def test_every_hop_with_its_time(self):
        before = self.stack.steady_usage()
        told = json.loads(self.ctl("--json", "self-test", "local").stdout)
        self.assertEqual([hop["name"] for hop in told["hops"]], HOPS)
        self.assertTrue(told["passed"])
        self.assertTrue(all(hop["passed"] and hop["ns"] > 0 for hop in told["hops"]))
        self.stack.settle(before)

    def test_the_table(self):
        out = self.ctl("self-test").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in out], HOPS + ["passed"])
        self.assertIn("vgpu simulator", out[3])
        self.assertIn("numbers are right", out[8])

    def test_library_elsewhere(self):
        self.ctl("--library", LIBRARY, "self-test")
        run = self.ctl("--library", "/nonexistent", "self-test", status=FAILED)
        self.assertIn("library failed: /nonexistent/libcuda.so.1 cannot be loaded", run.stderr)

    def test_no_socket(self):
        run = self.ctl("self-test", path="/nonexistent/x.sock", status=FAILED)
        self.assertIn("connect failed: /nonexistent/x.sock: No such file or directory: systemctl "
                      "start vgpu-broker", run.stderr)

    def test_a_socket_that_is_not_for_guests(self):
        run = self.ctl("self-test", path=self.stack.executor_socket, status=FAILED)
        self.assertIn("grant failed", run.stderr)


if __name__ == "__main__":
    needed("ctl/vgpuctl", "broker/vgpu-broker", "guest/libcuda/libcuda.so.1")
    unittest.main(verbosity=2)
