# SPDX-License-Identifier: Apache-2.0
"""xenstored as a test plays it: who the domains are."""

import socket
import struct
import threading

READ, ERROR = 2, 16
HEADER = struct.Struct("=IIII")


class FakeXenstore:
    def __init__(self, path):
        self.uuids = {}         # domain: uuid
        self.silent = False     # accepts and answers nothing
        self._held = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for client in self._held:
            client.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.silent:
                self._held.append(client)
                continue
            with client:
                self._answer(client)

    def _answer(self, client):
        kind, request, transaction, length = HEADER.unpack(client.recv(16, socket.MSG_WAITALL))
        node = client.recv(length, socket.MSG_WAITALL).rstrip(b"\0").decode().split("/")
        uuid = self.uuids.get(int(node[3])) if node[4:] == ["vm"] and kind == READ else None
        text = f"/vm/{uuid}".encode() if uuid else b"ENOENT\0"
        client.sendall(HEADER.pack(READ if uuid else ERROR, request, transaction, len(text)) + text)
