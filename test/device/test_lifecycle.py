#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reset, unplugging, sandbox, migration: what happens to a device in its life."""

import os
import struct

import device_case
from device_case import DeviceCase, wait_for
from machine import (BAR1, BEAT, CHANNELS, CLOSING, FREE, GENERATION, IRQ_ENABLE, IRQ_STATUS, LINK,
                     LOST, MAGIC, OPENING, READY, REFUSED, RESETS, SCRATCH, STATUS, doorbell)
from qmp import QmpError

# ACPI's register of the PC machine: a written bit ejects that slot, as a guest does.
EJECT = 0xae08


class Reset(DeviceCase):
    def reset(self):
        self.machine.reset()
        return self.receive("device_reset")

    def test_registers_at_reset(self):
        self.start()
        self.bring(READY)
        self.machine.write(SCRATCH, 77)
        self.machine.write(IRQ_ENABLE, 1)
        self.barrier()
        self.interrupt()
        self.machine.wait_register(IRQ_STATUS, 1, "the interrupt")
        self.assertTrue(self.machine.intx())
        self.reset()
        for offset in (SCRATCH, BEAT, IRQ_STATUS, IRQ_ENABLE):
            self.assertEqual(self.machine.read(offset), 0)
        self.assertFalse(self.machine.intx())
        self.assertEqual(self.machine.read(RESETS), 2)
        self.assertEqual(self.machine.read(GENERATION), 1)
        self.assertEqual(self.machine.epoch(), 1)
        self.assertTrue(self.machine.read(STATUS) & LINK)

    def assert_reset(self, before, after):
        self.start()
        if before != FREE:
            self.bring(before)
        epoch = self.machine.epoch()
        self.assertEqual(self.reset()["resets"], 2)
        self.assertEqual((self.machine.state(), self.machine.result()), (after, 0))
        self.assertEqual(self.machine.epoch(), epoch)
        self.barrier()

    def test_free_stays(self):
        self.assert_reset(FREE, FREE)

    def test_opening_becomes_closing(self):
        self.assert_reset(OPENING, CLOSING)

    def test_ready_becomes_closing(self):
        self.assert_reset(READY, CLOSING)
        with self.assertRaises(BrokenPipeError):
            self.interrupt()
        self.link.send("channel_free", channel=0, epoch=1)
        self.machine.wait_state(FREE)
        self.open()

    def test_refused_becomes_free(self):
        self.assert_reset(REFUSED, FREE)

    def test_closing_stays(self):
        self.assert_reset(CLOSING, CLOSING)

    def test_lost_becomes_free_with_new_memory(self):
        self.start()
        _, memory, _ = self.open()
        self.lose_link()
        self.greet()
        self.reset()
        self.assertEqual(self.machine.state(), FREE)
        _, again, _ = self.open()
        self.assertNotEqual(os.fstat(memory).st_ino, os.fstat(again).st_ino)

    def test_reset_without_link(self):
        self.start()
        self.bring(READY)
        self.lose_link()
        self.machine.reset()
        self.assertEqual(self.machine.state(), FREE)
        self.assertEqual(self.greet()["resets"], 2)

    def test_two_resets_for_one_reboot(self):
        self.start()
        self.bring(READY)
        for resets in (2, 3):
            self.assertEqual(self.reset()["resets"], resets)
            self.assertEqual(self.machine.state(), CLOSING)
        self.link.send("channel_free", channel=0, epoch=1)
        self.machine.wait_state(FREE)
        self.assertEqual(self.machine.read(RESETS), 3)

    def test_beat_asked_for_before_the_reset_does_not_count(self):
        self.start()
        self.machine.write(BEAT, 1)
        number = self.receive("beat")["number"]
        self.reset()
        self.machine.write(BEAT, 1)
        self.assertTrue(self.link.is_silent(), "one is asked for")
        self.link.send("beat", number=number)
        self.barrier()
        self.assertEqual(self.machine.read(BEAT), 1)


