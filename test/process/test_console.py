#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What kernels print reaches the program's own streams, in native's order to its waits."""

import signal

from case import StackCase, main

PROGRAM = "vgpu-process-console"
ASSERT = 710


class Console(StackCase):
    def run_mode(self, mode, *more, **environment):
        return self.stack.run(PROGRAM, mode, *more, environment=environment)

    def lines(self, mode, **environment):
        """Output of a mode, which must not depend on who buffers."""
        result = self.run_mode(mode, **environment)
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.run_mode(mode, "now", **environment).out, result.out)
        return result.out.splitlines()

    def test_each_wait_shows_what_came_before(self):
        self.assertEqual(self.lines("waits"), [
            "begin", "step 1 thread 0", "stream", "step 2 thread 0", "event", "step 3 thread 0",
            "context", "step 4 thread 0", "legacy stream", "step 5 thread 0", "query, then stream",
            "step 6 thread 0", "query, then event", "end"])

    def test_each_blocking_copy_shows_it(self):
        self.assertEqual(self.lines("copies"), [
            "begin", "step 1 thread 0", "from the device", "step 2 thread 0", "to the device",
            "end"])

    def test_loads_and_launches_show_it(self):
        self.assertEqual(self.lines("calls"), [
            "begin", "step 1 thread 0", "load", "step 2 thread 0", "unload", "step 3 thread 0",
            "launch", "step 4 thread 0", "end"])

    def test_it_comes_before_a_callback(self):
        self.assertEqual(self.lines("callback"), ["begin", "step 1 thread 0", "callback", "end"])

    def test_a_blocking_launch_shows_it(self):
        self.assertEqual(self.lines("launches", CUDA_LAUNCH_BLOCKING="1"),
                         ["begin", "step 1 thread 0", "launch", "end"])

    def test_a_program_that_never_reads_holds_nobody_up(self):
        flood = self.stack.start(PROGRAM, "flood", "now")
        flood.wait_line("line 999")
        flood.process.send_signal(signal.SIGSTOP)
        self.assertEqual(self.lines("destroy"), ["begin", "step 9 thread 0", "end"])
        self.stack.drop(flood)

    def test_more_than_the_ring_holds(self):
        result = self.run_mode("lines")
        self.assertEqual(result.status, 0, result.err)
        lines = result.out.splitlines()
        self.assertEqual(len(lines), 4002)
        self.assertTrue(all(line.startswith(f"line {i} .") for i, line in enumerate(lines[1:-1])))

    def test_the_end_of_a_context_shows_it(self):
        result = self.run_mode("destroy")
        self.assertEqual(result.out.splitlines(), ["begin", "step 9 thread 0", "end"], result)

    def test_an_assertion_is_said_before_its_code(self):
        result = self.run_mode("assert")
        self.assertEqual(result.out.splitlines(),
                         ["begin", "step 1 thread 0", str(ASSERT), str(ASSERT), "end"], result)
        self.assertIn("Assertion `value == 0` failed", result.err)

    def test_an_assertion_seen_by_a_stream(self):
        result = self.run_mode("assert-stream")
        self.assertEqual(result.out.splitlines(), ["begin", str(ASSERT), "end"], result)
        self.assertIn("Assertion `value == 0` failed", result.err)


if __name__ == "__main__":
    main()
