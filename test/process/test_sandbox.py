#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The locks of a running stack, as /proc shows them."""

import os
import sys
import unittest

import procfs
import wire
from case import GUEST, PATIENCE_S, StackCase, main
from stack import build_folder, sanitizer


class Sandbox(StackCase):
    def assert_locked(self, pid, what):
        tids = procfs.threads(pid)
        self.assertTrue(tids, what)
        for tid in tids:
            status = procfs.status(pid, tid)
            self.assertEqual(status["Seccomp"], "2", f"{what} thread {tid}")
            self.assertEqual(status["NoNewPrivs"], "1", f"{what} thread {tid}")

    def setUp(self):
        super().setUp()
        self.taken = []

    def session(self):
        """A program with a worker; returns the worker's process id."""
        before = self.stack.workers()
        holder = self.stack.start(GUEST, "hold", 3)
        holder.wait_line("ready")
        self.stack.wait_spares(sessions=len(before))
        [taken] = [p for p in before if procfs.channels(p) and p not in self.taken]
        self.taken.append(taken)
        return taken

    def test_workers_are_locked(self):
        self.session()
        workers = self.stack.workers()
        self.assertEqual(len(workers), 2)
        for pid in workers:
            self.assert_locked(pid, f"worker {pid}")

    def test_broker_is_locked(self):
        self.assert_locked(self.stack.broker.pid, "broker")

    def test_workers_have_no_privileges(self):
        for pid in self.stack.workers():
            status = procfs.status(pid)
            for key in ("CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(status[key], 16), 0, key)
            if os.getuid() == 0:
                self.assertEqual(set(status["Uid"].split()), {"65534"})

    def test_workers_have_only_their_own_descriptors(self):
        """Pipe on 3; no other socket, no listener, no file but the log; one channel at most."""
        taken = self.session()
        [spare] = [p for p in self.stack.workers() if p != taken]
        for pid in self.stack.workers():
            links = procfs.descriptors(pid)
            self.assertTrue(links[3].startswith("socket:"), links)
            self.assertEqual(procfs.kinds(pid)["socket"], 1, links)
            # What was standard error: the driver's text goes elsewhere, log lines still go there.
            files = {fd for fd, link in links.items() if procfs.kind(link) == "file" and fd > 2}
            self.assertEqual(len(files), 1, links)
            self.assertEqual(links[files.pop()], str(self.stack.folder / "log"))
            held = [link for link in links.values() if link.startswith(procfs.CHANNEL)]
            self.assertLessEqual(len(held), pid == taken, links)
        self.assertEqual(procfs.channels(spare), set())

    def test_worker_maps_only_its_own_channel(self):
        """The channel of a session is mapped by its broker and its worker, by nobody else."""
        [first], [second] = [procfs.channels(self.session()) for _ in range(2)]
        self.assertNotEqual(first, second)
        self.assertEqual(procfs.channels(self.stack.broker.pid), {first, second})

        names = set(procfs.environment(self.stack.workers()[0]))
        self.assertFalse({n for n in names if n.startswith(("LD_", "HOME", "VGPU_BUILD"))}, names)

    def test_only_workers_load_a_driver(self):
        for pid in [self.stack.broker.pid, self.stack.supervisor()]:
            self.assertFalse(procfs.maps_file(pid, "libcuda"), procfs.arguments(pid))
        for pid in self.stack.workers():
            self.assertTrue(procfs.maps_file(pid, "libcuda"), procfs.arguments(pid))

    def test_no_process_is_left_writable_and_executable(self):
        for pid in [self.stack.broker.pid, self.stack.supervisor(), *self.stack.workers()]:
            self.assertFalse(procfs.writable_code(pid), procfs.arguments(pid))

    def test_guest_has_only_its_own_channel(self):
        first = wire.RawGuest(self.stack.socket, PATIENCE_S)
        second = wire.RawGuest(self.stack.socket, PATIENCE_S)
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        self.assertNotEqual(os.fstat(first.fds[0]).st_ino, os.fstat(second.fds[0]).st_ino)
        for change in (lambda fd: os.ftruncate(fd, 1 << 20), lambda fd: os.ftruncate(fd, 1 << 33)):
            with self.assertRaises(PermissionError):
                change(first.fds[0])
        first.close()
        second.close()


if __name__ == "__main__":
    if sanitizer(build_folder()):
        print("skipped: sanitizer builds have no sandbox")
        sys.exit(77)
    main()
