#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two machines in two pools of two GPUs: quotas, a drained GPU, limits that change while they run."""

import os
import re
import socket

import control
from case import GUEST, PATIENCE_S, StackCase, main, wait_for
from control import GPUS, POOLS, VMS, Client
from machine import MachineProcess

MIB = 1 << 20
EDQUOT_TEXT = "take a smaller quota"
OUT_OF_MEMORY, NO_DEVICE, UNAVAILABLE = 2, 100, 46
VM = {"pool": 4, "priority": 5, "sessions_max": 8, "memory_quota": 9, "calls_per_s": 10,
      "calls_burst": 11, "starts_own": 14, "starts_per_s": 15, "starts_burst": 16}
# Fields of rows (proto/vgpu.proto).
VM_NAME, VM_PROCESSED, VM_THROTTLED, VM_REFUSED = 1, 19, 25, 26
VM_STARTS_DELAYED = 38
GPU_UUID, GPU_STATE, GPU_MEMORY, GPU_COMMITTED, GPU_PROCESSED = 2, 6, 7, 9, 20


def uuid_bytes(text):
    return bytes.fromhex(text.decode().removeprefix("GPU-").replace("-", ""))


class Policy(StackCase):
    gpus = 2
    settings = {"policy.context_mib": 16, "broker.channel_mib": 64}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = Client(cls.stack.control_socket, PATIENCE_S, control.HOST)
        cls.addClassCleanup(cls.host.close)
        cls.uuids = [uuid_bytes(row[GPU_UUID]) for row in cls.host.ask(GPUS)]
        cls.baseline = cls.stack.steady_usage()

    def command(self, kind, fields):
        self.assertEqual(self.host.command(kind, fields), (0, ""))

    def set_machine(self, name, **policy):
        self.command("vm_set", {2: name, **{VM[key]: value for key, value in policy.items()}})

    def listener(self, name):
        """A machine's listening socket, as vgpu-hostd makes it, and its path."""
        path = self.stack.vm_socket(name)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        self.addCleanup(os.unlink, path)
        listener.listen(8)
        return listener, path

    def machine(self, name, **policy):
        """A machine that runs, with a policy; it is gone after the test."""
        listener, path = self.listener(name)
        self.addCleanup(self.host.command, "vm_remove", {2: name})
        done = self.host.command("vm_set", {2: name, 6: path, 7: 1,
                                            **{VM[key]: value for key, value in policy.items()}},
                                 [listener.fileno()])
        listener.close()
        self.assertEqual(done, (0, ""))
        machine = MachineProcess(self.stack, name).start()
        self.addCleanup(machine.stop)
        return machine

    def pools(self):
        """Pools one and two, a GPU each."""
        for name, uuid in zip(("one", "two"), self.uuids):
            self.command("pool_set", {2: name, 3: uuid})
            self.addCleanup(self.host.command, "pool_set", {2: name})

    def row(self, name):
        return self.host.ask(VMS, name)[0]

    def assert_passes(self, result):
        self.assertEqual(result.status, 0, f"{result}\n{self.stack.log()[-2000:]}")

    def drain(self, gpu, drained):
        self.command("gpu_drain", {2: self.uuids[gpu], 3: int(drained)})


class Pools(Policy):
    def test_each_in_its_pool(self):
        self.pools()
        alpha, beta = self.machine("alpha", pool="one"), self.machine("beta", pool="two")
        before = [row.get(GPU_PROCESSED, 0) for row in self.host.ask(GPUS)]
        self.assert_passes(alpha.run(GUEST, "session"))
        after = [row.get(GPU_PROCESSED, 0) for row in self.host.ask(GPUS)]
        self.assertGreater(after[0], before[0])
        self.assertEqual(after[1], before[1])
        self.assert_passes(beta.run(GUEST, "session"))
        processed = {row[1]: row.get(5, 0) for row in self.host.ask(POOLS)}
        self.assertEqual(processed[b"one"], self.row("alpha")[VM_PROCESSED])
        self.assertEqual(processed[b"two"], self.row("beta")[VM_PROCESSED])

    def test_one_gpu_drained_while_the_other_works(self):
        self.pools()
        alpha, beta = self.machine("alpha", pool="one"), self.machine("beta", pool="two")
        running = alpha.start_program(GUEST, "bystander")
        running.wait_line("ready")
        self.addCleanup(self.drain, 0, False)
        self.drain(0, True)
        self.assertEqual(self.host.ask(GPUS)[0][GPU_STATE], b"draining")
        self.assertIn(f"code={NO_DEVICE}", alpha.run(GUEST, "session").out)
        self.assert_passes(beta.run(GUEST, "session"))
        self.assert_passes(running.finish())
        wait_for(lambda: self.host.ask(GPUS)[0][GPU_STATE] == b"drained", "a drained GPU")
        self.drain(0, False)
        self.assert_passes(alpha.run(GUEST, "session"))


