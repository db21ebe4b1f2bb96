#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers that systemd starts: who they are is the kernel's word, and each of them ends."""

import os
import signal
import socket
import struct
import tempfile
import time
import unittest
from pathlib import Path

import procfs
import wire
from case import GUEST, PATIENCE_S, Stack, main, wait_for
from stack import build_folder, sanitizer
from unit_host import SUPERVISOR_UID, WORKER_UID, Activated, Host, expect, say

ROOT = os.getuid() == 0
# What the supervisor says of a worker that breaks a rule (fake_worker.py).
REASONS = {
    "garbage": "something else than Ready", "stranger": "did not begin with WorkerHere",
    "old": "another version", "dies": "died at its start", "twice": "said more than Ready",
    "guess": "another nonce", "facts": "something else than Ready",
    "two": "another process than the worker", "heir": "died at its start",
    "descriptors": "said more than Ready", "forged": "the kernel refuses a forged process id",
    "silent": "not ready in time", "mute": "not ready in time",
}


class HostCase(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.leave)

    def leave(self):
        self.host.close()

    def ready(self, peer):
        """A worker's WorkerReady: (fields, its pipe)."""
        fields = expect(peer, "worker_ready")
        pipe = wire.Peer(socket.socket(fileno=peer.fds.pop()))
        self.addCleanup(pipe.close)
        return fields, pipe

    def assert_gone(self, pid):
        self.assertTrue(wait_for(lambda: not procfs.alive(pid), f"the end of {pid}"))


class RealWorkers(HostCase):
    def test_ready_with_an_account_of_its_own(self):
        self.host.activate()
        self.host.supervise()
        peer, _ = self.host.register(spares=2)
        workers = [self.ready(peer)[0][2] for _ in range(2)]
        accounts = [procfs.status(pid)["Uid"].split()[0] for pid in workers]
        if ROOT:
            self.assertEqual(len(set(accounts)), 2, accounts)
            self.assertTrue(all(int(uid) > WORKER_UID for uid in accounts), accounts)

    def test_killed_by_the_broker(self):
        """Its account is not the supervisor's and nobody answers for vgpu-hostd: the pipe's end
        ends it.  The status is nobody's but systemd's."""
        self.host.activate()
        self.host.supervise()
        peer, _ = self.host.register()
        worker, pipe = self.ready(peer)
        pipe.socket.shutdown(socket.SHUT_WR)
        say(peer, "worker_kill", {1: worker[1]})
        gone = expect(peer, "worker_gone")
        self.assertEqual(gone[1], worker[1])
        self.assertEqual(wire.zigzag(gone[2]), -1)
        self.assert_gone(worker[2])
        self.assertNotEqual(self.ready(peer)[0][2], worker[2])

    def test_killed_from_outside(self):
        self.host.activate()
        self.host.supervise()
        peer, _ = self.host.register()
        worker, _ = self.ready(peer)
        os.kill(worker[2], signal.SIGKILL)
        self.assertEqual(expect(peer, "worker_gone")[1], worker[1])
        self.assertIn("exit=unknown", self.host.log())

    def test_supervisor_that_is_killed_leaves_none(self):
        """The broker still holds the pipes: that alone ends no worker."""
        self.host.activate()
        supervisor = self.host.supervise()
        peer, _ = self.host.register(spares=2)
        workers = [self.ready(peer)[0][2] for _ in range(2)]
        supervisor.kill()
        supervisor.wait()
        for pid in workers:
            self.assert_gone(pid)

    def test_supervisor_that_is_killed_while_one_starts(self):
        activator = self.host.activate()
        supervisor = self.host.supervise(variables={"VGPU_SIM_FAULT": "cuMemAlloc:1:hang"})
        self.host.register()
        [pid] = wait_for(lambda: [p for p in procfs.children(activator.pid)
                                  if len(procfs.threads(p)) > 2], "a worker that hangs")
        supervisor.kill()
        supervisor.wait()
        self.assert_gone(pid)

    def test_broker_that_goes_and_comes_back(self):
        self.host.activate()
        self.host.supervise()
        peer, _ = self.host.register()
        worker, pipe = self.ready(peer)
        pipe.close()
        peer.close()
        self.assert_gone(worker[2])
        peer, _ = self.host.register()
        self.assertNotEqual(self.ready(peer)[0][1], worker[1])

    def test_started_by_systemd_socket_activate(self):
        command = ["systemd-socket-activate", "--accept", "-E", "VGPU_LOG_TARGET=stderr",
                   *(["-E", "ASAN_OPTIONS=" + os.environ.get("ASAN_OPTIONS", ""),
                      "-E", "TSAN_OPTIONS=" + os.environ.get("TSAN_OPTIONS", "")]
                     if sanitizer(build_folder()) else []),
                   "-l", self.host.path("worker.sock"), *unit_worker()]
        self.host.start(command)
        wait_for(lambda: os.path.exists(self.host.path("worker.sock")), "the socket")
        os.chmod(self.host.path("worker.sock"), 0o666)
        self.host.supervise()
        peer, _ = self.host.register()
        self.assertGreater(self.ready(peer)[0][2], 1)


