# SPDX-License-Identifier: Apache-2.0
"""The host's half of the agent's protocol (guest_agent.sh): bytes in, facts out; it never waits."""

import base64
import re
import select

READY = re.compile(rb"ready ([0-9a-f-]{36})\n")
# Script bytes in one line; a terminal's input buffer holds 4 KiB.
CHUNK = 2000
READ_MAX = 1 << 16


class ChannelEnd(Exception):
    """Nothing more will come from this boot."""


class Channel:
    """What the agent said so far, read from a socket when pump() is called."""

    def __init__(self, connection):
        self._connection = connection
        self._buffer = b""
        # The id of the boot that is talked to; None until its agent is there.
        self.boot = None
        self._former_boot = None
        # Job id -> (status, output).
        self.done = {}
        self.taken = set()

    def expect_boot(self):
        """Everything up to the next boot's "ready" is noise."""
        self._former_boot = self.boot
        self.boot = None
        self.done.clear()
        self.taken.clear()

    def send(self, line):
        self._connection.sendall(line.encode() + b"\n")

    def put_lines(self, job, script):
        """The lines that carry a script; each must be in "taken" before the next is sent."""
        for start in range(0, len(script), CHUNK):
            yield f"put {job} {base64.b64encode(script[start:start + CHUNK]).decode()}"

    def pump(self, timeout_s):
        """Reads once, at most so long, and takes what is complete."""
        if select.select([self._connection], [], [], timeout_s)[0]:
            data = self._connection.recv(READ_MAX)
            if not data:
                raise ChannelEnd("the agent's line is closed")
            self._buffer += data
        while self._take_one():
            pass

    def _take_one(self):
        match = READY.search(self._buffer)
        if self.boot is None:
            if match is None:
                return False
            self._buffer = self._buffer[match.end():]
            if match.group(1) != self._former_boot:
                self.boot = match.group(1)
            return True
        line, end, rest = self._buffer.partition(b"\n")
        words = line.split()
        if not end:
            return False
        if words[:1] == [b"put"]:
            self.taken.add(int(words[1]))
        elif words[:1] == [b"done"]:
            length = int(words[3])
            if len(rest) < length:
                return False
            cut = int(words[4]) - length
            note = f"\n[cut: {cut} more bytes]\n".encode() if cut > 0 else b""
            self.done[int(words[1])] = int(words[2]), rest[:length] + note
            rest = rest[length:]
        elif match is not None:
            raise ChannelEnd("it rebooted by itself")
        self._buffer = rest
        return True
