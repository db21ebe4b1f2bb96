#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Identity, properties and the table "Registers" of docs/specs/device.md, row by row."""

import device_case
from device_case import DeviceCase, wait_for
from machine import (BAR0, BEAT, CHANNEL_HI, CHANNEL_LO, CHANNELS, CONNECTED, CONTROL, EPOCH, FREE,
                     GENERATION, IRQ_ENABLE, IRQ_STATUS, LINK, MAGIC, MIB, OPEN, PROTOCOL, READY,
                     REFUSED_BIT, RESETS, RESULT, REVISION, SCRATCH, STATE, STATUS, VERSION_TEXT,
                     doorbell, register)
from qmp import QmpError

ONES = 0xffffffff
READ_ONLY = {"magic": MAGIC, "revision": REVISION, "status": STATUS, "generation": GENERATION,
             "channels": CHANNELS, "protocol": PROTOCOL, "channel_lo": CHANNEL_LO,
             "channel_hi": CHANNEL_HI, "resets": RESETS, "version_text": VERSION_TEXT,
             "version_text_end": VERSION_TEXT + 28, "state": register(0, STATE),
             "result": register(0, RESULT), "epoch": register(0, EPOCH)}


class Identity(DeviceCase):
    def test_pci_identity(self):
        self.start()
        self.assertEqual(self.machine.config_read(0x00), 0xcda01234)
        self.assertEqual(self.machine.config_read(0x08), 0x12000001)
        self.assertEqual(self.machine.config_read(0x3d, 1), 1, "interrupt pin A")

    def test_ids_are_properties(self):
        self.start(device=self.device + ",vendor-id=0x1af4,device-id=0x10ff", plugged=True,
                   mapped=False)
        self.assertIsNotNone(self.machine.find(0x1af4, 0x10ff))

    def assert_bars(self, registers, window, vectors):
        self.assertEqual(self.machine.bar_size(0), registers)
        self.assertEqual(self.machine.bar_size(1), window)
        types = [self.machine.config_read(0x10 + 4 * bar) & 0xf for bar in (0, 1, 4)]
        self.assertEqual(types, [0, 0xc, 0])
        msix = self.machine.capability(0x11)
        self.assertEqual((self.machine.config_read(msix + 2, 2) & 0x7ff) + 1, vectors)
        self.assertEqual(self.machine.config_read(msix + 4) & 7, 4)

    def test_bars_of_one_channel(self):
        self.start(device="channels=1,channel-size=16M")
        self.assert_bars(0x2000, 16 * MIB, 1)

    def test_bars_of_the_default(self):
        self.start(device="ioeventfd=on")
        self.assert_bars(0x40000, 32 << 30, 32)
        self.assertEqual(self.machine.read(CHANNELS), 32)
        self.assertEqual(self.machine.read(CHANNEL_LO), 1 << 30)

    def test_bars_of_the_largest(self):
        self.start(device="channels=32,channel-size=4G")
        self.assert_bars(0x40000, 128 << 30, 32)
        self.assertEqual(self.machine.read(CHANNEL_LO), 0)
        self.assertEqual(self.machine.read(CHANNEL_HI), 1)

    def test_untouched_slices_cost_nothing(self):
        self.start(device="channels=32,channel-size=4G", options=("-overcommit", "mem-lock=on"))
        with open(f"/proc/{self.machine.process.pid}/status", encoding="ascii") as file:
            shared = [line for line in file if line.startswith("RssShmem")]
        self.assertLess(int(shared[0].split()[1]), 1024, "KiB of shared memory")


class Properties(DeviceCase):
    """A value outside its bounds is an error of -device that names the property."""

    def assert_refused(self, prop, device):
        self.start_broker()
        self.start_machine(plugged=False)
        arguments = dict(pair.split("=") for pair in device.split(",") if pair)
        with self.assertRaises(QmpError) as raised:
            self.machine.qmp.command("device_add", driver="vgpu-cuda", id="gpu", **arguments)
        self.assertIn(f"'{prop}'", str(raised.exception))
        # Nothing is left behind: a right one fits in its place.
        self.machine.qmp.command("device_add", driver="vgpu-cuda", id="gpu", chardev="link")
        self.greet()

    def test_chardev_is_required(self):
        self.assert_refused("chardev", "")

    def test_chardev_must_pass_descriptors(self):
        self.start_broker()
        self.start_machine(plugged=False, options=("-chardev", "null,id=none"))
        with self.assertRaisesRegex(QmpError, "'chardev' must name"):
            self.machine.qmp.command("device_add", driver="vgpu-cuda", chardev="none")

    def test_channel_size_below(self):
        self.assert_refused("channel-size", f"chardev=link,channel-size={8 * MIB}")

    def test_channel_size_above(self):
        self.assert_refused("channel-size", f"chardev=link,channel-size={8 << 30}")

    def test_channel_size_no_power_of_two(self):
        self.assert_refused("channel-size", f"chardev=link,channel-size={24 * MIB}")

    def test_vm_name_too_long(self):
        self.assert_refused("vm-name", "chardev=link,vm-name=" + 129 * "n")

    def test_vm_name_of_most_length_is_taken(self):
        hello = self.start(device=self.device + ",vm-name=" + 128 * "n")
        self.assertEqual(hello["vm"], 128 * "n")


