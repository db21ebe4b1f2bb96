# SPDX-License-Identifier: Apache-2.0
"""One request to the metrics, on a Unix socket or a port of this host."""

import socket

from stack import PATIENCE_S


def connect(where):
    if where.startswith("/"):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(PATIENCE_S)
        peer.connect(where)
        return peer
    return socket.create_connection(("127.0.0.1", int(where.split(":")[1])), PATIENCE_S)


def ask(where, request="GET /metrics"):
    """(status, headers, body) of one request."""
    with connect(where) as peer:
        peer.sendall(f"{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        parts = []
        while part := peer.recv(1 << 16):
            parts.append(part)
    head, body = b"".join(parts).decode().split("\r\n\r\n", 1)
    status, *headers = head.split("\r\n")
    return int(status.split()[1]), dict(line.lower().split(": ", 1) for line in headers), body
