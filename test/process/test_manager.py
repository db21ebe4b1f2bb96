#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Broker and supervisor under a service manager: sockets that are passed, READY, the watchdog."""

import os
import socket
import unittest

import procfs
from case import GUEST, PATIENCE_S, main, wait_for
from manager import Manager, hear, hear_key, stop
from stack import build_folder, executor_role, sanitizer

EXECUTOR = build_folder() / "executor/vgpu-executor"


class ManagerCase(unittest.TestCase):
    def setUp(self):
        self.manager = self.enterContext(Manager())

    def assert_locked(self, pid):
        if not sanitizer(build_folder()):
            self.assertEqual(procfs.status(pid)["Seccomp"], "2")

    def assert_session_passes(self, path):
        result = self.manager.guest(GUEST, path)
        self.assertEqual((result.returncode, result.stdout), (0, "passed\n"), result.stderr)


class Sockets(ManagerCase):
    def passed(self, *names):
        return [(name, self.manager.listening(f"{name}.sock")) for name in names]

    def test_passed_sockets_are_served_and_stay(self):
        passed = self.passed("broker", "executor", "control", "tmp")
        ear = self.manager.ear("notify")
        broker = self.manager.broker("--spawn-executors", "--driver", "sim", ear=ear,
                                     passed=passed)
        self.assertIn("READY", hear(ear))
        for name in ("broker", "tmp"):
            self.assert_session_passes(self.manager.path(f"{name}.sock"))
        self.assertEqual([n for n in os.listdir(self.manager.folder) if n.startswith("own")], [])
        self.assertEqual(stop(broker), 0, self.manager.log())
        for name, _ in passed:
            self.assertTrue(os.path.exists(self.manager.path(f"{name}.sock")), name)

    def test_what_is_not_passed_is_bound(self):
        broker = self.manager.broker(ear=(ear := self.manager.ear("notify")),
                                     passed=self.passed("executor"))
        hear(ear)
        self.assertTrue(os.path.exists(self.manager.path("own.sock")))
        self.assertEqual(stop(broker), 0)
        self.assertFalse(os.path.exists(self.manager.path("own.sock")))

    def assert_refused(self, passed, words):
        broker = self.manager.broker(passed=passed)
        self.assertEqual(broker.wait(PATIENCE_S), 1)
        self.assertIn(words, self.manager.log())
        self.assertFalse(os.path.exists(self.manager.path("own.sock")))

    def test_unknown_name(self):
        self.assert_refused(self.passed("broker", "guests"), "refused fd=4 name=guests")

    def test_name_twice(self):
        broker = self.passed("broker")
        self.assert_refused([*broker, ("broker", self.manager.listening("other"))],
                            'fd=4 name=broker reason="passed twice"')

    def test_wrong_type(self):
        datagrams = self.manager.listening("datagrams", socket.SOCK_DGRAM)
        self.assert_refused([("broker", datagrams)],
                            'name=broker reason="no listening Unix stream socket"')


class Broker(ManagerCase):
    def test_ready_when_locked_then_watchdog_then_stopping(self):
        ear = self.manager.ear("notify")
        broker = self.manager.broker(ear=ear, watchdog_ms=200)
        self.assertEqual(hear(ear), {"READY": "1", "STATUS": "serving"})
        self.assert_locked(broker.pid)
        for _ in range(3):
            self.assertEqual(hear(ear), {"WATCHDOG": "1"})
        self.assertEqual(stop(broker), 0, self.manager.log())
        self.assertIn({"STOPPING": "1", "STATUS": "stopping"}, hear_key(ear, "STOPPING"))

    def test_watchdog_of_another_process(self):
        """The variables of a parent are not ours."""
        os.environ["WATCHDOG_PID"] = "1"
        self.addCleanup(os.environ.pop, "WATCHDOG_PID")
        os.environ["WATCHDOG_USEC"] = "2000"
        self.addCleanup(os.environ.pop, "WATCHDOG_USEC")
        ear = self.manager.ear("notify")
        broker = self.manager.broker(ear=ear)
        hear(ear)
        self.assertEqual(stop(broker), 0)
        self.assertIn("STOPPING", hear(ear))

    def test_manager_that_is_not_there(self):
        os.environ["NOTIFY_SOCKET"] = self.manager.path("nobody")
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        broker = self.manager.broker()
        wait_for(lambda: "ready sandbox=" in self.manager.log(), "a broker that is ready")
        self.assertIn("cannot tell the service manager", self.manager.log())
        self.assertEqual(stop(broker), 0)


class Executor(ManagerCase):
    def start_executor(self, ear, *words):
        return self.manager.start([EXECUTOR, "--gpu", "0", "--driver", "sim", "--socket",
                                   self.manager.path("executor.sock"), *words],
                                  ear=ear, watchdog_ms=200)

    def locked_workers(self, pid):
        return [child for child in procfs.children(pid) if executor_role(child) == "worker"]

    def test_ready_when_a_worker_is_locked(self):
        ear = self.manager.ear("notify")
        executor = self.start_executor(ear)
        heard = hear_key(ear, "STATUS")
        while heard[-1] != {"STATUS": "waiting for the broker"}:
            heard += hear_key(ear, "STATUS")
        self.assertFalse([message for message in heard if "READY" in message])
        broker = self.manager.broker()
        hear_key(ear, "READY")
        workers = self.locked_workers(executor.pid)
        self.assertTrue(workers)
        for worker in workers[:1]:
            self.assert_locked(worker)
        hear_key(ear, "WATCHDOG")
        self.assert_session_passes(self.manager.path("own.sock"))
        self.assertEqual(stop(executor), 0)
        hear_key(ear, "STOPPING")
        self.assertEqual(stop(broker), 0)

    def test_no_gpu_is_said(self):
        ear = self.manager.ear("notify")
        executor = self.start_executor(ear, "--gpu", "7")
        self.assertIn({"STATUS": "no usable GPU"}, hear_key(ear, "STATUS"))
        self.assertEqual(stop(executor), 0)


if __name__ == "__main__":
    main()
