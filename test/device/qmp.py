# SPDX-License-Identifier: Apache-2.0
"""QEMU's monitor protocol, as much as the tests need."""

import json


class QmpError(Exception):
    """QEMU refused a command; the text is QEMU's."""


class Qmp:
    def __init__(self, connection):
        self._socket = connection
        self._file = connection.makefile("rw", encoding="utf-8")
        self.events = []
        self._next()
        self.command("qmp_capabilities")

    def close(self):
        self._file.close()
        self._socket.close()

    def _next(self):
        line = self._file.readline()
        if not line:
            raise EOFError("QEMU closed its monitor")
        return json.loads(line)

    def command(self, name, **arguments):
        """The command's answer; events that come before it are kept."""
        self._file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            answer = self._next()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise QmpError(answer["error"]["desc"])
            elif "return" in answer:
                return answer["return"]

    def wait_event(self, name):
        """The next event of that name; the caller bounds the time (the socket's timeout)."""
        while True:
            for at, event in enumerate(self.events):
                if event["event"] == name:
                    return self.events.pop(at)
            answer = self._next()
            if "event" in answer:
                self.events.append(answer)
