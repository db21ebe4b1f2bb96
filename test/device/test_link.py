#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The connection to the broker: greeting, loss and return, and a broker that misbehaves."""

import fcntl
import os
import random
import struct
import time

import device_case
from broker import pack
from device_case import CHANNEL_BYTES, ERROR_AT, PATIENCE_S, DeviceCase, wait_for
from machine import (BAR1, BEAT, CLOSE, CLOSING, CONNECTED, FREE, GENERATION, IRQ_ENABLE,
                     IRQ_STATUS, LINK, LOST, MAGIC, OPEN, OPENING, PROTOCOL, READY, REFUSED,
                     REFUSED_BIT, SCRATCH, STATUS, doorbell)

SEAL_SEAL, SEAL_SHRINK, SEAL_GROW = 1, 2, 4
TMPFS_MAGIC = 0x01021994


class Greeting(DeviceCase):
    def test_hello_says_what_the_device_is(self):
        hello = self.start(options=("-name", "guest=worker seven"))
        self.assertEqual(hello["revision"], 0x00010002)
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["channels"], 4)
        self.assertEqual(hello["channel_bytes"], CHANNEL_BYTES)
        self.assertEqual(hello["generation"], 0)
        self.assertEqual(hello["vm"], "worker seven")
        version = self.machine.qmp.command("query-version")["qemu"]
        self.assertTrue(hello["qemu"].startswith(f"{version['major']}.{version['minor']}."))
        self.assertEqual(self.link.take_fds(0), [])

    def test_vm_name_is_a_property(self):
        hello = self.start(device=self.device + ",vm-name=other", options=("-name", "guest=one"))
        self.assertEqual(hello["vm"], "other")

    def test_broker_absent_at_the_start(self):
        self.start_machine()
        self.assertEqual(self.machine.read(STATUS), 0)
        self.start_broker()
        self.greet()
        self.assertEqual(self.machine.read(GENERATION), 1)

    def test_another_protocol_is_no_link(self):
        self.start_broker()
        self.start_machine()
        self.link = self.broker.accept()
        self.receive("device_hello")
        self.link.send("device_welcome", protocol=2, version="later")
        self.assert_broken()
        self.assertEqual(self.machine.read(PROTOCOL), 0)
        self.assertIn("another version of the protocol", self.machine.log())
        self.greet()

    def test_refusal_is_logged_once_and_tried_again(self):
        self.start_broker()
        self.start_machine()
        for _ in range(2):
            self.link = self.broker.accept()
            self.receive("device_hello")
            self.link.send("refuse", result=803, reason="too new\n\x1b[2J")
            self.link.close()
        wait_for(lambda: self.machine.read(STATUS) == REFUSED_BIT, "the refusal")
        self.greet()
        self.assertEqual(self.machine.read(STATUS), LINK | CONNECTED)
        log = self.machine.log()
        self.assertEqual(log.count("refuses this machine, 803: too new??[2J"), 1, log)


