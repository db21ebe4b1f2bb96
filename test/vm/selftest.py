#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The harness itself: guests without our device, on every QEMU that the tests use."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from guest import Guest, GuestError, GuestTimeout
from initramfs import Image, InitramfsError

SUITES = ("bookworm", "trixie")
BUILD = Path(os.environ.get("VGPU_BUILD", Path(__file__).resolve().parents[2] / "build/release"))
PRELOAD = BUILD / "test/vm/libvgpu-vm-preload.so"
# A program with shared libraries that every Debian has.
DYNAMIC = "/usr/bin/getconf"
FOLDER = tempfile.TemporaryDirectory(prefix="vgpu-vm-selftest-")
INITRAMFS = Path(FOLDER.name) / "guest.cpio"


def setUpModule():
    image = Image()
    image.add_module("uio_pci_generic")
    image.add_program(DYNAMIC)
    image.write(INITRAMFS)


def tearDownModule():
    FOLDER.cleanup()


def start(case, **options):
    """A guest that ends with the test, or with the class when a class is given."""
    guest = Guest(INITRAMFS, **options)
    enter = case.enterClassContext if isinstance(case, type) else case.enterContext
    return enter(guest)


class Common:
    """One guest for a class; what ends or restarts it comes in ends_*() of Life."""

    suite = None
    guest = None

    @classmethod
    def setUpClass(cls):
        cls.guest = start(cls, suite=cls.suite, name=cls.suite)
        began = time.monotonic()
        cls.guest.wait_ready()
        print(f"figure: {cls.suite}, {cls.guest.accel}: ready after "
              f"{time.monotonic() - began:.1f} s", file=sys.stderr)

    def test_command_gives_output_and_status(self):
        for status in (0, 1, 77, 255):
            self.assertEqual(self.guest.run(f"echo out; echo err >&2; exit {status}"),
                             (status, "out\nerr\n"))

    def test_check_refuses_a_failing_command(self):
        self.assertEqual(self.guest.check("hostname"), f"{self.suite}\n")
        with self.assertRaisesRegex(GuestError, "status 3: why"):
            self.guest.check("echo why; exit 3")

    def test_script_and_output_arrive_whole(self):
        text = "".join(f"line {number}\n" for number in range(2000))
        self.assertEqual(self.guest.run(f"cat <<'END'\n{text}END"), (0, text))

    def test_output_over_the_limit_is_cut(self):
        status, output = self.guest.run("head -c 300000 /dev/zero | tr '\\0' x")
        kept = 1 << 18
        self.assertEqual((status, output[:kept]), (0, "x" * kept))
        self.assertEqual(output[kept:], f"\n[cut: {300000 - kept} more bytes]\n")

    def test_jobs_run_side_by_side(self):
        first = self.guest.start("until [ -e /tmp/go ]; do usleep 10000; done; echo went")
        self.assertIsNone(first.poll())
        others = [self.guest.start(f"echo {n}; exit {n}") for n in range(8)]
        for number, job in enumerate(others):
            self.assertEqual(job.wait(), (number, f"{number}\n"))
        self.guest.check("touch /tmp/go")
        self.assertEqual(first.wait(), (0, "went\n"))
        self.guest.check("rm /tmp/go")

    def test_output_of_a_running_job_can_be_seen(self):
        job = self.guest.start("echo begun; sleep 1000")
        self.guest.wait_until(lambda: job.output() == "begun\n", 60, "the first line")
        job.kill("TERM")
        self.assertEqual(job.wait(), (128 + signal.SIGTERM, "begun\n"))
        self.assertEqual(job.output(), "begun\n")

    def test_kill_right_after_start(self):
        for name, number in (("KILL", signal.SIGKILL), ("TERM", signal.SIGTERM)):
            job = self.guest.start("sleep 1000 | sleep 1000")
            job.kill(name)
            self.assertEqual(job.wait().status, 128 + number)
        self.assertEqual(self.guest.run("pidof sleep"), (1, ""))

    def test_timeout_kills_the_job(self):
        with self.assertRaisesRegex(GuestTimeout, "still ran after 0.5 s; output: begun"):
            self.guest.run("echo begun; sleep 1000 & sleep 1000", timeout_s=0.5)
        self.assertEqual(self.guest.run("pidof sleep"), (1, ""))

    def test_environment_of_the_guest(self):
        self.assertIn("uio_pci_generic", self.guest.check("lsmod"))
        self.assertIn("glibc 2.", self.guest.check("getconf GNU_LIBC_VERSION"))
        self.guest.check("ping -c 1 -W 5 127.0.0.1")
        self.guest.check("echo x >/dev/shm/x && rm /dev/shm/x")
        self.assertEqual(self.guest.check("su user -c 'id -u'"), "1000\n")

    def test_device_is_plugged_and_unplugged(self):
        look = "cat /sys/bus/pci/devices/*/device | grep -c 0x0005"
        self.assertEqual(self.guest.run(look), (1, "0\n"))
        self.guest.qmp("device_add", driver="pci-testdev", id="t0")
        self.guest.wait_until(lambda: self.guest.run(look).status == 0, 60, "the new device")
        self.guest.unplug("t0")
        self.assertEqual(self.guest.run(look), (1, "0\n"))

    def test_monitor_refusal_is_an_error(self):
        with self.assertRaisesRegex(GuestError, "nonesuch"):
            self.guest.qmp("device_add", driver="nonesuch")
        self.assertEqual(self.guest.run("true").status, 0)


