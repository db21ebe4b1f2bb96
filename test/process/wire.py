# SPDX-License-Identifier: Apache-2.0
"""Enough of the wire to misuse it: frames by hand, a guest without a library.

Nothing here is taken from the code under test: the layout is written down a second time.
"""

import array
import ctypes
import mmap
import os
import select
import socket
import struct

from stack import build_folder, sanitizer

PROTOCOL = 1
# Addresses that a worker of this build can have: sanitizers take some of them.
CANDIDATE = {"": 0, "address": 1, "thread": 2}[sanitizer(build_folder())]
FRAME_BYTES_MAX = 65536
RECORD_BYTES_MAX = 49152
OP_FRAME = 1
RECORD_ANSWER = 1
RECORD_UNKNOWN = 2

STATE_AT = 0x1000
ERROR_AT = STATE_AT
SUBMIT_WORDS_AT = STATE_AT + 64
COMPLETE_WORDS_AT = SUBMIT_WORDS_AT + 256
HEAD, TAIL, PARKED = 0, 64, 128
HOLDER_AT = STATE_AT + 0x240
HOLDER_TID_AT = HOLDER_AT + 8
HOLDER_DIED = 1 << 30
COMPLETE_AT, COMPLETE_BYTES = 0x40000, 0x40000
SUBMIT_AT, SUBMIT_BYTES = 0x100000, 0x100000
DATA_AT = 0x200000

# Field numbers of vgpu.Frame.
KINDS = {"grant": 1, "refuse": 2, "hello": 3, "welcome": 4, "open": 5, "opened": 6, "close": 7,
         "closed": 8, "register": 10, "registered": 11, "worker_wanted": 12, "worker_ready": 13,
         "worker_taken": 14, "worker_kill": 15, "worker_gone": 16, "worker_failed": 17, "leaving": 49,
         "worker_here": 18, "worker_start": 19, "kill_worker": 86,
         "ready": 20, "facts": 21, "attach": 22, "attached": 23, "submit": 24, "complete": 25,
         "wake": 26, "fatal": 27, "device_hello": 30, "device_welcome": 31, "channel_open": 32,
         "channel_ready": 33, "channel_refused": 34, "channel_close": 35, "channel_free": 36,
         "device_reset": 37, "device_gone": 38, "beat": 39, "took": 40, "ctl_hello": 60, "ctl_welcome": 61,
         "ctl_ask": 62, "ctl_end": 63, "broker_row": 64, "vm_row": 65, "gpu_row": 66,
         "pool_row": 67, "session_row": 68, "trace_row": 69, "host_begin": 70, "host_commit": 71,
         "vm_set": 72, "vm_remove": 73, "pool_set": 74, "gpu_drain": 75, "vm_peer": 76,
         "vm_identity": 77}
NAMES = {number: name for name, number in KINDS.items()}


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def message(fields):
    """A packed message from {number: int, bytes or str}."""
    out = b""
    for number, value in fields.items():
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def frame(kind, fields=None):
    """A packed vgpu.Frame without its length prefix."""
    return message({KINDS[kind]: message(fields or {})})


def prefixed(packed):
    return struct.pack("<I", len(packed)) + packed


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields_of(data):
    """{number: value} of a packed message; the last one of a repeated field."""
    found, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {key & 7}")
        found[key >> 3] = value
    return found


def read_frame(packed):
    """(kind, {number: value}) of a packed vgpu.Frame."""
    [(number, body)] = fields_of(packed).items()
    return NAMES[number], fields_of(body)


def zigzag(value):
    """Value of a sint32 field."""
    return value >> 1 ^ -(value & 1)


def record(operation, body=b"", sequence=1, lane=0, flags=RECORD_ANSWER):
    """A call record with its padding."""
    body += bytes(-len(body) % 8)
    return struct.pack("<IIIHH", operation, 16 + len(body), sequence, lane, flags) + body


def frame_record(kind, fields=None, sequence=1):
    """A control frame as a record."""
    return record(OP_FRAME, prefixed(frame(kind, fields)), sequence)


def hello(candidate=CANDIDATE, protocol=PROTOCOL):
    return frame_record("hello", {1: protocol, 2: os.getpid(), 3: "wire.py", 4: "0",
                                  5: candidate})