def add_number_cases():
    """Numbers travel in QMP as numbers: one test for each property and bad value."""
    cases = {"channels": (0, 3, 33, 64), "vendor-id": (0, 0xffff), "device-id": (0, 0xffff)}

    def make(prop, value):
        def test(self):
            self.start_broker()
            self.start_machine(plugged=False)
            with self.assertRaises(QmpError) as raised:
                self.machine.qmp.command("device_add", driver="vgpu-cuda", id="gpu",
                                         chardev="link", **{prop: value})
            self.assertIn(f"'{prop}'", str(raised.exception))
        return test

    for prop, values in cases.items():
        for value in values:
            name = f"test_{prop.replace('-', '_')}_{value:#x}"
            setattr(Properties, name, make(prop, value))


class Registers(DeviceCase):
    """Values, and the column "misuse"."""

    def assert_ignored(self, offset, value=ONES, size=4):
        before = self.registers()
        self.machine.write(offset, value, size)
        self.assertEqual(self.registers(), before)
        self.barrier()

    def test_values_with_link(self):
        self.start()
        read = self.machine.read
        self.assertEqual(read(MAGIC), 0x55504756)
        self.assertEqual(read(REVISION), 0x00010002)
        self.assertEqual(read(STATUS), LINK | CONNECTED)
        self.assertEqual(read(GENERATION), 1)
        self.assertEqual(read(CHANNELS), 4)
        self.assertEqual(read(PROTOCOL), 1)
        self.assertEqual(read(CHANNEL_LO), 16 * MIB)
        self.assertEqual(read(CHANNEL_HI), 0)
        self.assertEqual(read(RESETS), 1)
        for offset in (SCRATCH, BEAT, IRQ_STATUS, IRQ_ENABLE):
            self.assertEqual(read(offset), 0)

    def version_text(self):
        return b"".join(self.machine.read(VERSION_TEXT + 4 * i).to_bytes(4, "little")
                        for i in range(8))

    def test_version_text_is_padded(self):
        self.start()
        self.assertEqual(self.version_text(), b"0.1.0-test".ljust(32, b"\0"))

    def test_version_text_is_cut(self):
        self.start_broker()
        self.start_machine()
        self.link, _ = self.broker.greet(version="v" * 200)
        self.machine.wait_link()
        self.assertEqual(self.version_text(), b"v" * 32)

    def test_version_text_ends_at_a_zero(self):
        self.start_broker()
        self.start_machine()
        self.link, _ = self.broker.greet(version="1.0\0secret")
        self.machine.wait_link()
        self.assertEqual(self.version_text(), b"1.0".ljust(32, b"\0"))

    def test_values_without_link(self):
        self.start_machine()
        for offset in (STATUS, GENERATION, PROTOCOL):
            self.assertEqual(self.machine.read(offset), 0)
        self.assertEqual(self.version_text(), bytes(32))

    def test_scratch_takes_any_value(self):
        self.start()
        for value in (ONES, 0, 0x12345678):
            self.machine.write(SCRATCH, value)
            self.assertEqual(self.machine.read(SCRATCH), value)

    def test_beat_counts_answers(self):
        self.start()
        for _ in range(3):
            self.barrier()
        self.assertEqual(self.machine.read(BEAT), 3)

    def test_beat_while_one_is_asked_for_is_ignored(self):
        self.start()
        self.machine.write(BEAT, 1)
        number = self.receive("beat")["number"]
        for _ in range(5):
            self.machine.write(BEAT, 1)
        self.assertTrue(self.link.is_silent())
        self.link.send("beat", number=number)
        self.machine.wait_register(BEAT, 1, "the answer")

    def test_beat_without_link_is_ignored(self):
        self.start_broker()
        self.start_machine()
        self.machine.write(BEAT, 1)
        self.greet()
        self.barrier()
        self.assertEqual(self.machine.read(BEAT), 1)

    def test_irq_status_bits_without_a_channel_are_ignored(self):
        self.start()
        self.assert_ignored(IRQ_STATUS)

    def test_irq_enable_bits_without_a_channel_read_0(self):
        self.start()
        self.machine.write(IRQ_ENABLE, ONES)
        self.assertEqual(self.machine.read(IRQ_ENABLE), 0xf)

    def test_irq_enable_of_32_channels(self):
        self.start(device="channels=32,channel-size=16M")
        self.machine.write(IRQ_ENABLE, ONES)
        self.assertEqual(self.machine.read(IRQ_ENABLE), ONES)

    def test_control_other_value_is_ignored(self):
        self.start()
        for value in (0, 3, 4, 0x100, 0x10001, ONES):
            self.assert_ignored(register(0, CONTROL), value)

    def test_control_reads_0(self):
        self.start()
        self.bring(READY)
        self.assertEqual(self.machine.read(register(0, CONTROL)), 0)

    def test_doorbell_any_write_rings(self):
        self.start()
        _, _, bell = self.open()
        for count, value in enumerate((0, 1, ONES), 1):
            self.machine.write(doorbell(0), value)
            self.assertEqual(self.machine.read(doorbell(0)), 0)
            wait_for(lambda: self.rings(bell) == 1, f"ring {count}")

    def test_doorbell_rings_its_own_channel_only(self):
        self.start()
        bells = [self.open(channel)[2] for channel in range(4)]
        self.machine.write(doorbell(2), 1)
        self.assertEqual([self.rings(bell) for bell in bells], [0, 0, 1, 0])

    def test_doorbell_another_offset_of_the_page_is_ignored(self):
        self.start()
        _, _, bell = self.open()
        for offset in (4, 8, 0x7fc, 0xffc):
            self.assert_ignored(doorbell(0) + offset, 1)
            self.assertEqual(self.machine.read(doorbell(0) + offset), 0)
        self.assertEqual(self.rings(bell), 0)

    def test_doorbell_of_other_sizes_is_ignored(self):
        self.start()
        _, _, bell = self.open()
        for size in (1, 2, 8):
            self.assert_ignored(doorbell(0), 1, size)
        self.machine.qtest.write(BAR0 + doorbell(0) + 2, 1)
        self.assertEqual(self.rings(bell), 0)

    def test_doorbell_of_a_channel_that_is_not_ready(self):
        self.start()
        for channel in range(4):
            self.assert_ignored(doorbell(channel), 1)
        self.assertEqual(self.machine.state(0), FREE)

    def test_channels_beyond_the_last_have_no_registers(self):
        self.start()
        for channel in (4, 5, 31, 32, 100, 191):
            for reg in (STATE, CONTROL, RESULT, EPOCH):
                self.assert_ignored(register(channel, reg), OPEN)
                self.assertEqual(self.machine.read(register(channel, reg)), 0)

    def test_doorbells_beyond_the_last_are_ignored(self):
        self.start()
        for channel in (4, 5, 6):
            self.assert_ignored(doorbell(channel), 1)
            self.assertEqual(self.machine.read(doorbell(channel)), 0)

    def test_offsets_without_a_name_read_0_and_take_nothing(self):
        self.start()
        named = {*READ_ONLY.values(), SCRATCH, BEAT, IRQ_STATUS, IRQ_ENABLE,
                 *range(VERSION_TEXT, VERSION_TEXT + 32, 4)}
        for offset in range(0, 0x400, 4):
            if offset not in named:
                self.machine.write(offset, ONES)
                self.assertEqual(self.machine.read(offset), 0, hex(offset))

    def test_other_sizes_read_0(self):
        self.start()
        for offset in READ_ONLY.values():
            for size in (1, 2, 8):
                self.assertEqual(self.machine.read(offset, size), 0, (hex(offset), size))

    def test_other_sizes_write_nothing(self):
        self.start()
        for offset in (SCRATCH, IRQ_ENABLE, register(0, CONTROL)):
            for size in (1, 2, 8):
                self.assert_ignored(offset, OPEN, size)

    def test_misaligned_accesses_do_nothing(self):
        self.start()
        for offset in (1, 2, 3):
            self.assertEqual(self.machine.read(MAGIC + offset), 0)
            self.assert_ignored(SCRATCH + offset)
            self.assert_ignored(register(0, CONTROL) - offset, OPEN << 8 * offset)

    def test_reads_have_no_side_effect(self):
        self.start()
        self.bring(READY)
        before = self.registers()
        for offset in range(0, 0x1000, 4):
            self.machine.read(offset)
        self.assertEqual(self.registers(), before)
        self.barrier()

    def test_status_when_the_broker_refuses(self):
        self.start_broker()
        self.start_machine()
        link = self.broker.accept()
        self.assertEqual(link.receive(device_case.PATIENCE_S)[0], "device_hello")
        self.machine.wait_register(STATUS, CONNECTED, "the connection")
        link.send("refuse", result=803, reason="no")
        self.machine.wait_register(STATUS, CONNECTED | REFUSED_BIT, "the refusal")
        link.close()
        self.machine.wait_register(STATUS, REFUSED_BIT, "the end")
        self.greet()
        self.assertEqual(self.machine.read(STATUS), LINK | CONNECTED)


def add_read_only_cases():
    def make(offset):
        def test(self):
            self.start()
            for value in (ONES, 0, 1):
                self.assert_ignored(offset, value)
        return test

    for name, offset in READ_ONLY.items():
        setattr(Registers, f"test_{name}_write_is_ignored", make(offset))


add_number_cases()
add_read_only_cases()

if __name__ == "__main__":
    device_case.main()
