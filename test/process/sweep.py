#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills one party of a session behind every message of the broker, index by index.

    sweep.py [--machine] [--victims guest,worker,supervisor,broker] [--stride K]

The broker stops behind message n of the session (step.py), the victim is killed, the
broker goes on.  Then: the guest program ends by itself with an honest code and never with
wrong data, a bystander's session is untouched (or ends honestly when its broker or
supervisor died), nothing is leaked, and a new program passes.

With --machine the programs run in a virtual machine (fake_device.py), which is a victim too.
"""

import argparse
import collections
import re
import signal
import sys
import time

import procfs
import step
from machine import MachineProcess
from stack import LOOK_S, PATIENCE_S, Stack, StackError, needed, wait_for

GUEST = "vgpu-process-guest"
VICTIMS = ("guest", "worker", "supervisor", "broker")
# Victims whose end is the bystander's too.
SHARED = ("supervisor", "broker", "machine")
# Messages of the bystander that are enough to know its descriptors.
BYSTANDER_MESSAGES = 100
FAILURES_MAX = 5
# What a program may be told when something under it died: launch failure (sticky), device
# unavailable, no device, system not ready.
HONEST = {719, 46, 100, 802}


class Mismatch(Exception):
    """A check of the sweep failed."""


def outcome(result, honest=HONEST):
    """'passed' or 'WHAT=CODE'; Mismatch when the program's end is not an honest one."""
    if result.status == 0 and result.out.splitlines()[-1:] and "passed" in result.out:
        return "passed"
    match = re.search(r"^refused (\w+) code=(\d+) then=(\d+)$", result.out, re.MULTILINE)
    if result.status != 1 or not match:
        raise Mismatch(f"program ended with {result.status}: {result.out} {result.err[-800:]}")
    what, code, then = match.group(1), int(match.group(2)), int(match.group(3))
    if code not in honest:
        raise Mismatch(f"{what} answered {code}: {result.err[-800:]}")
    if code == 719 and what not in ("cuInit", "cuCtxCreate_v2") and then != 719:
        raise Mismatch(f"{what} answered 719, a later call {then}: not sticky")
    return f"{what}={code}"


class Scene:
    """A stack with a stepped broker and a bystander at work."""

    def __init__(self, machine=False):
        self.stack = Stack(vms=("alpha",) if machine else ())
        self.machine = None
        self.stepper = None
        self.bystander = None
        self.bystander_worker = None
        self.muted = []
        self.baseline = None

    def __enter__(self):
        self.new_stepper()
        self.stack.__enter__()
        self.furnish()
        return self

    def __exit__(self, kind, value, trace):
        self.stack.__exit__(kind, value, trace)
        self.stepper.close()

    def new_stepper(self):
        if self.stepper:
            self.stepper.close()
        self.stepper = step.Stepper(self.stack.build / "test/process/libvgpu-step.so")
        self.stack.stepper = self.stepper

    def furnish(self):
        """Bystander, its descriptors, the baseline: after every start of a broker."""
        self.stepper.started()
        if self.stepper.pid != self.stack.broker.pid:
            raise StackError("the broker does not use libvgpu-step.so")
        if self.stack.vms:
            self.machine = self.machine or MachineProcess(self.stack, self.stack.vms[0])
            self.machine.stop()
            self.machine.start()
        self.start_bystander()

    def start(self, mode):
        """A guest program, where the sweep has them run."""
        return self.stack.start(GUEST, mode, path=self.machine and self.machine.path)

    def run(self, mode):
        return self.stack.run(GUEST, mode, path=self.machine and self.machine.path)

    def start_bystander(self):
        spare = self.stack.workers()
        self.bystander = self.start("bystander")
        self.bystander.wait_line("ready")
        self.stack.wait_spares(sessions=1)
        self.bystander_worker = spare[0]
        self.muted = self.bystander_descriptors()
        self.baseline = self.stack.steady_usage()

    def bystander_descriptors(self):
        """Descriptors that are used while only the bystander is at work."""
        self.stack.steady_usage()
        self.stepper.arm()
        wait_for(lambda: self.stepper.count > BYSTANDER_MESSAGES, "messages of the bystander")
        self.stepper.disarm()
        return list(self.stepper.seen())

    def spare(self):
        """The worker that the next session gets."""
        spares = [p for p in self.stack.workers() if p != self.bystander_worker]
        if len(spares) != 1:
            raise StackError(f"{len(spares)} spares")
        return spares[0]

    def pid_of(self, victim, guest):
        """The process to kill, or None when it is not there."""
        if victim == "guest":
            return guest.pid
        if victim == "broker":
            return self.stack.broker.pid
        if victim == "machine":
            return self.machine.pid
        return self.spare() if victim == "worker" else min(self.stack.supervisors(), default=None)

    def at_rest(self):
        return self.stack.usage() == self.baseline


