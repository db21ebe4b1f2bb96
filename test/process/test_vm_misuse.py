#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Devices that break every rule: the machine is shut out, the other one notices nothing."""

import fcntl
import os
import random
import re
import select
import socket
import struct
import tempfile
import threading
import time

import fake_device
import procfs
import wire
from case import GUEST, PATIENCE_S, main, wait_for
from test_vm import Vms

GARBAGE = random.Random(2).randbytes(1 << 14)
MFD_HUGETLB = 4
SEAL_FUTURE_WRITE = 16
# Frames of each party, and what a device may say when it is up.
UP = {"channel_open", "channel_close", "device_reset", "device_gone", "beat"}


def pipe_end():
    read, write = os.pipe()
    os.close(write)
    return read


def file_of(folder, size=fake_device.CHANNEL_BYTES):
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(size)
        return os.dup(file.fileno())


def read_only(fd):
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    finally:
        os.close(fd)


def timer():
    """os.timerfd_create() came with Python 3.13."""
    libc = __import__("ctypes").CDLL(None, use_errno=True)
    return libc.timerfd_create(1, os.O_NONBLOCK)


def huge():
    fd = os.memfd_create("huge", os.MFD_ALLOW_SEALING | MFD_HUGETLB)
    os.ftruncate(fd, fake_device.CHANNEL_BYTES)
    fcntl.fcntl(fd, fake_device.F_ADD_SEALS, fake_device.SEALS)
    return fd


def sealed(seals, size=fake_device.CHANNEL_BYTES):
    return lambda: fake_device.make_memory(size, seals)


def epoll():
    with select.epoll() as poll:
        return os.dup(poll.fileno())


def socket_end():
    ours, theirs = socket.socketpair()
    theirs.close()
    return ours.detach()


# What is sent for the memory; test_adopt.c knows what each is refused for.
WRONG_MEMORY = {
    "regular file": lambda: file_of("/var/tmp"),
    "file on a tmpfs": lambda: file_of("/dev/shm"),
    "pipe": pipe_end,
    "socket": socket_end,
    "eventfd": fake_device.make_doorbell,
    "device file": lambda: os.open("/dev/null", os.O_RDWR),
    "huge pages": huge,
    "no seals": sealed(0),
    "may shrink": sealed(fake_device.SEALS & ~fake_device.SEAL_SHRINK),
    "may grow": sealed(fake_device.SEALS & ~fake_device.SEAL_GROW),
    "may be sealed": sealed(fake_device.SEALS & ~fake_device.SEAL_SEAL),
    "sealed against writing": sealed(fake_device.SEALS | fake_device.SEAL_WRITE),
    "sealed against later writing": sealed(fake_device.SEALS | SEAL_FUTURE_WRITE),
    "opened to read": lambda: read_only(fake_device.make_memory()),
    "too small": sealed(fake_device.SEALS, fake_device.CHANNEL_BYTES - 4096),
    "too large": sealed(fake_device.SEALS, fake_device.CHANNEL_BYTES * 2),
    "empty": sealed(fake_device.SEALS, 0),
}
WRONG_DOORBELL = {
    "regular file": lambda: file_of("/var/tmp"),
    "memfd": fake_device.make_memory,
    "pipe": pipe_end,
    "socket": socket_end,
    "device file": lambda: os.open("/dev/null", os.O_RDWR),
    "timerfd": timer,
    "epoll": epoll,
    "pidfd": lambda: os.pidfd_open(os.getpid()),
}


class Misuse(Vms):
    def setUp(self):
        super().setUp()
        self.beside = self.opened(self.up("beta").channel(0))
        self.shut_outs = 0
        self.misuses = int(self.figures("alpha")["misuses"])

    def tearDown(self):
        self.assert_works(self.beside)
        self.assertEqual(int(self.figures("alpha")["misuses"]) - self.misuses, self.shut_outs)
        super().tearDown()

    def assert_shut_out(self, device):
        """The connection ends, which counts as one misuse, and the machine may return."""
        self.shut_outs += 1
        self.assertTrue(device.wait_end(PATIENCE_S), "the broker keeps the connection")
        device.close()
        again = self.up()
        again.channel(0).ready()
        again.close()


