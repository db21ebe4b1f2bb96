#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads: well-formed, as docs/metrics.md says, true, and holding nobody up."""

import contextlib
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import exposition
import procfs
import wire
from case import GUEST, PATIENCE_S, Stack, StackCase, main, wait_for
from fake_device import Device
from scrape import ask, connect

PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"
ROW = re.compile(r"^\| `(vgpu_\w+)` \| (\w+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)
# More readers than are served at once, or fit into the socket's queue.
READERS = 100


class MetricsCase(StackCase):
    vms = ("alpha", "beta")
    where = ""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="vgpu-metrics-"))
        cls.where = folder + "/metrics.sock"
        cls.settings = {"broker.metrics": cls.where}
        super().setUpClass()

    def families(self):
        """What is said now; a text is kept for a second."""
        status, headers, body = ask(self.where)
        self.assertEqual(status, 200)
        self.assertEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        return exposition.parse(body)

    def value(self, name, **labels):
        samples = self.families()[name.removesuffix("_count")].samples
        return samples[name, tuple(labels.items())]

    def wait_value(self, wanted, name, **labels):
        wait_for(lambda: self.value(name, **labels) == wanted, f"{name} {labels} = {wanted}")


class Figures(MetricsCase):
    def test_rows_are_those_of_the_page(self):
        said = {name: (family.type, family.help) for name, family in self.families().items()}
        rows = {name: (kind, words) for name, kind, _, words in
                ROW.findall(PAGE.read_text(encoding="utf-8"))}
        self.assertEqual(said, rows)

    def test_labels_are_those_of_the_page(self):
        rows = {name: {label.strip("` ") for label in labels.split(",")} - {""}
                for name, _, labels, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
        for name, family in self.families().items():
            for _, labels in family.samples:
                self.assertEqual({label for label, _ in labels} - {"le"}, rows[name], name)

    def test_promtool_finds_nothing(self):
        if not shutil.which("promtool"):
            return  # the checker above has the same rules
        run = subprocess.run(["promtool", "check", "metrics"], input=ask(self.where)[2], text=True,
                             capture_output=True, check=False)
        self.assertEqual((run.returncode, run.stdout + run.stderr), (0, ""))

    def test_calls_sessions_and_errors_of_a_machine(self):
        device = Device(self.stack.vm_socket("alpha"), PATIENCE_S).up()
        self.addCleanup(device.close)
        channel = device.channel(0).ready()
        channel.greet()
        channel.open()
        before = self.families()["vgpu_vm_calls_total"].samples
        old = before["vgpu_vm_calls_total", (("vm", "alpha"), ("class", "unknown"))]
        for sequence in range(1, 8):
            channel.put(wire.record(0x20000, bytes(8), sequence=sequence))
            self.assertEqual(struct.unpack_from("<i", channel.answer()[3])[0], 801)
        self.wait_value(old + 7, "vgpu_vm_calls_total", vm="alpha", **{"class": "unknown"})
        self.assertEqual(self.value("vgpu_vm_up", vm="alpha"), 1)
        self.assertEqual(self.value("vgpu_vm_up", vm="beta"), 0)
        self.assertEqual(self.value("vgpu_vm_sessions", vm="alpha"), 1)
        self.assertEqual(self.value("vgpu_gpu_sessions", gpu="0"), 1)
        self.assertGreaterEqual(self.value("vgpu_vm_errors_total", vm="alpha", code="801"), 7)
        self.assertGreaterEqual(self.value("vgpu_vm_call_latency_seconds_count", vm="alpha"), 7)
        self.assertEqual(self.value("vgpu_vm_errors_total", vm="beta", code="other"), 0)
        device.close()
        self.wait_value(0, "vgpu_vm_sessions", vm="alpha")

    def test_a_program_of_this_host(self):
        before = self.value("vgpu_vm_calls_total", vm="(host)", **{"class": "one_way"})
        self.assert_session_passes()
        wait_for(lambda: self.value("vgpu_vm_calls_total", vm="(host)",
                                    **{"class": "one_way"}) > before, "calls")

    def test_a_killed_worker_counts_as_crashed(self):
        before = self.value("vgpu_gpu_workers_crashed_total", gpu="0")
        guest = self.stack.start(GUEST, "bystander")
        worker = wait_for(lambda: [p for p in self.stack.workers() if procfs.channels(p)], "a worker")
        procfs.kill_and_wait(worker[0], PATIENCE_S)
        self.wait_value(before + 1, "vgpu_gpu_workers_crashed_total", gpu="0")
        self.stack.drop(guest)

    def test_sandbox(self):
        locked = int(not self.stack.sanitized())
        self.assertEqual(self.value("vgpu_sandbox", layer="seccomp"), locked)
        self.assertEqual(self.value("vgpu_gpu_sandboxed_workers", gpu="0", layer="seccomp"), locked)


class Readers(MetricsCase):
    def test_requests_that_are_none(self):
        self.assertEqual(ask(self.where, "GET /")[0], 404)
        self.assertEqual(ask(self.where, "POST /metrics")[0], 405)
        self.assertEqual(ask(self.where, "HEAD /metrics")[2], "")
        with connect(self.where) as peer:
            peer.sendall(b"\xff\x00nonsense\r\n\r\n" * 100)
            with contextlib.suppress(ConnectionResetError):
                peer.recv(1 << 16)
        with connect(self.where) as peer:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                peer.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 100000)
                peer.recv(1 << 16)
        self.assertEqual(ask(self.where)[0], 200)

    def test_readers_that_never_read_hold_nobody_up(self):
        """As many as connect; calls go on, and the memory is bounded."""
        before = procfs.status_kib(self.stack.broker.pid, "RssAnon")
        readers = []
        for _ in range(READERS):
            peer = socket.socket(socket.AF_UNIX)
            peer.setblocking(False)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            with contextlib.suppress(BlockingIOError):
                peer.connect(self.where)
                peer.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 8)
            readers.append(peer)
        for _ in range(3):
            self.assert_session_passes()
        if not self.stack.sanitized():
            self.assertLess(procfs.status_kib(self.stack.broker.pid, "RssAnon") - before, 4096)
        for peer in readers:
            peer.close()
        self.assertEqual(ask(self.where)[0], 200)

    def test_mode_of_the_socket(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.where).st_mode), 0o660)


