#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is installed on a host: units that systemd accepts, and locked as far as they go.

No systemd runs here; its tools read an installed root.
"""

import configparser
import os
import re
import socket
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from root import SOURCE, Root, run

# systemd-analyze security: 10 is no protection at all; in tenths.
EXPOSURE = {"vgpu-broker.service": 6, "vgpu-worker@.service": 6}
EXPOSURE_OTHERS = 15
LIBEXEC = SOURCE / "deploy/libexec"


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Root()
        cls.root.__enter__()
        cls.addClassCleanup(cls.root.__exit__)
        cls.root.add_system()

    def unit(self, name):
        """{section: {key: [values]}} of an installed unit."""
        found, section = {}, None
        for line in self.root.file(f"/usr/lib/systemd/system/{name}").read_text().splitlines():
            if line.startswith("["):
                section = found.setdefault(line.strip("[]"), {})
            elif "=" in line and not line.startswith("#"):
                key, value = line.split("=", 1)
                section.setdefault(key, []).append(value)
        return found

    def services(self):
        return self.root.units(".service")

    def test_systemd_accepts_every_unit(self):
        units = self.root.units(".service", ".socket", ".target")
        self.assertIn("vgpu.target", units)
        for unit in units:
            with self.subTest(unit):
                done = run("systemd-analyze", "verify", f"--root={self.root.path}", "--man=no",
                           self.root.file(f"/usr/lib/systemd/system/{unit}"))
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_every_service_is_locked(self):
        for service in self.services():
            with self.subTest(service):
                done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                           f"--root={self.root.path}",
                           f"--threshold={EXPOSURE.get(service, EXPOSURE_OTHERS)}",
                           f"/usr/lib/systemd/system/{service}")
                self.assertEqual(done.returncode, 0, done.stdout[-300:])
                exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
                self.assertLessEqual(float(exposure.group(1)) * 10,
                                     EXPOSURE.get(service, EXPOSURE_OTHERS))

    def test_programs_of_the_units_are_installed(self):
        for service in self.services():
            for command in self.unit(service)["Service"]["ExecStart"]:
                program = self.root.file(command.split()[0])
                self.assertTrue(os.access(program, os.X_OK), f"{service}: {command}")

    def test_units_name_units_and_pages_that_exist(self):
        known = set(self.root.units(".service", ".socket", ".target"))
        for name in sorted(known):
            for other in re.findall(r"\bvgpu[\w@.-]*\.(?:service|socket|target)",
                                    "\n".join(v for key in ("Wants", "After", "PartOf", "Before")
                                              for v in self.unit(name)["Unit"].get(key, []))):
                template = re.sub(r"@.*\.", "@.", other)
                self.assertTrue(template in known or template == "vgpu-hostd.service",
                                f"{name}: {other}")

    def test_sockets_are_where_the_configuration_has_them(self):
        config = configparser.ConfigParser()
        config.read(SOURCE / "deploy/vgpu.conf")
        names = {"broker": config["broker"]["socket"],
                 "executor": config["broker"]["executor_socket"],
                 "control": config["broker"]["control_socket"]}
        passed = {}
        for unit in self.root.units(".socket"):
            section = self.unit(unit)["Socket"]
            self.assertIn(section["SocketMode"][0], ("0660", "0600"), unit)
            if "FileDescriptorName" in section:
                passed[section["FileDescriptorName"][0]] = section["ListenStream"][0]
        for name, path in names.items():
            self.assertEqual(passed[name], path)

    def test_sockets_that_are_off(self):
        """What nothing wants is there only where somebody enables it."""
        wanted = self.unit("vgpu.target")["Unit"]["Wants"][0].split()
        for unit in ("vgpu-mediator-tmp.socket", "vgpu-metrics.socket"):
            self.assertNotIn(unit, wanted)
            self.assertEqual(self.unit(unit)["Install"]["WantedBy"], ["vgpu.target"])
            self.assertEqual(self.unit(unit)["Socket"]["Service"], ["vgpu-broker.service"])

    def test_nothing_is_for_everybody_to_write(self):
        for path in self.root.path.rglob("*"):
            if not path.is_symlink():
                self.assertEqual(path.stat().st_mode & stat.S_IWOTH, 0, path)

    def test_accounts(self):
        done = run("systemd-sysusers", f"--root={self.root.path}", "--dry-run",
                   self.root.file("/usr/lib/sysusers.d/vgpu.conf"))
        self.assertEqual(done.returncode, 0, done.stdout)
        for account in ("vgpu", "vgpu-executor"):
            self.assertIn(f"Would create user '{account}'", done.stdout.replace("Creating",
                                                                                "Would create"))

    def test_folders(self):
        done = run("systemd-tmpfiles", "--cat-config", f"--root={self.root.path}")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("d /run/vgpu 0755 root root -", done.stdout)

    def test_settings_of_the_host_stay(self):
        settings = self.root.file("/etc/vgpu/vgpu.conf")
        before = settings.read_text()
        settings.write_text(before + "# mine\n")
        self.root.install("broker")
        self.assertEqual(settings.read_text(), before + "# mine\n")
        settings.write_text(before)


class CheckSocket(unittest.TestCase):
    """A name that is not ours is refused, and stays."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "mediator.sock"

    def check(self):
        return run(LIBEXEC / "vgpu-check-socket", self.path)

    def assert_refused(self, why):
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.path} is not ours and stays: {why}", done.stdout)
        self.assertTrue(os.path.lexists(self.path))

    def test_no_name(self):
        self.assertEqual(self.check().returncode, 0)

    def test_file(self):
        self.path.write_text("something")
        self.assert_refused("a regular file")

    def test_link(self):
        self.path.symlink_to("/nowhere")
        self.assert_refused("a symbolic link")

    def test_socket_where_somebody_listens(self):
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.path))
            listening.listen(1)
            self.assert_refused("a socket")

    def test_socket_that_was_left(self):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.path))
        if os.geteuid() == 0:
            self.assertEqual(self.check().returncode, 0)
            os.chown(self.path, 65534, 65534)
        self.assert_refused("a socket of account")