class Descriptors(Misuse):
    def ask(self, *fds):
        """ChannelOpen with these descriptors, which are closed."""
        device = self.up()
        channel = self.opened(device.channel(1))
        device.say("channel_open", {2: 1}, fds)
        for fd in fds:
            os.close(fd)
        return device, channel

    def shut_out(self, *fds):
        device, channel = self.ask(*fds)
        self.assert_dead(channel)
        self.assert_shut_out(device)

    def test_wrong_memory(self):
        for name, make in WRONG_MEMORY.items():
            with self.subTest(name):
                self.shut_out(make(), fake_device.make_doorbell())

    def test_wrong_doorbell(self):
        for name, make in WRONG_DOORBELL.items():
            with self.subTest(name):
                self.shut_out(fake_device.make_memory(), make())

    def test_wrong_number(self):
        memory, bell = fake_device.make_memory, fake_device.make_doorbell
        self.shut_out()
        self.shut_out(memory())
        self.shut_out(memory(), bell(), bell())
        self.shut_out(memory(), bell(), bell(), bell())
        self.shut_out(bell(), memory())

    def test_descriptors_with_other_frames(self):
        for kind in ("beat", "channel_close", "device_reset"):
            with self.subTest(kind):
                device = self.up()
                bell = fake_device.make_doorbell()
                device.say(kind, {1: 0}, [bell])
                os.close(bell)
                self.assert_shut_out(device)

    def test_no_descriptor_is_kept(self):
        read, write = os.pipe()
        device = self.up()
        device.say("channel_open", {2: 1}, [write, write])
        self.assertTrue(device.wait_end(PATIENCE_S))
        self.shut_outs += 1
        os.close(write)
        with open(read, "rb") as pipe:
            self.assertEqual(pipe.read(1), b"", "a descriptor was kept")


class Order(Misuse):
    def test_any_other_first_frame(self):
        for kind in sorted(set(wire.KINDS) - {"device_hello"}):
            with self.subTest(kind):
                device = self.connect()
                device.say(kind)
                self.assert_shut_out(device)

    def test_frames_that_no_device_says(self):
        for kind in sorted(set(wire.KINDS) - UP):
            with self.subTest(kind):
                device = self.up()
                device.say(kind)
                self.assert_shut_out(device)

    def test_anything_after_gone(self):
        for kind in sorted(UP):
            with self.subTest(kind):
                device = self.up()
                device.say("device_gone")
                device.say(kind)
                self.assert_shut_out(device)

    def test_bad_hello(self):
        for other in ({"channels": 0}, {"channels": 33}, {"channels": 2 ** 32 - 1},
                      {"channel_bytes": 0}, {"channel_bytes": 8 << 20},
                      {"channel_bytes": 8 << 30}, {"channel_bytes": 3 << 28},
                      {"channel_bytes": (64 << 20) + 4096}, {"channel_bytes": 2 ** 64 - 1},
                      {"vm": "x" * 257}, {"qemu": "x" * 257}):
            with self.subTest(other):
                device = self.connect()
                device.say_hello(**other)
                self.assert_shut_out(device)

    def test_hello_of_another_version(self):
        for other in ({"protocol": wire.PROTOCOL + 1}, {"protocol": 0}, {"revision": 0x20000},
                      {"revision": 0}):
            with self.subTest(other):
                device = self.connect()
                device.say_hello(**other)
                kind, fields = device.receive(PATIENCE_S)
                self.assertEqual((kind, wire.zigzag(fields[1])), ("refuse", 803))
                self.assertTrue(device.wait_end(PATIENCE_S))
                device.close()

    def test_hello_of_another_minor(self):
        device = self.connect()
        device.say_hello(revision=0x10007)
        self.assertEqual(device.receive(PATIENCE_S)[0], "device_welcome")

    def test_channels_that_cannot_be_opened(self):
        memory, bell = fake_device.make_memory(), fake_device.make_doorbell()
        for index in (4, 31, 32, 2 ** 32 - 1):
            with self.subTest(index):
                device = self.up(channels=4)
                device.say("channel_open", {1: index, 2: 1}, [memory, bell])
                self.assert_shut_out(device)
        device = self.up()
        device.channel(2).ready()
        device.say("channel_open", {1: 2, 2: 2}, [memory, bell])
        self.assert_shut_out(device)
        os.close(memory)
        os.close(bell)

    def test_close_of_a_channel_that_is_none(self):
        device = self.up(channels=4)
        device.say("channel_close", {1: 4})
        self.assert_shut_out(device)

    def test_broken_frames(self):
        for data in (GARBAGE, b"\xff\xff\xff\xff", struct.pack("<I", 0),
                     struct.pack("<I", wire.FRAME_BYTES_MAX + 1), wire.prefixed(b"\x0b" * 8),
                     wire.prefixed(wire.frame("beat") + b"\xf8\x01\x00" * 20000)):
            for up in (False, True):
                with self.subTest(data[:8], up=up):
                    device = self.up() if up else self.connect()
                    device.send(data)
                    self.assert_shut_out(device)

    def test_frame_in_pieces(self):
        device = self.up()
        for byte in wire.prefixed(wire.frame("beat", {1: 5})):
            device.send(bytes([byte]))
        self.assertEqual(device.expect("beat")[1], {1: 5})


