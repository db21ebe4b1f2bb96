#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers that systemd starts: who they are is the kernel's word, and each of them ends."""

import os
import signal
import socket
import time
import unittest
from pathlib import Path

import procfs
import wire
from case import GUEST, PATIENCE_S, Stack, main, wait_for
from stack import build_folder, sanitizer
from unit_host import ROOT, WORKER, WORKER_UID, HostCase, expect, say

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
                   "-l", self.host.path("worker.sock"), *WORKER]
        self.host.start(command)
        wait_for(lambda: os.path.exists(self.host.path("worker.sock")), "the socket")
        os.chmod(self.host.path("worker.sock"), 0o666)
        self.host.supervise()
        peer, _ = self.host.register()
        self.assertGreater(self.ready(peer)[0][2], 1)


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

    def test_signal_while_a_probe_hangs(self):
        """A driver may need a minute for its first context; whoever stops does not wait for it."""
        activator = self.host.activate()
        supervisor = self.host.supervise(variables={"VGPU_SIM_FAULT": "cuInit:1:hang"})
        [probe] = wait_for(lambda: [p for p in procfs.children(activator.pid)
                                    if len(procfs.threads(p)) > 1], "a probe that hangs")
        supervisor.terminate()
        self.assertEqual(supervisor.wait(PATIENCE_S), 0)
        self.assert_gone(probe)
        self.assertNotIn("probe said nothing", self.host.log())

    def test_program_that_cannot_be_started(self):
        self.host.activate("/nonexistent/vgpu-executor")
        self.host.supervise()
        self.host.wait_log("probe said nothing")

    def test_socket_that_goes_away(self):
        activator = self.host.activate()
        supervisor = self.host.supervise()
        peer, _ = self.host.register(spares=0)
        activator.kill()
        activator.wait()
        os.unlink(self.host.path("worker.sock"))
        say(peer, "worker_wanted", {1: 1})
        self.assertIn(b"is vgpu-worker.socket started?", expect(peer, "worker_failed")[1])
        self.assert_sleeps(supervisor.pid)

    def assert_sleeps(self, pid):
        """What has failed is over, so it waits for the next word of the broker: at most the back-off
        wakes it."""
        before = procfs.ticks(pid)
        time.sleep(1)
        self.assertLess(procfs.ticks(pid) - before, 8, "it turns and turns")


@unittest.skipUnless(ROOT, "needs root for two accounts")
class Killing(HostCase):
    """A worker that was taken over heeds no pipe: vgpu-hostd kills it, asked by the supervisor."""

    def setUp(self):
        super().setUp()
        self.host.fake_workers("stubborn")
        self.supervisor = self.host.supervise()
        self.peer, _ = self.host.register(spares=0)
        say(self.peer, "worker_wanted", {1: 1})
        self.worker, self.pipe = self.ready(self.peer)
        say(self.peer, "worker_wanted", {})
        say(self.peer, "worker_taken", {1: self.worker[1]})

    def restart(self, orphans):
        """The supervisor is killed; the next one is told what is left of it."""
        self.supervisor.kill()
        self.supervisor.wait()
        self.peer.close()
        time.sleep(2 / os.sysconf("SC_CLK_TCK"))  # who began in the same tick may be anyone
        self.host.supervise()
        self.peer, _ = self.host.register(spares=0, orphans=orphans)

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

    def test_next_supervisor_kills(self):
        """Nobody is told of its end: the broker's session with it is over."""
        self.host.start_hostd()
        self.restart([self.worker[2]])
        pid, pidfd = self.host.kill_order()
        self.assertEqual(pid, self.worker[2])
        self.assertIn("a worker has outlived its supervisor", self.host.log())
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.host.wait_log(f"worker gone gpu=0 worker=1 pid={pid} ")
        say(self.peer, "worker_wanted", {1: 1})
        self.assertNotEqual(self.ready(self.peer)[0][2], pid)

    def test_next_supervisor_kills_no_other_process(self):
        """Neither one that began later, whose number it may be by now, nor one that is not."""
        self.host.start_hostd()
        self.restart([])
        say(self.peer, "worker_wanted", {1: 1})
        younger = self.ready(self.peer)[0][2]
        self.peer.close()
        self.peer, _ = self.host.register(spares=0, orphans=[younger, 0, 1 << 31, 0xffffffff])
        pid, _ = self.host.kill_order()
        self.assertEqual(pid, younger, "killed because its broker went")
        say(self.peer, "worker_wanted", {1: 1})
        self.ready(self.peer)
        self.assertNotIn("outlived", self.host.log())


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
