#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers of systemd's, and who connects to them: each that breaks a rule is refused by name."""

import socket
import struct
import tempfile
import unittest
from pathlib import Path

import wire
from case import PATIENCE_S, main
from stack import build_folder, sanitizer
from unit_host import ROOT, Activated, Host, expect

# What the supervisor says of a worker that breaks a rule (fake_worker.py).
REASONS = {
    "garbage": "something else than Ready", "stranger": "did not begin with WorkerHere",
    "old": "another version", "dies": "died at its start", "twice": "said more than Ready",
    "guess": "another nonce", "facts": "something else than Ready",
    "two": "another process than the worker", "heir": "died at its start",
    "descriptors": "said more than Ready", "forged": "the kernel refuses a forged process id",
    "silent": "not ready in time", "mute": "not ready in time",
}


class Rules(unittest.TestCase):
    def begin(self, rule, **options):
        host = Host()
        self.addCleanup(host.close)
        host.fake_workers(rule, **options)
        patience = ("--ready-timeout-ms", "2000") if rule in ("silent", "mute") else ()
        host.supervise(*patience)
        return host

    def reason(self, host):
        peer, _ = host.register()
        return expect(peer, "worker_failed")[1].decode()

    def refused(self, rule, **options):
        return self.reason(self.begin(rule, **options))

    def test_each_is_given_up(self):
        hosts = {rule: self.begin(rule) for rule in REASONS}
        for rule, host in hosts.items():
            with self.subTest(rule):
                self.assertIn(REASONS[rule], self.reason(host), host.log())

    @unittest.skipIf(sanitizer(build_folder()), "sanitizer builds have no sandbox")
    def test_unlocked(self):
        self.assertIn("not locked", self.refused("unlocked"))

    @unittest.skipIf(sanitizer(build_folder()), "sanitizer builds have no sandbox")
    def test_locked_by_its_unit_only(self):
        self.assertIn("not locked", self.refused("filtered"))

    @unittest.skipUnless(ROOT, "needs root to be root")
    def test_root(self):
        self.assertIn("the worker is root", self.refused("stubborn", uid=None))


class Orders(unittest.TestCase):
    """What a worker accepts of whoever connects to the socket."""

    GOOD = {1: 7, 5: "libcuda.so.1", 6: 2, 7: 6}

    def worker(self, **options):
        worker = Activated(**options)
        self.addCleanup(worker.close)
        return worker

    def refused(self, data, what):
        worker = self.worker()
        self.assertEqual(worker.peer.receive(PATIENCE_S)[0], "worker_here")
        worker.peer.send(data)
        status, log = worker.end()
        self.assertEqual(status, 70, log)
        self.assertIn(what, log)
        return worker

    def test_orders_that_are_refused(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        open_library = folder / "open.so"
        open_library.write_bytes(b"")
        open_library.chmod(0o666)
        bad = [({2: 0, 3: 256}, "the GPU"), ({4: b"short"}, "the GPU"),
               ({5: ""}, "the driver"), ({5: "libcuda-sim.so.1"}, "the driver"),
               ({5: "../x/libcuda.so.1"}, "the driver"), ({5: "/nonexistent.so"}, "the driver"),
               ({5: str(folder)}, "the driver"), ({5: str(open_library)}, "the driver"),
               ({5: "/" + "x" * 2000}, "the driver"), ({6: 0}, "helpers"), ({6: 65}, "helpers"),
               ({7: 2}, "log level"), ({7: 8}, "log level"),
               ({8: "LD_PRELOAD=/evil.so"}, "a variable"), ({8: "VGPU_SIM_X"}, "a variable"),
               ({8: "VGPU_SIM_X=" + "y" * 300}, "a variable")]
        for change, what in bad:
            with self.subTest(change):
                frame = wire.frame("worker_start", {**self.GOOD, **change})
                worker = self.refused(wire.prefixed(frame), what)
                kind, fields = worker.peer.receive(PATIENCE_S)
                self.assertEqual(kind, "fatal")
                self.assertIn(what.encode(), fields[2])

    def test_too_many_variables(self):
        order = wire.message(self.GOOD) + wire.message({8: "VGPU_SIM_X=1"}) * 33
        self.refused(wire.prefixed(wire.message({wire.KINDS["worker_start"]: order})), "a variable")

    def test_other_frames(self):
        start = wire.prefixed(wire.frame("worker_start", self.GOOD))
        self.refused(wire.prefixed(wire.frame("attach")), "another frame")
        self.refused(start + start, "more than WorkerStart")
        self.refused(b"\xff" * 64, "no WorkerStart")
        self.refused(struct.pack("<I", 0), "no WorkerStart")

    def test_end_of_the_connection(self):
        worker = self.worker()
        worker.peer.close()
        self.assertEqual(worker.end()[0], 70)

    def test_activation_that_is_none(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        packets = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        network = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        null = open("/dev/null", "rb")
        for thing in (listener, *packets, network, null):
            self.addCleanup(thing.close)
        listener.bind("")
        listener.listen(1)
        cases = [{"changes": {"LISTEN_FDS": "2"}}, {"changes": {"LISTEN_FDS": ""}},
                 {"changes": {"LISTEN_PID": "1"}}, {"changes": {"LISTEN_PID": "x"}},
                 {"pipe": listener}, {"pipe": packets[0]}, {"pipe": network}, {"pipe": null}]
        for case in cases:
            with self.subTest(case):
                status, log = self.worker(**case).end()
                self.assertEqual(status, 70, log)
                self.assertIn("worker cannot start", log)


if __name__ == "__main__":
    main()
