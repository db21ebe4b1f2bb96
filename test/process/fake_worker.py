#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers of systemd's that break one rule, on descriptor 3, behind an activator.

As a probe it always behaves: the supervisor shall get as far as wanting a worker.
"""

import argparse
import array
import contextlib
import ctypes
import os
import random
import socket
import struct
import sys
import time

import activator
import wire

PATIENCE_S = 60
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_RET_ALLOW = 0x7fff0000
BPF_RET_K = 0x06
SCM_CREDENTIALS = 2
LIBC = ctypes.CDLL(None, use_errno=True)
UUID = bytes(range(16))


class Program(ctypes.Structure):
    """struct sock_fprog."""
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def lock(filters=2):
    """Filters that allow everything: to the supervisor this process looks locked."""
    code = ctypes.create_string_buffer(struct.pack("<HBBI", BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW))
    program = Program(1, ctypes.addressof(code))
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    for _ in range(filters):
        if LIBC.prctl(PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


class Worker:
    def __init__(self):
        self.peer = wire.Peer(socket.socket(fileno=3))
        self.nonce = None

    def say(self, kind, fields=None):
        self.peer.send(wire.prefixed(wire.frame(kind, fields)))

    def here(self, protocol=wire.PROTOCOL):
        """Says WorkerHere; as a probe it says Facts and ends."""
        self.say("worker_here", {1: protocol, 2: "fake"})
        answer = self.peer.receive(PATIENCE_S)
        if answer is None:
            sys.exit(0)
        kind, fields = answer
        assert kind == "worker_start", kind
        self.nonce = fields[1]
        if fields.get(2):
            facts = wire.message({1: "GPU of a test", 2: UUID, 3: "0000:01:00.0", 4: 1 << 30,
                                  9: 13000})
            self.say("facts", {1: facts, 2: 1})
            sys.exit(0)

    def ready(self, nonce=None):
        return wire.prefixed(wire.frame("ready", {3: self.nonce if nonce is None else nonce}))

    def stay(self):
        """For good, whatever happens to the pipe."""
        while True:
            time.sleep(1)


def silent(worker):
    worker.stay()


def garbage(worker):
    worker.peer.send(random.Random(1).randbytes(4096))
    worker.stay()


def stranger(worker):
    worker.say("ready", {})
    worker.stay()


def old(worker):
    worker.here(protocol=99)
    worker.stay()


def mute(worker):
    worker.here()
    worker.stay()


def dies(worker):
    worker.here()


def twice(worker):
    worker.here()
    lock()
    worker.peer.send(worker.ready() * 2)
    worker.stay()


def guess(worker):
    worker.here()
    lock()
    worker.peer.send(worker.ready(worker.nonce ^ 1))
    worker.stay()


def unlocked(worker):
    worker.here()
    worker.peer.send(worker.ready())
    worker.stay()


def filtered(worker):
    """As many filters as the unit gave it, and one: Seccomp is 2, but it is not locked."""
    lock(3)
    worker.here()
    lock(1)
    worker.peer.send(worker.ready())
    worker.stay()


def facts(worker):
    worker.here()
    worker.say("facts", {2: 1})
    worker.stay()


def two(worker):
    """One process says WorkerHere, a locked child of it Ready."""
    worker.here()
    if os.fork() == 0:
        lock()
        worker.peer.send(worker.ready())
        worker.peer.wait_end(PATIENCE_S)
        return
    worker.stay()


def heir(worker):
    """Ends after WorkerStart and leaves the pipe, and the answer, to a child."""
    worker.here()
    if os.fork() == 0:
        time.sleep(0.1)
        lock()
        worker.peer.send(worker.ready())
        worker.peer.wait_end(PATIENCE_S)


def forged(worker):
    """Claims to be the process that asked; only root may, and a worker is not."""
    worker.here()
    lock()
    asker = struct.unpack("iII", worker.peer.socket.getsockopt(socket.SOL_SOCKET,
                                                               socket.SO_PEERCRED, 12))
    claim = array.array("i", [asker[0], os.getuid(), os.getgid()])
    try:
        worker.peer.socket.sendmsg([worker.ready()], [(socket.SOL_SOCKET, SCM_CREDENTIALS, claim)])
    except PermissionError:
        worker.say("fatal", {1: 2 * 304, 2: "the kernel refuses a forged process id"})
    worker.stay()


def descriptors(worker):
    worker.here()
    lock()
    worker.peer.send(worker.ready(), [0])
    worker.stay()


def stubborn(worker):
    """Good as long as the supervisor looks, then ends for nothing but SIGKILL."""
    worker.here()
    lock()
    worker.peer.send(worker.ready())
    worker.stay()


RULES = (silent, garbage, stranger, old, mute, dies, twice, guess, unlocked, filtered, facts, two, heir,
         forged, descriptors, stubborn)


def run(name, mark):
    """The process on descriptor 3; the first of those that never say who they are is a probe."""
    rule = {r.__name__: r for r in RULES}[name]
    worker = Worker()
    if rule in (silent, garbage, stranger, old):
        with contextlib.suppress(FileExistsError):
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL, 0o666))
            worker.here()
    rule(worker)


def main():
    """fake_worker.py [--uid N] SOCKET RULE MARK: an activator of such workers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uid", type=int)
    parser.add_argument("socket")
    parser.add_argument("rule")
    parser.add_argument("mark")
    options = parser.parse_args()
    # The interpreter may be out of reach for the accounts of workers, so nothing is executed.
    activator.serve(options.socket, options.uid, lambda: run(options.rule, options.mark))


if __name__ == "__main__":
    main()
