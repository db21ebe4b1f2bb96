#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpuctl's commands that go on: top on a terminal of 80 columns, trace, logs."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from ctl_case import CTL, FAILED, HOSTILE, NO_BROKER, SESSION, VMS, CtlCase, answers
from stack import PATIENCE_S, needed

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ROW = {"time_ns": 5_000_000_000, "session": 7, "op": 0xda43f5e4, "bytes": 48, "lane": 2, "flags": 1}


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command, columns=80, lines=24):
        self.text = ""
        self.main, ours = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(ours)
        self.program = subprocess.Popen(command, stdin=ours, stdout=ours, stderr=ours)
        self.ours = ours

    def read_until(self, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition(self.text):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain; the terminal: {self.text!r}")
            if select.select([self.main], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    self.text += os.read(self.main, 65536).decode(errors="replace")
        return self.text

    def type(self, text):
        os.write(self.main, text.encode())

    def finish(self):
        status = self.program.wait(PATIENCE_S)
        self.read_until(lambda text: text.endswith("\x1b[?1049l"))
        return status

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        os.close(self.main)
        os.close(self.ours)


class Top(CtlCase):
    def setUp(self):
        super().setUp()
        self.calls = 0
        self.fake = self.play(self.control, answers={**answers(), "vms": self.vms})

    def vms(self, _):
        """A thousand calls more at each look."""
        self.calls += 1000
        return [("vm_row", {**VMS[1], "name": HOSTILE}),
                ("vm_row", {**VMS[0], "processed": self.calls, "bytes_in": 1 << 62})]

    def terminal(self, *words, **size):
        terminal = Terminal([CTL, "--control", self.control, "--interval", "0.1", "top", *words],
                            **size)
        self.addCleanup(terminal.close)
        return terminal

    def pictures(self, text):
        return [ESCAPE.sub("", p).split("\r\n") for p in text.split("\x1b[H")[1:]]

    def test_80_columns(self):
        terminal = self.terminal()
        terminal.read_until(lambda text: text.count("\x1b[J") >= 3)
        terminal.type("q")
        self.assertEqual(terminal.finish(), 0)
        picture = self.pictures(terminal.text)[2]
        self.assertTrue(all(len(line) <= 80 for line in picture), picture)
        self.assertEqual(picture[3], "VM                 STATE      SESS    MEMORY  CALLS/S      "
                         "IN/S     OUT/S   IDLE")
        self.assertEqual(picture[4].split()[:3], ["web", "connected", "1"])
        self.assertGreater(int(re.sub(r"\D", "", picture[4].split()[5])), 0, picture[4])
        self.assertIn(r"a\x1b]0;evil\x07", picture[5])
        self.assertEqual(termios.tcgetattr(terminal.ours), terminal.before)

    def test_small_terminal(self):
        terminal = self.terminal(columns=40, lines=5)
        terminal.read_until(lambda text: text.count("\x1b[J") >= 2)
        terminal.program.send_signal(signal.SIGINT)
        self.assertEqual(terminal.finish(), 0)
        picture = self.pictures(terminal.text)[0]
        self.assertTrue(all(len(line) <= 40 for line in picture), picture)
        self.assertLessEqual(len(picture), 5)

    def test_broker_that_goes_and_comes(self):
        terminal = self.terminal()
        terminal.read_until(lambda text: "connected" in text)
        self.fake.close()
        self.control.unlink()
        terminal.read_until(lambda text: "does not answer" in text)
        self.play(self.control, answers=answers())
        seen = len(terminal.text)
        terminal.read_until(lambda text: "connected" in text[seen:])
        terminal.type("q")
        self.assertEqual(terminal.finish(), 0)

    def test_without_a_terminal_once(self):
        for words in (("top",), ("top", "--once")):
            out = self.ctl("--interval", "0.1", *words).stdout
            self.assertNotIn("\x1b", out)
            self.assertIn("(this host)", self.ctl_with_host_program())
            self.assertEqual(len(out.splitlines()), 6, out)

    def ctl_with_host_program(self):
        self.fake.answers["sessions"] = [("session_row", {**SESSION, "vm": ""})]
        out = self.ctl("--interval", "0.1", "top").stdout
        self.fake.answers["sessions"] = [("session_row", SESSION)]
        return out

    def test_json(self):
        told = self.json("--interval", "0.2", "top")
        self.assertEqual({vm["name"] for vm in told["vms"]}, {"web", r"a\x1b]0;evil\x07\x5cb"})
        [web] = [vm for vm in told["vms"] if vm["name"] == "web"]
        self.assertGreater(web["calls_per_s"], 0)

    def test_no_broker(self):
        self.fake.close()
        self.ctl("top", status=NO_BROKER)

    def test_bad_interval(self):
        for text in ("0", "x", "-1", "4000", "nan", "1s", ""):
            run = self.ctl("--interval", text, "top", status=2)
            self.assertIn("from 0.1 to 3600", run.stderr)


class Trace(CtlCase):
    def play_rows(self, count, **more):
        rows = [("trace_row", {**ROW, "time_ns": ROW["time_ns"] + i * 1_000_000, **more})
                for i in range(count)]
        return self.play(self.control, answers={"trace": rows})

    def test_names_and_times(self):
        fake = self.play_rows(3)
        out = self.ctl("trace", "web").stdout.splitlines()
        self.assertEqual(fake.heard[0][1], {"id": 1, "what": 6, "vm": b"web"})
        self.assertEqual(out[0].split(), ["SECONDS", "SESSION", "LANE", "BYTES", "CALL"])
        self.assertEqual(out[3].split(), ["0.002000", "7", "2", "48", "unknown", "0xda43f5e4",
                                          "(answered)"])
        names = self.play_names()
        self.assertIn("cuEventCreate", names)

    def play_names(self):
        self.control.unlink()
        self.play(self.control, answers={"trace": [("trace_row", {**ROW, "op": 0xdc6d1597}),
                                                   ("trace_row", {**ROW, "dropped": 9})]})
        out = self.ctl("trace", "web").stdout
        self.assertIn("9 records left out here", out)
        return out

    def test_count_and_json(self):
        self.play_rows(5)
        lines = self.ctl("--json", "--count", "2", "trace", "web").stdout.splitlines()
        self.assertEqual([json.loads(line)["time_ns"] for line in lines],
                         [5_000_000_000, 5_001_000_000])
        for text in ("0", "-1", "x", "", "99999999999999999999"):
            self.ctl("--count", text, "trace", "web", status=2)

    def test_a_signal_ends_it(self):
        self.play(self.control, answers={"trace": lambda _: time.sleep(0.5) or []})
        run = subprocess.Popen([CTL, "--control", self.control, "trace", "web"],
                               stdout=subprocess.PIPE, text=True)
        self.assertIn("SECONDS", run.stdout.readline())
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(PATIENCE_S), 0)
        run.stdout.close()

    def test_machine_that_is_not_there(self):
        self.play(self.control, answers={"trace": (2, "no machine \"x\" here")})
        self.assertIn("no machine", self.ctl("trace", "x", status=FAILED).stderr)
        self.ctl("trace", status=2)


class Logs(CtlCase):
    def journal(self):
        folder = self.folder / "root/run/systemd/journal"
        folder.mkdir(parents=True)
        (folder / "socket").touch()
        program = self.folder / "journalctl"
        program.write_text("#!/bin/sh\necho \"$@\"\n")
        program.chmod(0o755)
        return {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}

    def test_journal(self):
        env = self.journal()
        root = ("--root", self.folder / "root")
        self.assertEqual(self.ctl(*root, "logs", "web", env=env).stdout, "VGPU_VM=web\n")
        self.assertEqual(self.ctl(*root, "--follow", "--json", "logs", "web", env=env).stdout,
                         "VGPU_VM=web --follow --output=json\n")

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody who may not")
    def test_a_journal_that_may_not_be_read(self):
        """Whose group may, and how to come into it; one readable journal is enough."""
        env = self.journal()
        root = self.folder / "root"
        (root / "etc").mkdir()
        (root / "etc/machine-id").write_text("0123456789abcdef" * 2 + "\n")
        files = [root / folder / ("0123456789abcdef" * 2) / "system.journal"
                 for folder in ("var/log/journal", "run/log/journal")]
        for file in files:
            file.parent.mkdir(parents=True)
            file.touch(mode=0o640)
        self.folder.chmod(0o755)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        words = ("--root", root, "--json", "logs", "web")
        run = self.ctl(*words, status=FAILED, env=env, **nobody)
        self.assertIn("you are not in the group systemd-journal: usermod -aG systemd-journal nobody, "
                      "then log in again", run.stderr)
        self.assertEqual(json.loads(run.stdout)["error"]["status"], FAILED)
        files[0].parent.chmod(0)
        self.ctl(*words, status=FAILED, env=env, **nobody)
        files[1].chmod(0o644)
        self.assertIn("VGPU_VM=web", self.ctl(*words, env=env, **nobody).stdout)

    def test_no_journal(self):
        with open(self.folder / "errors", "w", encoding="utf-8") as file:
            other = subprocess.Popen(["sleep", "60"], stderr=file)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        told = answers()
        told["broker"] = [("broker_row", {**told["broker"][0][1], "pid": other.pid})]
        self.play(self.control, answers=told)
        run = self.ctl("--root", self.folder, "logs", "web", status=FAILED)
        self.assertIn(f"the lines of vgpu-broker go to {self.folder}/errors; look there for vm=web",
                      run.stderr)


class SelfTestOfMachine(CtlCase):
    def look(self, status, **changes):
        told = answers()
        told["vms"] = [("vm_row", {**VMS[0], "socket": str(self.control), "pid": 5,
                                   "device_revision": 0x10000, "qemu": "7.2", **changes})]
        fake = self.play(self.control, answers=told)
        try:
            return self.json("self-test", "web", status=status)
        finally:
            fake.close()
            self.control.unlink()

    def test_all_in_order(self):
        told = self.look(0)
        self.assertTrue(told["passed"])
        self.assertEqual([hop["name"] for hop in told["hops"]],
                         ["socket", "qemu", "device", "channels", "doorbell", "call", "gpu"])
        self.assertIn("vgpu-info --doctor", told["inside"])

    def test_each_hop_fails_alone(self):
        for hop, changes in (("socket", {"socket": "/nonexistent"}), ("qemu", {"pid": 0}),
                             ("device", {"state": "connecting"}),
                             ("doorbell", {"doorbell_idle_ms": -1}), ("call", {"call_idle_ms": -1})):
            told = self.look(FAILED, **changes)
            bad = [h for h in told["hops"] if not h["passed"]]
            self.assertEqual([h["name"] for h in bad], [hop])
            self.assertNotEqual(bad[0]["cure"], "")

    def test_unknown_machine(self):
        self.play(self.control, answers=answers())
        run = self.ctl("self-test", "nobody", status=FAILED)
        self.assertIn("no machine nobody: vgpuctl vms lists them", run.stderr)


if __name__ == "__main__":
    needed("ctl/vgpuctl")
    unittest.main(verbosity=2)
