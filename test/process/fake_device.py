#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The device of a virtual machine without the machine.

Device: a connection to a machine's socket that says what a test wants.
Channel: one channel of it, with memory and doorbell, and a guest in that memory (wire.Rings).

As a program it is a whole machine for real guest programs: each that connects to --listen, as to
a broker, gets a channel of the device instead of one of the broker's own.

    fake_device.py --broker SOCKET --listen SOCKET [--channels N] [--channel-mib M]
"""

import argparse
import fcntl
import mmap
import os
import select
import socket
import sys
import time

import wire

REVISION = 0x10000
# The first that is told what the broker took.
REVISION_TOOK = 0x00010001
# The first that sends the broker's beats back.
REVISION_BEAT = 0x00010002
CHANNELS = 32
CHANNEL_BYTES = 64 << 20
FREE, OPENING, READY, CLOSING = range(4)
F_ADD_SEALS = 1033
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE = 1, 2, 4, 8
SEALS = SEAL_SEAL | SEAL_SHRINK | SEAL_GROW
# How long a machine waits before it connects again.
RECONNECT_S = 0.02


def make_memory(size=CHANNEL_BYTES, seals=SEALS):
    """A memfd; its name is that of the broker's, so that it is counted as a channel."""
    fd = os.memfd_create("vgpu-channel", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    if seals:
        fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


def make_doorbell():
    return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)


class Channel(wire.Rings):
    """One channel of a device.  The memory is kept from use to use, as a device keeps it."""

    def __init__(self, device, index):
        self.device = device
        self.index = index
        self.epoch = 0
        self.memfd = make_memory(device.channel_bytes)
        self.map = mmap.mmap(self.memfd, device.channel_bytes)
        self.doorbell = make_doorbell()
        self.session = 0

    def ask(self):
        """ChannelOpen."""
        self.epoch += 1
        self.device.say("channel_open", {1: self.index, 2: self.epoch},
                        [self.memfd, self.doorbell])

    def take(self, fields):
        """ChannelReady."""
        self.interrupt = self.device.fds.pop(0)
        self.session = fields.get(3, 0)
        self.begin(self.map, self.device.timeout_s)

    def ready(self):
        """ChannelOpen up to ChannelReady."""
        self.ask()
        kind, fields = self.device.expect("channel_ready", self)
        assert kind == "channel_ready"
        self.take(fields)
        return self

    def let_go(self, epoch=None):
        """ChannelClose."""
        self.device.say("channel_close", {1: self.index, 2: self.epoch if epoch is None else epoch})

    def free(self):
        """ChannelClose up to ChannelFree."""
        self.let_go()
        self.device.expect("channel_free", self)

    def is_zero(self):
        """Nothing but zeros; a memory that was emptied has no page at all."""
        at = 0
        while True:
            try:
                at = os.lseek(self.memfd, at, os.SEEK_DATA)
            except OSError:
                return True
            if os.pread(self.memfd, 1 << 16, at).strip(b"\0"):
                return False
            at += 1 << 16

    def hold(self, tid=4711):
        """What the guest's kernel and library write into the holder word."""
        self.set_word(wire.HOLDER_TID_AT, tid)

    def close(self):
        for fd in (self.memfd, self.doorbell, self.interrupt):
            if fd >= 0:
                os.close(fd)
        self.memfd = self.doorbell = self.interrupt = -1
        self.map.close()


class Device(wire.Peer):
    """A connection to a machine's socket."""

    def __init__(self, path, timeout_s, channels=CHANNELS, channel_bytes=CHANNEL_BYTES):
        super().__init__(path)
        self.timeout_s = timeout_s
        self.channel_count = channels
        self.channel_bytes = channel_bytes
        self.made = []

    def say(self, kind, fields=None, fds=()):
        self.send(wire.prefixed(wire.frame(kind, fields)), fds)

    def hello_fields(self, **other):
        fields = {"revision": REVISION, "protocol": wire.PROTOCOL, "channels": self.channel_count,
                  "channel_bytes": self.channel_bytes, "generation": 1, "resets": 1,
                  "vm": "a machine", "qemu": "fake_device.py", **other}
        return {number: value for number, value in enumerate(fields.values(), 1)
                if value not in (0, "")}

    def say_hello(self, **other):
        self.say("device_hello", self.hello_fields(**other))

    def up(self):
        """DeviceHello, DeviceWelcome."""
        self.say_hello()
        answer = self.receive(self.timeout_s)
        if not answer or answer[0] != "device_welcome":
            raise AssertionError(f"no welcome: {answer}")
        return self

    def expect(self, kind, channel=None):
        """The next frame must be of this kind, about this use of this channel."""
        answer = self.receive(self.timeout_s)
        if not answer or answer[0] != kind:
            raise AssertionError(f"no {kind}: {answer}")
        if channel and (answer[1].get(1, 0), answer[1].get(2, 0)) != (channel.index, channel.epoch):
            raise AssertionError(f"{answer} is not of channel {channel.index} epoch {channel.epoch}")
        return answer

    def channel(self, index=0):
        """A channel that nobody has asked for yet."""
        self.made.append(Channel(self, index))
        return self.made[-1]

    def beat(self, number=1):
        """A sign of life: everything said before has been taken."""
        self.say("beat", {1: number})
        return self.expect("beat")[1].get(1, 0) == number

    def close(self):
        super().close()
        for channel in self.made:
            channel.close()
        self.made = []


