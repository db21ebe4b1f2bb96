#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpuctl trace and a real broker: a program's calls in their order, what a slow reader misses is
counted, and nobody waits for it.  And what the broker measures of a machine's device."""

import json
import subprocess
import unittest

import wire
from control import TRACE, Client
from ctl_case import CTL
from machine import MachineProcess
from stack import PATIENCE_S, Stack, needed, wait_for

GUEST = "vgpu-process-guest"
# What the guest does, in this order; some of it more than once.
ORDER = ("cuModuleLoadDataEx", "cuModuleGetFunction", "cuMemAlloc_v2", "cuLaunchKernel",
         "cuStreamCreateWithPriority", "cuEventRecordWithFlags")
UNKNOWN, MARK = 0x20000, 0x20001
# More than a socket, a piece and the broker's queue hold.
FLOOD, BATCH = 12000, 1000


class TraceCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(vms=("web",))
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.close)
        cls.machine = MachineProcess(cls.stack, "web").start()
        cls.addClassCleanup(cls.machine.stop)

    def vm(self):
        run = subprocess.run([CTL, "--control", self.stack.control_socket, "--json", "vms"],
                             text=True, capture_output=True, timeout=4 * PATIENCE_S, check=True)
        [row] = json.loads(run.stdout)
        return row

    def trace(self):
        """The tool, when the broker has its question; killed after the test."""
        tool = subprocess.Popen([CTL, "--control", self.stack.control_socket, "trace", "web"],
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(tool.stdout.close)
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)
        self.assertIn("SECONDS", tool.stdout.readline())
        return tool


class Trace(TraceCase):
    def test_the_calls_of_a_program_in_their_order(self):
        tool = self.trace()
        before = self.vm()["processed"]
        self.assertEqual(self.stack.run(GUEST, "session").status, 0)  # not of this machine
        result = self.machine.run(GUEST, "session")
        self.assertEqual((result.status, result.out), (0, "passed\n"), result)
        taken = self.vm()["processed"] - before
        rows = [tool.stdout.readline().split() for _ in range(taken)]
        names = [row[4] for row in rows]
        places = [names.index(name) for name in ORDER]
        self.assertEqual(places, sorted(places), names)
        self.assertEqual(len({row[1] for row in rows}), 1, "more than one session")
        times = [float(row[0]) for row in rows]
        self.assertEqual(times, sorted(times))
        self.assertEqual(times[0], 0)

    def flood(self, guest):
        """Calls that are answered with 801; the answers are dropped as they come."""
        calls = b"".join(wire.record(UNKNOWN, sequence=n) for n in range(BATCH))
        sent = 0
        while sent < FLOOD:
            words = wire.COMPLETE_WORDS_AT
            guest.set_word(words + wire.TAIL, guest.word(words + wire.HEAD))
            room = wire.SUBMIT_BYTES - (guest.head - guest.word(wire.SUBMIT_WORDS_AT + wire.TAIL))
            if room >= len(calls):
                guest.put(calls)
                sent += BATCH

    def read_to_the_mark(self, tool, guest, sent):
        """(rows, dropped, calls sent): until a marked call is seen, so that nothing is behind."""
        seen = dropped = 0
        while True:
            words = wire.COMPLETE_WORDS_AT
            guest.set_word(words + wire.TAIL, guest.word(words + wire.HEAD))
            guest.put(wire.record(MARK, sequence=1))
            sent += 1
            while tool.has_frame_within(0.2):
                kind, fields = tool.receive(PATIENCE_S)
                self.assertEqual(kind, "trace_row")
                seen += 1
                dropped += fields.get(7, 0)
                if fields[3] == MARK:
                    return seen, dropped, sent

    def test_what_a_slow_reader_misses_is_counted(self):
        tool = Client(self.stack.control_socket, PATIENCE_S)
        self.addCleanup(tool.close)
        tool.say("ctl_ask", {1: 1, 2: TRACE})
        guest = wire.RawGuest(self.stack.socket, PATIENCE_S)
        self.addCleanup(guest.close)
        guest.greet()
        guest.open()
        self.flood(guest)
        wait_for(lambda: guest.word(wire.SUBMIT_WORDS_AT + wire.TAIL) == guest.head,
                 "a ring that is empty, though nobody reads the trace")
        seen, dropped, sent = self.read_to_the_mark(tool, guest, FLOOD)
        self.assertGreater(dropped, 0)
        self.assertEqual(seen + dropped, sent)


class Beat(TraceCase):
    def test_the_device_answers(self):
        row = wait_for(lambda: (row := self.vm())["beat_us"] >= 0 and row, "a beat of the device")
        self.assertEqual(row["state"], "connected")
        self.assertEqual(row["restart_needed"], "")
        self.assertLess(row["beat_us"], 60_000_000)


if __name__ == "__main__":
    needed("ctl/vgpuctl", "broker/vgpu-broker", "executor/vgpu-executor",
           "test/process/vgpu-process-guest", "guest/libcuda/libcuda.so.1")
    unittest.main(verbosity=2)