class Tcp(unittest.TestCase):
    def test_loopback_and_removal(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            where = f"127.0.0.1:{free.getsockname()[1]}"
        with Stack(settings={"broker.metrics": where}) as stack:
            status, _, body = ask(where)
            self.assertEqual(status, 200)
            exposition.parse(body)
            self.assertEqual(stack.run(GUEST, "session").status, 0)
            self.assertEqual(stack.terminate(), 0)


class Checker(unittest.TestCase):
    """The checker itself refuses what it should."""

    GOOD = "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"c\"} 1\n"

    def test_good(self):
        self.assertEqual(exposition.parse(self.GOOD)["a_total"].samples,
                         {("a_total", (("b", "c"),)): 1.0})

    def test_bad(self):
        for text in (self.GOOD.rstrip(), self.GOOD.replace("counter", "gauge"),
                     self.GOOD + "a_total{b=\"c\"} 2\n", self.GOOD + self.GOOD, self.GOOD + "b 1\n",
                     self.GOOD.replace(" 1", " one"), self.GOOD.replace("\"c\"", "\"c\"d\""),
                     self.GOOD.replace(" 1", " -1"), self.GOOD.replace("# HELP a_total x\n", ""),
                     "# HELP a_ms x\n# TYPE a_ms gauge\n"):
            with self.assertRaises(exposition.FormatError, msg=text):
                exposition.parse(text)


if __name__ == "__main__":
    main()