class Machine:
    """Guest programs on one side, a machine's socket of the broker on the other."""

    def __init__(self, options):
        self.options = options
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(options.listen)
        self.listener.listen(64)
        self.device = None
        self.channels = []
        self.state = []
        self.guests = {}  # channel index -> the socket of its guest
        self.epochs = [0] * options.channels
        self.generation = 0

    def connect(self):
        """Until the broker welcomes us; false when it does not now."""
        try:
            device = Device(self.options.broker, 10, self.options.channels,
                            self.options.channel_mib << 20)
        except OSError:
            return False
        device.say_hello(revision=REVISION_BEAT, generation=self.generation)
        answer = device.receive(10)
        if not answer or answer[0] != "device_welcome":
            device.close()
            return False
        self.generation += 1
        self.device = device
        self.channels = [device.channel(n) for n in range(self.options.channels)]
        for channel, epoch in zip(self.channels, self.epochs):
            channel.epoch = epoch
        self.state = [FREE] * self.options.channels
        print(f"up generation={self.generation}", flush=True)
        return True

    def lost(self):
        """The link is down: guests see their end, the memory is made anew."""
        for guest in self.guests.values():
            guest.close()
        self.guests.clear()
        self.epochs = [channel.epoch for channel in self.channels]
        self.device.close()
        self.device = None

    def on_guest(self):
        guest, _ = self.listener.accept()
        if self.device is None or FREE not in self.state:
            with wire.Peer(guest) as peer:
                peer.send(wire.prefixed(wire.frame("refuse", {1: 802 << 1, 2: "no link"})))
            return
        index = self.state.index(FREE)
        self.state[index] = OPENING
        self.guests[index] = guest
        self.channels[index].ask()

    def on_guest_end(self, index):
        self.guests.pop(index).close()
        self.state[index] = CLOSING
        self.channels[index].let_go()

    def on_ready(self, index, fields):
        channel = self.channels[index]
        channel.take(fields)
        if self.state[index] == OPENING:
            self.state[index] = READY
            self.send_guest(index, "grant", {1: self.device.channel_bytes, 2: wire.PROTOCOL,
                                             3: channel.session},
                            [channel.memfd, channel.doorbell, channel.interrupt])
        os.close(channel.interrupt)
        channel.interrupt = -1

    def send_guest(self, index, kind, fields, fds=()):
        """A frame on a guest's socket, which stays ours."""
        wire.Peer(self.guests[index]).send(wire.prefixed(wire.frame(kind, fields)), fds)

    def on_refused(self, index, fields):
        if self.state[index] == OPENING:
            self.send_guest(index, "refuse", {1: fields[3], 2: fields.get(4, "")})
            self.guests.pop(index).close()
            self.state[index] = FREE

    def on_free(self, index):
        if index in self.guests:
            self.guests.pop(index).close()
        self.state[index] = FREE

    def on_broker(self):
        answer = self.device.receive(10)
        if answer is None:
            self.lost()
            return
        kind, fields = answer
        if kind == "took":
            print(f"took doorbells={fields.get(1, 0)} calls={fields.get(2, 0)} "
                  f"frames={fields.get(3, 0)}", flush=True)
            return
        if kind == "beat":
            self.device.send(wire.prefixed(wire.frame("beat", fields)))
            return
        index = fields.get(1, 0)
        if fields.get(2, 0) != self.channels[index].epoch:
            return
        if kind == "channel_ready":
            self.on_ready(index, fields)
        elif kind == "channel_refused":
            self.on_refused(index, fields)
        elif kind == "channel_free":
            self.on_free(index)

    def turn(self):
        if self.device is None and not self.connect():
            time.sleep(RECONNECT_S)
        watched = [self.listener, *self.guests.values()]
        watched += [self.device.socket] if self.device else []
        readable = select.select(watched, [], [], None if self.device else 0)[0]
        for index, guest in list(self.guests.items()):
            if guest in readable:
                self.on_guest_end(index)
        if self.listener in readable:
            self.on_guest()
        if self.device and self.device.socket in readable:
            self.on_broker()
            while self.device and self.device.has_frame():
                self.on_broker()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", required=True, help="the machine's socket")
    parser.add_argument("--listen", required=True, help="where guest programs connect")
    parser.add_argument("--channels", type=int, default=CHANNELS)
    parser.add_argument("--channel-mib", type=int, default=1024)
    return parser.parse_args()


def main():
    machine = Machine(parse())
    while True:
        machine.turn()


if __name__ == "__main__":
    sys.exit(main())
