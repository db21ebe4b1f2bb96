# SPDX-License-Identifier: Apache-2.0
"""The other end of a control socket, for tests of vgpuctl: says what a test wants.

    with FakeControl(path, {"vms": [("vm_row", {"name": "web"})]}) as fake:
        ...
    fake.heard: what came after the hello, as (kind, {field: value})

Messages are packed by the field numbers of proto/vgpu.proto.
"""

import re
import socket
import struct
import threading
from pathlib import Path

from wire import PROTOCOL, fields_of, message, prefixed

PROTO = Path(__file__).resolve().parents[2] / "proto/vgpu.proto"
WHAT = {"broker": 1, "vms": 2, "gpus": 3, "pools": 4, "sessions": 5, "trace": 6, "hostd": 32,
        "qemus": 33, "registry": 34}
NAMES = {number: name for name, number in WHAT.items()}
FIELD = re.compile(r"(repeated )?(\w+) (\w+) = (\d+);")


def load():
    """{message: {field: (number, type)}} of the project's messages."""
    text = re.sub(r"//[^\n]*", "", PROTO.read_text())
    return {name: {field: (int(number), kind) for _, kind, field, number in FIELD.findall(body)}
            for name, body in re.findall(r"message (\w+) \{((?:[^{}]|\{[^{}]*\})*)\}", text)}


MESSAGES = load()
KINDS = {name: (number, kind) for name, (number, kind) in MESSAGES["Frame"].items()}


def signed(kind, value):
    return value << 1 ^ value >> 63 if kind.startswith("sint") else value


def pack(name, values):
    """A packed message from {field name: value}."""
    fields = MESSAGES[name]
    return message({fields[key][0]: signed(fields[key][1], value) & (1 << 64) - 1
                    if isinstance(value, int) else value for key, value in values.items()})


def pack_frame(kind, values):
    number, name = KINDS[kind]
    return prefixed(message({number: pack(name, values)}))


def unpack_frame(packed):
    [(number, body)] = fields_of(packed).items()
    [(kind, name)] = [(k, n) for k, (i, n) in KINDS.items() if i == number]
    values = fields_of(body)
    return kind, {field: values.get(i, b"" if t in ("string", "bytes") else 0)
                  for field, (i, t) in MESSAGES[name].items()}


class FakeControl:
    """Answers on a socket until it is closed; one thread for each client."""

    def __init__(self, path, answers=None, refusal=None, protocol=PROTOCOL, silent=False,
                 program=None):
        self.answers = answers or {}    # what: [(kind, values)], or a function of the question
        self.refusal = refusal          # (errno, text) for every change
        self.protocol = protocol
        self.silent = silent            # says nothing at all
        self.program = program or f"vgpu-{'hostd' if 'hostd' in str(path) else 'broker'}"
        self.heard = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._clients = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads[1:]:
            thread.join()
        for client in self._clients:
            client.close()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client):
        try:
            self._talk(client)
        except OSError:
            pass

    def _talk(self, client):
        while True:
            prefix = client.recv(4, socket.MSG_WAITALL)
            if len(prefix) < 4:
                return
            kind, values = unpack_frame(client.recv(struct.unpack("<I", prefix)[0],
                                                    socket.MSG_WAITALL))
            for answer in [] if self.silent else self._answer(kind, values):
                client.sendall(answer if isinstance(answer, bytes) else pack_frame(*answer))

    def _answer(self, kind, values):
        if kind == "ctl_hello":
            return [("ctl_welcome", {"protocol": self.protocol, "program": self.program,
                                     "version": "0.1.0", "pid": 4711})]
        self.heard.append((kind, values))
        error, text, rows = 0, "", []
        if kind != "ctl_ask":
            error, text = self.refusal or (0, "")
        else:
            rows = self.answers.get(NAMES[values["what"]], [])
            rows = rows(values) if callable(rows) else rows
            if isinstance(rows, tuple):
                (error, text), rows = rows, []
        return [*rows, ("ctl_end", {"id": values["id"], "error": error, "text": text})]
