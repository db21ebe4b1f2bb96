#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lines that operators look for (docs/logs.md): there when it is so, and silent when not."""

import re
import struct
import subprocess
import time

import wire
from case import GUEST, PATIENCE_S, StackCase, main, wait_for
from fake_device import REVISION_TOOK, Device
from machine import MachineProcess

# What an operator's guide greps a log for, word for word.
GREPS = ("CUDA initialized|Listening|SOCKET|CONNECTION|processed", "CUDA|cuMemAlloc|call_id|processed",
         r"\[cuda-executor\]|cuMemAlloc|CUDA_CALL")
# An activity ends with a tick of the broker, a second apart, that finds nothing new.
TICK_S = 1
# A program's name that would like to be a line, fields and a machine.
EVIL = 'x vm=beta session=99 "\nTotal processed: 1000000 [CONNECTION]'


class Logs(StackCase):
    vms = ("alpha", "beta")
    settings = {"broker.log_level": "debug"}

    def grep(self, pattern):
        """What grep -E finds in the log."""
        run = subprocess.run(["grep", "-E", pattern, self.stack.folder / "log"], text=True,
                             stdout=subprocess.PIPE, check=False)
        return run.stdout.splitlines()

    def count(self, name):
        """The last count of a kind; 0 before the first."""
        found = re.findall(rf"{name} processed: (\d+)", self.stack.log())
        return int(found[-1]) if found else 0

    def wait_silence(self):
        """Waits until the broker has said its last counts; returns how many such lines there are."""
        def lines():
            return len(self.grep("processed: "))
        before = -1
        while before != lines():
            before = lines()
            time.sleep(2 * TICK_S + 0.2)
        return before

    def device(self, revision=REVISION_TOOK, name="alpha"):
        device = Device(self.stack.vm_socket(name), PATIENCE_S)
        self.addCleanup(device.close)
        device.say_hello(revision=revision)
        self.assertEqual(device.receive(PATIENCE_S)[0], "device_welcome")
        return device

    def opened(self, device):
        channel = device.channel(0).ready()
        self.assertEqual(channel.greet()[0], "welcome")
        self.assertEqual(channel.open()[0], "opened")
        return channel

    def call(self, channel, count):
        """So many calls, each answered."""
        for sequence in range(1, count + 1):
            channel.put(wire.record(0x20000, bytes(8), sequence=sequence))
            self.assertEqual(struct.unpack_from("<i", channel.answer()[3])[0], 801)


class Signs(Logs):
    def test_what_is_so_from_the_start(self):
        for path in (self.stack.socket, *map(self.stack.vm_socket, self.vms)):
            self.assertTrue(self.grep(f"Listening on socket: {path}$"), path)
        self.assertEqual(len(self.grep("CUDA initialized gpu=0 name=")), 1)
        self.assertTrue(self.grep(r"\[HEARTBEAT\] alive uptime_s=0 vms=2 connected=0 "))

    def test_a_guest_of_this_host(self):
        before = self.count("Total")
        self.assert_session_passes()
        self.assertTrue(self.grep(r"\[SOCKET\] New connection guest=local pid="))
        self.assertTrue(self.grep(r"\[CONNECTION\] New connection session=[0-9]+ guest=local "))
        wait_for(lambda: self.count("Total") > before, "a count of calls")
        wait_for(lambda: self.count("Pool A") == self.count("Total"), "the pool's count")
        allocated = self.grep(r"\[cuda-executor\] cuMemAlloc: allocating [0-9]+ bytes")
        self.assertTrue(allocated)
        self.assertEqual(len(allocated), len(self.grep(r"\[cuda-executor\] cuMemAlloc SUCCESS")))
        for pattern in GREPS:
            self.assertTrue(self.grep(pattern), pattern)

    def test_a_machine_that_works_and_stops(self):
        machine = MachineProcess(self.stack, "alpha").start()
        self.addCleanup(machine.stop)
        self.assertTrue(self.grep(r"\[SOCKET\] New connection vm=alpha pid="))
        self.assertTrue(self.grep(r"\[CONNECTION\] New connection: device connected vm=alpha "))
        guest = machine.start_program(GUEST, "bystander")
        machine.guest.wait_line("took doorbells=")
        before = self.count("Total")
        wait_for(lambda: machine.guest.output().count("took ") > 1, "two seconds' counts")
        self.assertEqual(guest.finish().status, 0)
        self.wait_silence()
        self.assertGreater(self.count("Total"), before)
        told, logged = machine.guest.output(), len(self.grep("processed: "))
        time.sleep(TICK_S + 0.5)
        self.assertEqual(machine.guest.output(), told)
        self.assertEqual(len(self.grep("processed: ")), logged)

    def test_a_program_cannot_write_lines(self):
        channel = self.device().channel(0).ready()
        channel.put(wire.frame_record("hello", {1: wire.PROTOCOL, 2: 77, 3: EVIL, 4: "0",
                                                5: wire.CANDIDATE}))
        self.assertEqual(channel.answer_frame()[0], "welcome")
        [line] = self.grep("hello .*program=x")
        self.assertIn("program=x\\x20vm\\x3dbeta\\x20session\\x3d99", line)
        self.assertFalse(self.grep("processed: 1000000"))

    def test_lines_that_are_kept_back_are_counted(self):
        device = self.device()
        for number in range(250):
            device.say("device_reset", {1: number})
        device.beat()
        time.sleep(0.2)
        device.say("device_reset", {1: 1})
        wait_for(lambda: self.grep("[0-9]+ lines were not logged vm=alpha"), "the count")
        self.assertLess(len(self.grep("device reset vm=alpha")), 200)


class Took(Logs):
    def test_counts_are_those_of_the_calls(self):
        device = self.device()
        channel = self.opened(device)
        self.call(channel, 25)
        calls = frames = doorbells = 0
        while calls < 25:
            kind, fields = device.receive(PATIENCE_S)
            self.assertEqual(kind, "took")
            doorbells += fields.get(1, 0)
            calls += fields.get(2, 0)
            frames += fields.get(3, 0)
        self.assertEqual(calls, 25)
        self.assertTrue(1 <= frames <= 25, frames)
        self.assertTrue(1 <= doorbells, doorbells)

    def test_an_idle_device_is_told_nothing(self):
        device, other = self.device(), self.device(name="beta")
        self.call(self.opened(device), 1)
        while device.has_frame_within(TICK_S + 0.5):
            self.assertEqual(device.receive(PATIENCE_S)[0], "took")
        self.assertFalse(other.has_frame_within(0))

    def test_a_device_of_before_is_told_nothing(self):
        device = self.device(revision=0x10000)
        self.call(self.opened(device), 3)
        self.assertFalse(device.has_frame_within(TICK_S + 0.5))

    def test_a_new_connection_begins_anew(self):
        device = self.device()
        self.call(self.opened(device), 40)
        device.close()
        wait_for(lambda: self.grep("device disconnected vm=alpha"), "the end")
        self.stack.settle(self.baseline)
        device = self.device()
        self.call(self.opened(device), 2)
        calls = 0
        while calls < 2:
            kind, fields = device.receive(PATIENCE_S)
            self.assertEqual(kind, "took")
            calls += fields.get(2, 0)
        self.assertEqual(calls, 2)


if __name__ == "__main__":
    main()
