# SPDX-License-Identifier: Apache-2.0
"""A client of the broker's control socket, by hand."""

import wire

TOOL, HOST = 0, 1
BROKER, VMS, GPUS, POOLS, SESSIONS, TRACE = range(1, 7)


class Client(wire.Peer):
    """Says CtlHello and is welcomed."""

    def __init__(self, path, timeout_s, role=TOOL):
        super().__init__(path)
        self.timeout_s = timeout_s
        self.asked = 0
        self.events = []  # vm_peer frames that came between answers
        self.say("ctl_hello", {1: wire.PROTOCOL, 2: role, 3: "control.py", 4: "0"})
        self.welcome = self.receive(timeout_s)

    def say(self, kind, fields, fds=()):
        self.send(wire.prefixed(wire.frame(kind, fields)), fds)

    def answer(self):
        """Frames up to CtlEnd, and what that says: (rows, errno, text)."""
        rows = []
        while True:
            got = self.receive(self.timeout_s)
            if got is None:
                raise AssertionError("the broker closed the connection")
            kind, fields = got
            if kind == "ctl_end":
                if fields.get(1, 0) != self.asked:
                    raise AssertionError(f"the end of {fields.get(1)}, not of {self.asked}")
                return rows, fields.get(2, 0), fields.get(3, b"").decode()
            if kind == "vm_peer":
                self.events.append(fields)
            else:
                rows.append(fields)

    def ask(self, what, vm=""):
        """The rows of an answer without error."""
        self.asked += 1
        self.say("ctl_ask", {1: self.asked, 2: what, **({3: vm} if vm else {})})
        rows, error, text = self.answer()
        if error:
            raise AssertionError(f"{error}: {text}")
        return rows

    def command(self, kind, fields=None, fds=()):
        """(errno, text) of a command of vgpu-hostd."""
        self.asked += 1
        self.say(kind, {1: self.asked, **(fields or {})}, fds)
        rows, error, text = self.answer()
        if rows:
            raise AssertionError(f"rows for a command: {rows}")
        return error, text
