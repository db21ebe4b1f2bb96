#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs side by side: each has its own data and handles, and survives the others."""

import re
import unittest

from case import GUEST, Stack, StackCase, main, wait_for
from stack import build_folder, sanitizer

DEMOS = ("vectoradd", "saxpy", "matmul", "reduce", "pipeline", "threads", "bystander", "vectoradd")
BYSTANDERS = 8


class Isolation(StackCase):
    settings = {"executor.workers_max": "16"}

    def assert_passed(self, guest):
        result = guest.finish()
        self.assertEqual(result.status, 0, f"{guest.command}: {result}")

    def test_each_sees_its_own_data(self):
        guests = [self.stack.start(GUEST, "hold", pattern)
                  for pattern in ("0xaaaaaaaa", "0x55555555", "0x12345678")]
        for guest in guests:
            guest.wait_line("ready")
        for guest in guests:
            self.assert_passed(guest)

    def test_handles_of_another_session(self):
        """Invalid handle for handles, invalid value for addresses, and no harm to their owner."""
        owner = self.stack.start(GUEST, "hold", "0xabcdef01")
        pairs = re.findall(r"\w+=0x[0-9a-f]+", owner.wait_line("ready"))
        self.assertEqual(len(pairs), 5)
        result = self.stack.run(GUEST, "foreign", *pairs)
        self.assertEqual(result.status, 0, result)
        answers = dict(line.split("=") for line in result.out.splitlines() if "=" in line)
        self.assertEqual(answers, {"stream": "400", "event": "400", "module": "400",
                                   "function": "400", "data": "1"})
        self.assert_passed(owner)

    def test_misbehaving_program_beside_bystanders(self):
        bystanders = [self.stack.start(GUEST, "bystander") for _ in range(BYSTANDERS)]
        for guest in bystanders:
            guest.wait_line("ready")
        for _ in range(3):
            result = self.stack.run("vgpu-demo-misbehave")
            self.assertEqual(result.status, 0, result)
        for guest in bystanders:
            self.assert_passed(guest)

    def test_eight_programs_at_once(self):
        guests = [self.stack.start(f"vgpu-demo-{name}") for name in DEMOS]
        for guest in guests:
            self.assert_passed(guest)


class Crash(unittest.TestCase):
    """The driver ends its process in a call: one program has lost, and the log says by which call."""

    def test_call_that_ends_the_worker(self):
        if sanitizer(build_folder()):
            self.skipTest("a sanitizer has words of its own")
        with Stack(variables={"VGPU_SIM_FAULT": "cuOccupancyMaxActiveClusters:1:crash"}) as stack:
            bystander = stack.start(GUEST, "bystander")
            bystander.wait_line("ready")
            suite = stack.build / "test/conformance/vgpu-conformance"
            result = stack.run(str(suite), "--quiet", "--filter", "cuOccupancyMaxActiveClusters.*")
            self.assertEqual(result.status, 1, result)
            self.assertIn("cuOccupancyMaxActiveClusters", result.out + result.err)
            self.assertEqual(bystander.finish().status, 0)
            said = re.findall(r"worker crashed pid=(\d+) signal=11 operation=(\w+)", stack.log())
            self.assertEqual({name for _, name in said}, {"vgpuClusters"})
            for pid, _ in said:
                # Of a worker that systemd has started it cannot know how it ended.
                gone = rf"worker gone .*pid={pid} exit=(-1 signal=11|unknown)"
                wait_for(lambda gone=gone: re.search(gone, stack.log()), "the supervisor's line")


if __name__ == "__main__":
    main()