class Descriptors(DeviceCase):
    """What ChannelOpen carries is what the broker will demand."""

    def test_memory_is_a_sealed_memfd_on_tmpfs(self):
        self.start()
        _, memory, _ = self.ask()
        self.assertIn("memfd:vgpu-channel", os.readlink(f"/proc/self/fd/{memory}"))
        self.assertEqual(fcntl.fcntl(memory, fcntl.F_GET_SEALS),
                         SEAL_SEAL | SEAL_SHRINK | SEAL_GROW)
        self.assertEqual(os.fstat(memory).st_size, CHANNEL_BYTES)
        self.assertEqual(os.fstatvfs(memory).f_bsize, 4096)
        for size in (0, CHANNEL_BYTES + 4096):
            with self.assertRaises(PermissionError):
                os.ftruncate(memory, size)

    def test_doorbell_is_a_nonblocking_eventfd(self):
        self.start()
        _, _, bell = self.ask()
        self.assertIn("eventfd", os.readlink(f"/proc/self/fd/{bell}"))
        self.assertTrue(fcntl.fcntl(bell, fcntl.F_GETFL) & os.O_NONBLOCK)

    def test_memory_is_the_slice(self):
        self.start()
        for channel in (0, 3):
            _, memory, _ = self.ask(channel)
            at = BAR1 + channel * CHANNEL_BYTES
            with self.mapped(memory) as view:
                for offset in (0, 0x1000, CHANNEL_BYTES - 4):
                    self.machine.qtest.write(at + offset, 0x600d0000 + channel)
                    self.assertEqual(struct.unpack_from("<I", view, offset)[0],
                                     0x600d0000 + channel)
                struct.pack_into("<I", view, 0x2000, 0xbeef)
                self.assertEqual(self.machine.qtest.read(at + 0x2000), 0xbeef)

    def test_all_of_them_are_close_on_exec(self):
        self.start()
        _, memory, _ = self.open()
        ours = {os.fstat(fd).st_ino for fd in (memory, self.pipes[0])}
        ours |= self.machine.memory_files()
        folder = f"/proc/{self.machine.process.pid}"
        found = set()
        for entry in os.listdir(f"{folder}/fd"):
            name = os.readlink(f"{folder}/fd/{entry}")
            if os.stat(f"{folder}/fd/{entry}").st_ino in ours or "eventfd" in name:
                found.add(name.split(":")[0])
                self.assert_cloexec(folder, entry)
        self.assertEqual(found, {"/memfd", "pipe", "anon_inode"})

    def assert_cloexec(self, folder, entry):
        with open(f"{folder}/fdinfo/{entry}", encoding="ascii") as file:
            flags = [int(line.split()[1], 8) for line in file if line.startswith("flags:")]
        self.assertTrue(flags[0] & os.O_CLOEXEC, entry)


