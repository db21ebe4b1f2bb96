# SPDX-License-Identifier: Apache-2.0
"""unittest with a broker in the test's hands and a machine that has the device."""

import contextlib
import mmap
import os
import struct
import tempfile
import unittest

from broker import Broker
from machine import (BEAT, BUILD, CLOSE, CLOSING, LINK, LOST, MIB, OPEN, OPENING,
                     READY, REFUSED, STATUS, Machine)
from stack import PATIENCE_S, wait_for

CHANNEL_BYTES = 16 * MIB
ERROR_AT = 0x1000


class DeviceCase(unittest.TestCase):
    """Each test has a machine of its own, small unless it says otherwise."""

    device = "channels=4,channel-size=16M"
    options = ()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-device-")
        self.addCleanup(folder.cleanup)
        self.path = folder.name + "/broker.sock"
        self.broker = None
        self.machine = None
        self.link = None
        self.pipes = {}
        self.addCleanup(self._close)

    def _close(self):
        if self.machine:
            alive = self.machine.is_alive()
            log = self.machine.log()
            self.machine.close()
            self.assertTrue(alive, f"QEMU ended: {log}")
        if self.broker:
            self.broker.close()
        for pipe in self.pipes.values():
            os.close(pipe)

    def start_broker(self):
        self.broker = Broker(self.path, PATIENCE_S)

    def stop_broker(self):
        """As if its process had ended: every connection closes."""
        self.broker.close()
        self.broker = None
        self.link = None

    def start_machine(self, **arguments):
        arguments = {"device": self.device, "options": self.options} | arguments
        self.machine = Machine(self.path, **arguments)

    def greet(self):
        self.link, hello = self.broker.greet()
        if self.machine.devfn is not None:
            self.machine.wait_link()
        return hello

    def start(self, **arguments):
        """Broker, machine, link; returns what the hello said."""
        self.start_broker()
        self.start_machine(**arguments)
        return self.greet()

    # ---- what the broker gets to see ----

    def receive(self, kind, **values):
        """The next frame is this one; returns its fields."""
        frame = self.link.receive(PATIENCE_S)
        self.assertIsNotNone(frame, f"the end instead of {kind}")
        self.assertEqual(frame[0], kind, frame)
        for name, value in values.items():
            self.assertEqual(frame[1][name], value, f"{name} of {frame}")
        return frame[1]

    def assert_broken(self):
        """The device closes the connection, and says nothing before."""
        self.assertIsNone(self.link.receive(PATIENCE_S))

    def barrier(self):
        """All that the broker has sent is handled, and the device has said nothing else."""
        before = self.machine.read(BEAT)
        self.machine.write(BEAT, 1)
        number = self.receive("beat")["number"]
        self.link.send("beat", number=number)
        self.machine.wait_register(BEAT, before + 1, "the answer to a beat")

    # ---- channels ----

    def ask(self, channel=0):
        """FREE → OPENING.  Returns (epoch, memory, doorbell); the test owns both descriptors."""
        epoch = self.machine.epoch(channel) + 1
        self.machine.control(channel, OPEN)
        self.assertEqual(self.machine.state(channel), OPENING)
        self.receive("channel_open", channel=channel, epoch=epoch)
        memory, bell = self.link.take_fds(2)
        self.addCleanup(os.close, memory)
        self.addCleanup(os.close, bell)
        return epoch, memory, bell

    def grant(self, channel, epoch):
        """OPENING → READY; self.pipes[channel] is the broker's end of the interrupt."""
        reading, writing = os.pipe()
        if channel in self.pipes:
            os.close(self.pipes[channel])
        self.pipes[channel] = writing
        self.link.send("channel_ready", [reading], channel=channel, epoch=epoch, session=7)
        os.close(reading)
        self.machine.wait_state(READY, channel)

    def open(self, channel=0):
        """FREE → READY, as ask()."""
        opened = self.ask(channel)
        self.grant(channel, opened[0])
        return opened

    def bring(self, state, channel=0):
        """Leads a FREE channel into a state; LOST leaves the link up again."""
        if state == OPENING:
            self.ask(channel)
        elif state == READY:
            self.open(channel)
        elif state == REFUSED:
            epoch = self.ask(channel)[0]
            self.link.send("channel_refused", channel=channel, epoch=epoch, result=46)
            self.machine.wait_state(REFUSED, channel)
        elif state == CLOSING:
            epoch = self.open(channel)[0]
            self.machine.control(channel, CLOSE)
            self.receive("channel_close", channel=channel, epoch=epoch)
        elif state == LOST:
            self.open(channel)
            self.lose_link()
            self.greet()
        self.assertEqual(self.machine.state(channel), state)

    def lose_link(self):
        """The connection ends, the listening socket stays."""
        self.link.close()
        wait_for(lambda: not self.machine.read(STATUS) & LINK, "the end of the link")
        self.link = None

    def rings(self, bell):
        """What a doorbell has counted since the last look."""
        try:
            return struct.unpack("<Q", os.read(bell, 8))[0]
        except BlockingIOError:
            return 0

    @contextlib.contextmanager
    def mapped(self, memory):
        with mmap.mmap(memory, CHANNEL_BYTES) as view:
            yield view

    def error_word(self, memory):
        with self.mapped(memory) as view:
            return struct.unpack_from("<I", view, ERROR_AT)[0]

    def interrupt(self, channel=0):
        os.write(self.pipes[channel], b"!")

    def registers(self):
        """What the registers of channel-independent state and of all channels say."""
        skipped = {STATUS, BEAT}
        return {at: self.machine.read(at) for at in range(0, 0x440, 4) if at not in skipped}


def main():
    for name in ("libvgpu-qemu.so", "vgpu-qemu"):
        if not (BUILD / name).exists():
            raise SystemExit(f"{BUILD / name} is missing: build vgpu-qemu-loader")
    unittest.main(verbosity=2)


__all__ = ["CHANNEL_BYTES", "ERROR_AT", "PATIENCE_S", "DeviceCase", "main", "wait_for"]
