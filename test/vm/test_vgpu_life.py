#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Guests with the device: many processes, sudden ends, reboots, unplugging, the broker's absence."""

import re
import time

from guest import GuestError
from vgpu_case import SMALL, VgpuCase, main, wait_for

# Every process of three in each of two machines, together.
TOGETHER_S = 120
# What QEMU's log has while a machine makes calls.
TRAFFIC = ["[vgpu] vm_id=a: CUDA " + words for words in ("DOORBELL RING ", "CALL SENT to mediator ")]
TRAFFIC += ["[vgpu] vm_id=a: PROCESSING CUDA DOORBELL ", "[vgpu] vm_id=a: SENDING CUDA CALL to mediator "]
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


class Together(VgpuCase):
    def test_three_processes_in_each_of_two_machines(self):
        guests = [self.boot("a"), self.boot("b", suite="trixie")]
        begin = time.monotonic()
        jobs = [guest.start("vgpu-vm-guest rounds 40") for guest in guests for _ in range(3)]
        for job in jobs:
            result = job.wait(TOGETHER_S - (time.monotonic() - begin))
            self.assertEqual(result, (0, "passed rounds=40\n"))
        for name in "ab":
            self.assertEqual(len(self.logged(rf"hello session=\d+ vm={name} ")), 3)

    def test_an_unprivileged_user_with_the_group(self):
        guest = self.boot()
        there = "cd $(dirname $(grep -l 0xcda0 /sys/bus/pci/devices/*/device)); "
        for step, says in (("true", "switched off"), ("echo 1 >enable", "(?i)permission")):
            guest.check(there + step)
            status, output = guest.run("su user -c vgpu-demo-saxpy")
            self.assertNotEqual(status, 0)
            self.assertRegex(output, says)
        guest.check(there + "chgrp user resource*; chmod 660 resource*")
        self.assertIn("PASS", guest.check("su user -c vgpu-demo-saxpy"))


class Interrupts(VgpuCase):
    uio = True

    def test_a_program_waits_for_interrupts(self):
        guest = self.boot()
        guest.check("echo 1234 cda0 >/sys/bus/pci/drivers/uio_pci_generic/new_id; ls /dev/uio0")
        look = "awk '/uio/ {print $2}' /proc/interrupts"
        before = guest.check(look)
        # Most waits are over before a thread sleeps: one of many is not.
        job = self.start_ready(guest, "exec vgpu-vm-guest launches")
        wait_for(lambda: guest.check(look) != before, "an interrupt", 60)
        job.kill()
        for job in [guest.start("vgpu-vm-guest rounds 20") for _ in range(3)]:
            self.assertEqual(job.wait(60), (0, "passed rounds=20\n"))


class SuddenEnd(VgpuCase):
    def test_kill_frees_worker_and_channel(self):
        guest = self.boot()
        job = self.start_ready(guest, "exec vgpu-vm-guest launches")
        self.assertEqual(self.session_workers(), 1)
        job.kill()
        self.assert_released(time.monotonic())
        self.assert_works(guest)

    def test_kill_of_a_parent_whose_children_live(self):
        guest = self.boot()
        job = self.start_ready(guest, "exec vgpu-vm-guest family")
        parent = re.search(r"ready pid=(\d+)", job.output()).group(1)
        guest.check(f"kill -9 {parent}")
        self.assert_released(time.monotonic())
        children = guest.check("ps | grep '[v]gpu-vm-guest family' | grep -vc 'sh -c\\|exec'")
        self.assertEqual(children.strip(), "2", "the children live")
        # More processes than channels, one after the other: every one is free again.
        for _ in range(10):
            self.assert_works(guest)

    def test_a_stopped_process_is_not_dead(self):
        guest = self.boot(properties=SMALL + ",vm-name=a")
        job = self.start_ready(guest, "exec vgpu-vm-guest launches")
        wait_for(lambda: all(sign in guest.qemu_log() for sign in TRAFFIC), "lines of traffic", 60)
        job.kill("STOP")
        time.sleep(2.5)
        told, calls = guest.qemu_log(), self.logged(r"Total processed: (\d+)")
        time.sleep(1.1)
        # Without calls there are no lines; the broker has said its last count.
        self.assertEqual(guest.qemu_log(), told)
        self.assertEqual(self.logged(r"Total processed: (\d+)"), calls)
        self.assertGreater(int(calls[-1]), 0)
        self.assertEqual(self.session_workers(), 1)
        job.kill("CONT")
        time.sleep(0.5)
        self.assertIsNone(job.poll(), "it was ended")
        job.kill()

    def test_reboot_in_the_middle_of_work(self):
        guest = self.boot()
        self.start_ready(guest, "exec vgpu-vm-guest launches")
        guest.reboot(hard=True)
        wait_for(lambda: self.session_workers() == 0, "the workers to end")
        self.assertTrue(self.logged(r"device reset vm=a"))
        self.assert_works(guest)
        self.start_ready(guest, "exec vgpu-vm-guest launches")
        guest.reboot()
        self.assert_works(guest)


