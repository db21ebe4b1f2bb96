#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Supervisors and workers that break the rules: the broker believes none of them.

A broker without executors of its own; this test plays supervisor and worker.
"""

import os
import signal
import socket
import struct
import subprocess
import tempfile
import unittest

import procfs
import wire
from case import PATIENCE_S, Stack, main, wait_for
from stack import build_folder, die_with_parent

UUID = bytes(range(16))
# A worker that should not be is there by then.
SILENCE_S = 1


class Supervisor(wire.Peer):
    """A registered supervisor with as many workers as a test wants."""

    def __init__(self, path, uuid=UUID):
        super().__init__(path)
        facts = wire.message({1: "GPU of a test", 2: uuid, 3: "0000:01:00.0", 4: 1 << 30, 9: 13000})
        self.send(wire.prefixed(wire.frame("register", {1: wire.PROTOCOL, 2: "0", 3: os.getpid(),
                                                        4: facts})))
        self.answer = self.receive(PATIENCE_S)

    def say(self, kind, fields=None, fds=()):
        self.send(wire.prefixed(wire.frame(kind, fields)), fds)

    def worker(self, number):
        """Announces a worker; returns our end of its pipe as a Peer."""
        ours, theirs = socket.socketpair()
        self.say("worker_ready", {1: number, 2: os.getpid(), 3: 1, 4: 2}, [theirs.fileno()])
        theirs.close()
        return wire.Peer(ours)


class Executor(unittest.TestCase):
    stack = None
    baseline = None

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(spawn=False)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.close)
        cls.baseline = cls.stack.steady_usage()

    def setUp(self):
        self.addCleanup(self.check)

    def check(self):
        """Runs after everything is closed: the broker lives and has let go of all of it."""
        try:
            self.assertIsNone(self.stack.broker.poll(), "the broker ended")
            self.stack.settle(self.baseline)
        except Exception:
            self.stack.show_log()
            raise

    def closed_later(self, peer):
        self.addCleanup(peer.close)
        return peer

    def supervisor(self):
        supervisor = self.closed_later(Supervisor(self.stack.executor_socket))
        self.assertEqual(supervisor.answer[0], "registered")
        return supervisor

    def attached(self, result=0):
        """A session that a worker of ours answers for: (guest, supervisor, worker)."""
        supervisor = self.supervisor()
        worker = self.closed_later(supervisor.worker(1))
        guest = self.closed_later(wire.RawGuest(self.stack.socket, PATIENCE_S))
        self.assertEqual(guest.greet()[0], "welcome")
        guest.put(wire.frame_record("open"))
        kind, _ = worker.receive(PATIENCE_S)
        self.assertEqual(kind, "attach")
        self.assertEqual(len(worker.fds), 1)
        self.assertEqual(os.fstat(worker.fds[0]).st_ino, os.fstat(guest.fds[0]).st_ino)
        self.assertEqual(supervisor.receive(PATIENCE_S)[0], "worker_taken")
        worker.send(wire.prefixed(wire.frame("attached", {1: result << 1})))
        return guest, supervisor, worker

    def opened(self):
        guest, supervisor, worker = self.attached()
        self.assertEqual(guest.answer_frame()[0], "opened")
        return guest, supervisor, worker

    def assert_killed(self, supervisor, number=1):
        kind, fields = supervisor.receive(PATIENCE_S)
        self.assertEqual((kind, fields[1]), ("worker_kill", number))

    def assert_dead(self, guest, code=719):
        self.assertEqual(wait_for(guest.error, "the error word"), code)

    def dies_of(self, data, fds=()):
        guest, supervisor, worker = self.opened()
        worker.send(data, fds)
        self.assert_dead(guest)
        self.assert_killed(supervisor)
        for peer in (guest, worker, supervisor):
            peer.close()
        self.stack.settle(self.baseline)

    def test_honest_session(self):
        guest, supervisor, worker = self.opened()
        guest.put(wire.record(0x20000, bytes(8), sequence=5))
        kind, fields = worker.receive(PATIENCE_S)
        self.assertEqual((kind, fields[1]), ("submit", wire.record(0x20000, bytes(8), 5)))
        worker.send(wire.prefixed(wire.frame("complete", {1: wire.record(0x20000, bytes(8), 5)})))
        self.assertEqual(guest.answer()[:2], (0x20000, 5))
        guest.put(wire.frame_record("close"))
        self.assert_killed(supervisor)
        supervisor.say("worker_gone", {1: 1})
        self.assertEqual(guest.answer_frame()[0], "closed")

    def test_worker_says_rubbish(self):
        self.dies_of(b"\xff" * 64)
        self.dies_of(struct.pack("<I", 0))
        self.dies_of(wire.prefixed(b"\x0b" * 8))

    def test_worker_says_what_workers_do_not_say(self):
        for kind in sorted(set(wire.KINDS) - {"complete", "wake", "fatal"}):
            with self.subTest(kind):
                self.dies_of(wire.prefixed(wire.frame(kind)))

    def test_worker_answers_with_rubbish(self):
        for records in (b"", b"\xff" * 64, bytes(16), wire.record(0x20000)[:-1],
                        wire.record(0x20000) + b"\0" * 8, wire.frame_record("closed")):
            with self.subTest(records):
                self.dies_of(wire.prefixed(wire.frame("complete", {1: records})))

    def test_worker_sends_descriptors(self):
        read, write = os.pipe()
        self.dies_of(wire.prefixed(wire.frame("wake")), [write] * 3)
        os.close(write)
        with open(read, "rb") as pipe:
            self.assertEqual(pipe.read(1), b"", "a descriptor was kept")

    def test_fatal_with_a_code_that_is_not_sticky(self):
        for code in (0, 1, 2, 801, 999):
            with self.subTest(code):
                self.dies_of(wire.prefixed(wire.frame("fatal", {1: code << 1, 2: "no"})))

    def test_fatal_is_told_to_the_guest(self):
        guest, supervisor, worker = self.opened()
        worker.send(wire.prefixed(wire.frame("fatal", {1: 700 << 1, 2: "illegal address"})))
        self.assert_dead(guest, 700)
        self.assert_killed(supervisor)

    def test_spare_that_speaks(self):
        supervisor = self.supervisor()
        worker = self.closed_later(supervisor.worker(9))
        worker.send(wire.prefixed(wire.frame("attached")))
        self.assert_killed(supervisor, 9)

    def test_attach_that_fails_is_refused(self):
        """With the worker's code, when the worker has been reaped."""
        guest, supervisor, _ = self.attached(result=2)
        self.assert_killed(supervisor)
        supervisor.say("worker_gone", {1: 1})
        kind, fields = guest.answer_frame()
        self.assertEqual((kind, wire.zigzag(fields[1])), ("refuse", 2))

    def test_pipe_that_closes(self):
        guest, _, worker = self.opened()
        worker.close()
        self.assert_dead(guest)

    def test_supervisor_that_goes(self):
        guest, supervisor, _ = self.opened()
        supervisor.close()
        self.assert_dead(guest)

    def test_supervisor_says_what_supervisors_do_not_say(self):
        honest = {"worker_ready", "worker_gone", "worker_failed", "leaving"}
        for kind in sorted(set(wire.KINDS) - honest):
            with self.subTest(kind):
                supervisor = self.supervisor()
                supervisor.say(kind)
                self.assertTrue(supervisor.wait_end(PATIENCE_S))
                supervisor.close()
                self.stack.settle(self.baseline)

    def test_worker_ready_without_descriptor(self):
        supervisor = self.supervisor()
        supervisor.say("worker_ready", {1: 1, 2: 1, 3: 1, 4: 2})
        self.assertTrue(supervisor.wait_end(PATIENCE_S))

    def test_worker_ready_twice(self):
        supervisor = self.supervisor()
        self.closed_later(supervisor.worker(1))
        self.closed_later(supervisor.worker(1))
        self.assertTrue(supervisor.wait_end(PATIENCE_S))

    def test_worker_that_is_not_locked(self):
        """NO_NEW_PRIVS and seccomp are not optional; the broker does not use such a worker."""
        if self.stack.sanitized():
            self.skipTest("sanitizer builds have no sandbox")
        supervisor = self.supervisor()
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        supervisor.say("worker_ready", {1: 1, 2: os.getpid()}, [theirs.fileno()])
        theirs.close()
        peer = self.closed_later(wire.Peer(ours))
        self.assertTrue(peer.wait_end(PATIENCE_S))

    def test_worker_gone_that_never_was(self):
        supervisor = self.supervisor()
        supervisor.say("worker_gone", {1: 77})
        self.assertTrue(supervisor.wait_end(PATIENCE_S))

    def test_same_gpu_twice(self):
        self.supervisor()
        second = self.closed_later(Supervisor(self.stack.executor_socket))
        kind, refusal = second.answer
        self.assertEqual(kind, "refuse")
        self.assertIn(f"is served by process {os.getpid()} already".encode(), refusal[2])
        self.assertTrue(second.wait_end(PATIENCE_S))

    def test_no_worker_can_be_made(self):
        supervisor = self.supervisor()
        guest = self.closed_later(wire.RawGuest(self.stack.socket, PATIENCE_S))
        guest.greet()
        guest.put(wire.frame_record("open"))
        self.assertEqual(supervisor.receive(PATIENCE_S)[0], "worker_wanted")
        supervisor.say("worker_failed", {1: "a test"})
        self.assertEqual(guest.answer_frame()[0], "refuse")

    def test_a_guest_that_gives_up_is_no_longer_waited_for(self):
        """What the supervisor is told falls again, and what was made for it ends."""
        supervisor = self.supervisor()
        guest = self.closed_later(wire.RawGuest(self.stack.socket, PATIENCE_S))
        guest.greet()
        guest.put(wire.frame_record("open"))
        self.assertEqual(supervisor.receive(PATIENCE_S), ("worker_wanted", {1: 1}))
        guest.close()
        self.assertEqual(supervisor.receive(PATIENCE_S), ("worker_wanted", {}))
        for number in (1, 2):
            self.closed_later(supervisor.worker(number))
        self.assert_killed(supervisor, 2)

    def test_thousand_workers_come_and_go(self):
        supervisor = self.supervisor()
        before = procfs.status_kib(self.stack.broker.pid, "RssAnon")
        for number in range(1, 1001):
            supervisor.worker(number).close()
            self.assert_killed(supervisor, number)
            supervisor.say("worker_gone", {1: number})
        grown = procfs.status_kib(self.stack.broker.pid, "RssAnon") - before
        if not self.stack.sanitized():
            self.assertLessEqual(grown, 512, "KiB")


