# SPDX-License-Identifier: Apache-2.0
"""A broker in the hands of a test: the socket that a device connects to.

Frames are packed and read by hand; nothing is taken from the code under test.
"""

import array
import os
import select
import socket
import struct

import paths  # noqa: F401
from wire import fields_of, message, prefixed, zigzag

PROTOCOL = 1
VERSION = "0.1.0-test"
# Kind: number in vgpu.Frame, names of the fields 1, 2, ...
KINDS = {
    "refuse": (2, ("result", "reason")),
    "device_hello": (30, ("revision", "protocol", "channels", "channel_bytes", "generation",
                          "resets", "vm", "qemu")),
    "device_welcome": (31, ("protocol", "version")),
    "channel_open": (32, ("channel", "epoch")),
    "channel_ready": (33, ("channel", "epoch", "session")),
    "channel_refused": (34, ("channel", "epoch", "result", "reason")),
    "channel_close": (35, ("channel", "epoch")),
    "channel_free": (36, ("channel", "epoch")),
    "device_reset": (37, ("resets",)),
    "device_gone": (38, ()),
    "beat": (39, ("number",)),
    "took": (40, ("doorbells", "calls", "frames")),
}
TEXTS = {"vm", "qemu", "version", "reason"}


def pack(kind, **values):
    """A frame with its prefix; `result` is a CUresult."""
    number, names = KINDS[kind]
    fields = {}
    for name, value in values.items():
        if name == "result":
            value = value << 1 ^ value >> 31
        fields[names.index(name) + 1] = value
    return prefixed(message({number: message(fields)}))


def unpack(packed):
    """(kind, {name: value}) of a frame without its prefix; every field is there."""
    [(number, body)] = fields_of(packed).items()
    [(kind, names)] = [(k, n) for k, (i, n) in KINDS.items() if i == number]
    found = fields_of(body)
    values = {}
    for at, name in enumerate(names, 1):
        value = found.get(at, b"" if name in TEXTS else 0)
        values[name] = (value.decode() if name in TEXTS else
                        zigzag(value) if name == "result" else value)
    return kind, values


class Link:
    """One connection of the device."""

    def __init__(self, connection):
        self.socket = connection
        self._bytes = b""
        self._fds = []

    def close(self):
        """The end of the broker, as the device sees it."""
        self.socket.close()
        self.drop_fds()

    def drop_fds(self):
        while self._fds:
            os.close(self._fds.pop())

    def send(self, kind, fds=(), **values):
        self.send_raw(pack(kind, **values), fds)

    def send_raw(self, data, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([data], rights)

    def _fill(self, timeout_s):
        """Receives once; False at the end."""
        if not select.select([self.socket], [], [], timeout_s)[0]:
            raise TimeoutError("nothing from the device")
        try:
            data, rights, flags, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
        except ConnectionResetError:
            return False
        if flags & socket.MSG_CTRUNC:
            raise AssertionError("more descriptors than any frame has")
        for level, kind, raw in rights:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._fds += array.array("i", raw[:len(raw) // 4 * 4])
        self._bytes += data
        return bool(data)

    def receive(self, timeout_s):
        """The next frame as (kind, {name: value}); None at the end of the connection."""
        while (len(self._bytes) < 4 or
               len(self._bytes) < 4 + struct.unpack_from("<I", self._bytes)[0]):
            if not self._fill(timeout_s):
                return None
        size = struct.unpack_from("<I", self._bytes)[0]
        packed, self._bytes = self._bytes[4:4 + size], self._bytes[4 + size:]
        return unpack(packed)

    def take_fds(self, count):
        """The descriptors of the last frame, now the caller's."""
        taken, self._fds = self._fds[:count], self._fds[count:]
        if len(taken) != count:
            raise AssertionError(f"{len(taken)} descriptors, wanted {count}")
        return taken

    def is_silent(self, timeout_s=0.05):
        """True when nothing has come: to be asked behind something that would come later."""
        return not self._bytes and not select.select([self.socket], [], [], timeout_s)[0]


class Broker:
    """The listening socket; close() and a new one on the same path is a restart."""

    def __init__(self, path, timeout_s):
        self.path = path
        self.timeout_s = timeout_s
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(path)
        self.socket.listen(8)
        self.links = []

    def close(self):
        self.socket.close()
        os.unlink(self.path)
        for link in self.links:
            link.close()

    def accept(self, timeout_s=None):
        """The device's next connection, nothing said yet; TimeoutError when none comes."""
        self.socket.settimeout(self.timeout_s if timeout_s is None else timeout_s)
        link = Link(self.socket.accept()[0])
        self.links.append(link)
        return link

    def greet(self, version=VERSION):
        """A connection that is welcomed: (link, what the hello said)."""
        link = self.accept()
        kind, hello = link.receive(self.timeout_s)
        if kind != "device_hello":
            raise AssertionError(f"{kind} instead of the hello")
        link.send("device_welcome", protocol=PROTOCOL, version=version)
        return link, hello