class Peer:
    """A socket to the broker that says whatever a test wants."""

    def __init__(self, where):
        """Connects to a path, or takes a connected socket."""
        self.socket = where
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.socket.connect(where)
            except OSError:
                self.socket.close()
                raise
        self.fds = []
        self._bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def send(self, data, fds=()):
        """As much as the broker takes; it may have closed already."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.socket.sendmsg([data], rights)
        except OSError:
            pass

    def _fill(self, timeout_s):
        """Receives once; False at the end or after the timeout."""
        if not select.select([self.socket], [], [], timeout_s)[0]:
            raise TimeoutError("nothing from the broker")
        try:
            data, rights, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(4 * 8))
        except ConnectionResetError:
            return False
        for level, kind, raw in rights:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self.fds += array.array("i", raw[:len(raw) // 4 * 4])
        self._bytes += data
        return bool(data)

    def has_frame(self):
        """A whole frame is here already."""
        return len(self._bytes) >= 4 and len(self._bytes) >= 4 + struct.unpack_from(
            "<I", self._bytes)[0]

    def has_frame_within(self, timeout_s):
        """A whole frame is here before the time is up, or the end of the socket."""
        try:
            while not self.has_frame() and self._fill(timeout_s):
                pass
        except TimeoutError:
            return False
        return True

    def receive(self, timeout_s):
        """The next frame as (kind, fields); None at the end of the socket."""
        while not self.has_frame():
            if not self._fill(timeout_s):
                return None
        size = struct.unpack_from("<I", self._bytes)[0]
        packed, self._bytes = self._bytes[4:4 + size], self._bytes[4 + size:]
        return read_frame(packed)

    def wait_end(self, timeout_s):
        """True when the broker closes the socket, whatever it says before."""
        try:
            while self._fill(timeout_s):
                pass
        except TimeoutError:
            return False
        return True


class Rings:
    """A guest in a channel's memory: what a library does there, by hand.

    `memory` is mapped, `doorbell` and `interrupt` are descriptors, `ends` are more things to
    select on whose input means the end.
    """

    memory = None
    doorbell = interrupt = -1
    ends = ()

    def begin(self, memory, timeout_s):
        self.memory = memory
        self.timeout_s = timeout_s
        self.head = 0
        self.tail = 0

    # Native form: the words move in one piece, as the other side must see them.

    def word(self, at):
        return struct.unpack_from("@Q", self.memory, at)[0]

    def set_word(self, at, value):
        # One store: struct.pack_into() clears the bytes first, and a reader sees that.
        ctypes.c_uint64.from_buffer(self.memory, at).value = value

    def error(self):
        return struct.unpack_from("@I", self.memory, ERROR_AT)[0]

    def wake(self):
        """Rings the doorbell, asked for or not."""
        os.write(self.doorbell, struct.pack("<Q", 1))

    def write(self, data):
        """Copies bytes into the submission ring at the head, without publishing them."""
        for start in range(0, len(data), 65536):
            self._write_part(data[start:start + 65536], self.head + start)

    def _write_part(self, part, index):
        at = index % SUBMIT_BYTES
        first = min(len(part), SUBMIT_BYTES - at)
        self.memory[SUBMIT_AT + at:SUBMIT_AT + at + first] = part[:first]
        self.memory[SUBMIT_AT:SUBMIT_AT + len(part) - first] = part[first:]

    def put(self, data):
        """Publishes bytes in the submission ring and rings the doorbell."""
        self.write(data)
        self.head += len(data)
        self.set_word(SUBMIT_WORDS_AT + HEAD, self.head)
        self.wake()

    def answer(self):
        """The next record of the completion ring: (op, sequence, flags, body); None at the end."""
        words = COMPLETE_WORDS_AT
        while self.word(words + HEAD) == self.tail:
            struct.pack_into("@I", self.memory, words + PARKED, 1)
            if self.word(words + HEAD) != self.tail:
                break
            if self.error():
                return None
            ready = select.select([self.interrupt, *self.ends], [], [], self.timeout_s)[0]
            if self.interrupt in ready:
                if not os.read(self.interrupt, 8):
                    return None
            elif ready:
                return None
            else:
                raise TimeoutError("no answer in the ring")
        header = self._ring(self.tail, 16)
        operation, length, sequence, _, flags = struct.unpack("<IIIHH", header)
        body = self._ring(self.tail + 16, length - 16)
        self.tail += length
        self.set_word(words + TAIL, self.tail)
        return operation, sequence, flags, body

    def _ring(self, index, size):
        at = index % COMPLETE_BYTES
        data = self.memory[COMPLETE_AT + at:COMPLETE_AT + min(at + size, COMPLETE_BYTES)]
        return data + self.memory[COMPLETE_AT:COMPLETE_AT + size - len(data)]

    def answer_frame(self):
        """The next control frame of the completion ring: (kind, fields); None at the end."""
        got = self.answer()
        if got is None:
            return None
        if got[0] != OP_FRAME:
            raise AssertionError(f"not a frame: {got}")
        size = struct.unpack_from("<I", got[3])[0]
        return read_frame(got[3][4:4 + size])

    def greet(self):
        """Hello, Welcome."""
        self.put(hello())
        return self.answer_frame()

    def open(self, ordinal=0):
        """Open, Opened: afterwards the session has a worker."""
        self.put(frame_record("open", {1: ordinal} if ordinal else {}))
        return self.answer_frame()


class RawGuest(Rings, Peer):
    """A guest process on this machine with its channel mapped, after the grant."""

    def __init__(self, path, timeout_s):
        super().__init__(path)
        granted = self.receive(timeout_s)
        if not granted or granted[0] != "grant" or len(self.fds) != 3:
            self.close()
            raise AssertionError(f"no grant: {granted}")
        self.size = granted[1][1]
        self.session = granted[1].get(3, 0)
        _, self.doorbell, self.interrupt = self.fds
        self.ends = (self.socket,)
        self.begin(mmap.mmap(self.fds[0], self.size), timeout_s)

    def close(self):
        if self.memory is not None and not self.memory.closed:
            self.memory.close()
        super().close()
