#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpuctl doctor on hosts below a root that a test makes: a good one, and each fault by itself."""

import grp
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from ctl_case import BROKER, CTL, GPU, HOSTD, RED, SESSION, VMS, YELLOW, CtlCase
from fake_control import FakeControl
from stack import needed

RELEASE = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build\n"
WEB = {**VMS[0], "socket": "/run/vgpu/vm/web.sock"}
CONF = "[hostd]\nsocket_group = none\n[executor]\ndriver = {}\n"
LISTEN = "0000000000000000: 00000002 00000000 {} 0001 01 4242 {}\n"
CHECKS = ("broker", "hostd", "qemu", "sockets", "link", "config", "driver", "modules", "nodes",
          "gpus", "sandbox", "pools", "registry", "disk", "journal", "machines", "identity", "doorbells",
          "calls", "errors", "versions")


class Host(CtlCase):
    """A root with everything in order, and vgpuctl without the daemons beside it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-ctl-")
        cls.addClassCleanup(folder.cleanup)
        cls.program = shutil.copy(CTL, folder.name)

    def setUp(self):
        super().setUp()
        self.root = self.folder / "r"
        self.sockets = []
        self.addCleanup(lambda: [s.close() for s in self.sockets])
        for name in ("broker", "executor", "vm/web"):
            self.bind(f"run/vgpu/{name}.sock")
        self.answers = {
            "broker": [("broker_row", {**BROKER, "pid": os.getpid(), "hostd_pid": 12})],
            "vms": [("vm_row", WEB)],
            "gpus": [("gpu_row", {**GPU, "supervisor": "0.1.0", "workers": 2,
                                  "sandbox": "no_new_privs,seccomp,landlock=3"})],
            "pools": [("pool_row", {"name": "a", "gpus": "GPU-0"})],
            "sessions": [("session_row", SESSION)],
            "hostd": [("host_row", HOSTD)]}
        self.broker = self.play(self.root / "run/vgpu/control.sock", answers=self.answers)
        self.hostd_fake = self.play(self.root / "run/vgpu/hostd.sock", answers=self.answers)
        self.bind("run/systemd/journal/socket", socket.SOCK_DGRAM)
        self.write("proc/driver/nvidia/version", RELEASE.format("580.159.04"))
        self.write("proc/net/unix", "".join(
            LISTEN.format("00010000", f"/run/vgpu/{name}.sock")
            for name in ("broker", "executor", "control", "vm/web")))
        for node in ("nvidiactl", "nvidia0", "nvidia-uvm"):
            self.write(f"dev/{node}", mode=0o666)
        self.write("etc/vgpu/vgpu.conf", CONF.format("cuda"))
        self.write("usr/bin/vgpu-qemu", "#!/bin/sh\necho \"vgpu-qemu: QEMU 7.2 takes vgpu-cuda "
                   "from a.so by b.so\"\n", mode=0o755)
        for folder in ("sys/module/nvidia", "sys/module/nvidia_uvm", "var/lib/vgpu", "var/vgpu"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "var/vgpu/mediator.sock").symlink_to("/run/vgpu/broker.sock")

    def write(self, name, text="", mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def bind(self, name, kind=socket.SOCK_STREAM):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.sockets.append(socket.socket(socket.AF_UNIX, kind))
        self.sockets[-1].bind(str(path))
        if kind == socket.SOCK_STREAM:
            self.sockets[-1].listen()
        path.chmod(0o660)

    def change(self, what, **values):
        """Changes fields of the first row of an answer."""
        [(kind, row), *rest] = self.answers[what]
        self.answers[what][:] = [(kind, {**row, **values}), *rest]

    def doctor(self, status):
        run = self.json("--control", "/run/vgpu/control.sock", "--hostd", "/run/vgpu/hostd.sock",
                        "--root", self.root, "doctor", status=status)
        return {check["name"]: check for check in run["checks"]}

    def assert_found(self, name, light, text, cure):
        """Nothing but this check has found anything."""
        found = self.doctor(RED if light == "red" else YELLOW)
        self.assertEqual({n: c["light"] for n, c in found.items() if c["light"] != "green"},
                         {name: light}, found)
        self.assertIn(text, found[name]["text"])
        self.assertIn(cure, found[name]["cure"])


class Good(Host):
    def test_all_is_green(self):
        found = self.doctor(0)
        self.assertEqual(tuple(found), CHECKS)
        for check in found.values():
            self.assertEqual((check["light"], check["cure"]), ("green", ""), check)
        self.assertIn("stock with loader: QEMU 7.2", found["qemu"]["text"])
        self.assertEqual(found["doorbells"]["text"], "the last one 3.4 s ago")

    def test_the_table(self):
        out = self.ctl("--control", "/run/vgpu/control.sock", "--hostd", "/run/vgpu/hostd.sock",
                       "--root", self.root, "doctor").stdout
        self.assertEqual(len(out.splitlines()), len(CHECKS))
        self.assertNotIn("\x1b", out)

    def test_simulator_needs_no_driver(self):
        for path in ("proc/driver/nvidia/version", "dev/nvidiactl"):
            (self.root / path).unlink()
        self.write("etc/vgpu/vgpu.conf", CONF.format("sim"))
        self.assertIn("simulator", self.doctor(0)["driver"]["text"])


class Bare(CtlCase):
    def test_nothing_at_all(self):
        run = self.json("--root", self.folder / "nothing", "doctor", status=RED)
        found = {check["name"]: check for check in run["checks"]}
        self.assertEqual(tuple(found), CHECKS)
        for name in ("broker", "sockets", "driver", "modules", "nodes"):
            self.assertEqual(found[name]["light"], "red", found[name])
        for check in found.values():
            self.assertNotEqual(check["light"], "green", check)
            self.assertNotEqual(check["cure"], "", check)


class Files(Host):
    def test_old_driver(self):
        self.write("proc/driver/nvidia/version", RELEASE.format("550.40.07"))
        self.assert_found("driver", "red", "550.40.07 is too old", "550.54")

    def test_driver_just_new_enough(self):
        self.write("proc/driver/nvidia/version", RELEASE.format("550.54.14"))
        self.doctor(0)

    def test_no_driver(self):
        (self.root / "proc/driver/nvidia/version").unlink()
        self.assert_found("driver", "red", "no NVIDIA driver", "nvidia-smi")

    def test_no_uvm(self):
        (self.root / "sys/module/nvidia_uvm").rmdir()
        self.assert_found("modules", "red", "nvidia_uvm", "modprobe nvidia-uvm")

    def test_no_node(self):
        (self.root / "dev/nvidia-uvm").unlink()
        self.assert_found("nodes", "red", "no /dev/nvidia-uvm", "nvidia-modprobe")

    def test_closed_node(self):
        (self.root / "dev/nvidia0").chmod(0o600)
        self.assert_found("nodes", "yellow", "mode 600", "chmod 0666")

    def test_no_config(self):
        (self.root / "etc/vgpu/vgpu.conf").unlink()
        self.assert_found("config", "yellow", "no /etc/vgpu/vgpu.conf", "write one")

    def test_config_of_everybody(self):
        (self.root / "etc/vgpu/vgpu.conf").chmod(0o666)
        self.assert_found("config", "red", "others", "chmod 0644")

    def test_no_link(self):
        (self.root / "var/vgpu/mediator.sock").unlink()
        self.assert_found("link", "yellow", "there is no /var/vgpu/mediator.sock", "ln -s")

    def test_link_to_elsewhere(self):
        (self.root / "var/vgpu/mediator.sock").unlink()
        (self.root / "var/vgpu/mediator.sock").symlink_to("/tmp/x\x1b")
        self.assert_found("link", "yellow", r"leads to /tmp/x\x1b", "ln -sfn")

    def test_no_state_folder(self):
        (self.root / "var/lib/vgpu").rmdir()
        self.assert_found("disk", "yellow", "/var/lib/vgpu: No such file", "install -d")


    def test_no_journal(self):
        self.sockets[-1].close()
        self.assert_found("journal", "yellow", "nobody reads", "restart systemd-journald")
        (self.root / "run/systemd/journal/socket").unlink()
        self.assert_found("journal", "yellow", "there is no journal", "systemd-journald.socket")


class Config(Host):
    """The daemons that were built with vgpuctl read the file."""

    @classmethod
    def setUpClass(cls):
        cls.program = CTL

    def test_good_config(self):
        self.doctor(0)

    def test_wrong_config(self):
        """Whichever program reads a line, it is refused as that program refuses it."""
        for section, text, allowed, restart in (
                ("broker", "sessions_max = 0", "wanted number 1 to 4096", "vgpu-broker"),
                ("broker", "soket = /x", "unknown", "vgpu-broker"),
                ("hostd", "scan_s = 3601", "wanted number 1 to 3600", "vgpu-hostd"),
                ("executor", "helpers = \x1b", "wanted number 1 to 64", "'vgpu-executor@*"),
                ("executor", "hostd_socket = run", "an absolute path", "'vgpu-executor@*"),
                ("pools", "x = GPU-1", "GPU", "vgpu-broker"),
                ("nonsense", "x = 1", "nonsense", "vgpu-broker")):
            self.write("etc/vgpu/vgpu.conf", CONF.format("cuda") + f"[{section}]\n{text}\n")
            with self.subTest(text):
                self.assert_found("config", "red", allowed, f"systemctl restart {restart}")

    def test_config_names_its_line(self):
        self.write("etc/vgpu/vgpu.conf", CONF.format("cuda") + "\n[broker]\nsessions_max = 0\n")
        self.assert_found("config", "red", "etc/vgpu/vgpu.conf:7: ", "vgpu.conf(5)")


class Sockets(Host):
    def test_missing(self):
        (self.root / "run/vgpu/executor.sock").unlink()
        self.assert_found("sockets", "red", "no /run/vgpu/executor.sock", "systemctl restart")

    def test_of_everybody(self):
        (self.root / "run/vgpu/broker.sock").chmod(0o666)
        self.assert_found("sockets", "red", "everybody may connect", "chmod o-w")

    def test_folder_of_everybody(self):
        (self.root / "run/vgpu").chmod(0o777)
        self.assert_found("sockets", "red", "/run/vgpu can be written", "chmod o-w /run/vgpu")

    def test_nobody_listens(self):
        self.write("proc/net/unix", (self.root / "proc/net/unix").read_text().replace(
            "00010000 0001 01 4242 /run/vgpu/vm/web.sock", "00000000 0001 01 1 /run/vgpu/x"))
        self.assert_found("sockets", "red", "nobody listens at /run/vgpu/vm/web.sock", "restart")

    def test_in_the_network_of_the_broker(self):
        """A socket that the broker has bound is in the table of the broker's own namespace."""
        table = (self.root / "proc/net/unix").read_text().splitlines(keepends=True)
        own = [line for line in table if "vm/web" in line]
        self.write("proc/net/unix", "".join(line for line in table if line not in own))
        self.write(f"proc/{os.getpid()}/net/unix", "".join(own))
        self.doctor(0)

    def test_of_hostd(self):
        """A socket that vgpu-hostd has made is in no table: its namespace may have ended."""
        table = (self.root / "proc/net/unix").read_text().splitlines(keepends=True)
        self.write("proc/net/unix", "".join(line for line in table if "vm/web" not in line))
        row = {"name": "web", "socket": "/run/vgpu/vm/web.sock", "state": "served"}
        self.answers["registry"] = [("registry_row", row)]
        self.doctor(0)
        row["state"] = "waits for the broker"
        self.assert_found("sockets", "red", "nobody listens at /run/vgpu/vm/web.sock", "restart")

    def test_stranger_behind_the_socket(self):
        """A process of our own account took the guests' socket."""
        stranger = subprocess.Popen(
            [sys.executable, "-c", "import os, socket, sys; s = socket.socket(socket.AF_UNIX); "
             "os.unlink(sys.argv[1]); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o660); "
             "s.listen(); print(flush=True); sys.stdin.read()",
             self.root / "run/vgpu/broker.sock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(stranger.communicate)
        stranger.stdout.readline()
        self.assert_found("sockets", "red", f"process {stranger.pid} (python3",
                          f"end process {stranger.pid}")

    def test_another_program_behind_the_control_socket(self):
        self.broker.close()
        (self.root / "run/vgpu/control.sock").unlink()
        with FakeControl(self.root / "run/vgpu/control.sock", program="socat"):
            self.assertIn("is not vgpu-broker", self.doctor(RED)["broker"]["text"])

    def test_socket_in_a_folder_of_xens(self):
        self.write("proc/net/unix", (self.root / "proc/net/unix").read_text().replace(
            "/run/vgpu/vm/web.sock", "/proc/self/fd/31/web.sock"))
        self.doctor(0)

    def test_no_socket_at_all(self):
        (self.root / "run/vgpu/broker.sock").unlink()
        self.write("run/vgpu/broker.sock")
        self.assert_found("sockets", "red", "is no socket", "rm /run/vgpu/broker.sock")


class Qemu(Host):
    def script(self, status, text="vgpu-qemu: said \x1b so"):
        self.write("usr/bin/vgpu-qemu", f"#!/bin/sh\necho '{text}'\nexit {status}\n", mode=0o755)

    def test_every_status(self):
        for status, cure in ((3, "apt install qemu"), (4, "install the package vgpu-qemu-device"),
                             (5, "qemu-device/build"), (6, "in-tree"), (7, "own source")):
            self.script(status)
            self.assert_found("qemu", "red", r"said \x1b so", cure)

    def test_patched(self):
        self.script(0, "vgpu-qemu: QEMU 7.2 has vgpu-cuda built in")
        self.assertIn("patched: QEMU", self.doctor(0)["qemu"]["text"])

    def test_none(self):
        (self.root / "usr/bin/vgpu-qemu").unlink()
        self.assert_found("qemu", "yellow", "no vgpu-qemu", "install the package")

    def test_xen(self):
        qemu = "usr/lib64/xen/bin/qemu-system-i386"
        self.write(qemu, "#!/bin/sh\nexit 1\n", mode=0o755)
        self.assert_found("qemu", "red", "does not know the device", "xcp-ng")
        self.write(qemu, "#!/bin/sh\necho 'vgpu-cuda options:'\n", mode=0o755)
        self.assert_found("qemu", "yellow", "has vgpu-cuda built in", "xcp-ng")


class Rows(Host):
    def test_broker_without_lock(self):
        self.change("broker", sandbox="none")
        self.assert_found("broker", "red", "without its lock", "release build")

    def test_broker_full(self):
        self.change("broker", sessions=256)
        self.assert_found("broker", "yellow", "all 256 sessions", "sessions_max")

    def test_hostd_is_cut_off(self):
        self.change("hostd", broker=0)
        self.assert_found("hostd", "red", "not connected to vgpu-broker", "journalctl -u vgpu-hostd")

    def test_hostd_error(self):
        self.change("hostd", last_error="disk full\x1b")
        self.assert_found("hostd", "yellow", r"disk full\x1b", "journalctl")

    def test_damaged_registry(self):
        self.change("hostd", registry_state="takes no changes: disk I/O error",
                    registry="/var/lib/vgpu/registry.db")
        self.assert_found("registry", "red", "/var/lib/vgpu/registry.db takes no changes: disk",
                          "move it away")
        self.change("hostd", registry_state="did not take the last change: the disk is full")
        self.assert_found("registry", "red", "did not take the last change", "df -h")
        self.change("hostd", registry_state="was damaged and is kept as registry.db.bad")
        self.assert_found("registry", "yellow", "was damaged", "vgpuctl vm add")

    def test_no_gpu(self):
        self.answers["gpus"].clear()
        self.assert_found("gpus", "red", "no GPU has registered",
                          "systemctl start vgpu-gpu@all")

    def test_gpu_that_went(self):
        self.change("gpus", state="gone")
        self.assert_found("gpus", "red", "GPU-0 is gone", "systemctl restart vgpu-executor@GPU-0")

    def test_gpu_whose_executor_stops(self):
        self.change("gpus", state="leaving")
        self.assert_found("gpus", "yellow", "GPU-0 takes no new sessions",
                          "systemctl status vgpu-executor@GPU-0")

    def test_drained_gpu(self):
        self.change("gpus", state="drained")
        self.assert_found("gpus", "yellow", "GPU-0 is drained", "vgpuctl gpu undrain GPU-0")

    def test_worker_that_starts(self):
        self.change("gpus", workers=0, spares_wanted=1)
        self.assertEqual(self.doctor(0)["gpus"]["text"], "GPU-0: a worker is starting")
        self.change("gpus", spares_wanted=0)
        self.assertIn("spares = 0", self.doctor(0)["gpus"]["text"])

    def test_worker_that_cannot_start(self):
        self.change("gpus", workers=0, spares_wanted=1, trouble="the driver has no \x1b context")
        self.assert_found("gpus", "red", r"no worker can be made: the driver has no \x1b context",
                          "journalctl")
        self.change("gpus", workers=2)
        self.assert_found("gpus", "yellow", "beside those that are there: the driver",
                          "journalctl")

    def test_two_supervisors_of_one_gpu(self):
        self.change("gpus", supervisor_pid=41, rival_pid=42)
        self.assert_found("gpus", "yellow", "GPU-0: two vgpu-executors want it: process 41 serves "
                          "it, process 42 waits", "systemctl stop UNIT")

    def test_sandbox_layers(self):
        self.change("gpus", sandbox="no_new_privs,seccomp")
        self.assert_found("sandbox", "yellow", "without Landlock", "kernel")
        self.change("gpus", sandbox="no_new_privs")
        self.assert_found("sandbox", "red", "without seccomp", "release build")

    def test_pool_without_gpu(self):
        self.change("pools", gpus="")
        self.assert_found("pools", "red", "machine web is of pool a", "vgpuctl pool set a")

    def test_no_machine(self):
        self.answers["vms"].clear()
        self.assert_found("machines", "yellow", "no machine is known", "vgpuctl vm add")

    def test_none_connected(self):
        self.change("vms", state="absent")
        self.assert_found("machines", "yellow", "none of 1 machines", "vgpu-qemu")

    def test_account_that_may_not_connect(self):
        """libvirt's account is not in the group of the sockets: the settings can name its own."""
        self.change("vms", state="absent", source="hostd")
        self.answers["qemus"] = [("qemu_row", {"pid": 99, "vm": "web"})]
        group = grp.getgrnam("daemon")
        status = ("Name:\tqemu-system-x86\nUid:\t64055\t64055\t64055\t64055\n"
                  f"Gid:\t{group.gr_gid}\t{group.gr_gid}\t1\t1\nGroups:\t64001 {{}}\n")
        self.write("proc/99/status", status.format("64055"))
        self.assert_red_machine("QEMU 99 of machine web", "[hostd] vm_socket_group = daemon")
        self.change("vms", source="config")
        self.assert_red_machine("may not connect", "[broker] vm_socket_group = daemon")
        self.write("proc/99/status", status.format(os.stat(self.root / "run/vgpu/vm/web.sock").st_gid))
        self.assert_red_machine("device is not connected", "compare the chardev's path")

    def assert_red_machine(self, text, cure):
        found = self.doctor(RED)["machines"]
        self.assertEqual(found["light"], "red", found)
        self.assertIn(text, found["text"])
        self.assertIn(cure, found["cure"])

    def test_qemu_that_does_not_connect(self):
        self.change("vms", state="absent")
        self.answers["qemus"] = [("qemu_row", {"pid": 99, "vm": "web"})]
        self.assert_found("machines", "red", "machine web runs (QEMU 99)", "web.sock")

    def test_another_behind_the_socket(self):
        self.change("vms", identity="another's: pid 5")
        self.assert_found("identity", "red", "as machine web is another", "vgpu-hostd")

    def test_never_rung(self):
        self.change("vms", doorbell_idle_ms=-1, call_idle_ms=-1)
        self.assert_found("doorbells", "yellow", "web is connected and has never rung",
                          "vgpu-info --doctor")

    def test_rings_without_calls(self):
        self.change("vms", processed=0)
        self.assert_found("calls", "yellow", "has rung, but made no call", "CUDA program")

    def test_stuck_session(self):
        self.change("sessions", queued=4096, idle_ms=12000)
        self.assert_found("calls", "red", "none was taken for 12.0 s", "nvidia-smi")

    def test_no_call_yet(self):
        self.change("broker", processed=0)
        self.assert_found("calls", "yellow", "none since", "self-test local")

    def test_errors_since_start(self):
        for row, field, text in (("broker", "misuses", "broke the protocol"),
                                 ("broker", "lines_dropped", "log lines"),
                                 ("broker", "unknown", "not known to the workers"),
                                 ("vms", "refused", "were refused"),
                                 ("gpus", "workers_crashed", "workers have crashed")):
            self.change(row, **{field: 3})
            self.assert_found("errors", "yellow", text, "")
            self.change(row, **{field: 0})

    def test_versions(self):
        for row, field, cure in (("broker", "version", "restart vgpu-broker"),
                                 ("hostd", "version", "restart vgpu-hostd"),
                                 ("gpus", "supervisor", "restart 'vgpu-executor")):
            self.change(row, **{field: "0.0.9"})
            self.assert_found("versions", "yellow", "0.0.9", cure)
            self.change(row, **{field: "0.1.0"})
        self.change("vms", restart_needed="device")
        self.assert_found("versions", "yellow", "machine web: device", "start it again")
        self.change("vms", restart_needed="library")
        self.assert_found("versions", "yellow", "machine web: library", "guest package")

    def test_broker_of_another_release(self):
        self.broker.close()
        (self.root / "run/vgpu/control.sock").unlink()
        with FakeControl(self.root / "run/vgpu/control.sock", protocol=9):
            self.assertIn("another protocol", self.doctor(RED)["broker"]["text"])


if __name__ == "__main__":
    needed("ctl/vgpuctl", "broker/vgpu-broker", "hostd/vgpu-hostd", "executor/vgpu-executor")
    unittest.main(verbosity=2)
