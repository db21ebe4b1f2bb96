#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Broker and supervisor under a service manager: sockets that are passed, READY, the watchdog."""

import os
import signal
import socket
import unittest

import exposition
import procfs
from case import GUEST, PATIENCE_S, main, wait_for
from manager import Manager, hear, hear_key, stop
from scrape import ask
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

    def test_metrics_on_a_passed_socket(self):
        """It goes before the setting, and stays."""
        passed = self.passed("metrics")
        ear = self.manager.ear("notify")
        broker = self.manager.broker("--set", f"broker.metrics={self.manager.path('own.metrics')}",
                                     ear=ear, passed=passed)
        self.assertIn("READY", hear(ear))
        where = self.manager.path("metrics.sock")
        status, _, body = ask(where)
        self.assertEqual(status, 200)
        self.assertIn("vgpu_info", exposition.parse(body))
        self.assertIn(f"Listening on socket: {where}\n", self.manager.log())
        self.assertFalse(os.path.exists(self.manager.path("own.metrics")))
        self.assertEqual(stop(broker), 0, self.manager.log())
        self.assertTrue(os.path.exists(where))

    def test_metrics_on_a_passed_port(self):
        listener = self.manager.listening_tcp()
        where = "127.0.0.1:%d" % listener.getsockname()[1]
        ear = self.manager.ear("notify")
        broker = self.manager.broker(ear=ear, passed=[("metrics", listener)])
        self.assertIn("READY", hear(ear))
        self.assertEqual(ask(where)[0], 200)
        self.assertIn(f"Listening on socket: {where}\n", self.manager.log())
        self.assertEqual(stop(broker), 0, self.manager.log())

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


class Reload(ManagerCase):
    """SIGHUP: all of the new configuration is taken, or none of it."""

    def setUp(self):
        super().setUp()
        self.config = self.manager.folder / "vgpu.conf"
        self.write("[broker]\nsessions_max = 7\n")
        self.ear = self.manager.ear("notify")
        self.broker = self.manager.broker("--config", self.config, ear=self.ear)
        self.assertIn("READY", hear(self.ear))

    def tearDown(self):
        self.assertEqual(stop(self.broker), 0, self.manager.log())

    def write(self, text):
        self.config.write_text(text)

    def reload(self):
        """Reloads, and returns what the log says of it."""
        before = len(self.manager.log())
        self.broker.send_signal(signal.SIGHUP)
        self.assertEqual(hear(self.ear), {"RELOADING": "1"})
        self.assertEqual(hear(self.ear), {"READY": "1"})
        return self.manager.log()[before:]

    def assert_refused(self, text, words):
        self.write(text)
        said = self.reload()
        self.assertIn("configuration not taken, nothing has changed", said)
        self.assertIn(words, said)

    def test_good(self):
        self.write("[broker]\nsessions_max = 9\nlog_level = debug\n")
        self.assertIn("configuration taken sessions_max=9 ", self.reload())
        with socket.socket(socket.AF_UNIX) as tool:
            tool.connect(self.manager.path("own-control.sock"))
        wait_for(lambda: "debug: control client gone" in self.manager.log(), "a line for debugging")

    def test_bad_value(self):
        self.assert_refused("[broker]\nhello_timeout_ms = 200\nsessions_max = many\n",
                            f"{self.config}:3: sessions_max = ")
        self.write("[broker]\nsessions_max = 7\n")
        self.assertIn("sessions_max=7 channel_mib=1024 hello_timeout_ms=5000", self.reload())

    def test_unknown_key(self):
        self.assert_refused("[broker]\nsession_max = 5\n", f"{self.config}:2: unknown key")

    def test_fixed_key(self):
        self.assert_refused("[broker]\nsessions_max = 8\ncache_mib = 4095\n",
                            "broker.cache_mib cannot change while the broker runs")

    def test_machines_and_pools_are_fixed(self):
        self.assert_refused("[vms]\nalpha = /run/alpha.sock\n", "section [vms] cannot change")
        self.assert_refused("[pools]\nB = *\n", "section [pools] cannot change")

    def test_no_file(self):
        self.config.unlink()
        self.broker.send_signal(signal.SIGHUP)
        hear_key(self.ear, "READY")
        self.assertIn(f"not taken, nothing has changed reason=\"{self.config}: ",
                      self.manager.log())

    def test_killed_reader(self):
        """The broker serves on, and says what reloads no more."""
        reader, = procfs.children(self.broker.pid)
        os.kill(reader, signal.SIGKILL)
        wait_for(lambda: "the reader of the configuration has ended" in self.manager.log(),
                 "a line of the broker")
        self.broker.send_signal(signal.SIGHUP)
        wait_for(lambda: 'not taken reason="its reader has ended"' in self.manager.log(),
                 "a line of the broker")
        with socket.socket(socket.AF_UNIX) as guest:
            guest.connect(self.manager.path("own.sock"))


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
