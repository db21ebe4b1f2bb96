#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A supervisor that stops lets its sessions come to their end, as long as the broker allows."""

import signal
import subprocess
import unittest

import procfs
from case import GUEST, PATIENCE_S, Stack, main, wait_for
from control import GPUS, Client
from stack import build_folder, die_with_parent

LONG_MS = "600000"
SHORT_MS = "100"
GPU_STATE, GPU_SUPERVISOR, GPU_RIVAL = 6, 16, 23


class Supervised:
    """A broker and, as under systemd, a supervisor that is not its child."""

    def __init__(self, case, drain_ms, unit=False):
        self.stack = case.enterContext(Stack(spawn=False, unit=unit,
                                             settings={"broker.drain_ms": drain_ms}))
        # pylint: disable-next=consider-using-with
        self.log_file = open(self.stack.folder / "supervisor", "ab")
        case.addCleanup(self.log_file.close)
        self.process = None
        case.addCleanup(self.kill)
        self.start()

    def command(self):
        driver = self.stack.driver
        if driver == "sim":
            driver = self.stack.build / "executor/sim/libcuda-sim.so.1"
        return [build_folder() / "executor/vgpu-executor", "--gpu", "0", "--socket",
                self.stack.executor_socket, "--config", self.stack.folder / "vgpu.conf",
                "--driver", driver]

    def start(self):
        before = self.stack.log().count("CUDA initialized")
        self.process = subprocess.Popen(self.command(), env=self.stack.environment(),
                                        stdin=subprocess.DEVNULL, stderr=self.log_file,
                                        preexec_fn=die_with_parent)
        wait_for(lambda: self.stack.log().count("CUDA initialized") > before, "a spare worker")

    def start_rival(self):
        """A second supervisor for the same GPU, whose log is of its own."""
        path = self.stack.folder / "rival"
        with open(path, "ab") as log:
            process = subprocess.Popen(self.command(), env=self.stack.environment(),
                                       stdin=subprocess.DEVNULL, stderr=log,
                                       preexec_fn=die_with_parent)
        return process, path

    def log(self):
        return (self.stack.folder / "supervisor").read_text(errors="replace")

    def wait_log(self, text):
        wait_for(lambda: text in self.log(), f"'{text}' in the log of the supervisor")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        return self.process.wait(PATIENCE_S)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hold(self, *words):
        """A guest with a session that lives until its input ends."""
        holder = self.stack.start(*(words or (GUEST, "hold", 5)))
        holder.wait_line("ready")
        return holder

    def row(self):
        """Of the GPU, as the broker tells it."""
        with Client(self.stack.control_socket, PATIENCE_S) as tool:
            return tool.ask(GPUS)[0]

    def state(self):
        return self.row()[GPU_STATE].decode()


class Drain(unittest.TestCase):
    def drained(self, unit):
        supervised = Supervised(self, LONG_MS, unit)
        holder = supervised.hold()
        supervised.stop()
        supervised.wait_log("draining gpu=0 ")
        self.assertIn(f" limit_ms={LONG_MS}", supervised.log())
        wait_for(lambda: supervised.state() == "leaving", "a GPU that its supervisor leaves")
        self.assertRegex(supervised.stack.run(GUEST, "session").out, "^refused cuInit code=100 ")
        self.assertIsNone(supervised.process.poll())
        result = holder.finish()
        self.assertEqual(result.status, 0, result)
        self.assertEqual(supervised.end(), 0, supervised.log())
        self.assertIn("drained gpu=0", supervised.log())
        self.assertNotIn("its supervisor stops", supervised.log())
        wait_for(lambda: supervised.state() == "gone", "a GPU without a supervisor")
        supervised.start()
        self.assertEqual(supervised.stack.run(GUEST, "session").status, 0)

    def test_sessions_end_by_themselves(self):
        self.drained(unit=False)

    def test_sessions_of_units_end_by_themselves(self):
        self.drained(unit=True)

    def test_kernel_longer_than_the_limit_is_killed(self):
        supervised = Supervised(self, SHORT_MS)
        busy = supervised.hold("vgpu-process-leave", "stay")
        workers = procfs.children(supervised.process.pid)
        supervised.stop()
        self.assertEqual(supervised.end(), 0, supervised.log())
        self.assertIn("drained long enough: workers are killed gpu=0 workers=1", supervised.log())
        self.assertRegex(supervised.log(), r"worker is killed gpu=0 worker=\d+ pid=\d+ reason=")
        self.assertRegex(busy.finish().out, "ended code=719")
        self.assertFalse([pid for pid, began in workers.items() if procfs.alive(pid, began)])

    def test_second_signal_waits_for_nobody(self):
        supervised = Supervised(self, LONG_MS)
        holder = supervised.hold()
        supervised.stop()
        supervised.wait_log("draining gpu=0 ")
        supervised.stop()
        self.assertEqual(supervised.end(), 0, supervised.log())
        self.assertIn("a second signal: nobody is waited for gpu=0", supervised.log())
        self.assertRegex(holder.finish().out, "refused .* code=719 then=719")

    def test_broker_that_goes_is_the_end(self):
        """Its session's worker knows too, and may be the first to end."""
        supervised = Supervised(self, LONG_MS)
        supervised.hold()
        supervised.stop()
        supervised.wait_log("draining gpu=0 ")
        supervised.stack.broker.kill()
        self.assertEqual(supervised.end(), 0, supervised.log())
        self.assertRegex(supervised.log(), "broker gone|drained gpu=0")

    def test_nothing_to_wait_for(self):
        """Spares only; then a session, but no time."""
        for drain_ms in (LONG_MS, "0"):
            with self.subTest(drain_ms):
                supervised = Supervised(self, drain_ms)
                if drain_ms == "0":
                    supervised.hold()
                supervised.stop()
                self.assertEqual(supervised.end(), 0, supervised.log())
                self.assertNotIn("long enough", supervised.log())

    def test_no_broker(self):
        supervised = Supervised(self, LONG_MS)
        supervised.stack.broker.kill()
        supervised.wait_log("broker gone")
        supervised.stop()
        self.assertEqual(supervised.end(), 0, supervised.log())


class Rival(unittest.TestCase):
    def test_a_second_supervisor_says_who_serves_the_gpu_and_takes_over(self):
        supervised = Supervised(self, LONG_MS)
        rival, path = supervised.start_rival()
        self.addCleanup(rival.wait)
        self.addCleanup(rival.kill)
        said = (f"is served by process {supervised.process.pid} already: end one of the two; "
                "systemctl status 'vgpu-executor@*' shows them")
        # It has been told twice by then, and has said it once.
        wait_for(lambda: supervised.stack.log().count(f"supervisor refused pid={rival.pid}") > 1,
                 "two attempts of the second supervisor")
        self.assertEqual(path.read_text().count(said), 1, path.read_text())
        self.assertNotIn("workers are killed", path.read_text())
        self.assertIn(said, supervised.stack.log())
        row = supervised.row()
        self.assertEqual((row[GPU_SUPERVISOR], row[GPU_RIVAL]), (supervised.process.pid, rival.pid))
        before = supervised.stack.log().count("CUDA initialized")
        supervised.kill()
        wait_for(lambda: supervised.stack.log().count("CUDA initialized") > before,
                 "a worker of the second supervisor")
        row = supervised.row()
        self.assertEqual(row[GPU_SUPERVISOR], rival.pid)
        self.assertNotIn(GPU_RIVAL, row)


if __name__ == "__main__":
    main()
