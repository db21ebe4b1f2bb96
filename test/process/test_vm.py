#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A virtual machine's sockets and channels: life, resets, ends, limits."""

import os
import re
import signal
import stat
import struct
import unittest

import fake_device
import procfs
import wire
from case import GUEST, PATIENCE_S, StackCase, main, wait_for
from fake_device import Device
from test_misuse import NOBODY, connect_as

# Neither a multiple of a piece of the emptying nor small.
DIRTY = (0x200000, 0x200001, 0x1ffffff, 0x3fffffe)


class Vms(StackCase):
    """Two machines; what is done to alpha must not touch beta."""

    vms = ("alpha", "beta")

    def connect(self, name="alpha", **options):
        device = Device(self.stack.vm_socket(name), PATIENCE_S, **options)
        self.addCleanup(device.close)
        return device

    def up(self, name="alpha", **options):
        return self.connect(name, **options).up()

    def opened(self, channel):
        """Up to the worker."""
        channel.ready()
        self.assertEqual(channel.greet()[0], "welcome")
        self.assertEqual(channel.open()[0], "opened")
        return channel

    def assert_works(self, channel):
        """A call goes to the worker and comes back."""
        channel.put(wire.record(0x20000, bytes(8), sequence=7))
        _, sequence, flags, body = channel.answer()
        self.assertEqual((sequence, bool(flags & wire.RECORD_UNKNOWN)), (7, True))
        self.assertEqual(struct.unpack_from("<i", body)[0], 801)

    def figures(self, name):
        """A machine's figures, as SIGUSR1 has them logged: {name: text}."""
        before = self.stack.log().count("total sessions=")
        self.stack.broker.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.stack.log().count("total sessions=") > before, "figures")
        [*_, line] = re.findall(f"machine vm={name} (.*)", self.stack.log())
        return dict(word.split("=") for word in line.split())

    def assert_logged(self, pattern):
        self.assertTrue(re.search(pattern, self.stack.log()), f"no line {pattern}")

    def assert_dead(self, channel):
        self.assertEqual(wait_for(channel.error, "the error word"), 719)


