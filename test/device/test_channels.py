#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table "Channels" of docs/specs/device.md: every state, every command, every answer."""

import os

import device_case
from device_case import DeviceCase, wait_for
from machine import (CLOSE, CLOSING, FREE, IRQ_STATUS, LOST, OPEN, OPENING, READY, REFUSED,
                     STATUS)

NAMES = {FREE: "free", OPENING: "opening", READY: "ready", REFUSED: "refused",
         CLOSING: "closing", LOST: "lost"}


class Commands(DeviceCase):
    """What the guest writes into CONTROL; the columns OPEN and CLOSE."""

    def assert_ignored(self, state, command):
        self.start()
        self.bring(state)
        before = self.registers()
        self.machine.control(0, command)
        self.assertEqual(self.registers(), before)
        self.barrier()

    def test_free_open(self):
        self.start()
        epoch, memory, bell = self.ask()
        self.assertEqual(epoch, 1)
        self.assertEqual(os.fstat(memory).st_size, device_case.CHANNEL_BYTES)
        self.assertEqual(self.rings(bell), 0)
        self.barrier()

    def test_free_open_without_link(self):
        self.start_machine()
        self.machine.control(0, OPEN)
        self.assertEqual(self.machine.state(), REFUSED)
        self.assertEqual(self.machine.result(), 802)
        self.assertEqual(self.machine.epoch(), 0)

    def test_free_open_before_the_welcome(self):
        self.start_broker()
        self.start_machine()
        link = self.broker.accept()
        self.assertEqual(link.receive(device_case.PATIENCE_S)[0], "device_hello")
        wait_for(lambda: self.machine.read(STATUS), "the connection")
        self.machine.control(0, OPEN)
        self.assertEqual(self.machine.state(), REFUSED)
        self.assertEqual(self.machine.result(), 802)
        self.assertTrue(link.is_silent())

    def test_free_open_counts_epochs(self):
        self.start()
        for epoch in (1, 2, 3):
            self.assertEqual(self.open()[0], epoch)
            self.link.send("channel_free", channel=0, epoch=epoch)
            self.machine.wait_state(FREE)

    def test_free_open_of_each_channel(self):
        self.start()
        memories = set()
        for channel in range(4):
            _, memory, _ = self.open(channel)
            memories.add(os.fstat(memory).st_ino)
        self.assertEqual(len(memories), 4)

    def test_opening_close(self):
        self.start()
        epoch = self.ask()[0]
        self.machine.control(0, CLOSE)
        self.assertEqual(self.machine.state(), CLOSING)
        self.receive("channel_close", channel=0, epoch=epoch)
        self.barrier()

    def test_ready_close(self):
        self.start()
        self.bring(CLOSING)
        self.barrier()

    def test_ready_close_lets_go_of_the_interrupt(self):
        self.start()
        self.bring(CLOSING)
        with self.assertRaises(BrokenPipeError):
            self.interrupt()

    def test_refused_close(self):
        self.start()
        self.bring(REFUSED)
        self.assertEqual(self.machine.result(), 46)
        self.machine.control(0, CLOSE)
        self.assertEqual((self.machine.state(), self.machine.result()), (FREE, 0))
        self.barrier()
        self.assertEqual(self.open()[0], 2)

    def test_lost_close(self):
        self.start()
        self.bring(LOST)
        self.machine.control(0, CLOSE)
        self.assertEqual(self.machine.state(), FREE)
        self.barrier()
        self.assertEqual(self.open()[0], 2)

    def test_states_of_channels_are_their_own(self):
        self.start()
        for channel, state in enumerate((CLOSING, READY, REFUSED)):
            self.bring(state, channel)
        self.assertEqual([self.machine.state(n) for n in range(4)],
                         [CLOSING, READY, REFUSED, FREE])