def unit_worker():
    return [str(build_folder() / "executor/vgpu-executor"), "--worker", "--activated"]


class NoWorkers(HostCase):
    def test_no_socket(self):
        """A clear line, growing pauses, and everything works once the socket is there."""
        self.host.supervise()
        self.host.wait_log("(is vgpu-worker.socket started?)")
        self.assertIn(self.host.path("worker.sock"), self.host.log())
        time.sleep(1)
        self.assertLessEqual(self.host.log().count("is vgpu-worker.socket started?"), 4)
        self.host.activate()
        peer, _ = self.host.register()
        self.ready(peer)

    def test_program_that_cannot_be_started(self):
        self.host.activate("/nonexistent/vgpu-executor")
        self.host.supervise()
        self.host.wait_log("probe said nothing")

    def test_socket_that_goes_away(self):
        activator = self.host.activate()
        self.host.supervise()
        peer, _ = self.host.register(spares=0)
        activator.kill()
        activator.wait()
        os.unlink(self.host.path("worker.sock"))
        say(peer, "worker_wanted", {1: 1})
        self.assertIn(b"is vgpu-worker.socket started?", expect(peer, "worker_failed")[1])


class Rules(HostCase):
    def refused(self, rule, **options):
        self.host.fake_workers(rule, **options)
        self.host.supervise("--ready-timeout-ms", "1500")
        peer, _ = self.host.register()
        return expect(peer, "worker_failed")[1].decode()

    def test_each_is_given_up(self):
        for rule, reason in REASONS.items():
            with self.subTest(rule):
                self.assertIn(reason, self.refused(rule))
                self.host.close()
                self.host = Host()

    @unittest.skipIf(sanitizer(build_folder()), "sanitizer builds have no sandbox")
    def test_unlocked(self):
        self.assertIn("not locked", self.refused("unlocked"))

    @unittest.skipIf(sanitizer(build_folder()), "sanitizer builds have no sandbox")
    def test_locked_by_its_unit_only(self):
        self.assertIn("not locked", self.refused("filtered"))

    @unittest.skipUnless(ROOT, "needs root to be root")
    def test_root(self):
        self.assertIn("the worker is root", self.refused("stubborn", uid=None))