class Spares(unittest.TestCase):
    """A real supervisor under a broker that this test plays."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-test-")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "executor.sock")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen()
        build = build_folder()
        self.supervisor = subprocess.Popen(
            [build / "executor/vgpu-executor", "--gpu", "0", "--socket", path, "--driver",
             build / "executor/sim/libcuda-sim.so.1"], stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        self.addCleanup(self.end)
        listener.settimeout(PATIENCE_S)
        self.broker = wire.Peer(listener.accept()[0])
        self.addCleanup(self.broker.close)
        self.assertEqual(self.broker.receive(PATIENCE_S)[0], "register")
        self.say("registered", {1: 0, 2: 1})

    def end(self):
        self.supervisor.terminate()
        self.supervisor.wait(PATIENCE_S)

    def say(self, kind, fields):
        self.broker.send(wire.prefixed(wire.frame(kind, fields)))

    def expect(self, kind):
        got, fields = self.broker.receive(PATIENCE_S)
        self.assertEqual(got, kind, fields)
        return fields

    def test_worker_that_ends_as_it_is_taken_leaves_no_spare_too_many(self):
        first = self.expect("worker_ready")
        self.say("worker_wanted", {1: 1})
        second = self.expect("worker_ready")
        os.kill(second[2], signal.SIGKILL)
        kinds = sorted(self.broker.receive(PATIENCE_S)[0] for _ in range(2))
        self.assertEqual(kinds, ["worker_gone", "worker_ready"])
        self.say("worker_wanted", {})
        self.say("worker_taken", {1: second[1]})
        # Two are ready, one is a spare too many: its end is not made good.
        self.say("worker_kill", {1: first[1]})
        self.assertEqual(self.expect("worker_gone")[1], first[1])
        with self.assertRaises(TimeoutError):
            self.broker.receive(SILENCE_S)


if __name__ == "__main__":
    main()
