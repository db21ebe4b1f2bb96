#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What systemd does for a socket unit with Accept=yes, where no systemd runs.

    activator.py [--uid N] SOCKET PROGRAM [ARGS]

Each connection becomes descriptor 3 of a process of its own, with LISTEN_FDS and
LISTEN_PID; with --uid of an account of its own too, N and upwards.
"""

import argparse
import contextlib
import os
import signal
import socket
import sys

PIPE_FD = 3
# A service gets nothing of the environment of whoever connects.
PASSED = ("PATH", "LANG", "VGPU_LOG_TARGET", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


def listen(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(64)
    return listener


def become(connection, uid, command, changes):
    """In the child: what the service manager prepares, then the program, or a Python function."""
    environment = {name: value for name, value in os.environ.items() if name in PASSED}
    environment |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()),
                    "LISTEN_FDNAMES": "connection"} | changes
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(connection.fileno(), PIPE_FD)
    os.closerange(PIPE_FD + 1, 256)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if callable(command):
        command()
        os._exit(0)
    os.execve(command[0], command, environment)


def serve(path, uid, command):
    """For good: a process of its own for each connection."""
    listener = listen(path)
    signal.signal(signal.SIGCHLD, reap)
    print("listening", flush=True)
    count = 0
    while True:
        connection, _ = listener.accept()
        count += 1
        if os.fork() == 0:
            try:
                become(connection, None if uid is None else uid + count, command, {})
            except OSError as error:
                print(f"activator: {error}", file=sys.stderr, flush=True)
            finally:
                os._exit(127)
        connection.close()


def reap(*_):
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uid", type=int)
    parser.add_argument("socket")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    serve(options.socket, options.uid, options.command)


if __name__ == "__main__":
    main()