@unittest.skipUnless(ROOT, "needs root for two accounts")
class Killing(HostCase):
    """A worker that was taken over heeds no pipe: vgpu-hostd kills it, asked by the supervisor."""

    def setUp(self):
        super().setUp()
        self.host.fake_workers("stubborn")
        self.host.supervise()
        self.peer, _ = self.host.register(spares=0)
        say(self.peer, "worker_wanted", {1: 1})
        self.worker, self.pipe = self.ready(self.peer)
        say(self.peer, "worker_taken", {1: self.worker[1]})

    def kill(self):
        self.pipe.close()
        say(self.peer, "worker_kill", {1: self.worker[1]})

    def obey(self):
        pid, pidfd = self.host.kill_order()
        self.assertEqual(pid, self.worker[2])
        facts = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
        self.assertIn(f"Pid:\t{pid}\n", facts)
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.assertEqual(expect(self.peer, "worker_gone")[1], self.worker[1])

    def test_hostd_kills(self):
        self.host.start_hostd()
        self.kill()
        self.obey()

    def test_hostd_that_comes_late(self):
        self.kill()
        self.host.wait_log("a worker does not end")
        self.assertIn("hostd.sock", self.host.log())
        self.assertTrue(procfs.alive(self.worker[2]))
        self.host.start_hostd()
        self.obey()


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


class Devices(HostCase):
    """A supervisor is told its GPU by number or by UUID, in both modes."""

    def facts(self, gpu, unit):
        supervisor = self.host.supervise(gpu=gpu, unit=unit, variables={"VGPU_SIM_DEVICES": "2"})
        peer, register = self.host.register(spares=0)
        peer.close()
        supervisor.kill()
        supervisor.wait()
        return wire.fields_of(register[4])

    def test_by_uuid(self):
        self.host.activate()
        for unit in (False, True):
            with self.subTest(unit=unit):
                first, second = [self.facts(gpu, unit)[2] for gpu in ("0", "1")]
                self.assertNotEqual(first, second)
                for uuid in (first, second):
                    self.assertEqual(self.facts(name_of(uuid), unit)[2], uuid)
                self.assertEqual(self.facts(name_of(second).upper(), unit)[2], second)

    def test_uuid_that_is_not_there(self):
        self.host.activate()
        self.host.supervise(gpu=name_of(bytes(16)))
        self.host.wait_log(f"no usable GPU gpu={name_of(bytes(16))} result=100")

    def test_names_that_are_none(self):
        for name in ("", "x", "-1", "256", "1 ", "GPU-", "GPU-0", name_of(bytes(16)) + "0",
                     name_of(bytes(16))[:-1] + "g", name_of(bytes(16)).replace("-", "")):
            with self.subTest(name):
                self.assertEqual(self.host.supervise(gpu=name).wait(PATIENCE_S), 2)


def name_of(uuid):
    digits = uuid.hex()
    return "GPU-" + "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


class Sessions(unittest.TestCase):
    """The whole stack."""

    def test_worker_hung_in_the_driver_ends_with_its_supervisor(self):
        """It hangs where its frames are handled (the third registration is that of its window), so
        it cannot see the end of its pipe."""
        with Stack(unit=True, variables={"VGPU_SIM_FAULT": "cuMemHostRegister:3:hang"}) as stack:
            [worker] = stack.workers()
            guest = wire.RawGuest(stack.socket, PATIENCE_S)
            self.addCleanup(guest.close)
            guest.greet()
            guest.put(wire.frame_record("open"))
            wait_for(lambda: procfs.channels(worker), "a worker that attaches")
            supervisor = stack.supervisor()
            procfs.kill_and_wait(supervisor, PATIENCE_S)
            wait_for(lambda: not procfs.alive(worker), "the end of the worker")

    def test_worker_that_is_killed_is_719(self):
        with Stack(unit=True) as stack:
            holder = stack.start(GUEST, "hold", 5)
            holder.wait_line("ready")
            stack.wait_spares(sessions=1)
            [taken] = [p for p in stack.workers() if procfs.channels(p)]
            procfs.kill_and_wait(taken, PATIENCE_S)
            self.assertRegex(holder.finish().out, "refused .* code=719 then=719")
            stack.wait_spares()
            self.assertEqual(stack.run(GUEST, "session").status, 0)


if __name__ == "__main__":
    main()
