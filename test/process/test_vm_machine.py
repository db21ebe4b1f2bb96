#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Guest programs in a machine: the whole call sequence in memory that the device handed over."""

import os
import re
import unittest

import procfs
from case import GUEST, PATIENCE_S, Stack, main, wait_for
from machine import MachineProcess

DEMOS = ("vectoradd", "saxpy", "matmul", "reduce", "pipeline", "threads", "misbehave", "bystander")


class Machine(unittest.TestCase):
    """Each test has a stack of its own, because some of them end the broker."""

    def setUp(self):
        self.stack = Stack(vms=("alpha", "beta"), settings={"executor.workers_max": "16"})
        self.stack.__enter__()
        self.addCleanup(self.stack.close)
        self.alpha = MachineProcess(self.stack, "alpha").start()
        self.beta = MachineProcess(self.stack, "beta").start()
        self.baseline = self.stack.steady_usage()

    def assert_passes(self, result):
        self.assertEqual(result.status, 0, f"{result}\n{self.stack.log()[-2000:]}")

    def hold(self, machine):
        holder = machine.start_program(GUEST, "hold", 7)
        holder.wait_line("ready")
        return holder

    def assert_ends_with_719(self, program):
        self.assertRegex(program.finish().out, "refused .* code=719 then=719",
                         self.stack.log()[-2000:])

    def settle(self):
        self.stack.settle(self.baseline)

    def test_every_program_passes(self):
        self.assert_passes(self.alpha.run(GUEST, "session"))
        for name in DEMOS:
            with self.subTest(name):
                self.assert_passes(self.alpha.run(f"vgpu-demo-{name}"))
        self.settle()

    def test_programs_of_two_machines_and_of_the_host_at_once(self):
        programs = [machine.start_program(f"vgpu-demo-{name}")
                    for name in DEMOS[:4] for machine in (self.alpha, self.beta)]
        programs += [self.stack.start(f"vgpu-demo-{name}") for name in DEMOS[:4]]
        for program in programs:
            self.assert_passes(program.finish())
            self.stack.drop(program)
        self.settle()

    def test_killed_program_gives_its_channel_back(self):
        for _ in range(3):
            holder = self.hold(self.alpha)
            holder.kill()
            self.stack.drop(holder)
            self.settle()
        self.assert_passes(self.alpha.run(GUEST, "session"))

    def test_killed_machine_ends_its_sessions_only(self):
        beside = self.hold(self.beta)
        holders = [self.hold(self.alpha) for _ in range(3)]
        self.alpha.guest.kill()
        for holder in holders:
            self.assert_ends_with_719(holder)
            self.stack.drop(holder)
        self.alpha.stop()
        self.alpha.start()
        self.assert_passes(self.alpha.run(GUEST, "session"))
        self.assert_passes(beside.finish())
        self.stack.drop(beside)
        self.settle()

    def test_stopped_machine_holds_up_nobody(self):
        holder = self.hold(self.alpha)
        os.kill(self.alpha.pid, 19)
        for _ in range(3):
            self.assert_passes(self.beta.run(GUEST, "session"))
        os.kill(self.alpha.pid, 18)
        self.assert_passes(holder.finish())

    def test_broker_that_is_killed_and_comes_back(self):
        holders = [self.hold(machine) for machine in (self.alpha, self.beta)]
        self.stack.family()
        self.stack.broker.kill()
        self.stack.broker.wait()
        for holder in holders:
            self.assert_ends_with_719(holder)
            self.stack.drop(holder)
        wait_for(lambda: not self.stack.leftovers(), "the end of every process")
        self.stack.start_broker()
        for machine in (self.alpha, self.beta):
            machine.wait_up(2)
            self.assert_passes(machine.run(GUEST, "session"))
        # The uses of a channel are counted on, not from the start.
        self.assertTrue(re.search("vm=alpha channel=0 epoch=2 ", self.stack.log()))

    def test_broker_that_is_ended_tells_the_guests(self):
        holder = self.hold(self.alpha)
        self.stack.family()
        self.assertEqual(self.stack.terminate(), 0, self.stack.log()[-2000:])
        self.assert_ends_with_719(holder)
        for name in self.stack.vms:
            self.assertFalse(os.path.exists(self.stack.vm_socket(name)))

    def test_killed_supervisor_and_worker(self):
        holder = self.hold(self.alpha)
        [worker] = [p for p in self.stack.workers() if procfs.channels(p)]
        procfs.kill_and_wait(worker, PATIENCE_S)
        self.assert_ends_with_719(holder)
        self.stack.drop(holder)
        self.settle()
        holder = self.hold(self.beta)
        procfs.kill_and_wait(self.stack.supervisor(), PATIENCE_S)
        self.assert_ends_with_719(holder)
        self.stack.drop(holder)
        self.stack.wait_spares()
        self.assert_passes(self.beta.run(GUEST, "session"))

    def test_more_programs_than_channels(self):
        """The last one is refused honestly and passes when a channel is free again."""
        self.beta.stop()
        small = MachineProcess(self.stack, "beta", channels=2).start()
        holders = [self.hold(small) for _ in range(2)]
        refused = small.run(GUEST, "session")
        self.assertRegex(refused.out, r"^refused cuInit code=(46|802) ")
        self.assert_passes(holders[0].finish())
        wait_for(lambda: small.run(GUEST, "session").status == 0, "a free channel")
        self.assert_passes(holders[1].finish())


if __name__ == "__main__":
    main()