class Unplug(VgpuCase):
    def unplug_and_replug(self, suite):
        guest = self.boot(suite=suite)
        job = self.start_ready(guest, "exec vgpu-vm-guest launches")
        guest.unplug()
        result = job.wait(60)
        self.assertEqual(result.status, 1, result)
        self.assertIn("code=719 then=719", result.output)
        wait_for(lambda: self.session_workers() == 0, "the workers to end")
        self.assertNotEqual(guest.run("vgpu-demo-saxpy")[0], 0)
        for _ in range(3):
            guest.plug()
            self.assert_works(guest)
            guest.unplug()

    def test_in_a_launch_loop_bookworm(self):
        self.unplug_and_replug("bookworm")

    def test_in_a_launch_loop_trixie(self):
        self.unplug_and_replug("trixie")


class Broker(VgpuCase):
    def test_stopped_and_started(self):
        guest = self.boot()
        self.assert_works(guest)
        old = self.start_ready(guest, "exec vgpu-vm-guest launches")
        self.stack.terminate()
        result = old.wait(60)
        self.assertEqual((result.status, "code=719 then=719" in result.output), (1, True), result)
        status, text = self.info(guest)
        self.assertNotEqual(status, 0)
        self.assertRegex(text, r"(?i)broker")
        self.assertNotEqual(guest.run("vgpu-demo-saxpy", 60)[0], 0)
        self.stack.start_broker()
        wait_for(lambda: self.logged(r"device connected vm=a .*generation=1"), "the device to return")
        self.assertEqual(self.info(guest)[0], 0)
        self.assert_works(guest)

    def test_killed_and_started(self):
        guest = self.boot()
        jobs = [self.start_ready(guest, "exec vgpu-vm-guest launches") for _ in range(2)]
        self.stack.kill_family()
        for job in jobs:
            result = job.wait(60)
            self.assertEqual((result.status, "code=719 then=719" in result.output), (1, True), result)
        self.stack.start_broker()
        wait_for(lambda: len(self.logged(r"device connected vm=a")) == 2, "the device to return")
        for _ in range(10):
            self.assert_works(guest)

    def test_absent_when_the_machine_starts(self):
        self.stack.kill_family()
        guest = self.boot()
        status, text = guest.run("vgpu-demo-saxpy", 60)
        self.assertNotEqual(status, 0)
        self.assertIn("802", text)
        self.assertNotEqual(self.info(guest)[0], 0)
        self.stack.start_broker()
        wait_for(lambda: self.logged(r"device connected vm=a"), "the device to connect")
        self.assert_works(guest)


class Qemu(VgpuCase):
    def test_sandboxed(self):
        for suite in ("bookworm", "trixie"):
            with self.subTest(suite):
                guest = self.boot("a" if suite == "bookworm" else "b", suite=suite,
                                  args=["-sandbox", SANDBOX])
                self.assert_works(guest)

    def test_a_second_qemu_on_the_same_socket(self):
        first = self.boot("a")
        job = self.start_ready(first, "exec vgpu-vm-guest launches")
        second = self.boot("a")
        status, text = second.run("vgpu-demo-saxpy", 60)
        self.assertNotEqual(status, 0)
        self.assertIn("802", text)
        self.assertTrue(self.logged(r"device turned away vm=a "))
        self.assertIsNone(job.poll(), "the first one's program was ended")
        self.assert_works(first)
        first.close()
        wait_for(lambda: self.logged(rf"device connected vm=a .*pid={second.pid} "),
                 "the second one's turn")
        self.assert_works(second)

    def test_migration_is_refused(self):
        guest = self.boot()
        guest.wait_ready()
        with self.assertRaisesRegex(GuestError, "(?i)migrat"):
            guest.qmp("migrate", uri="exec:cat >/dev/null")
        self.assert_works(guest)


if __name__ == "__main__":
    main()
