#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The host's part under a systemd that booted: units, accounts, sockets, limits, restarts, logs.

One host for all tests, in the order of their names: Debian's files and what "./dev install" brings,
with the simulator for a GPU.
"""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

from guest import PATIENCE, Guest, GuestTimeout
from host_image import TEST_FOLDER, HostImage

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "deploy"))
from root import Root, build_folder  # pylint: disable=wrong-import-position

# No QEMU runs on this host.
COMPONENTS = ("broker", "executor", "ctl", "libs", "sim")
# A PCI device that plays a GPU whose driver appears.
GPU_ADDRESS = "0000:00:05.0"
SIMULATOR_UUID = "GPU-76677075-2d73-696d-8000-400000000001"
UNITS = ("vgpu.target", "vgpu-broker.service", "vgpu-hostd.service", "vgpu-executor@0.service",
         "vgpu-broker.socket", "vgpu-executor.socket", "vgpu-control.socket", "vgpu-worker.socket",
         "vgpu-workers.target")
DAEMONS = ("vgpu-broker", "vgpu-hostd", "vgpu-executor@0")


def make_image(path):
    image = HostImage()
    with Root(COMPONENTS) as root:
        image.add_tree(root.path)
        build = build_folder()
        image.add_file(build / "test/process/vgpu-process-guest", f"{TEST_FOLDER}/cuda", 0o755)
        image.add_file(build / "guest/libcuda/libcuda.so.1", f"{TEST_FOLDER}/libcuda.so.1", 0o755)
        image.add_file(HERE / "booted.sh", f"{TEST_FOLDER}/booted.sh")
        image.add_module("uio_pci_generic")
        image.write(path)


class Booted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-booted-")
        cls.addClassCleanup(folder.cleanup)
        make_image(Path(folder.name, "host.cpio"))
        cls.host = Guest(Path(folder.name, "host.cpio"), name="host", cpus=2, memory_mib=1536,
                         args=["-device", f"VGA,addr={GPU_ADDRESS[-4:-2]}"])
        cls.host.__enter__()
        cls.addClassCleanup(cls.host.close)
        cls.host.wait_ready(180 * PATIENCE)

    def run_here(self, script, timeout_s=90):
        try:
            return self.host.run(f". {TEST_FOLDER}/booted.sh\n{script}", timeout_s * PATIENCE)
        except GuestTimeout as error:
            journal = self.host.run("journalctl -b --no-pager -n 80", timeout_s * PATIENCE).output
            raise AssertionError(f"{error}\n{journal}") from None

    def sh(self, script, status=0, timeout_s=90):
        """Output of a script that must end so."""
        done = self.run_here(script, timeout_s)
        if done.status != status:
            self.fail(f"status {done.status}: {script}\n{done.output}\n{self.journal()}")
        return done.output

    def journal(self):
        return self.run_here("journalctl -b --no-pager -n 60 -u 'vgpu*'").output

    def show(self, unit, *names):
        """{name: value} of a unit."""
        text = self.sh(f"systemctl show '{unit}' -p {','.join(names)}")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def assert_serves(self):
        self.assertIn("passed", self.sh("cuda session"))

    def fields(self, *match):
        """The newest entry of the journal that fits, all its fields."""
        lines = self.sh(f"journalctl -o json -n 1 --no-pager {' '.join(match)}").splitlines()
        self.assertEqual(len(lines), 1, f"{match}: {self.journal()}")
        return json.loads(lines[0])

    # In the order of their names.

    def test_01_boot(self):
        """systemd-sysusers and systemd-tmpfiles have made what the packages' files ask for."""
        self.assertEqual(self.sh("systemctl --failed --no-legend --plain"), "")
        for account in ("vgpu", "vgpu-executor"):
            self.assertRegex(self.sh(f"id {account}"), rf"uid=\d+\({account}\)")
        self.assertEqual(self.sh("stat -c '%U:%G %a %n' /run/vgpu /run/vgpu/vms /var/vgpu").split("\n"),
                         ["root:root 755 /run/vgpu", "vgpu:vgpu 755 /run/vgpu/vms",
                          "root:root 755 /var/vgpu", ""])
        # What an image does at its first boot.
        off = ("vgpu-mediator-tmp.socket", "vgpu-metrics.socket", "vgpu-executor@0.service")
        self.sh(f"systemctl preset {' '.join(off)}")
        self.assertEqual(self.sh(f"systemctl is-enabled {' '.join(off)}", status=1), "disabled\n" * 3)

    def test_02_start(self):
        """One command; it returns when the GPU is served."""
        self.sh("sed -i 's/^driver = cuda/driver = sim/; s/^drain_ms =.*/drain_ms = 15000/' /etc/vgpu/vgpu.conf")
        self.sh("systemctl enable --now vgpu.target")
        for unit in UNITS:
            self.assertEqual(self.sh(f"systemctl is-active {unit}"), "active\n", unit)
        self.assertIn("CUDA initialized", self.sh("journalctl -u vgpu-broker --no-pager"))
        self.sh("wait_spare")
        self.assertEqual(self.sh("systemctl --failed --no-legend --plain"), "")
        self.assertEqual(self.sh("stat -c '%U:%G %a %n' /run/vgpu/*.sock").splitlines(),
                         ["vgpu:vgpu 660 /run/vgpu/broker.sock",
                          "root:vgpu 660 /run/vgpu/control.sock",
                          "vgpu-executor:root 600 /run/vgpu/executor.sock",
                          "root:vgpu 660 /run/vgpu/hostd.sock",
                          "vgpu-executor:root 600 /run/vgpu/worker.sock"])
        self.assertIn("vgpu-broker.service", self.sh("systemctl status mediator.service --no-pager"))

    def test_03_worker(self):
        """A spare is a unit of its own: account, control group, bound of memory, locks."""
        unit = self.sh("wait_spare; spares").strip()
        facts = self.show(unit, "DynamicUser", "MainPID", "UID", "ControlGroup", "MemoryMax")
        self.assertEqual((facts["DynamicUser"], facts["MemoryMax"]), ("yes", str(8 << 30)))
        self.assertGreaterEqual(int(facts["UID"]), 61184)
        group = facts["ControlGroup"]
        self.assertTrue(group.endswith(f"/{unit}"), group)
        self.assertEqual(self.sh(f"cat '/sys/fs/cgroup{group}/memory.max'"), f"{8 << 30}\n")
        status = self.sh(f"cat /proc/{facts['MainPID']}/status")
        self.assertRegex(status, rf"Uid:\t{facts['UID']}\t{facts['UID']}\t")
        self.assertRegex(status, r"CapBnd:\t0+\n")
        self.assertRegex(status, r"NoNewPrivs:\t1\nSeccomp:\t2\n")
        for space in ("net", "user", "mnt", "ipc"):
            self.sh(f"! test /proc/{facts['MainPID']}/ns/{space} -ef /proc/self/ns/{space}")
        self.assertIn("seccomp, landlock", self.sh("vgpuctl gpus --json && vgpuctl status"))

    def test_04_member(self):
        """Who is in the group vgpu needs no root."""
        self.sh("useradd --create-home anna && usermod -aG vgpu anna")
        self.assertIn("passed in", self.sh("anna vgpuctl self-test local"))
        self.assertIn("passed", self.sh("anna cuda session"))
        report = json.loads(self.run_here("wait_spare; anna vgpuctl doctor --json").output)
        lights = {check["name"]: check["light"] for check in report["checks"]}
        others = {name: light for name, light in lights.items() if light != "green"}
        # There is no vgpu-qemu, and no machine is known yet.
        self.assertEqual(others, {"qemu": "yellow", "machines": "yellow"}, report)
        self.assertIn("usermod -aG vgpu nobody", self.sh("nobody vgpuctl doctor", status=6))

    def test_05_machine(self):
        """vgpuctl vm add makes its socket; the journal has the words and the fields."""
        self.sh("anna vgpuctl vm add web1 pool=A quota=64MiB")
        self.assertEqual(self.sh("stat -c '%U:%G %a' /run/vgpu/vm/web1.sock"), "root:vgpu 660\n")
        self.assertIn("web1", self.sh("anna vgpuctl vms"))
        entry = self.fields("VGPU_VM=web1", "-u", "vgpu-broker")
        self.assertEqual((entry["VGPU_VM"], entry["VGPU_POOL"], entry["_SYSTEMD_UNIT"]),
                         ("web1", "A", "vgpu-broker.service"))
        self.assertIn("machine added", self.sh("vgpuctl logs web1"))
        ready = self.fields("MESSAGE_ID=6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b03")
        self.assertEqual(ready["VGPU_GPU"], "0")
        journal = self.sh("journalctl -u 'vgpu-*' --since '30 minutes ago' --no-pager")
        for words in ("CUDA initialized", "Found 0 QEMU VMs", "[SOCKET] New connection",
                      "Listening on socket: /run/vgpu/broker.sock", "[HEARTBEAT] alive",
                      "[CONNECTION] New connection", "Total processed: ", "Pool A processed: "):
            self.assertIn(words, journal)

    def test_05_xen(self):
        """Xen's toolstack makes the folders of its QEMUs long after vgpu-hostd has started."""
        self.sh("mkdir -p /var/xen/qemu/root-7/tmp")
        self.sh("wait_for 'test -S /var/xen/qemu/root-7/tmp/vgpu-mediator.sock'")
        self.sh("rm -r /var/xen/qemu/root-7")

    def test_06_reload(self):
        self.sh("sed -i 's/^log_level = info/log_level = debug/' /etc/vgpu/vgpu.conf")
        pid = self.show("vgpu-broker", "MainPID")
        self.sh("systemctl reload vgpu-broker vgpu-hostd && systemctl reload mediator")
        self.sh("wait_for 'journalctl -u vgpu-broker --no-pager | grep -q taken'")
        self.assertEqual(self.show("vgpu-broker", "MainPID"), pid)
        self.assert_serves()

    def test_07_memory(self):
        """A worker beyond its bound ends alone."""
        self.sh("limit_workers 96M; next_worker; hold neighbour")
        self.assertIn("passed", self.sh("cuda fill 16"))
        self.assertIn("code=719", self.sh("cuda fill 256", status=1))
        self.sh("wait_for 'journalctl -u \"vgpu-worker@*\" --no-pager | grep -q oom-kill'")
        self.sh("wait_spare")
        self.assertIn("passed", self.sh("let_go neighbour"))
        self.assert_serves()

    def test_08_crash(self):
        """A worker that crashes: logged, counted, its session only."""
        before = self.crashed()
        self.sh("hold victim; pid=$(worker); hold neighbour; crash $pid")
        self.assertIn("code=719", self.sh("let_go victim", status=1))
        self.assertIn("passed", self.sh("let_go neighbour"))
        self.assertEqual(self.crashed(), before + 1)
        self.fields("MESSAGE_ID=6d2f0b1f6f6b4d0c9a3f7c5e8d1a2b09", "-u", "vgpu-broker")

    def crashed(self):
        return json.loads(self.sh("vgpuctl gpus --json"))[0]["workers_crashed"]

    def test_09_killed(self):
        """Each daemon comes back, and the others go on."""
        for name in ("vgpu-hostd", "vgpu-executor@0", "vgpu-broker"):
            with self.subTest(name):
                before = {d: self.show(d, "MainPID")["MainPID"] for d in DAEMONS}
                self.sh("wait_spare; hold one")
                self.sh(f"systemctl kill -s KILL --kill-who=main {name}; comes_back {name} {before[name]}")
                done = self.run_here("let_go one")
                self.assertIn("passed" if name == "vgpu-hostd" else "code=719", done.output)
                after = {d: self.show(d, "MainPID")["MainPID"] for d in DAEMONS}
                self.assertEqual([d for d in DAEMONS if before[d] != after[d]], [name])
                self.sh("wait_spare")
                self.assert_serves()
        self.assertIn("web1", self.sh("vgpuctl vms"))

    def test_10_watchdog(self):
        pid = self.show("vgpu-broker", "MainPID")["MainPID"]
        self.sh(f"kill -STOP {pid}; comes_back vgpu-broker {pid}")
        self.assertIn("Watchdog timeout", self.sh("journalctl -u vgpu-broker --no-pager"))
        self.sh("wait_spare")
        self.assert_serves()

    def test_11_stop(self):
        """A session may end by itself before its worker is stopped.  Then nothing is left, no process
        and no worker."""
        self.sh("hold one; systemctl stop --no-block vgpu.target")
        self.sh("wait_for 'systemctl show vgpu-executor@0 -p ActiveState | grep -q deactivating'")
        self.assertIn("passed", self.sh("let_go one"))
        self.sh("systemctl stop vgpu.target")
        self.assertEqual(self.sh("pgrep -a '^vgpu-'", status=1), "")
        self.assertEqual(self.sh("systemctl list-units --no-legend --plain 'vgpu-worker@*'"), "")
        self.assertEqual(self.sh("ls /run/vgpu"), "vm\nvms\n")

    def test_12_sockets(self):
        """Everything comes again, with the sockets that are off by default.  The one in /tmp refuses
        a name that is another's; metrics are systemd's, because the broker's unit may bind none."""
        self.sh("systemctl enable vgpu-mediator-tmp.socket vgpu-metrics.socket")
        self.sh("touch /tmp/vgpu-mediator.sock; systemctl start vgpu.target")
        refusal = self.sh("journalctl -u vgpu-mediator-tmp.socket --no-pager")
        self.assertIn("/tmp/vgpu-mediator.sock is not ours and stays", refusal)
        self.assertRegex(self.sh("metrics"), r"^HTTP/1.1 200 (?s:.*)\nvgpu_info\{version=")
        self.sh("rm /tmp/vgpu-mediator.sock; systemctl restart vgpu.target")
        self.assertIn("passed", self.sh("VGPU_SOCKET=/tmp/vgpu-mediator.sock cuda session"))
        self.assertIn("web1", self.sh("vgpuctl vms"))

    def test_13_udev(self):
        """A GPU whose driver is bound gets its executor, by UUID.  udev's rule has the names of a
        PCI device and a driver that are here; nothing else of it is changed."""
        self.sh("systemctl stop vgpu-executor@0 && systemctl reset-failed")
        self.sh("sed -i 's|^driver = sim|driver = /usr/lib/vgpu/libcuda-sim.so.1|' /etc/vgpu/vgpu.conf")
        self.sh(f"gpu_appears {GPU_ADDRESS} {SIMULATOR_UUID}")
        self.sh(f"wait_for 'systemctl is-active -q vgpu-executor@{SIMULATOR_UUID}'")
        self.assertIn(SIMULATOR_UUID, self.sh("vgpuctl gpus"))
        self.assert_serves()
        self.assertEqual(self.sh("systemctl --failed --no-legend --plain"), "")

    def test_14_shutdown(self):
        self.host.start("systemctl poweroff")
        self.host.wait_end(120 * PATIENCE)


if __name__ == "__main__":
    if os.environ.get("VGPU_BUILD") is None:
        sys.exit("test_booted: set VGPU_BUILD to the build folder")
    unittest.main(verbosity=2)