def run_until(scene, guest):
    """Waits for the stop at the target.  False: the session was over without it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if scene.stepper.stands_still(LOOK_S):
            return True
        if guest.process.poll() is not None and scene.at_rest():
            return False
    guest.kill()
    raise Mismatch(f"the session hangs: {guest.result()}")


def record(scene):
    """Messages of a whole session, the end of its worker and the new spare included."""
    counts = []
    for _ in range(3):
        scene.stepper.arm(muted=scene.muted)
        result = scene.run("session")
        if outcome(result) != "passed":
            raise Mismatch(f"the session that is recorded fails: {result}")
        scene.stack.settle(scene.baseline)
        counts.append(scene.stepper.disarm())
    return max(counts)


def check_bystander(scene, victim):
    """Untouched, unless its own broker or supervisor died: then an honest end."""
    if victim not in SHARED:
        if scene.bystander.process.poll() is not None:
            raise Mismatch(f"the bystander ended: {scene.bystander.result()}")
        return None
    return "bystander:" + outcome(scene.bystander.finish(), {719})


def kill_at(scene, victim, index):
    """One index.  Returns what the guest saw, or None when the session ended before."""
    spare = scene.pid_of("worker", None) if victim == "worker" else None
    scene.stepper.arm(index, scene.muted)
    guest = scene.start("session")
    try:
        reached = run_until(scene, guest)
        if reached:
            pid = spare or scene.pid_of(victim, guest)
            if victim == "guest":
                guest.kill()
            elif pid and not procfs.kill_and_wait(pid, PATIENCE_S):
                raise Mismatch(f"{victim} {pid} does not die")
        scene.stepper.disarm()
        scene.stepper.go_on()
        result = guest.finish()
    finally:
        scene.stack.drop(guest)
    if not reached:
        return None
    if victim == "guest" and result.status == -signal.SIGKILL:
        return "killed"
    return outcome(result)


def check_after(scene, victim):
    """Nothing leaked, the bystander right, a new program passes."""
    seen = check_bystander(scene, victim)
    if victim == "broker":
        restart(scene)
    elif victim == "supervisor":
        recover(scene)
    elif victim == "machine":
        replace_machine(scene)
    else:
        scene.stack.settle(scene.baseline)
    result = scene.run("session")
    if outcome(result) != "passed":
        raise Mismatch(f"the program afterwards: {result}")
    if victim != "broker":
        scene.stack.settle(scene.baseline)
    return seen


def restart(scene):
    """After the broker's end: nothing may be left of its family; then a new one, in its place."""
    scene.stack.broker.wait(PATIENCE_S)
    wait_for(lambda: not scene.stack.leftovers(), f"the end of {scene.stack.leftovers()}")
    scene.stack.drop(scene.bystander)
    scene.new_stepper()
    scene.stack.start_broker()
    scene.furnish()


def recover(scene):
    """After a supervisor's end: the GPU comes back and the bystander's session is cleared."""
    scene.stack.drop(scene.bystander)
    scene.stack.wait_spares()
    scene.start_bystander()


def replace_machine(scene):
    """After a machine's end: nothing of it stays, and a new one may come in its place."""
    scene.stack.drop(scene.bystander)
    scene.machine.stop()
    wait_for(lambda: len(scene.stack.workers()) == 1, "the end of the machine's workers")
    scene.machine.start()
    scene.start_bystander()


def sweep(victim, options):
    """All indices of one victim; returns the failures as text."""
    failures, outcomes = [], collections.Counter()
    started, index, steps = time.monotonic(), options.first, None
    while (steps is None or index < steps) and len(failures) < FAILURES_MAX:
        try:
            with Scene(options.machine) as scene:
                steps = steps or options.last or record(scene)
                while index < steps:
                    seen = kill_at(scene, victim, index)
                    outcomes[seen or "not reached"] += 1
                    beside = check_after(scene, victim) if seen else None
                    if beside:
                        outcomes[beside] += 1
                    index += options.stride
                if victim not in SHARED and outcome(scene.bystander.finish()) != "passed":
                    raise Mismatch("the bystander does not pass")
        except (Mismatch, StackError, AssertionError) as error:
            failures.append(f"{victim} killed behind message {index}: {error}")
            print(failures[-1], flush=True)
            index += options.stride
            if steps is None:
                break
    if outcomes["not reached"] * 2 > sum(outcomes.values()):
        failures.append(f"{victim}: most messages were not reached")
    shown = ", ".join(f"{what} {count}" for what, count in outcomes.most_common())
    print(f"sweep: victim={victim} messages={steps} stride={options.stride} "
          f"seconds={time.monotonic() - started:.1f} failures={len(failures)} | {shown}", flush=True)
    return failures


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--victims", help="the parties to kill, all by default")
    parser.add_argument("--machine", action="store_true", help="run the programs in a machine")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, help="end of the range, instead of a recording")
    return parser.parse_args()


def main():
    options = parse()
    needed("broker/vgpu-broker", "executor/vgpu-executor", f"test/process/{GUEST}",
           "test/process/libvgpu-step.so")
    failures = []
    victims = options.victims.split(",") if options.victims else VICTIMS
    if options.machine and not options.victims:
        victims += ("machine",)
    for victim in victims:
        failures += sweep(victim, options)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