class Life(Vms):
    def test_whole_life_of_a_channel(self):
        channel = self.up().channel(0).ready()
        self.assertEqual(struct.unpack_from("<IIQQ", channel.map), (
            0x55504756, wire.PROTOCOL, fake_device.CHANNEL_BYTES, channel.session))
        kind, welcome = channel.greet()
        self.assertEqual(kind, "welcome")
        self.assertIn(4, welcome)
        self.assertEqual(channel.open()[0], "opened")
        self.assert_works(channel)
        channel.put(wire.frame_record("close"))
        self.assertEqual(channel.answer_frame()[0], "closed")
        self.assertEqual(channel.open()[0], "opened")
        self.assert_works(channel)
        channel.free()
        self.assertTrue(channel.is_zero())

    def test_all_channels_at_once(self):
        device = self.up()
        channels = [device.channel(n).ready() for n in range(fake_device.CHANNELS)]
        for channel in channels:
            self.assertEqual(channel.greet()[0], "welcome")
        self.assertEqual(len({channel.session for channel in channels}), fake_device.CHANNELS)
        for channel in channels[::9]:
            self.assertEqual(channel.open()[0], "opened")
        for channel in channels[::9]:
            self.assert_works(channel)
        for channel in channels:
            channel.let_go()
        seen = [device.expect("channel_free")[1].get(1, 0) for _ in channels]
        self.assertEqual(sorted(seen), list(range(fake_device.CHANNELS)))
        for channel in channels:
            self.assertTrue(channel.is_zero())

    def test_next_user_finds_zeros(self):
        channel = self.up().channel(3)
        for _ in range(3):
            self.opened(channel)
            for at in DIRTY:
                self.assertEqual(channel.map[at], 0)
                channel.map[at] = 0xa5
            channel.free()
            self.assertTrue(channel.is_zero())

    def test_smallest_and_largest_device(self):
        for channels, size in ((1, 16 << 20), (32, 4 << 30), (3, 128 << 20)):
            with self.subTest(channels=channels, size=size):
                device = self.up(channels=channels, channel_bytes=size)
                channel = self.opened(device.channel(channels - 1))
                self.assert_works(channel)
                channel.map[size - 1] = 1
                channel.free()
                self.assertEqual(channel.map[size - 1], 0)
                device.close()
                self.stack.settle(self.baseline)

    def test_beat_is_answered(self):
        device = self.up()
        for number in (0, 1, 0xffffffff):
            self.assertTrue(device.beat(number))

    def test_close_of_an_old_epoch_is_ignored(self):
        device = self.up()
        channel = device.channel(1)
        self.opened(channel)
        channel.free()
        self.opened(channel)
        for epoch in (0, 1, 3, 0xffffffff):
            channel.let_go(epoch)
        device.beat()
        self.assert_works(channel)
        channel.free()

    def test_close_that_crosses_the_refusal_is_answered(self):
        device = self.up()
        channel = device.channel(1)
        channel.epoch = 9
        channel.let_go(0)  # nobody ever opened it
        self.assertEqual(device.expect("channel_free")[1], {1: 1})

    def test_reset_twice(self):
        device = self.up()
        channels = [self.opened(device.channel(n)) for n in range(2)]
        channels.append(device.channel(2).ready())
        device.say("device_reset", {1: 1})
        device.say("device_reset", {1: 2})
        seen = [device.expect("channel_free")[1].get(1, 0) for _ in channels]
        self.assertEqual(sorted(seen), [0, 1, 2])
        device.beat()
        self.assert_works(self.opened(channels[1]))

    def test_gone(self):
        device = self.up()
        channel = self.opened(device.channel(0))
        device.say("device_gone")
        self.assert_dead(channel)
        device.close()
        self.stack.settle(self.baseline)
        self.assert_works(self.opened(self.up().channel(0)))

    def test_session_that_breaks_its_rings_is_ended_alone(self):
        device = self.up()
        bad, good = [self.opened(device.channel(n)) for n in range(2)]
        bad.put(b"\xff" * 64)
        self.assert_dead(bad)
        self.assert_works(good)
        # The channel is the guest's until it lets go.
        device.beat()
        bad.free()
        self.assert_works(self.opened(bad))

    def test_holder_that_died_gives_the_channel_back(self):
        device = self.up()
        channel, other = [self.opened(device.channel(n)) for n in range(2)]
        other.hold()
        channel.hold()
        channel.hold(4711 | wire.HOLDER_DIED)
        device.expect("channel_free", channel)
        self.assertTrue(channel.is_zero())
        self.assert_works(other)
        other.hold(wire.HOLDER_DIED)
        device.expect("channel_free", other)

    def test_second_connection_is_closed_and_the_first_goes_on(self):
        channel = self.opened(self.up().channel(0))
        second = self.connect()
        second.say_hello()
        self.assertIsNone(second.receive(PATIENCE_S))
        self.assert_works(channel)
        self.assert_logged(f"device turned away vm=alpha pid={os.getpid()} uid={os.getuid()} .*"
                         f"connected_pid={os.getpid()}")

    def test_identity_is_logged(self):
        self.up()
        self.assert_logged(rf"device connected vm=alpha identity=socket pid={os.getpid()} "
                         rf"uid={os.getuid()} channels=32 .* says_vm=a\\x20machine ")

    def test_flood_of_opens_and_closes(self):
        """A thousand uses without a word; the other machine and the log are not flooded."""
        other = self.opened(self.up("beta").channel(0))
        device = self.up()
        channel = device.channel(0)
        lines = self.stack.log().count("\n")
        for number in range(1000):
            channel.ready()
            os.close(channel.interrupt)
            channel.interrupt = -1
            channel.free()
            if number % 100 == 0:
                self.assert_works(other)
        self.assertLessEqual(self.stack.log().count("\n") - lines, 400)

    def test_figures_by_machine(self):
        device = self.up()
        device.channel(0).ready()
        device.channel(1).ready()
        device.beat()
        before = self.figures("alpha")
        self.assertEqual((before["phase"], before["channels"], before["in_use"]), ("up", "32", "2"))
        device.say("device_reset", {1: 2})
        for _ in range(2):
            device.expect("channel_free")
        device.beat()
        after = self.figures("alpha")
        for name, more in (("resets", 1), ("beats", 1), ("opens", 0), ("misuses", 0)):
            self.assertEqual(int(after[name]) - int(before[name]), more, name)
        self.assert_logged("session session=[0-9]+ vm=alpha channel=1 epoch=1 phase=")

    def test_broker_is_locked(self):
        if self.stack.sanitized():
            return  # sanitizer builds have no sandbox: test_sandbox.py says so
        self.opened(self.up().channel(0))
        self.assertEqual(procfs.status(self.stack.broker.pid)["Seccomp"], "2")


