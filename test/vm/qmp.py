# SPDX-License-Identifier: Apache-2.0
"""A client of QEMU's machine protocol on a connected socket."""

import json
import select
import time

READ_MAX = 1 << 16


class QmpError(Exception):
    """QEMU did not do as asked: it refused, went away or did not answer in time."""


class QmpRefusal(QmpError):
    """QEMU answered with an error."""


class Qmp:
    """Greets lazily; events are kept until somebody waits for them."""

    def __init__(self, connection):
        self._connection = connection
        self._buffer = b""
        self._greeted = False
        self.events = []

    def execute(self, command, arguments, timeout_s):
        """The command's return value."""
        end = time.monotonic() + timeout_s
        if not self._greeted:
            self._next(end, lambda message: "QMP" in message, "the greeting")
            self._greeted = True
            self._call("qmp_capabilities", {}, end)
        return self._call(command, arguments, end)

    def wait_event(self, name, timeout_s, fits=None):
        """The data of the oldest event of that name for which fits(data) is true, taken out."""
        end = time.monotonic() + timeout_s
        while True:
            for event in self.events:
                data = event.get("data", {})
                if event["event"] == name and (fits is None or fits(data)):
                    self.events.remove(event)
                    return data
            self._next(end, lambda message: "event" in message, f"event {name}")

    def _call(self, command, arguments, end):
        request = {"execute": command, "arguments": arguments}
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        answer = self._next(end, lambda message: "return" in message or "error" in message,
                            f"the answer to {command}")
        if "error" in answer:
            raise QmpRefusal(f"{command} {arguments}: {answer['error'].get('desc')}")
        return answer["return"]

    def _next(self, end, wanted, what):
        """The next message that is wanted; events on the way are kept."""
        while True:
            line, complete, rest = self._buffer.partition(b"\n")
            if not complete:
                self._read(end, what)
                continue
            self._buffer = rest
            message = json.loads(line)
            if "event" in message:
                self.events.append(message)
            if wanted(message):
                return message

    def _read(self, end, what):
        left = end - time.monotonic()
        if left <= 0 or not select.select([self._connection], [], [], left)[0]:
            raise QmpError(f"QEMU does not send {what} in time")
        data = self._connection.recv(READ_MAX)
        if not data:
            raise QmpError(f"QEMU closed its monitor before {what}")
        self._buffer += data