class Loss(DeviceCase):
    """The link goes down; rows "broker ends" and "broker is back"."""

    def lose(self, state):
        """(memory, doorbell) of channel 0 that was in `state` when the broker ended."""
        self.start()
        opened = self.ask()
        if state != OPENING:
            self.grant(0, opened[0])
        if state == CLOSING:
            self.machine.control(0, CLOSE)
            self.receive("channel_close")
        self.stop_broker()
        wait_for(lambda: not self.machine.read(STATUS), "the end of the link")
        return opened[1:]

    def come_back(self):
        self.start_broker()
        return self.greet()

    def assert_lost(self, state):
        memory, _ = self.lose(state)
        self.assertEqual(self.machine.state(), LOST)
        self.assertEqual(self.error_word(memory), 719)
        self.assertEqual(self.machine.read(IRQ_STATUS), 1)
        self.assertEqual(self.machine.read(PROTOCOL), 0)

    def test_opening_becomes_lost(self):
        self.assert_lost(OPENING)

    def test_ready_becomes_lost(self):
        self.assert_lost(READY)

    def test_closing_becomes_free_with_new_memory(self):
        memory, bell = self.lose(CLOSING)
        self.assertEqual(self.machine.state(), FREE)
        self.assertEqual(self.machine.read(IRQ_STATUS), 0)
        self.assertEqual(self.error_word(memory), 0)
        self.assert_renewed(memory, bell)

    def test_free_and_refused_stay(self):
        self.start()
        self.bring(REFUSED, 1)
        self.lose_link()
        self.assertEqual([self.machine.state(n) for n in (0, 1)], [FREE, REFUSED])
        self.assertEqual(self.machine.result(1), 46)

    def test_an_earlier_error_is_kept(self):
        self.start()
        _, memory, _ = self.open()
        with self.mapped(memory) as view:
            struct.pack_into("<I", view, ERROR_AT, 700)
        self.lose_link()
        self.assertEqual(self.machine.state(), LOST)
        self.assertEqual(self.error_word(memory), 700)

    def test_lost_raises_an_interrupt(self):
        self.start()
        self.bring(READY, 2)
        self.machine.write(IRQ_ENABLE, 0xf)
        self.assertFalse(self.machine.intx())
        self.lose_link()
        self.assertTrue(self.machine.intx())
        self.assertEqual(self.machine.read(IRQ_STATUS), 1 << 2)

    def test_lost_stays_when_the_broker_is_back(self):
        self.lose(READY)
        hello = self.come_back()
        self.assertEqual(hello["generation"], 1)
        self.assertEqual(self.machine.read(GENERATION), 2)
        self.assertEqual(self.machine.state(), LOST)

    def assert_renewed(self, memory, bell):
        """The channel is another memfd and another eventfd than before."""
        with self.mapped(memory) as view:
            struct.pack_into("<I", view, 0x3000, 0x01dc0de)
            self.assertEqual(self.machine.qtest.read(BAR1 + 0x3000), 0)
            self.machine.qtest.write(BAR1 + 0x4000, 0x5ec2e7)
            self.assertEqual(struct.unpack_from("<I", view, 0x4000)[0], 0)
        self.machine.write(doorbell(0), 1)
        self.assertEqual(self.rings(bell), 0)

    def test_close_of_lost_brings_new_memory(self):
        memory, bell = self.lose(READY)
        with self.mapped(memory) as view:
            struct.pack_into("<I", view, 0x3000, 0x01dc0de)
        self.assertEqual(self.machine.qtest.read(BAR1 + 0x3000), 0x01dc0de)
        self.machine.control(0, CLOSE)
        self.assertEqual(self.machine.state(), FREE)
        self.assert_renewed(memory, bell)
        self.come_back()
        _, again, _ = self.open()
        self.assertNotEqual(os.fstat(memory).st_ino, os.fstat(again).st_ino)

    def test_old_memory_is_let_go_of(self):
        memory, _ = self.lose(READY)
        old = os.fstat(memory).st_ino
        self.assertIn(old, self.machine.memory_files())
        self.machine.control(0, CLOSE)
        wait_for(lambda: old not in self.machine.memory_files(), "the end of the old memory")
        wait_for(lambda: self.maps(old) == 0, "the end of its mapping")
        self.assertEqual(len(self.machine.memory_files()), 4)

    def maps(self, inode):
        with open(f"/proc/{self.machine.process.pid}/maps", encoding="utf-8") as file:
            return sum(1 for line in file if line.split()[4] == str(inode))

    def test_many_losses_leak_nothing(self):
        self.start()
        descriptors = None
        for _ in range(5):
            for channel in range(4):
                self.open(channel)
            self.lose_link()
            for channel in range(4):
                self.machine.control(channel, CLOSE)
                self.assertEqual(self.machine.state(channel), FREE)
            self.greet()
            wait_for(lambda: len(self.machine.memory_files()) == 4, "four memories")
            descriptors = descriptors or self.machine.descriptors()
        self.assertEqual(self.machine.descriptors(), descriptors)
        self.assertEqual(self.machine.read(GENERATION), 6)
        self.assertEqual(self.machine.epoch(), 5)

    def test_open_after_the_loss_is_refused(self):
        self.lose(READY)
        self.machine.control(1, OPEN)
        self.assertEqual((self.machine.state(1), self.machine.result(1)), (REFUSED, 802))
        self.assertEqual(self.machine.epoch(1), 0)

    def test_beat_that_was_lost_does_not_stop_later_ones(self):
        self.start()
        self.machine.write(BEAT, 1)
        self.receive("beat")
        self.lose_link()
        self.greet()
        self.barrier()
        self.assertEqual(self.machine.read(BEAT), 1)