class Ends(Vms):
    """The connection ends at every moment; nothing stays, and the machine comes back."""

    def moments(self):
        """(what was under way, how to get there from a connected device)."""
        yield "connected", lambda device: None
        yield "half a frame", lambda device: device.send(b"\x20\0\0\0\x0a")
        yield "greeted", lambda device: device.up()
        yield "asked", lambda device: device.up().channel(0).ask()
        yield "ready", lambda device: device.up().channel(0).ready()
        yield "hello", lambda device: device.up().channel(0).ready().greet()
        yield "opening", self.opening
        yield "open", lambda device: self.opened(device.up().channel(0))
        yield "calls under way", self.calling
        yield "closing", self.closing
        yield "let go", lambda device: self.opened(device.up().channel(0)).let_go()
        yield "reset", self.reset
        yield "gone", self.gone

    def opening(self, device):
        channel = device.up().channel(0).ready()
        channel.greet()
        channel.put(wire.frame_record("open"))

    def calling(self, device):
        self.opened(device.up().channel(0)).put(
            b"".join(wire.record(0x20000, sequence=n) for n in range(1000)))

    def closing(self, device):
        self.opened(device.up().channel(0)).put(wire.frame_record("close"))

    def reset(self, device):
        self.opened(device.up().channel(0))
        device.channel(1).ready()
        device.say("device_reset", {1: 2})

    def gone(self, device):
        self.opened(device.up().channel(0))
        device.say("device_gone")

    def test_end_in_every_phase(self):
        beside = self.opened(self.up("beta").channel(5))
        for what, prepare in self.moments():
            with self.subTest(what):
                device = self.connect()
                prepare(device)
                device.close()
                self.assert_works(beside)
                again = wait_for(self.try_up, "a connection")
                again.channel(0).ready()
                again.close()
        beside.device.close()

    def try_up(self):
        """The end of the connection before may not have been read yet."""
        device = self.connect()
        device.say_hello()
        answer = device.receive(PATIENCE_S)
        if answer:
            return device
        device.close()
        return None

    def test_killed_supervisor_frees_the_channels(self):
        device = self.up()
        channel = self.opened(device.channel(0))
        procfs.kill_and_wait(self.stack.supervisor(), PATIENCE_S)
        self.assert_dead(channel)
        channel.free()
        self.assertTrue(channel.is_zero())
        self.stack.wait_spares()
        self.assert_works(self.opened(channel))
        channel.free()

    def test_killed_worker_keeps_the_channel_until_it_is_closed(self):
        device = self.up()
        before = set(self.stack.workers())
        channel = self.opened(device.channel(0))
        [worker] = [p for p in before if procfs.channels(p)]
        procfs.kill_and_wait(worker, PATIENCE_S)
        self.assert_dead(channel)
        device.beat()
        channel.free()
        self.assert_works(self.opened(channel))


class Limits(Vms):
    settings = {"broker.sessions_max": "3", "broker.hello_timeout_ms": "1000"}

    def test_sessions_max_refuses_with_46(self):
        device = self.up()
        channels = [device.channel(n).ready() for n in range(3)]
        late = device.channel(3)
        late.ask()
        _, fields = device.expect("channel_refused", late)
        self.assertEqual(wire.zigzag(fields[3]), 46)
        late.free()  # answered, though it was never granted
        with wire.Peer(self.stack.socket) as guest:
            self.assertEqual(guest.receive(PATIENCE_S)[0], "refuse")
        channels[0].free()
        self.assertEqual(late.ready().greet()[0], "welcome")

    def test_silent_connection_is_closed(self):
        for _ in range(2):
            device = self.connect()
            self.assertIsNone(device.receive(PATIENCE_S))
            device.close()
        self.assertEqual(self.stack.log().count("device says nothing vm=alpha"), 1)
        self.up()

    def test_gone_without_an_end_is_ended(self):
        device = self.up()
        device.say("device_gone")
        self.assertTrue(device.wait_end(PATIENCE_S))
        self.up("beta").beat()

    def test_silent_guest_loses_its_session_and_keeps_the_channel(self):
        device = self.up()
        channel = device.channel(0).ready()
        self.assert_dead(channel)
        device.beat()
        channel.free()


class Access(Vms):
    settings = {"broker.vm_user": "nobody", "broker.vm_socket_mode": "0600",
                "broker.vm_socket_group": "nogroup"}

    def test_mode_and_group_of_the_sockets(self):
        for name in self.vms:
            info = os.stat(self.stack.vm_socket(name))
            self.assertEqual(stat.S_IMODE(info.st_mode), 0o600)
            if os.getuid() == 0:
                self.assertEqual(info.st_gid, 65534)

    @unittest.skipIf(os.getuid(), "needs root to become another account")
    def test_only_the_account_and_root_may_connect(self):
        self.up().beat()
        path = self.stack.vm_socket("beta")
        self.assertEqual(connect_as(NOBODY, path), 13)
        os.chmod(path, 0o666)
        before = self.stack.log().count("another account than broker.vm_user")
        self.assertEqual(connect_as(1, path), 0)
        wait_for(lambda: self.stack.log().count("another account than") == before + 1, "the line")
        self.assertEqual(connect_as(NOBODY, path), 0)  # a register frame: misuse, not identity
        wait_for(lambda: "device broke the protocol vm=beta" in self.stack.log(), "the line")
        self.assertEqual(self.stack.log().count("another account than"), before + 1)
        os.chmod(path, 0o600)


class Programs(Vms):
    """Other guests, on the socket way, beside a machine."""

    def test_programs_beside_a_machine(self):
        channel = self.opened(self.up().channel(0))
        self.assertEqual(self.stack.run(GUEST, "session").status, 0)
        self.assert_works(channel)


if __name__ == "__main__":
    main()
