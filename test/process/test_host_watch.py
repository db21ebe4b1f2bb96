#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpu-hostd and the QEMUs of its host: their folders, what they are, whose they are; and workers
that are to be killed."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import unittest

import host
from fake_broker import FakeBroker
from fake_xenstore import FakeXenstore
from host import ADD, REMOVE, Host
from stack import PATIENCE_S, die_with_parent, needed, wait_for
from test_host import UUID, HostCase, join
from test_host_broker import BrokerCase, connects

SOCKET, VERIFIED, ANOTHERS = 0, 1, 2


class PlaceCase(BrokerCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.root = self.host.folder / "qemu"
        self.root.mkdir()
        self.host.settings["hostd.watch"] = f"{self.root} {self.host.folder}/absent"
        self.prepare()
        self.host.start()
        self.fake = self.broker()
        self.up(self.fake)

    def prepare(self):
        """What the settings want beside."""

    def make(self, domain):
        folder = self.root / f"root-{domain}"
        (folder / "tmp").mkdir(parents=True)
        return folder / "tmp" / "vgpu-mediator.sock"

    def remove(self, domain):
        """vgpu-hostd may make its socket in a folder that is half removed."""
        folder = self.root / f"root-{domain}"
        wait_for(lambda: shutil.rmtree(folder, ignore_errors=True) or not folder.exists(),
                 f"{folder} to go")

    def wait_vm(self, name, there=True):
        wait_for(lambda: (name in self.fake.vms) == there, f"{name} at the broker")


class Places(PlaceCase):
    """Folders as Xen's toolstack makes them."""

    def test_a_folder_appears_and_goes(self):
        path = self.make(7)
        self.wait_vm("xen-7")
        self.assertEqual(self.fake.vms["xen-7"]["socket"], str(path))
        self.assertTrue(connects(path))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        self.remove(7)
        self.wait_vm("xen-7", False)
        self.assertTrue(connects(self.make(7)) or self.wait_vm("xen-7") is None)

    def test_the_socket_is_the_folders_owners(self):
        if os.geteuid() != 0:
            self.skipTest("only root gives files away")
        (self.root / "new" / "tmp").mkdir(parents=True)
        os.chown(self.root / "new" / "tmp", 4711, 4712)
        os.rename(self.root / "new", self.root / "root-9")
        self.wait_vm("xen-9")
        info = os.stat(self.root / "root-9" / "tmp" / "vgpu-mediator.sock")
        self.assertEqual((info.st_uid, info.st_gid), (4711, 4712))

    def test_identity_by_account(self):
        if os.geteuid() != 0:
            self.skipTest("only root gives files away")
        for domain in (3, 4):
            (self.root / "new" / "tmp").mkdir(parents=True)
            os.chown(self.root / "new" / "tmp", 4700 + domain, 0)
            os.rename(self.root / "new", self.root / f"root-{domain}")
            self.wait_vm(f"xen-{domain}")
        self.assertEqual(self.fake.tell_peer("xen-3", os.getpid(), 4703),
                         (VERIFIED, f"account 4703 owns {self.root}/root-3"))
        self.assertEqual(self.fake.tell_peer("xen-3", os.getpid(), 4704)[0], ANOTHERS)
        self.assertEqual(self.fake.tell_peer("xen-3", os.getpid(), 4705)[0], SOCKET)

    def test_the_registry_names_it(self):
        tool = self.tool()
        path = self.root / "root-5" / "tmp" / "vgpu-mediator.sock"
        error, note = tool.change(ADD, "alpha", f"socket={path}", "quota=1GiB")
        self.assertEqual(error, 0)
        self.assertIn("appears", note)
        self.assertEqual(tool.change(ADD, "xen-6", "quota=2GiB")[0], 0)
        self.assertNotIn("alpha", self.fake.vms)
        self.make(5)
        self.wait_vm("alpha")
        self.assertEqual(self.fake.vms["alpha"]["memory_quota"], 1 << 30)
        self.assertNotIn("xen-5", self.fake.vms)
        where = str(self.make(6))
        wait_for(lambda: self.fake.vms["xen-6"]["socket"] == where, "the socket of xen-6")
        self.assertEqual(self.fake.vms["xen-6"]["memory_quota"], 2 << 30)
        self.remove(5)
        self.wait_vm("alpha", False)
        self.assertEqual(tool.change(REMOVE, "alpha")[0], 0)

    def test_links_and_other_things_are_left_alone(self):
        precious = self.host.folder / "precious"
        precious.mkdir()
        (self.root / "root-1").symlink_to(precious)
        (self.root / "root-2").mkdir()
        (self.root / "root-2" / "tmp").symlink_to(precious)
        for name in ("root-", "root-x", "root-007", "root-1234567890", "other"):
            (self.root / name / "tmp").mkdir(parents=True)
        victim = self.host.folder / "victim"
        victim.write_text("precious")
        (self.root / "new" / "tmp").mkdir(parents=True)
        (self.root / "new" / "tmp" / "vgpu-mediator.sock").symlink_to(victim)
        os.rename(self.root / "new", self.root / "root-3")
        (self.root / "new" / "tmp").mkdir(parents=True)
        os.link(victim, self.root / "new" / "tmp" / "vgpu-mediator.sock")
        os.rename(self.root / "new", self.root / "root-4")
        self.make(8)
        self.wait_vm("xen-8")
        self.host.wait_log("is no socket", 2)
        self.assertEqual(sorted(self.fake.vms), ["xen-8"])
        self.assertEqual(list(precious.iterdir()), [])
        info = os.stat(victim)
        self.assertEqual((victim.read_text(), info.st_uid, stat.S_IMODE(info.st_mode) & 0o22),
                         ("precious", os.geteuid(), 0))

    def test_a_folder_that_is_filled_later(self):
        (self.root / "root-11").mkdir()
        time.sleep(0.2)
        (self.root / "root-11" / "tmp").mkdir()
        self.wait_vm("xen-11")

    def test_folders_that_come_and_go_quickly(self):
        for _ in range(30):
            self.make(12)
            self.remove(12)
        self.make(13)
        self.wait_vm("xen-13")
        self.wait_vm("xen-12", False)
        self.assertTrue(self.tool().host())

    def test_a_folder_that_goes_before_the_broker_has_answered(self):
        tool = self.tool()
        path = self.root / "root-15" / "tmp" / "vgpu-mediator.sock"
        self.assertEqual(tool.change(ADD, "alpha", f"socket={path}")[0], 0)
        self.fake.silent.add("vm_set")
        for domain in (14, 15):
            self.make(domain)
            self.host.wait_log(f"folder of a QEMU found path={self.root}/root-{domain}")
            self.remove(domain)
            self.host.wait_log(f"folder of a QEMU gone path={self.root}/root-{domain}")
        self.fake.silent.clear()
        self.make(16)
        self.wait_vm("xen-16")
        wait_for(lambda: sorted(self.fake.vms) == ["xen-16"], "the others to go")
        wait_for(lambda: tool.registry("alpha")[0]["state"] == "waits for its folder", "the answers")

    def test_reload_watches_another_folder(self):
        other = self.host.folder / "other"
        (other / "root-21" / "tmp").mkdir(parents=True)
        self.make(20)
        self.wait_vm("xen-20")
        config = self.host.folder / "vgpu.conf"
        keep = f"[hostd]\nvm_dir = {self.host.vm_dir}\n"
        config.write_text(keep + f"watch = {self.root}\n")
        self.host.kill()
        del self.host.settings["hostd.watch"], self.host.settings["hostd.vm_dir"]
        self.host.config = config
        self.host.start()
        self.up(self.fake, 2)
        config.write_text(keep + f"watch = {self.root} {other}\n")
        self.host.process.send_signal(signal.SIGHUP)
        self.wait_vm("xen-21")
        self.assertIn("xen-20", self.fake.vms)
        config.write_text(keep + "watch = nowhere\n")
        self.host.process.send_signal(signal.SIGHUP)
        self.host.wait_log("settings not changed: ")
        config.write_text(f"[hostd]\nvm_dir = /elsewhere\nwatch = {self.root}\n")
        self.host.process.send_signal(signal.SIGHUP)
        self.host.wait_log("settings not changed: hostd.vm_dir cannot change")
        self.assertEqual(sorted(self.fake.vms), ["xen-20", "xen-21"])


class Domains(PlaceCase):
    """Xen tells which machine a domain is."""

    def prepare(self):
        self.store = FakeXenstore(self.host.folder / "xenstored")
        self.addCleanup(self.store.close)
        self.host.settings |= {"hostd.xenstore": self.host.folder / "xenstored",
                               "hostd.scan_s": 1}

    def test_a_uuid_names_the_machine(self):
        self.assertEqual(self.tool().change(ADD, "alpha", f"uuid={UUID}", "quota=1GiB")[0], 0)
        self.store.uuids[5] = UUID.upper()
        path = str(self.make(5))
        wait_for(lambda: self.fake.vms["alpha"]["socket"] == path, "the socket of alpha")
        self.assertEqual(self.fake.vms["alpha"]["memory_quota"], 1 << 30)
        self.assertNotIn("xen-5", self.fake.vms)
        # Started again it is another domain, also while the old one's folder is still there.
        self.store.uuids = {5: UUID, 6: UUID}
        path = str(self.make(6))
        wait_for(lambda: self.fake.vms.get("alpha", {}).get("socket") == path, "alpha's new socket")
        self.assertTrue(connects(path))
        self.remove(5)
        self.remove(6)
        self.store.uuids = {7: UUID}
        path = str(self.make(7))
        wait_for(lambda: self.fake.vms.get("alpha", {}).get("socket") == path, "alpha's third")

    def test_a_uuid_that_is_known_later(self):
        self.assertEqual(self.tool().change(ADD, "alpha", f"uuid={UUID}")[0], 0)
        path = str(self.make(5))
        self.wait_vm("xen-5")
        self.store.uuids[5] = UUID
        self.wait_vm("xen-5", False)
        wait_for(lambda: self.fake.vms["alpha"]["socket"] == path, "the socket of alpha")
        self.assertTrue(connects(path))

    def test_a_row_for_a_domain_that_runs(self):
        self.store.uuids[5] = UUID
        path = str(self.make(5))
        self.wait_vm("xen-5")
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", f"uuid={UUID}")[0], 0)
        # At once, or at the next look where Xen was slow to say who the domain is.
        wait_for(lambda: self.fake.vms.get("alpha", {}).get("socket") == path, "the socket of alpha")
        self.wait_vm("xen-5", False)
        self.assertEqual(tool.change(REMOVE, "alpha")[0], 0)
        self.wait_vm("xen-5")
        self.assertTrue(connects(path))

    def test_xen_that_does_not_answer(self):
        self.store.silent = True
        for domain in (5, 6, 7):
            self.make(domain)
        for domain in (5, 6, 7):
            self.wait_vm(f"xen-{domain}")
        self.assertTrue(self.tool().host())


class Qemus(BrokerCase):
    """A program with QEMU's name and command line."""

    def qemu(self, *args, environment=None):
        binary = self.host.folder / "qemu-system-x86_64"
        if not binary.exists():
            shutil.copy(os.path.realpath(sys.executable), binary)
        process = subprocess.Popen(
            [str(binary), "-c", "import time; print(flush=True); time.sleep(600)", *args],
            executable=binary, preexec_fn=die_with_parent, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHOME": sys.base_prefix, **(environment or {})})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"\n")
        return process

    def device(self, name, path, *more):
        return self.qemu("-name", f"guest={name},debug-threads=on", "-chardev",
                         f"socket,id=c0,path={path},reconnect=1", "-device",
                         "vgpu-cuda,id=vgpu0,chardev=c0", *more)

    def test_found_and_counted(self):
        """Other QEMUs may run on this host, and come and go."""
        tool = self.tool()

        def found():
            return {row["pid"]: row for row in tool.qemus()}

        self.host.wait_log("QEMU VMs with vgpu-cuda devices")
        process = self.device("alpha", "/run/x.sock", "-uuid", UUID.upper())
        plain = self.qemu("-name", "plain", "-device", "virtio-net-pci")
        wait_for(lambda: {process.pid, plain.pid} <= found().keys(), "both to be found")
        counts = re.findall(r"Found (\d+) QEMU VMs with vgpu-cuda devices", self.host.text())
        self.assertGreater(int(counts[-1]), 0)
        rows = found()
        self.assertEqual(rows[process.pid], {
            "pid": process.pid, "vm": "alpha", "uuid": UUID, "socket": "/run/x.sock",
            "binary": "qemu-system-x86_64", "device": "vgpu-cuda"})
        self.assertEqual(rows[plain.pid]["device"], "none")
        process.kill()
        wait_for(lambda: process.pid not in found(), "its end to be found")

    def test_identity(self):
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", f"uuid={UUID}")[0], 0)
        self.assertEqual(tool.change(ADD, "beta")[0], 0)
        path = self.path("alpha")
        alpha = self.device("alpha", path, "-uuid", UUID)
        self.assertEqual(broker.tell_peer("alpha", alpha.pid), (VERIFIED, "command line: uuid"))
        self.assertEqual(broker.tell_peer("beta", alpha.pid)[0], ANOTHERS)
        beta = self.device("beta", self.path("beta"))
        self.assertEqual(broker.tell_peer("beta", beta.pid), (VERIFIED, "command line: socket"))
        self.assertEqual(broker.tell_peer("alpha", beta.pid),
                         (ANOTHERS, "command line: socket of machine beta"))
        other = self.device("gamma", "/run/x.sock", "-uuid", UUID.replace("6e", "7f"))
        self.assertEqual(broker.tell_peer("alpha", other.pid)[0], ANOTHERS)
        self.assertEqual(broker.tell_peer("beta", other.pid)[0], SOCKET)
        self.assertEqual(broker.tell_peer("alpha", os.getpid())[0], SOCKET)
        wait_for(lambda: {row["pid"]: row.get("identity") for row in tool.qemus()}.get(alpha.pid) ==
                 "verified: command line: uuid", "the look that finds alpha")
        self.host.wait_log("verdict=\"another's\"")

    def test_identity_by_name(self):
        """The device was plugged later: the command line has neither it nor its socket."""
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        for name in ("alpha", "beta"):
            self.assertEqual(tool.change(ADD, name)[0], 0)
        alpha = self.qemu("-name", "guest=alpha,debug-threads=on")
        self.assertEqual(broker.tell_peer("alpha", alpha.pid), (VERIFIED, "command line: name alpha"))
        self.assertEqual(broker.tell_peer("beta", alpha.pid), (ANOTHERS, "command line: name alpha"))
        stranger = self.qemu("-name", "guest=gamma,debug-threads=on")
        self.assertEqual(broker.tell_peer("beta", stranger.pid)[0], SOCKET)

    def test_identity_by_group(self):
        """The group goes before the command line; web_1 and web1 have the same one."""
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        for name in ("web1", "beta"):
            self.assertEqual(tool.change(ADD, name)[0], 0)
        group = self.group("qemu-1-web1.libvirt-qemu")
        qemu = self.device("other", self.path("beta"))
        join(group, qemu)
        self.assertEqual(broker.tell_peer("web1", qemu.pid), (VERIFIED, "control group of machine web1"))
        self.assertEqual(broker.tell_peer("beta", qemu.pid), (ANOTHERS, "control group of machine web1"))
        self.assertEqual(tool.change(ADD, "web_1")[0], 0)
        self.assertEqual(broker.tell_peer("web_1", qemu.pid)[0], ANOTHERS)
        group = self.group("qemu-2-web1.libvirt-qemu")
        qemu = self.device("web_1", self.path("web_1"))
        join(group, qemu)
        self.assertEqual(broker.tell_peer("web_1", qemu.pid), (VERIFIED, "command line: socket"))
        self.assertEqual(broker.tell_peer("web1", qemu.pid)[0], ANOTHERS)
        self.assertEqual(broker.tell_peer("beta", qemu.pid)[0], ANOTHERS)


class Killing(HostCase):
    def ask(self, pid, *fds):
        with self.host.tool(greet=False) as tool:
            tool.say("kill_worker", {1: pid}, fds)
            self.assertTrue(tool.wait_end(PATIENCE_S))

    def test_who_is_no_worker_lives(self):
        child = subprocess.Popen(["sleep", "600"], preexec_fn=die_with_parent)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        pidfd = os.pidfd_open(child.pid)
        self.addCleanup(os.close, pidfd)
        self.ask(child.pid, pidfd)
        self.host.wait_log(f"process {child.pid} is not of a vgpu-worker@ unit")
        self.ask(1, pidfd)
        self.host.wait_log("the descriptor is not the pidfd of process 1")
        with open("/dev/null", "rb") as file:
            self.ask(child.pid, file.fileno())
        self.ask(child.pid)
        self.host.wait_log("no pidfd")
        self.ask(2 ** 31 + 5, pidfd)
        self.assertIsNone(child.poll())
        self.assertEqual(self.host.text().count("worker not killed"), 5)
        with self.host.tool() as tool:
            tool.say("kill_worker", {1: child.pid}, (pidfd,))
            self.assertTrue(tool.wait_end(PATIENCE_S))

    def test_a_worker_dies(self):
        group = self.group(f"vgpu-worker@test-{os.getpid()}.service")
        child = subprocess.Popen(["sleep", "600"], preexec_fn=die_with_parent)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        join(group, child)
        pidfd = os.pidfd_open(child.pid)
        self.addCleanup(os.close, pidfd)
        self.ask(child.pid, pidfd)
        self.assertEqual(child.wait(PATIENCE_S), -signal.SIGKILL)
        self.host.wait_log(f"worker killed pid={child.pid} by uid={os.geteuid()}")


if __name__ == "__main__":
    needed("hostd/vgpu-hostd")
    unittest.main(verbosity=2)