class Bookworm(Common, unittest.TestCase):
    suite = "bookworm"


class Trixie(Common, unittest.TestCase):
    suite = "trixie"


class Life(unittest.TestCase):
    """Beginnings and ends."""

    def test_reboots(self):
        for suite in SUITES:
            guest = start(self, suite=suite)
            boots = set()
            for hard in (False, True):
                job = guest.start("echo >/tmp/mark; sleep 1000")
                guest.wait_until(lambda: guest.run("test -e /tmp/mark").status == 0, 60, "the mark")
                boots.add(guest.boot)
                guest.reboot(hard=hard)
                self.assertEqual(guest.run("test -e /tmp/mark").status, 1)
                with self.assertRaisesRegex(GuestError, "ended by a reboot"):
                    job.wait()
            self.assertEqual(len(boots | {guest.boot}), 3)
            guest.shutdown()

    def test_two_guests_at_once_leave_nothing(self):
        began = time.monotonic()
        with Guest(INITRAMFS, name="one") as one, \
                Guest(INITRAMFS, name="two", suite="trixie", machine="q35", cpus=2) as two:
            one.wait_ready()
            two.wait_ready()
            print(f"figure: two guests at once, {one.accel}: ready after "
                  f"{time.monotonic() - began:.1f} s", file=sys.stderr)
            self.assertEqual(one.check("hostname; nproc"), "one\n1\n")
            self.assertEqual(two.check("hostname; nproc"), "two\n2\n")
            pids = one.pid, two.pid
            one.shutdown()
            self.assertEqual(two.check("echo there"), "there\n")
        for pid in pids:
            self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_killed_test_leaves_no_qemu(self):
        script = ("import sys, guest\n"
                  f"g = guest.Guest({str(INITRAMFS)!r})\n"
                  "with g:\n"
                  "    print(g.pid, flush=True)\n"
                  "    g.wait_ready()\n"
                  "    sys.stdin.read()\n")
        child = subprocess.Popen([sys.executable, "-B", "-c", script], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, cwd=Path(__file__).parent)
        with child:
            pid = int(child.stdout.readline())
            child.kill()
        gone = time.monotonic() + 60
        while Path(f"/proc/{pid}").exists():
            self.assertLess(time.monotonic(), gone, f"QEMU {pid} still runs")
            time.sleep(0.01)

    def test_dead_kernel_is_seen(self):
        guest = start(self)
        job = guest.start("echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger")
        with self.assertRaisesRegex(GuestError, "its kernel died(.|\n)*sysrq"):
            job.wait()

    def test_guest_that_reboots_by_itself_is_seen(self):
        guest = start(self)
        guest.start("reboot -f")
        with self.assertRaisesRegex(GuestError, "it rebooted by itself"):
            guest.run("sleep 1000")

    def test_dead_qemu_is_seen(self):
        guest = start(self)
        job = guest.start("sleep 1000")
        os.kill(guest.pid, signal.SIGKILL)
        with self.assertRaisesRegex(GuestError, "ended with status -9"):
            job.wait()

    def test_qemu_that_refuses_its_arguments_says_why(self):
        for suite in SUITES:
            guest = start(self, suite=suite, args=["-device", "nonesuch"])
            with self.assertRaisesRegex(GuestError, "status 1(.|\n)*nonesuch"):
                guest.run("true")

    def test_boot_has_a_limit(self):
        guest = start(self, append="rdinit=/bin/cat")
        with self.assertRaisesRegex(GuestTimeout, "waited 3 s for the guest to boot"):
            guest.wait_ready(3)

    def test_missing_qemu_names_the_cure(self):
        guest = start(self, suite="potato")
        with self.assertRaisesRegex(GuestError, "no QEMU of potato at (.|\n)*run test/vm/fetch"):
            guest.wait_ready()

    def test_library_is_loaded_into_qemu(self):
        for suite in SUITES:
            guest = start(self, suite=suite, environment={"LD_PRELOAD": str(PRELOAD)})
            guest.shutdown()
            self.assertEqual(guest.qemu_log(), "preload: QEMU exports its device functions\n")


class Images(unittest.TestCase):
    def test_same_contents_same_bytes(self):
        again = Path(FOLDER.name) / "again.cpio"
        setup = subprocess.run([sys.executable, "-B", Path(__file__).parent / "initramfs.py",
                                "--output", again, "--program", DYNAMIC,
                                "--module", "uio_pci_generic"], check=False)
        self.assertEqual(setup.returncode, 0)
        self.assertEqual(again.read_bytes(), INITRAMFS.read_bytes())

    def test_script_runs_and_powers_off(self):
        script, file = Path(FOLDER.name) / "script", Path(FOLDER.name) / "script.cpio"
        script.write_text("echo here is $(hostname)\nexit 7\n")
        image = Image()
        image.set_script(script)
        image.write(file)
        guest = self.enterContext(Guest(file, name="batch"))
        guest.wait_end()
        self.assertIn("here is batch\ninit: the script ended with status 7\n", guest.console())

    def test_what_is_missing_is_named(self):
        image = Image()
        with self.assertRaisesRegex(InitramfsError, "no module nonesuch"):
            image.add_module("nonesuch")
        with self.assertRaisesRegex(InitramfsError, "/nonesuch: no such file"):
            image.add_program("/nonesuch")


if __name__ == "__main__":
    unittest.main(verbosity=2)