class Misuse(DeviceCase):
    """A broker that breaks a rule loses the connection, and nothing else happens."""

    def broken_by(self, said, data, fds=()):
        """Sends bytes to a device with a READY channel; the machine is well afterwards."""
        self.start()
        _, memory, _ = self.open()
        descriptors = self.machine.descriptors()
        self.link.send_raw(data, fds)
        self.assert_broken()
        self.assert_recovers(memory, descriptors)
        self.assertEqual(self.machine.log().count(said), 1, self.machine.log())

    def assert_recovers(self, memory, descriptors):
        self.assertEqual(self.machine.state(), LOST)
        self.assertEqual(self.error_word(memory), 719)
        self.machine.control(0, CLOSE)
        self.greet()
        self.assertEqual(self.machine.read(MAGIC), 0x55504756)
        self.open()
        wait_for(lambda: self.machine.descriptors() == descriptors, "the received descriptors")

    def test_length_0(self):
        self.broken_by("has a bad length", bytes(4))

    def test_length_above_512(self):
        self.broken_by("has a bad length", struct.pack("<I", 513))

    def test_length_of_all_ones(self):
        self.broken_by("has a bad length", b"\xff" * 4)

    def test_garbage(self):
        self.broken_by("does not decode", struct.pack("<I", 64) + b"\xff" * 64)

    def test_random_bytes(self):
        seed = random.Random(4)
        self.broken_by("does not decode", struct.pack("<I", 500) + seed.randbytes(500))

    def test_kind_of_another_connection(self):
        self.broken_by("does not decode", struct.pack("<I", 2) + b"\x0a\x00")

    def test_unknown_kind(self):
        self.broken_by("does not decode", struct.pack("<I", 3) + b"\xca\x02\x00")

    def test_two_kinds_in_a_frame(self):
        beat = pack("beat", number=9)[4:]
        self.broken_by("does not decode", struct.pack("<I", 2 * len(beat)) + beat + beat)

    def test_second_welcome(self):
        self.broken_by("is not allowed now", pack("device_welcome", protocol=1, version="x"))

    def test_refuse_after_the_welcome(self):
        self.broken_by("is not allowed now", pack("refuse", result=803, reason="late"))

    def test_frames_of_the_device_itself(self):
        self.broken_by("is not allowed now", pack("channel_open", channel=0, epoch=1))

    def test_channel_that_the_device_does_not_have(self):
        for_free = pack("channel_free", channel=4, epoch=0)
        self.broken_by("is not allowed now", for_free)

    def test_ready_without_a_descriptor(self):
        self.broken_by("is not allowed now", pack("channel_ready", channel=1, epoch=1))

    def test_ready_with_something_that_is_no_pipe(self):
        with open("/dev/zero", "rb") as zero:
            self.broken_by("is not allowed now", pack("channel_ready", channel=1, epoch=1),
                           [zero.fileno()])

    def test_too_many_descriptors_at_once(self):
        pipe = os.pipe()
        self.broken_by("too many descriptors", pack("beat", number=77), 4 * [pipe[0]])
        os.close(pipe[0])
        self.wait_let_go(pipe[1])

    def test_too_many_descriptors_for_any_message(self):
        with open("/dev/null", "rb") as null:
            self.broken_by("too many descriptors", pack("beat", number=77), 60 * [null.fileno()])

    def test_descriptors_that_nobody_takes_pile_up_to_three(self):
        self.start()
        reading, writing = os.pipe()
        for _ in range(3):
            self.link.send("beat", [reading], number=77)
        self.barrier()
        self.link.send("beat", [reading], number=77)
        self.assert_broken()
        os.close(reading)
        self.wait_let_go(writing)

    def wait_let_go(self, pipe):
        """The device has closed its end, if not before the connection then soon after it."""
        def broken():
            try:
                os.write(pipe, b"!")
                return False
            except BrokenPipeError:
                return True
        wait_for(broken, "the end of a pipe")
        os.close(pipe)

    def test_frames_before_the_welcome(self):
        self.start_broker()
        self.start_machine()
        for frame in (pack("beat", number=1), pack("took", calls=1), pack("channel_free", channel=0, epoch=0),
                      pack("channel_ready", channel=0, epoch=0)):
            self.link = self.broker.accept()
            self.receive("device_hello")
            self.link.send_raw(frame)
            self.assert_broken()
        self.assertEqual(self.machine.read(STATUS) & LINK, 0)
        self.greet()

    def test_the_same_misuse_again_is_logged_once(self):
        self.start_broker()
        self.start_machine()
        for _ in range(3):
            self.link = self.broker.accept()
            self.receive("device_hello")
            self.link.send_raw(bytes(4))
            self.assert_broken()
        self.assertEqual(self.machine.log().count("bad length"), 1, self.machine.log())

    def test_a_beat_that_was_not_asked_for_is_ignored(self):
        self.start()
        for number in (0, 1, 0x7fffffff):
            self.link.send("beat", number=number)
        self.barrier()
        self.assertEqual(self.machine.read(BEAT), 1)

    def test_a_beat_of_the_brokers_is_sent_back(self):
        self.start()
        for number in (1 << 31, 0xffffffff):
            self.link.send("beat", number=number)
            self.assertEqual(self.receive("beat")["number"], number)
        self.assertEqual(self.machine.read(BEAT), 0)
        self.barrier()

    def test_took_is_logged_with_its_counts(self):
        self.start()
        self.link.send("took", doorbells=12, calls=340, frames=15)
        self.barrier()
        for line in ("CUDA DOORBELL RING count=12", "PROCESSING CUDA DOORBELL count=12",
                     "SENDING CUDA CALL to mediator count=340",
                     "CUDA CALL SENT to mediator count=340 frames=15"):
            self.assertRegex(self.machine.log(), rf"\[vgpu\] vm_id=\S+: {line}\n")

    def test_took_again_at_once_is_added_to_the_next(self):
        self.start()
        for calls in (1, 20, 300):
            self.link.send("took", calls=calls)
        self.barrier()
        self.assertEqual(self.machine.log().count("CUDA CALL SENT"), 1, self.machine.log())
        time.sleep(0.6)
        self.link.send("took", calls=4000)
        self.barrier()
        self.assertIn("CUDA CALL SENT to mediator count=4320 ", self.machine.log())
        self.assertNotIn("DOORBELL", self.machine.log())

    def test_took_of_nothing_and_of_the_most(self):
        self.start()
        self.link.send("took")
        self.barrier()
        self.assertNotIn("[vgpu] vm_id", self.machine.log())
        time.sleep(0.6)
        self.link.send("took", doorbells=2**64 - 1, calls=2**64 - 1, frames=2**64 - 1)
        self.barrier()
        self.assertIn(f"CUDA DOORBELL RING count={2**64 - 1}\n", self.machine.log())

    def test_a_frame_in_single_bytes(self):
        self.start()
        epoch = self.ask()[0]
        for byte in pack("channel_refused", channel=0, epoch=epoch, result=46, reason=200 * "r"):
            self.link.send_raw(bytes([byte]))
        self.machine.wait_state(REFUSED)

    def test_many_frames_at_once(self):
        self.start()
        epochs = [self.ask(channel)[0] for channel in range(4)]
        self.link.send_raw(b"".join(
            pack("channel_refused", channel=channel, epoch=epoch, result=46, reason=250 * "r")
            for channel, epoch in enumerate(epochs)))
        for channel in range(4):
            self.machine.wait_state(REFUSED, channel)

    def test_ready_of_four_channels_at_once(self):
        self.start()
        epochs = [self.ask(channel)[0] for channel in range(4)]
        for channel, epoch in enumerate(epochs):
            reading, self.pipes[channel] = os.pipe()
            self.link.send("channel_ready", [reading], channel=channel, epoch=epoch)
            os.close(reading)
        for channel in range(4):
            self.machine.wait_state(READY, channel)
            self.interrupt(channel)
            self.machine.wait_register(IRQ_STATUS, (2 << channel) - 1, "the channel's interrupt")

    def test_a_cut_frame_and_the_end(self):
        self.start()
        self.link.send_raw(pack("beat", number=1)[:6])
        self.barrier_by_register()
        self.lose_link()
        self.greet()
        self.barrier()

    def barrier_by_register(self):
        """QEMU has looked at its sockets since."""
        for value in range(20):
            self.machine.write(SCRATCH, value)

    def test_broker_that_does_not_read_stops_nobody(self):
        """Resets are the only thing that a guest can pile up; QEMU does not wait for the broker."""
        self.start()
        resets = 0
        while self.machine.read(STATUS) & LINK:
            self.machine.qmp.command("system_reset")
            self.machine.qmp.wait_event("RESET")
            self.machine.map()
            resets += 1
            self.assertLess(resets, 2000, "nobody reads, and nobody minds")
        self.assertIn("the broker does not read", self.machine.log())
        self.assertGreater(resets, 66)
        self.link.close()
        self.greet()
        self.open()


if __name__ == "__main__":
    device_case.main()