class Plugging(DeviceCase):
    def unplug(self):
        """device_del, and the guest's consent."""
        slot = self.machine.devfn >> 3
        self.machine.qmp.command("device_del", id="gpu")
        self.machine.qtest.ask("outl", hex(EJECT), hex(1 << slot))
        self.machine.qmp.wait_event("DEVICE_DELETED")

    def plug(self):
        self.machine.qmp.command("device_add", driver="vgpu-cuda", id="gpu", chardev="link",
                                 **{"channels": 4, "channel-size": device_case.CHANNEL_BYTES})
        self.machine.map()

    def test_unplug_says_goodbye(self):
        self.start()
        _, memory, _ = self.open()
        self.unplug()
        self.receive("device_gone")
        self.assert_broken()
        self.assertEqual(self.error_word(memory), 719)
        self.assertIsNone(self.machine.find())
        self.assertEqual(self.machine.memory_files(), set())
        with self.assertRaises(BrokenPipeError):
            self.interrupt()

    def test_plugged_again_connects_anew(self):
        self.start()
        first = self.machine.descriptors()
        for _ in range(3):
            self.open()
            self.unplug()
            self.receive("device_gone")
            self.assert_broken()
            self.plug()
            hello = self.greet()
            self.assertEqual((hello["generation"], hello["resets"]), (0, 1))
            self.barrier()
        wait_for(lambda: self.machine.descriptors() == first, "all descriptors closed")

    def test_unplug_without_a_broker(self):
        self.start_machine()
        self.unplug()
        self.start_broker()
        self.plug()
        self.greet()

    def test_plugged_into_an_open_chardev(self):
        """The chardev connects by itself; the broker sees no hello until there is a device."""
        self.start_broker()
        self.start_machine(plugged=False)
        self.link = self.broker.accept()
        self.assertTrue(self.link.is_silent())
        self.plug()
        self.receive("device_hello", resets=0)
        self.link.send("device_welcome", protocol=1, version="x")
        self.machine.wait_link()
        self.assertEqual(self.machine.read(RESETS), 1)
        self.barrier()

    def test_two_devices(self):
        self.start()
        self.machine.qmp.command("chardev-add", id="second", backend={
            "type": "socket", "data": {"server": False, "addr": {
                "type": "unix", "data": {"path": self.path}}}})
        first = self.link
        self.machine.qmp.command("device_add", driver="vgpu-cuda", id="two", chardev="second",
                                 channels=1, **{"vendor-id": 0x1af4, "device-id": 0x10ff})
        self.link, hello = self.broker.greet()
        self.assertEqual(hello["channels"], 1)
        self.assertIsNotNone(self.machine.find(0x1af4, 0x10ff))
        self.link = first
        self.open()


class Options(DeviceCase):
    def test_without_ioeventfd(self):
        self.start(device=self.device + ",ioeventfd=off")
        _, _, bell = self.open(3)
        for value in (0, 5):
            self.machine.write(doorbell(3), value)
            self.assertEqual(self.rings(bell), 1)
        for size in (1, 2, 8):
            self.machine.write(doorbell(3), 1, size)
        self.machine.write(doorbell(3) + 4, 1)
        self.machine.write(doorbell(4), 1)
        self.assertEqual(self.rings(bell), 0)
        self.lose_link()
        self.machine.control(3, 2)
        self.machine.write(doorbell(3), 1)
        self.assertEqual(self.rings(bell), 0)

    def test_in_the_sandbox(self):
        self.start(options=("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
                            "resourcecontrol=deny"))
        _, _, bell = self.open()
        self.machine.write(doorbell(0), 1)
        self.assertEqual(self.rings(bell), 1)
        self.interrupt()
        self.machine.wait_register(IRQ_STATUS, 1, "the interrupt")
        self.lose_link()
        self.machine.control(0, 2)
        self.assertEqual(self.machine.state(), FREE)
        self.greet()
        self.open()

    def test_on_q35(self):
        self.start(options=("-machine", "q35"))
        self.open()
        self.barrier()

    def test_memory_dump_leaves_the_slices_out(self):
        self.start()
        _, memory, _ = self.open()
        with self.mapped(memory) as view:
            struct.pack_into("16s", view, 0x6000, b"slice of a guest")
        self.machine.qtest.write(0x100000, int.from_bytes(b"ram!", "little"))
        dump = self.path + ".dump"
        self.machine.qmp.command("dump-guest-memory", paging=False, protocol="file:" + dump)
        with open(dump, "rb") as file:
            content = file.read()
        os.unlink(dump)
        self.assertIn(b"ram!", content)
        self.assertNotIn(b"slice of a guest", content)


class Migration(DeviceCase):
    def test_migration_is_refused(self):
        self.start()
        with self.assertRaisesRegex(QmpError, "vgpu-cuda"):
            self.machine.qmp.command("migrate", uri="exec:cat >/dev/null")
        self.assertEqual(self.machine.read(MAGIC), 0x55504756)
        self.assertEqual(self.machine.read(CHANNELS), 4)

    def test_snapshot_is_refused(self):
        self.start()
        self.machine.qmp.command("human-monitor-command", **{"command-line": "savevm one"})
        said = self.machine.qmp.command("human-monitor-command",
                                        **{"command-line": "savevm one"})
        self.assertIn("vgpu-cuda", said)
        self.assertEqual(self.machine.state(), FREE)
        self.assertEqual(self.machine.qtest.read(BAR1), 0)
        self.assertNotEqual(self.machine.state(), LOST)


if __name__ == "__main__":
    device_case.main()
