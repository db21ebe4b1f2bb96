#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random guests and brokers against one device; prints what was reached, and the seed.

Every access, frame, interrupt, loss and reset is drawn from one seeded generator.  After
each step the machine must live and its registers must hold what no history may break.
"""

import argparse
import collections
import os
import random
import struct
import sys
import tempfile
import time

import machine as m
from broker import KINDS, PROTOCOL, Broker, pack
from machine import Machine
from stack import PATIENCE_S, wait_for

CHANNELS = 4
CHANNEL_BYTES = 16 * m.MIB
NAMED = {name: getattr(m, name) for name in (
    "MAGIC", "REVISION", "STATUS", "GENERATION", "CHANNELS", "PROTOCOL", "CHANNEL_LO",
    "CHANNEL_HI", "RESETS", "SCRATCH", "BEAT", "IRQ_STATUS", "IRQ_ENABLE", "VERSION_TEXT")}
PER_CHANNEL = {name: getattr(m, name) for name in ("STATE", "CONTROL", "RESULT", "EPOCH")}
STATES = ("FREE", "OPENING", "READY", "REFUSED", "CLOSING", "LOST")
LINKS = ("down", "greeted", "up")


class Fuzz:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.folder = tempfile.TemporaryDirectory(prefix="vgpu-fuzz-")
        self.broker = Broker(self.folder.name + "/broker.sock", PATIENCE_S)
        self.machine = Machine(self.broker.path,
                               device=f"channels={CHANNELS},channel-size={CHANNEL_BYTES}")
        self.link = None
        self.pipes = []
        self.seen = collections.Counter()
        self.epochs = [0] * CHANNELS
        self.generation = 0
        self.steps = 0

    def close(self):
        self.machine.close()
        self.broker.close()
        for pipe in self.pipes:
            os.close(pipe)
        self.folder.cleanup()

    # ---- the guest ----

    def value(self):
        return self.random.choice((0, 1, 2, 3, 0xf, 0xffffffff, self.random.getrandbits(32)))

    def access(self, what, offset, state):
        """One access of the right size; counted as reached."""
        write = self.random.random() < 0.6
        self.seen[what, "write" if write else "read", state] += 1
        if write:
            self.machine.write(offset, self.value())
        else:
            self.machine.read(offset)

    def link_state(self):
        status = self.machine.read(m.STATUS)
        return LINKS[bool(status & m.CONNECTED) + bool(status & m.LINK)]

    def touch_global(self):
        name = self.random.choice(list(NAMED))
        self.access(name, NAMED[name], self.link_state())

    def touch_channel(self):
        channel = self.random.randrange(CHANNELS)
        name = self.random.choice([*PER_CHANNEL, *3 * ["CONTROL"]])
        state = STATES[self.machine.state(channel)]
        self.access(name, m.register(channel, PER_CHANNEL[name]), state)

    def touch_doorbell(self):
        channel = self.random.randrange(CHANNELS)
        self.access("DOORBELL", m.doorbell(channel), STATES[self.machine.state(channel)])

    def touch_anything(self):
        size = self.random.choice((1, 2, 4, 8))
        offset = self.random.randrange(0x8000 - 8)
        if self.random.random() < 0.5:
            self.machine.write(offset, self.random.getrandbits(8 * size), size)
        else:
            self.machine.read(offset, size)

    def touch_memory(self):
        at = m.BAR1 + self.random.randrange(CHANNELS * CHANNEL_BYTES // 4) * 4
        self.machine.qtest.write(at, self.random.getrandbits(32))
        self.machine.qtest.read(at)

    def touch_msix(self):
        self.machine.qtest.write(m.BAR4 + 4 * self.random.randrange(1024), self.value())
        at = self.machine.capability(0x11)
        self.machine.config_write(at + 2, self.random.choice((0, 0x8000, 0xc000)), 2)

    def reset(self):
        self.machine.reset()

    # ---- the broker ----

    def connect(self):
        """A connection, if there is one, and perhaps a welcome."""
        try:
            self.link = self.broker.accept(0.001)
        except TimeoutError:
            return
        if self.random.random() < 0.9:
            self.say(pack("device_welcome", protocol=PROTOCOL, version="fuzz"))

    def say(self, data, fds=()):
        try:
            self.link.send_raw(data, fds)
        except OSError:
            self.hang_up()

    def hang_up(self):
        self.link.close()
        self.broker.links.remove(self.link)
        self.link = None

    def listen(self):
        """Everything that the device has said is read and thrown away."""
        try:
            while self.link and not self.link.is_silent(0):
                if self.link.receive(PATIENCE_S) is None:
                    self.hang_up()
                else:
                    self.link.drop_fds()
        except ConnectionResetError:
            self.hang_up()

    def answer(self):
        """A frame that may fit: an answer to a channel, mostly of its epoch."""
        channel = self.random.randrange(CHANNELS)
        epoch = self.machine.epoch(channel) + self.random.choice((0, 0, 0, 0, -1, 1))
        kind = self.random.choice(("channel_ready", "channel_ready", "channel_refused",
                                   "channel_free"))
        if kind != "channel_ready":
            self.say(pack(kind, channel=channel, epoch=max(epoch, 0)))
            return
        reading, writing = os.pipe()
        self.pipes.append(writing)
        self.say(pack(kind, channel=channel, epoch=max(epoch, 0)), [reading])
        os.close(reading)

    def beat(self):
        self.say(pack("beat", number=self.random.randrange(5)))

    def garbage(self):
        kind = self.random.choice(list(KINDS))
        data = bytearray(pack(kind))
        choice = self.random.randrange(3)
        if choice == 0:
            data = bytearray(struct.pack("<I", 40) + self.random.randbytes(40))
        elif choice == 1:
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        self.say(bytes(data))

    def interrupt(self):
        if not self.pipes:
            return
        pipe = self.random.choice(self.pipes)
        try:
            os.write(pipe, b"!")
        except BrokenPipeError:
            self.pipes.remove(pipe)
            os.close(pipe)

    # ---- steps ----

    def step(self):
        self.steps += 1
        self.random.choice((self.touch_global, self.touch_channel, self.touch_channel,
                            self.touch_channel, self.touch_doorbell, self.touch_anything,
                            self.touch_memory))()
        rare = self.random.random()
        if rare < 0.02:
            self.touch_msix()
        elif rare < 0.025:
            self.reset()
        if not self.link:
            self.connect()
        else:
            self.broker_step()
        self.check()

    def broker_step(self):
        rare = self.random.random()
        if rare < 0.001:
            self.garbage()
        elif rare < 0.002:
            self.hang_up()
        elif rare < 0.3:
            self.answer()
        elif rare < 0.35:
            self.beat()
        elif rare < 0.5:
            self.interrupt()
        self.listen()

    def check(self):
        read = self.machine.read
        assert self.machine.is_alive()
        assert read(m.MAGIC) == 0x55504756 and read(m.CHANNELS) == CHANNELS
        assert read(m.IRQ_STATUS) < 1 << CHANNELS and read(m.IRQ_ENABLE) < 1 << CHANNELS
        generation = read(m.GENERATION)
        assert generation >= self.generation
        self.generation = generation
        for channel in range(CHANNELS):
            epoch = self.machine.epoch(channel)
            assert epoch >= self.epochs[channel]
            self.epochs[channel] = epoch
            state = self.machine.state(channel)
            assert state <= m.LOST
            assert (self.machine.result(channel) != 0) == (state == m.REFUSED)

    def settle(self):
        """A good broker at the end finds a device that works."""
        if self.link:
            self.hang_up()
        for link in self.broker.links:
            link.close()
        wait_for(lambda: self.link_state() == "down", "the end of the link")
        for channel in range(CHANNELS):
            self.machine.control(channel, m.CLOSE)
        link = None
        while self.link_state() != "up":
            link, _ = self.broker.greet()
            wait_for(lambda: self.link_state() != "greeted", "an answer to the welcome")
        wait_for(lambda: len(self.machine.memory_files()) == CHANNELS, "the end of old memory")
        assert all(self.machine.state(c) == m.FREE for c in range(CHANNELS))
        assert link is not None

    def report(self):
        """How often each access met each state; what was never met is named."""
        wanted = {(name, how, state) for name in (*PER_CHANNEL, "DOORBELL")
                  for how in ("read", "write") for state in STATES}
        wanted |= {(name, how, state) for name in NAMED for how in ("read", "write")
                   for state in ("down", "up")}
        missed = sorted(wanted - set(self.seen))
        print(f"{self.steps} steps, {sum(self.seen.values())} counted accesses; "
              f"generation {self.generation}, epochs {self.epochs}")
        for name in (*PER_CHANNEL, "DOORBELL"):
            row = [f"{s} {self.seen[name, 'read', s]}r {self.seen[name, 'write', s]}w"
                   for s in STATES]
            print(f"  {name:9}" + ", ".join(row))
        print(f"{len(wanted) - len(missed)} of {len(wanted)} register x access x state reached"
              + (", not: " + ", ".join("/".join(x) for x in missed) if missed else ""))
        return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    fuzz = Fuzz(options.seed)
    try:
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            fuzz.step()
        fuzz.settle()
    except BaseException:
        print(f"failed at step {fuzz.steps} of seed {options.seed}", file=sys.stderr)
        print(fuzz.machine.log(), file=sys.stderr)
        raise
    finally:
        missed = fuzz.report()
        fuzz.close()
    # A run that met few states has tested little; a short one may miss the rare ones.
    if len(missed) > 40:
        sys.exit(f"{len(missed)} combinations were not reached in {options.seconds:g} s")


if __name__ == "__main__":
    main()
