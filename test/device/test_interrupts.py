#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Section "Interrupts" of docs/specs/device.md: INTx, MSI-X, and the broker's pipes."""

import os

import device_case
from device_case import DeviceCase, wait_for
from machine import (BAR4, CLOSE, FREE, IRQ_ENABLE, IRQ_STATUS, READY, doorbell)

# Where vector n writes its message: guest memory.
MESSAGES = 0x100000
MSIX_ENABLE, FUNCTION_MASK = 0x8000, 0x4000


class Intx(DeviceCase):
    def raise_interrupt(self, channel=0):
        before = self.machine.read(IRQ_STATUS)
        self.interrupt(channel)
        self.machine.wait_register(IRQ_STATUS, before | 1 << channel, "the interrupt")

    def test_status_is_set_without_enable(self):
        self.start()
        self.open(1)
        self.raise_interrupt(1)
        self.assertFalse(self.machine.intx())

    def test_enable_asserts_what_is_pending(self):
        self.start()
        self.open(1)
        self.raise_interrupt(1)
        self.machine.write(IRQ_ENABLE, 0b0101)
        self.assertFalse(self.machine.intx())
        self.machine.write(IRQ_ENABLE, 0b0010)
        self.assertTrue(self.machine.intx())
        self.machine.write(IRQ_ENABLE, 0)
        self.assertFalse(self.machine.intx())

    def test_enabled_interrupt_asserts(self):
        self.start()
        self.open()
        self.machine.write(IRQ_ENABLE, 1)
        self.raise_interrupt()
        self.assertTrue(self.machine.intx())

    def test_status_is_cleared_by_ones(self):
        self.start()
        for channel in (0, 1):
            self.open(channel)
            self.raise_interrupt(channel)
        self.machine.write(IRQ_ENABLE, 0b11)
        self.machine.write(IRQ_STATUS, 0b01)
        self.assertEqual(self.machine.read(IRQ_STATUS), 0b10)
        self.assertTrue(self.machine.intx())
        self.machine.write(IRQ_STATUS, 0b10)
        self.assertEqual(self.machine.read(IRQ_STATUS), 0)
        self.assertFalse(self.machine.intx())

    def test_it_comes_again_after_it_was_cleared(self):
        self.start()
        self.open()
        for _ in range(3):
            self.raise_interrupt()
            self.machine.write(IRQ_STATUS, 1)

    def test_a_full_pipe_is_emptied(self):
        self.start()
        self.open()
        os.set_blocking(self.pipes[0], False)
        for _ in range(3):
            with self.assertRaises(BlockingIOError):
                while True:
                    os.write(self.pipes[0], bytes(4096))
            self.machine.wait_register(IRQ_STATUS, 1, "the interrupt")
            wait_for(self.pipe_is_empty, "an empty pipe")
            self.machine.write(IRQ_STATUS, 1)

    def pipe_is_empty(self):
        try:
            return os.write(self.pipes[0], bytes(65536)) == 65536
        except BlockingIOError:
            return False

    def test_blocking_flag_of_the_pipe_does_not_matter(self):
        """The pipe is the broker's too: it may make it blocking at any time."""
        self.start()
        epoch = self.ask()[0]
        reading, self.pipes[0] = os.pipe()
        self.link.send("channel_ready", [reading], channel=0, epoch=epoch)
        self.machine.wait_state(READY)
        os.set_blocking(reading, True)
        for _ in range(20):
            self.interrupt()
            # The test drains the pipe under the device's hands.
            os.set_blocking(reading, False)
            try:
                os.read(reading, 1)
            except BlockingIOError:
                pass
            os.set_blocking(reading, True)
            self.barrier()
        os.close(reading)

    def test_interrupt_of_a_free_channel_is_dropped(self):
        self.start()
        epoch = self.open()[0]
        self.link.send("channel_free", channel=0, epoch=epoch)
        self.machine.wait_state(FREE)
        with self.assertRaises(BrokenPipeError):
            self.interrupt()
        self.assertEqual(self.machine.read(IRQ_STATUS), 0)

    def test_interrupt_of_a_closed_channel_is_dropped(self):
        self.start()
        self.open()
        self.machine.control(0, CLOSE)
        with self.assertRaises(BrokenPipeError):
            self.interrupt()
        self.assertEqual(self.machine.read(IRQ_STATUS), 0)

    def test_the_end_of_the_pipe_is_no_interrupt(self):
        self.start()
        self.open()
        os.close(self.pipes.pop(0))
        self.barrier()
        self.assertEqual(self.machine.read(IRQ_STATUS), 0)
        self.assertEqual(self.machine.state(), READY)

    def test_bytes_before_the_end_of_the_pipe_interrupt(self):
        self.start()
        self.open()
        self.interrupt()
        os.close(self.pipes.pop(0))
        self.machine.wait_register(IRQ_STATUS, 1, "the interrupt")


