#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Start, stop and start again; settings that are refused."""

import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import procfs
import wire
from case import GUEST, PATIENCE_S, Stack, main, wait_for
from stack import build_folder

BAD_SETTINGS = (
    ("[broker]\nsessions_max = many\n", 2),
    ("[broker]\nsessions_max = 0\n", 2),
    ("[broker]\nsocket = relative/path\n", 2),
    ("[broker]\n# a comment\nno_such_key = 1\n", 3),
    ("[no_such_section]\nkey = 1\n", 1),
    ("[broker]\nlog_level = loud\n", 2),
    ("[broker]\nsocket_mode = 999\n", 2),
    ("[broker]\nspin_us = 5\nspin_us = 6\n", 3),
    ("[vms]\nalpha = relative/path\n", 2),
    ("[vms]\nal/pha = /run/alpha.sock\n", 2),
    ("[vms]\nalpha = /run/alpha.sock\n\nalpha = /run/beta.sock\n", 4),
)


class Lifecycle(unittest.TestCase):
    def assert_stopped(self, stack, sockets_gone=True):
        wait_for(lambda: not stack.leftovers(), "the end of every process")
        if sockets_gone:
            self.assertFalse(os.path.exists(stack.socket))
            self.assertFalse(os.path.exists(stack.executor_socket))

    def test_sigterm_when_idle(self):
        with Stack() as stack:
            self.assertEqual(stack.run(GUEST, "session").status, 0)
            self.assertEqual(stack.terminate(), 0, stack.log())
            self.assert_stopped(stack)

    def test_sigterm_with_sessions(self):
        with Stack() as stack:
            holder = stack.start(GUEST, "hold", 5)
            holder.wait_line("ready")
            greeted = wire.RawGuest(stack.socket, PATIENCE_S)
            greeted.greet()
            granted = wire.RawGuest(stack.socket, PATIENCE_S)
            self.assertEqual(stack.terminate(), 0, stack.log())
            self.assert_stopped(stack)
            for guest in (greeted, granted):
                self.assertTrue(guest.wait_end(PATIENCE_S))
                guest.close()
            result = holder.finish()
            self.assertRegex(result.out, "refused .* code=719 then=719")

    def test_sigterm_drains(self):
        """A session that ends in time ends well; nobody new gets a worker."""
        with Stack(settings={"broker.drain_ms": "600000"}) as stack:
            holder = stack.start(GUEST, "hold", 5)
            holder.wait_line("ready")
            stack.family()
            stack.broker.send_signal(signal.SIGTERM)
            wait_for(lambda: "draining sessions=1 limit_ms=600000" in stack.log(), "a drain")
            self.assertNotEqual(stack.run(GUEST, "session").status, 0)
            self.assertIsNone(stack.broker.poll())
            result = holder.finish()
            self.assertEqual(result.status, 0, result)
            self.assertEqual(stack.broker.wait(PATIENCE_S), 0, stack.log())
            self.assert_stopped(stack)

    def test_drain_is_bounded(self):
        with Stack(settings={"broker.drain_ms": "100"}) as stack:
            holder = stack.start(GUEST, "hold", 5)
            holder.wait_line("ready")
            self.assertEqual(stack.terminate(), 0, stack.log())
            self.assertIn("drained long enough: workers are killed sessions=1", stack.log())
            self.assertRegex(holder.finish().out, "refused .* code=719 then=719")

    def test_second_signal_waits_for_nobody(self):
        with Stack(settings={"broker.drain_ms": "600000"}) as stack:
            holder = stack.start(GUEST, "hold", 5)
            holder.wait_line("ready")
            stack.family()
            for _ in range(2):
                stack.broker.send_signal(signal.SIGTERM)
                wait_for(lambda: "draining" in stack.log(), "a drain")
            self.assertEqual(stack.broker.wait(PATIENCE_S), 0, stack.log())

    def test_sigint(self):
        with Stack() as stack:
            stack.broker.send_signal(signal.SIGINT)
            self.assertEqual(stack.broker.wait(PATIENCE_S), 0, stack.log())

    def test_killed_broker_leaves_nothing_and_starts_again(self):
        with Stack() as stack:
            holder = stack.start(GUEST, "hold", 5)
            holder.wait_line("ready")
            stack.workers()
            stack.broker.kill()
            stack.broker.wait()
            self.assert_stopped(stack, sockets_gone=False)
            self.assertRegex(holder.finish().out, "refused .* code=719 then=719")
            stack.start_broker()
            self.assertEqual(stack.run(GUEST, "session").status, 0)

    def test_killed_supervisor_comes_back(self):
        with Stack() as stack:
            for _ in range(3):
                holder = stack.start(GUEST, "hold", 5)
                holder.wait_line("ready")
                supervisor = stack.supervisor()
                procfs.kill_and_wait(supervisor, PATIENCE_S)
                self.assertRegex(holder.finish().out, "refused .* code=719 then=719")
                stack.wait_spares()
                self.assertNotEqual(stack.supervisor(), supervisor)
                result = stack.run(GUEST, "session")
                self.assertEqual(result.status, 0, result)

    def test_no_broker_is_no_device(self):
        with Stack() as stack:
            stack.terminate()
            result = stack.run(GUEST, "session")
            self.assertRegex(result.out, "^refused cuInit code=(100|802) ")

    def test_second_broker_on_the_same_sockets(self):
        """It refuses to start, and the first one is not disturbed."""
        with Stack() as stack:
            second = subprocess.run(stack.command(1), env=stack.environment(),
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
            self.assertNotEqual(second.returncode, 0, second.stderr)
            result = stack.run(GUEST, "session")
            self.assertEqual(result.status, 0, result)

    def test_driver_that_is_not_there(self):
        """The broker says so and ends, or serves no device; guests get an honest code."""
        stack = Stack(driver="/nonexistent/libcuda.so.1")
        stack.wait_spares = lambda *_: None
        with stack:
            result = stack.run(GUEST, "session")
            self.assertRegex(result.out, "^refused cuInit code=(100|802) ")


class Settings(unittest.TestCase):
    def run_broker(self, *arguments):
        return subprocess.run([build_folder() / "broker/vgpu-broker", *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)

    def test_bad_settings_are_refused_with_file_and_line(self):
        for text, line in BAD_SETTINGS:
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "bad.conf"
                path.write_text(text)
                result = self.run_broker("--config", str(path))
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(f"{path}:{line}:", result.stderr)

    def test_missing_file(self):
        result = self.run_broker("--config", "/nonexistent/vgpu.conf")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("/nonexistent/vgpu.conf", result.stderr)

    def test_unknown_option(self):
        result = self.run_broker("--no-such-option")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('unknown option "--no-such-option"', result.stderr)
        self.assertIn("--help", result.stderr)

    def test_bad_options_of_the_executor(self):
        """Each is named; nothing is started."""
        long = "/" + "x" * 1200
        for words, said in ((("--log-level", "loud"), "bad log level"),
                            (("--parent", "x"), "bad process id"),
                            (("--driver", long), "too long"), (("--sim-lib", long), "too long"),
                            (("--spares", "65"), "spares"), (("--user",), "requires an argument")):
            with self.subTest(words[0]):
                result = subprocess.run(
                    [build_folder() / "executor/vgpu-executor", "--gpu", "0", "--driver", "sim",
                     *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                    timeout=PATIENCE_S, check=False)
                self.assertEqual(result.returncode, 2)
                self.assertIn(said, result.stderr)

    def test_help_and_version(self):
        for option in ("--help", "--version"):
            result = self.run_broker(option)
            self.assertEqual(result.returncode, 0)
            self.assertTrue(result.stdout)


if __name__ == "__main__":
    main()