class Quotas(Policy):
    def test_a_quota_is_shown_and_changes(self):
        alpha = self.machine("alpha", memory_quota=64 * MIB)
        program = alpha.start_program("vgpu-process-limits", "device")
        self.assertEqual(re.search(r"count=(\d+) code=(\d+)", program.wait_line("full")).groups(),
                         ("32", str(OUT_OF_MEMORY)))
        refused = alpha.run(GUEST, "session")
        self.assertIn(f"refused cuMemAlloc_v2 code={OUT_OF_MEMORY}", refused.out)
        self.set_machine("alpha", memory_quota=128 * MIB)
        self.assert_passes(alpha.run(GUEST, "session"))
        self.set_machine("alpha", memory_quota=64 * MIB)
        self.assert_passes(program.finish())

    def test_more_than_the_card_is_refused(self):
        self.machine("alpha", memory_quota=1024 * MIB)
        gpu = self.host.ask(GPUS)[0]
        committed = gpu[GPU_COMMITTED]
        error, text = self.host.command("vm_set", {2: "alpha",
                                                   VM["memory_quota"]: 2 * gpu[GPU_MEMORY]})
        self.assertNotEqual(error, 0)
        self.assertIn(EDQUOT_TEXT, text)
        self.assertEqual(self.host.ask(GPUS)[0][GPU_COMMITTED], committed)

    def test_sessions_of_a_machine(self):
        alpha = self.machine("alpha", sessions_max=1)
        running = alpha.start_program(GUEST, "bystander")
        running.wait_line("ready")
        self.assertIn(f"code={UNAVAILABLE}", alpha.run(GUEST, "session").out)
        self.assertEqual(self.row("alpha")[VM_REFUSED], 1)
        self.assert_session_passes()
        self.assert_passes(running.finish())


class Tokens(Policy):
    def test_a_flood_does_not_stop_another_machine(self):
        alpha, beta = self.machine("alpha", calls_per_s=20, calls_burst=30), self.machine("beta")
        flood = alpha.start_program(GUEST, "bystander")
        wait_for(lambda: self.row("alpha").get(VM_THROTTLED, 0) > 0, "a machine out of tokens")
        self.assert_passes(beta.run(GUEST, "session"))
        self.assertLess(self.row("alpha")[VM_PROCESSED], 2000)
        self.assertEqual(self.row("beta").get(VM_THROTTLED, 0), 0)
        self.set_machine("alpha")
        flood.wait_line("ready")
        self.assert_passes(flood.finish())

    def test_who_opens_too_fast_waits_and_then_runs(self):
        alpha = self.machine("alpha", starts_own=1, starts_per_s=1, starts_burst=2)
        beta = self.machine("beta")
        running = [alpha.start_program(GUEST, "session") for _ in range(4)]
        self.assert_passes(beta.run(GUEST, "session"))
        for program in running:
            self.assert_passes(program.finish())
        self.assertGreaterEqual(self.row("alpha")[VM_STARTS_DELAYED], 1)
        self.assertEqual(self.row("beta").get(VM_STARTS_DELAYED, 0), 0)
        self.assertIn("worker starts wait vm=alpha per_s=1 at_once=2", self.stack.log())


if __name__ == "__main__":
    main()