class Msix(DeviceCase):
    def prepare(self, **arguments):
        self.start(**arguments)
        self.msix = self.machine.capability(0x11)
        self.set_control(MSIX_ENABLE)
        for vector in range(4):
            self.program(vector)

    def set_control(self, value):
        self.machine.config_write(self.msix + 2, value, 2)

    def program(self, vector, masked=False):
        at = BAR4 + 16 * vector
        self.machine.qtest.write(at, MESSAGES + 4 * vector)
        self.machine.qtest.write(at + 4, 0)
        self.machine.qtest.write(at + 8, 0xabc0 + vector)
        self.machine.qtest.write(at + 12, int(masked))

    def message(self, vector):
        return self.machine.qtest.read(MESSAGES + 4 * vector)

    def wait_message(self, vector):
        wait_for(lambda: self.message(vector) == 0xabc0 + vector, f"the message of {vector}")
        self.machine.qtest.write(MESSAGES + 4 * vector, 0)

    def test_vector_n_is_sent_for_channel_n(self):
        self.prepare()
        for channel in (3, 0, 2, 1):
            self.open(channel)
            self.interrupt(channel)
            self.wait_message(channel)
            self.assertEqual([self.message(n) for n in range(4)], 4 * [0])
        self.assertEqual(self.machine.read(IRQ_STATUS), 0xf)

    def test_intx_is_silent_beside_it(self):
        self.prepare()
        self.open()
        self.machine.write(IRQ_ENABLE, 1)
        self.interrupt()
        self.wait_message(0)
        self.assertFalse(self.machine.intx())

    def test_switching_it_on_and_off_moves_what_is_pending(self):
        self.prepare()
        self.open()
        self.machine.write(IRQ_ENABLE, 1)
        self.interrupt()
        self.wait_message(0)
        self.set_control(0)
        self.assertTrue(self.machine.intx())
        self.set_control(MSIX_ENABLE)
        self.assertFalse(self.machine.intx())

    def test_masked_vector_is_sent_when_unmasked(self):
        self.prepare()
        self.open(1)
        self.program(1, masked=True)
        self.interrupt(1)
        self.machine.wait_register(IRQ_STATUS, 2, "the interrupt")
        self.assertEqual(self.message(1), 0)
        self.program(1)
        self.wait_message(1)

    def test_masked_function_is_sent_when_unmasked(self):
        self.prepare()
        self.open(1)
        self.set_control(MSIX_ENABLE | FUNCTION_MASK)
        self.interrupt(1)
        self.machine.wait_register(IRQ_STATUS, 2, "the interrupt")
        self.assertEqual(self.message(1), 0)
        self.set_control(MSIX_ENABLE)
        self.wait_message(1)

    def test_it_needs_bus_mastering(self):
        self.prepare()
        self.open()
        self.machine.config_write(0x04, 0x2, 2)
        self.interrupt()
        self.machine.wait_register(IRQ_STATUS, 1, "the interrupt")
        self.assertEqual(self.message(0), 0)
        self.machine.config_write(0x04, 0x6, 2)
        self.interrupt()
        self.wait_message(0)

    def test_lost_sends_every_lost_channels_vector(self):
        self.prepare()
        for channel in (1, 3):
            self.open(channel)
        self.lose_link()
        self.wait_message(1)
        self.wait_message(3)
        self.assertEqual([self.message(n) for n in range(4)], 4 * [0])

    def test_it_works_after_a_reset(self):
        self.prepare()
        self.machine.reset()
        self.receive("device_reset")
        self.set_control(MSIX_ENABLE)
        self.program(2)
        self.open(2)
        self.interrupt(2)
        self.wait_message(2)

    def test_interrupt_comes_behind_what_it_tells_of(self):
        self.prepare()
        _, memory, bell = self.open()
        with self.mapped(memory) as view:
            for value in range(1, 50):
                self.machine.write(doorbell(0), value)
                wait_for(lambda: self.rings(bell), "the doorbell")
                view[0x5000] = value
                self.interrupt()
                self.wait_message(0)
                self.assertEqual(self.machine.qtest.read(0x4000005000, 1), value)


if __name__ == "__main__":
    device_case.main()
