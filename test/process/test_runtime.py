#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs of NVIDIA's runtime, linked with it and loading it: how they begin and end."""

import os
import unittest

import procfs
from case import PATIENCE_S, Stack, StackCase, main

STATIC = "vgpu-process-runtime-static"
SHARED = "vgpu-process-runtime-shared"


class Runtime(StackCase):
    def assert_right(self, program, mode):
        result = self.stack.run(program, mode)
        self.assertEqual((result.status, result.out), (0, "right\n"), result)

    def opened(self):
        """Sessions that were given a worker so far."""
        return self.stack.log().count("session open session=")

    def test_sum(self):
        for program in (STATIC, SHARED):
            self.assert_right(program, "sum")

    def test_threads(self):
        self.assert_right(STATIC, "threads")

    def test_reset_gives_another_worker(self):
        for program in (STATIC, SHARED):
            self.assert_right(program, "reset")

    def test_a_program_that_begins_with_a_launch_has_one_worker(self):
        before = self.opened()
        self.assert_right(STATIC, "launch")
        self.assertEqual(self.opened() - before, 1)

    def hold(self):
        guest = self.stack.start(STATIC, "hold")
        guest.wait_line("ready")
        return guest

    def test_the_end_of_the_worker(self):
        guest = self.hold()
        for worker in self.stack.workers():
            procfs.kill_and_wait(worker, PATIENCE_S)
        result = guest.finish()
        self.assertEqual((result.status, result.out.split()[-1]), (1, "cudaErrorLaunchFailure"),
                         result)

    def test_the_end_of_the_program(self):
        result = self.hold().finish()
        self.assertEqual((result.status, result.out), (0, "ready\nright\n"), result)


    def test_the_end_of_the_broker(self):
        with Stack() as stack:
            guest = stack.start(STATIC, "hold")
            guest.wait_line("ready")
            stack.broker.kill()
            stack.broker.wait()
            result = guest.finish()
        self.assertEqual((result.status, result.out.split()[-1]), (1, "cudaErrorLaunchFailure"),
                         result)


class OlderDriver(StackCase):
    """A host whose driver is older than the runtime."""

    @classmethod
    def setUpClass(cls):
        os.environ["VGPU_SIM_VERSION"] = "12080"
        cls.addClassCleanup(os.environ.pop, "VGPU_SIM_VERSION")
        super().setUpClass()

    def test_error_of_the_runtime(self):
        for program in (STATIC, SHARED):
            result = self.stack.run(program, "sum")
            self.assertEqual((result.status, result.out, result.err),
                             (1, "cudaErrorInsufficientDriver\n", ""))


class NoHost(unittest.TestCase):
    def test_error_of_the_runtime(self):
        with Stack() as stack:
            result = stack.run(STATIC, "sum", path="/nonexistent/broker.sock")
        self.assertEqual((result.status, result.out), (1, "cudaErrorSystemNotReady\n"))
        self.assertEqual(result.err.count("\n"), 2, result.err)


if __name__ == "__main__":
    main()