class StartExecutors(unittest.TestCase):
    """The GPUs that the driver names, with programs that only say how they were called."""

    KNOWN = "GPU-12345678-9abc-def0-1234-56789abcdef0"
    ASKED = "GPU-00000000-0000-4000-8000-000000000001"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.gpus = self.folder / "gpus"
        self.gpus.mkdir()
        self.config = self.folder / "vgpu.conf"
        self.program("systemctl", 'echo "systemctl $*"')
        self.program("nvidia-smi", f'echo {self.ASKED}')

    def program(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def gpu(self, address, uuid):
        (self.gpus / address).mkdir()
        (self.gpus / address / "information").write_text(
            f"Model: \t\t Some GPU\nGPU UUID: \t {uuid}\nBus Location: \t {address}\n")

    def start(self, which):
        env = {**os.environ, "VGPU_GPUS": str(self.gpus), "VGPU_CONFIG": str(self.config),
               "PATH": f"{self.folder}:{os.environ['PATH']}"}
        return run(LIBEXEC / "vgpu-start-executors", which, env=env)

    def test_all(self):
        self.gpu("0000:3b:00.0", self.KNOWN)
        self.gpu("0000:af:00.0", "GPU-????????-????-????-????-????????????")
        done = self.start("all")
        self.assertEqual(done.returncode, 0, done.stdout)
        for uuid in (self.KNOWN, self.ASKED):
            self.assertRegex(done.stdout, rf"systemctl start .*\bvgpu-executor@{uuid}\.service")

    def test_one(self):
        self.gpu("0000:3b:00.0", self.KNOWN)
        self.gpu("0000:af:00.0", self.ASKED)
        done = self.start("0000:3b:00.0")
        self.assertIn(self.KNOWN, done.stdout)
        self.assertNotIn(self.ASKED, done.stdout)

    def test_none(self):
        done = self.start("all")
        self.assertEqual((done.returncode, done.stdout.count("systemctl")), (0, 0))

    def test_driver_of_the_configuration(self):
        self.gpu("0000:3b:00.0", self.KNOWN)
        for text, simulated in (("[executor]\ndriver = sim\n", True),
                                ("[broker]\n[executor]\nspares = 2\n  driver=sim ; none\n", True),
                                ("[executor]\n# driver = sim\ndriver = cuda\n", False),
                                ("[executor]\n[hostd]\ndriver = sim\n", False)):
            with self.subTest(text):
                self.config.write_text(text)
                done = self.start("all")
                unit = "0" if simulated else self.KNOWN
                self.assertIn(f"systemctl start vgpu-executor@{unit}.service\n", done.stdout)

    def test_executor_that_does_not_start(self):
        self.program("systemctl", "exit 1")
        self.gpu("0000:3b:00.0", self.KNOWN)
        self.assertEqual(self.start("all").returncode, 1)

    def test_gpu_that_does_not_answer(self):
        """The others start all the same."""
        self.program("nvidia-smi", "echo 'No devices were found'; exit 6")
        self.gpu("0000:3b:00.0", "GPU-????????-????-????-????-????????????")
        self.gpu("0000:af:00.0", self.KNOWN)
        done = self.start("all")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the UUID of GPU 0000:3b:00.0 is not known", done.stdout)
        self.assertIn(f"vgpu-executor@{self.KNOWN}.service", done.stdout)


if __name__ == "__main__":
    subprocess.run(["systemd-analyze", "--version"], stdout=subprocess.DEVNULL, check=True)
    unittest.main(verbosity=2)
