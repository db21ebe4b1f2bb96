#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The packages' life on a bare Debian 12: installed, used, upgraded, removed, purged.

No systemd runs in that root.  What the packages would ask of one, they ask of a program that only
notes it.
"""

import os
import re
import signal
import stat
import sys
import tempfile
import time
import unittest
from contextlib import contextmanager
from pathlib import Path

from debian_root import TOOLS, DebianRoot
from packages import DEVICE, GUEST, HOST, build, make, need, reissue, run

PATIENCE_S = 120
UNITS = ("vgpu.target", "vgpu-broker.service", "vgpu-hostd.service", "vgpu-executor@0.service",
         "vgpu-gpu@all.service", "vgpu-worker@0.service", "vgpu-mediator-tmp.socket")
NEWER = "9.0.0-1"
PROGRAMS = ("vgpu-broker", "vgpu-executor", "vgpu-hostd", "vgpuctl")
# {file: mode}
FILES = {"/etc/vgpu/vgpu.conf": 0o644, "/usr/lib/systemd/system/vgpu.target": 0o644,
         "/usr/lib/vgpu/libcuda-sim.so.1": 0o644, "/usr/lib/vgpu/vgpu-start-executors": 0o755,
         "/usr/lib/udev/rules.d/71-vgpu-host.rules": 0o644,
         "/usr/share/man/man8/vgpu-broker.8.gz": 0o644, "/run/vgpu": 0o755, "/run/vgpu/vms": 0o755}


def say(text):
    print(f"{time.monotonic() - START:6.1f} s  {text}", flush=True)


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE_S} s for {what}")
        time.sleep(0.05)


class Life(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-packages-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.packages = build(cls.folder)
        say("packages made")
        cls.root = DebianRoot()
        cls.root.__enter__()
        cls.addClassCleanup(cls.root.__exit__)
        say("bare root made")

    def given(self, names, packages=None):
        packages = packages or self.packages
        return [self.root.take(packages[name]) for name in names if name in packages]

    def settings(self):
        return self.root.file("/etc/vgpu/vgpu.conf")

    def test_host_then_guest(self):
        for step in (self.install, self.look, self.use, self.upgrade, self.remove, self.purge,
                     self.install_where_systemd_runs, self.guest, self.guest_and_nvidia, self.purge_guest):
            with self.subTest(step.__name__):
                step()
                say(step.__name__.replace("_", " "))
                continue
            self.fail(f"no step after {step.__name__} means anything")

    def install(self):
        """Where no systemd runs."""
        self.assertEqual(self.root.traces(), [])
        said = self.root.apt("install", *self.given((*HOST, *DEVICE)))
        self.assertNotRegex(said, r"(?i)error|failed")
        for name in (*HOST, *DEVICE):
            if name in self.packages:
                self.assertIn(f"ii  {name}\n", self.root.installed())

    def look(self):
        for name, mode in FILES.items():
            there = self.root.file(name).stat()
            self.assertEqual((oct(stat.S_IMODE(there.st_mode)), name), (oct(mode), name))
        accounts = self.root.file("/etc/passwd").read_text()
        for account in ("vgpu", "vgpu-executor"):
            self.assertRegex(accounts, f"(?m)^{account}:.*:/usr/sbin/nologin$")
        owner = self.root.run("stat", "--format=%U", "/run/vgpu/vms").strip()
        self.assertEqual(owner, "vgpu")
        for program in PROGRAMS:
            self.assertIn(f"usage: {program}", self.root.run(program, "--help"))
        self.assertRegex(self.root.run("vgpuctl", "--version"), "^vgpuctl")
        for unit, state in (("vgpu.target", "enabled"), ("vgpu-hostd.service", "enabled"),
                            ("vgpu-broker.service", "enabled"), ("mediator.service", "alias"),
                            ("vgpu-mediator-tmp.socket", "disabled")):
            said = self.root.run("sh", "-c", f"systemctl is-enabled {unit} || true").strip()
            self.assertEqual((unit, said), (unit, state))
        run("systemd-analyze", "verify", f"--root={self.root.path}", "--man=no", *UNITS)

    @contextmanager
    def running(self, *command):
        """A program in the root, until it has been stopped; the text is its log."""
        with open(self.folder / f"{Path(command[0]).name}.log", "w+b") as log:
            process = self.root.start(*command, log=log)

            def text():
                if process.poll() is not None:
                    raise AssertionError(f"{command} ended: {Path(log.name).read_text()}")
                return Path(log.name).read_text()

            try:
                yield text
                os.killpg(process.pid, signal.SIGTERM)
                self.assertEqual(process.wait(PATIENCE_S), 0, Path(log.name).read_text())
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def use(self):
        """The simulator serves a program; the host daemon keeps a machine."""
        settings = self.settings()
        settings.write_text(settings.read_text().replace("driver = cuda", "driver = sim"))
        self.root.file("/var/lib/vgpu").mkdir(mode=0o750)
        with self.running("vgpu-broker", "--spawn-executors") as broker:
            wait_for(lambda: "CUDA initialized" in broker(), "the simulator")
            said = self.root.run("vgpuctl", "self-test", "local")
            self.assertIn("passed in", said)
            with self.running("vgpu-hostd"):
                wait_for(self.root.file("/run/vgpu/hostd.sock").exists, "vgpu-hostd")
                self.root.run("vgpuctl", "vm", "add", "web1", "pool=A")
                self.assertIn("web1", self.root.run("vgpuctl", "vms"))
                self.assertTrue(stat.S_ISSOCK(self.root.file("/run/vgpu/vm/web1.sock").stat().st_mode))
        self.assertTrue(self.root.file("/var/lib/vgpu/registry.db").exists())

    def upgrade(self):
        """Settings of the host stay; what runs on the GPUs goes on."""
        self.root.pretend_systemd()
        before = self.settings().read_text()
        newer = self.folder / "newer"
        newer.mkdir()
        packages = {name: reissue(package, newer, NEWER, {"etc/vgpu/vgpu.conf": "# newer\n"})
                    for name, package in self.packages.items()}
        said = self.root.apt("install", *self.given((*HOST, *DEVICE), packages))
        self.assertIn("systemctl restart vgpu-broker 'vgpu-executor@*'", said)
        self.assertEqual(self.root.run("dpkg-query", "--show", "--showformat=${Version}", "vgpu-broker"), NEWER)
        self.assertEqual(self.settings().read_text(), before)
        self.assertIn("# newer", self.root.file("/etc/vgpu/vgpu.conf.dpkg-dist").read_text())
        called = self.root.called()
        self.assertIn("--system daemon-reload", called)
        acted = [line for line in called if "daemon-reload" not in line]
        self.assertEqual(acted, ["--quiet --system restart vgpu-hostd.service"])

    def remove(self):
        self.root.apt("remove", *HOST, *(name for name in DEVICE if name in self.packages))
        called = "\n".join(self.root.called())
        for unit in ("vgpu.target", "vgpu-worker.socket", "vgpu-executor@*.service"):
            self.assertRegex(called, f"(?m)^stop .*{re.escape(unit)}")
        self.assertFalse(self.root.file("/usr/sbin/vgpu-broker").exists())
        for kept in ("/etc/vgpu/vgpu.conf", "/var/lib/vgpu/registry.db"):
            self.assertTrue(self.root.file(kept).exists(), kept)

    def purge(self):
        """All goes but the accounts, and what is another's."""
        theirs = self.root.file("/var/vgpu/theirs")
        theirs.write_text("")
        self.root.apt("purge", *HOST)
        self.assertTrue(theirs.exists())
        theirs.unlink()
        theirs.parent.rmdir()
        self.assertFalse(self.root.file("/var/xen").exists())
        self.assertEqual(self.root.traces(), [])
        self.assertIn("\nvgpu:", self.root.file("/etc/passwd").read_text())

    def install_where_systemd_runs(self):
        """Everything is started; an executor that comes later, too."""
        self.root.called()
        self.root.apt("install", *self.given(("vgpu-broker",)))
        self.assertIn("--quiet --system start vgpu.target", self.root.called())
        self.root.apt("install", *self.given(("vgpu-executor",)))
        self.assertIn("--quiet --system start vgpu.target", self.root.called())

    def guest(self):
        """A guest is no host, and its programs find our libraries."""
        said = self.root.apt("install", *self.given(("vgpu-libs", *GUEST)))
        self.assertRegex(said, r"Remov\w+ vgpu-executor")
        self.root.apt("purge", "vgpu-broker", "vgpu-executor")
        found = self.root.run("ldconfig", "-p")
        for library in ("libcuda.so.1", "libnvidia-ml.so.1"):
            self.assertIn(f"{library} (libc6,x86-64) => /usr/lib/vgpu/{library}\n", found)
        self.assertIn("\nvgpu:", self.root.file("/etc/group").read_text())
        self.assertRegex(self.root.run("vgpu-info", "--version"), "^vgpu-info")

    def guest_and_nvidia(self):
        """Either, not both; and what depends on theirs takes ours."""
        wants = make(self.folder, "wants-cuda", Depends="libcuda1, libnvidia-ml1")
        theirs = make(self.folder, "libcuda1")
        said = self.root.apt("install", "--simulate", self.root.take(wants))
        self.assertNotIn("Remv", said)
        said = self.root.apt("install", "--simulate", self.root.take(theirs))
        self.assertIn("Remv vgpu-guest", said)

    def purge_guest(self):
        self.root.apt("purge", "vgpu-libs", *GUEST)
        self.assertNotIn("vgpu", self.root.run("ldconfig", "-p"))
        self.assertEqual(self.root.traces(), [])


if __name__ == "__main__":
    START = time.monotonic()
    need(TOOLS)
    if os.geteuid() != 0:
        sys.exit("a Debian root is made and entered by root only: run this test as root")
    unittest.main(verbosity=2)