class Load(Misuse):
    """Machines that do a lot of nothing."""

    def test_misuse_is_one_line_and_again_and_again_few(self):
        before = self.stack.log().count("vm=alpha")
        for _ in range(200):
            device = self.connect()
            device.say("beat")
            device.wait_end(PATIENCE_S)
            device.close()
        self.shut_outs += 200
        self.assert_logged(f"device broke the protocol vm=alpha pid={os.getpid()} phase=greeting "
                           'what="beat"')
        self.assertLessEqual(self.stack.log().count("vm=alpha") - before, 60)

    def test_beats_that_nobody_reads(self):
        """Bounded memory, then the end."""
        device = self.up()
        before = procfs.status_kib(self.stack.broker.pid, "RssAnon")
        device.socket.settimeout(PATIENCE_S)
        beats = wire.prefixed(wire.frame("beat", {1: 9})) * 1000
        for _ in range(1000):
            try:
                device.socket.sendall(beats)
            except OSError:
                break
        else:
            self.fail("a million answers that nobody reads")
        self.shut_outs += 1
        if not self.stack.sanitized():
            grown = procfs.status_kib(self.stack.broker.pid, "RssAnon") - before
            self.assertLessEqual(grown, 256, "KiB")

    def ring(self, doorbell, stop):
        while not stop.is_set():
            os.write(doorbell, struct.pack("<Q", 1))

    def left_alone(self, channel):
        """Works meanwhile; true when the broker has stopped to look at every ring."""
        self.assert_works(self.beside)
        self.figures("alpha")
        return re.search(rf"session session={channel.session} .* quiets=[1-9]", self.stack.log())

    def test_ringing_guest_beside_a_working_one(self):
        """It rings as fast as it can, with nothing in its ring; the others do not wait for it."""
        channel = self.opened(self.up().channel(0))
        program = self.stack.start(GUEST, "bystander")
        program.wait_line("ready")
        stop = threading.Event()
        thread = threading.Thread(target=self.ring, args=(channel.doorbell, stop))
        thread.start()
        try:
            wait_for(lambda: self.left_alone(channel), "a doorbell that is left alone")
            # It is served all the same.
            self.assert_works(channel)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(program.finish().status, 0)

    def test_ringing_at_rest_costs_little(self):
        """The broker's turns while a guest rings: far fewer than rings."""
        channel = self.opened(self.up().channel(0))
        stop = threading.Event()
        thread = threading.Thread(target=self.ring, args=(channel.doorbell, stop))
        thread.start()
        time.sleep(0.2)
        before, started = procfs.wakeups(self.stack.broker.pid), time.monotonic()
        time.sleep(1)
        woken = procfs.wakeups(self.stack.broker.pid) - before
        elapsed = time.monotonic() - started
        stop.set()
        thread.join()
        print(f"[wake-ups in {elapsed:.1f} s of ringing: {woken}]", flush=True)
        # A look each 5 ms, and as many turns again for the timer.
        self.assertLessEqual(woken, 500 * elapsed)

    def test_two_channels_with_one_memory(self):
        """A machine that deceives itself: its sessions may break, nobody else's."""
        device = self.up()
        first, second = device.channel(0), device.channel(1)
        first.ready()
        second.epoch += 1
        device.say("channel_open", {1: 1, 2: 1}, [first.memfd, first.doorbell])
        os.close(self.device_interrupt(device, second))
        second.interrupt = -1
        first.put(wire.hello())
        second.let_go()
        device.expect("channel_free", second)
        first.let_go()
        device.expect("channel_free", first)

    def device_interrupt(self, device, channel):
        device.expect("channel_ready", channel)
        return device.fds.pop(0)

    def test_memory_written_while_it_is_emptied(self):
        channel = self.opened(self.up().channel(0))
        stop = threading.Event()

        def scribble():
            while not stop.is_set():
                for at in range(0, len(channel.map), 1 << 20):
                    channel.map[at] = 1

        thread = threading.Thread(target=scribble)
        thread.start()
        for _ in range(5):
            channel.free()
            channel.ready()
        stop.set()
        thread.join()
        self.assertEqual(channel.greet()[0], "welcome")


if __name__ == "__main__":
    main()
