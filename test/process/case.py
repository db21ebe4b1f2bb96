# SPDX-License-Identifier: Apache-2.0
"""unittest with a stack: one for a class of tests, checked for leaks after every test."""

import unittest

from stack import PATIENCE_S, Stack, needed, wait_for

GUEST = "vgpu-process-guest"


class StackCase(unittest.TestCase):
    """Tests share one stack; each must leave it as it was."""

    settings = {}
    vms = ()
    gpus = 1
    stack = None
    baseline = None

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(settings=cls.settings, vms=cls.vms, gpus=cls.gpus)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.close)
        cls.baseline = cls.stack.steady_usage()

    def setUp(self):
        self.stack.settle(self.baseline)

    def tearDown(self):
        self.doCleanups()
        for guest in list(self.stack.guests):
            self.stack.drop(guest)
        try:
            self.assertIsNone(self.stack.broker.poll(), "the broker ended")
            self.stack.settle(self.baseline)
        except Exception:
            self.stack.show_log()
            raise

    def assert_session_passes(self):
        result = self.stack.run(GUEST, "session")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.out, "passed\n")

    def assert_ends(self, guest):
        """A raw guest (wire.py) sees its socket close."""
        self.assertTrue(guest.wait_end(PATIENCE_S), "the broker keeps the socket open")


def main():
    needed("broker/vgpu-broker", "executor/vgpu-executor", "test/process/vgpu-process-guest",
           "guest/libcuda/libcuda.so.1")
    unittest.main(verbosity=2, failfast=False)


__all__ = ["GUEST", "PATIENCE_S", "Stack", "StackCase", "main", "wait_for"]