class Answers(DeviceCase):
    """What the broker says of a channel."""

    def answer(self, kind, epoch, channel=0):
        """Sends an answer; returns whether the device has let go of the pipe that came with it."""
        if kind != "channel_ready":
            self.link.send(kind, channel=channel, epoch=epoch)
            return
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        self.link.send(kind, [reading], channel=channel, epoch=epoch)
        os.close(reading)
        self.spare = writing

    def assert_ignored(self, state, kind, epoch_step=0):
        self.start()
        self.bring(state)
        before = self.registers()
        descriptors = self.machine.descriptors()
        self.answer(kind, self.machine.epoch() + epoch_step)
        self.barrier()
        self.assertEqual(self.registers(), before)
        self.assertEqual(self.machine.descriptors(), descriptors)
        if kind == "channel_ready":
            with self.assertRaises(BrokenPipeError):
                os.write(self.spare, b"!")

    def test_opening_ready(self):
        self.start()
        self.bring(READY)
        self.assertEqual(self.machine.result(), 0)

    def test_opening_refused(self):
        self.start()
        self.bring(REFUSED)
        self.assertEqual(self.machine.result(), 46)

    def test_opening_refused_with_no_error_counts_as_802(self):
        self.start()
        for channel, result in ((0, 0), (1, -5)):
            epoch = self.ask(channel)[0]
            self.link.send("channel_refused", channel=channel, epoch=epoch, result=result)
            self.machine.wait_state(REFUSED, channel)
            self.assertEqual(self.machine.result(channel), 802)

    def assert_free(self, state):
        self.start()
        self.bring(state)
        self.answer("channel_free", self.machine.epoch())
        self.machine.wait_state(FREE)
        self.barrier()
        self.open()

    def test_opening_free(self):
        self.assert_free(OPENING)

    def test_ready_free(self):
        self.assert_free(READY)

    def test_closing_free(self):
        self.assert_free(CLOSING)

    def test_closing_free_keeps_the_memory(self):
        self.start()
        epoch, memory, _ = self.open()
        self.machine.control(0, CLOSE)
        self.receive("channel_close")
        self.answer("channel_free", epoch)
        self.machine.wait_state(FREE)
        _, again, _ = self.open()
        self.assertEqual(os.fstat(memory).st_ino, os.fstat(again).st_ino)

    def test_free_of_a_channel_with_a_deaf_interrupt(self):
        """The broker's pipe may end before the channel does."""
        self.start()
        epoch, _, _ = self.open()
        os.close(self.pipes.pop(0))
        self.barrier()
        self.assertEqual(self.machine.state(), READY)
        self.assertEqual(self.machine.read(IRQ_STATUS), 0)
        self.answer("channel_free", epoch)
        self.machine.wait_state(FREE)

    def test_a_late_ready_of_an_earlier_use_is_ignored(self):
        self.start()
        self.bring(CLOSING)
        self.answer("channel_free", 1)
        self.machine.wait_state(FREE)
        self.ask()
        self.answer("channel_ready", 1)
        self.barrier()
        self.assertEqual(self.machine.state(), OPENING)
        self.grant(0, 2)


def add_ignored_commands():
    """What the table says is ignored, a test for each cell and for other values."""
    cells = [(FREE, CLOSE), *((state, OPEN) for state in (OPENING, READY, REFUSED, CLOSING, LOST)),
             (CLOSING, CLOSE), *((state, 7) for state in NAMES)]

    def make(state, command):
        return lambda self: self.assert_ignored(state, command)

    for state, command in cells:
        word = {OPEN: "open", CLOSE: "close", 7: "another_value"}[command]
        setattr(Commands, f"test_{NAMES[state]}_{word}_is_ignored", make(state, command))


def add_ignored_answers():
    """Answers for another state, and answers of another epoch in the state that waits for them."""
    taken = {OPENING: ("channel_ready", "channel_refused", "channel_free"),
             READY: ("channel_free",), CLOSING: ("channel_free",)}

    def make(state, kind, step):
        return lambda self: self.assert_ignored(state, kind, step)

    for state, name in NAMES.items():
        for kind in ("channel_ready", "channel_refused", "channel_free"):
            word = kind.removeprefix("channel_")
            if kind not in taken.get(state, ()):
                setattr(Answers, f"test_{name}_{word}_is_ignored", make(state, kind, 0))
            else:
                for step, which in ((-1, "an_older"), (1, "a_later")):
                    setattr(Answers, f"test_{name}_{word}_of_{which}_epoch_is_ignored",
                            make(state, kind, step))


add_ignored_commands()
add_ignored_answers()

if __name__ == "__main__":
    device_case.main()
