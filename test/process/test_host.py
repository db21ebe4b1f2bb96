#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpu-hostd's registry from outside: changes, refusals, files that are not what they should be."""

import contextlib
import errno
import os
import sqlite3
import stat
import subprocess
import unittest

import host
import procfs
from host import ADD, REMOVE, SET, Host
from stack import PATIENCE_S, needed, wait_for

UUID = "6e1f2a3b-0001-4002-8003-0123456789ab"
GPU = "GPU-01234567-89ab-cdef-0123-456789abcdef"


def mount_is_allowed():
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True,
                          check=False).returncode == 0


def leave_group(above, name):
    """Its processes may just be ending."""
    def is_gone():
        with contextlib.suppress(OSError):
            os.rmdir(f"{above}/{name}")
        return not os.path.exists(f"{above}/{name}")

    wait_for(is_gone, f"the processes of {name} to end")
    with contextlib.suppress(OSError):
        os.rmdir(above)


def join(group, process):
    """Moves a process into a control group."""
    with open(os.path.join(group, "cgroup.procs"), "w") as file:
        file.write(str(process.pid))


class HostCase(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.host = Host(self.settings)
        self.addCleanup(self.host.close)
        self.host.start()

    def tool(self):
        tool = self.host.tool()
        self.addCleanup(tool.close)
        return tool

    def again(self):
        """The same folder, another process."""
        self.host.kill()
        self.host.start()
        return self.tool()

    def group(self, name):
        """A control group of that name, which is gone after the test."""
        for base in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/pids"):
            above = f"{base}/vgpu-test-{os.getpid()}"
            try:
                os.makedirs(f"{above}/{name}")
            except OSError:
                continue
            self.addCleanup(leave_group, above, name)
            if os.path.exists(f"{above}/{name}/cgroup.procs"):
                return f"{above}/{name}"
        self.skipTest("no control group can be made here")

    def refused(self, got, number, *words):
        error, text = got
        self.assertEqual(error, number, text)
        for word in words:
            self.assertIn(word, text)


class Changes(HostCase):
    def test_add_set_remove(self):
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", f"uuid={UUID}", "quota=8GiB", "calls=100/200")[0], 0)
        self.assertEqual(tool.change(SET, "alpha", "priority=7", "bytes=1MiB", "starts=8/64")[0], 0)
        [row] = tool.registry("alpha")
        self.assertEqual(row.pop("state"), "waits for the broker")
        self.assertEqual(row.pop("socket"), f"{self.host.vm_dir}/alpha.sock")
        self.assertEqual(row, {"name": "alpha", "uuid": UUID, "memory_quota": 8 << 30,
                               "priority": 7, "calls_per_s": 100, "calls_burst": 200,
                               "bytes_per_s": 1 << 20, "bytes_burst": 1 << 20,
                               "starts_own": 1, "starts_per_s": 8, "starts_burst": 64})
        self.assertEqual(self.again().registry("alpha")[0]["priority"], 7)
        tool = self.tool()
        self.assertEqual(tool.change(REMOVE, "alpha")[0], 0)
        self.assertEqual(tool.registry(), [])
        self.assertEqual(self.again().registry(), [])
        for words in ("vm add alpha by uid=", "vm set alpha by uid=", "vm remove alpha by uid="):
            self.assertIn(words, self.host.text())

    def test_pools_and_gpus(self):
        tool = self.tool()
        self.assertEqual(tool.pool("A", GPU)[0], 0)
        self.assertEqual(tool.change(ADD, "alpha", "pool=A")[0], 0)
        self.refused(tool.pool("A"), errno.EBUSY, "machine alpha uses pool A", "pool=none")
        self.assertEqual(tool.change(SET, "alpha", "pool=none")[0], 0)
        self.assertEqual(tool.pool("A")[0], 0)
        self.refused(tool.pool("A"), errno.ENOENT, "no pool A")
        self.refused(tool.pool("A", "gpu0"), errno.EINVAL, "gpu 'gpu0'", "nvidia-smi -L")
        self.refused(tool.pool("A", GPU, GPU), errno.EINVAL, "given twice")
        self.assertEqual(tool.drain(GPU)[0], 0)
        self.assertEqual(tool.drain(GPU, False)[0], 0)
        self.refused(tool.drain("0"), errno.EINVAL, "gpu '0'")

    def test_refusals_change_nothing(self):
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", "quota=1GiB", f"uuid={UUID}")[0], 0)
        before = tool.registry()
        self.refused(tool.change(ADD, "alpha"), errno.EEXIST, "vgpuctl vm set alpha")
        self.refused(tool.change(SET, "beta", "quota=0"), errno.ENOENT, "vgpuctl vm add beta")
        self.refused(tool.change(SET, "alpha", "quota=8 GIB"), errno.EINVAL,
                     "quota: '8 GIB' is no size; allowed: a number with MiB, GiB or TiB")
        self.refused(tool.change(SET, "alpha", "quota=2GiB", "colour=red"), errno.EINVAL, "colour")
        self.refused(tool.change(SET, "alpha"), errno.EINVAL, "nothing to set")
        self.refused(tool.change(ADD, "a b"), errno.EINVAL, "machine 'a b'", "A-Z a-z")
        self.refused(tool.change(ADD, "x" * 65), errno.EINVAL, "1 to 64 bytes")
        self.refused(tool.change(ADD, "beta", f"uuid={UUID}"), errno.EEXIST, "is machine alpha")
        self.refused(tool.change(REMOVE, "alpha", "quota=0"), errno.EINVAL, "takes no key=value")
        self.refused(tool.change(7, "alpha"), errno.EINVAL, "0 add, 1 set, 2 remove")
        self.refused(tool.change(SET, "alpha", *["quota=0"] * 33), errno.E2BIG, "more than 32")
        self.assertEqual(tool.registry(), before)
        self.assertEqual(self.again().registry(), before)

    def test_room_ends(self):
        tool = self.tool()
        for number in range(256):
            self.assertEqual(tool.change(ADD, f"vm-{number}")[0], 0)
        self.refused(tool.change(ADD, "one-more"), errno.ENOSPC, "256 machines")
        self.assertEqual(len(tool.registry()), 256)


class Clients(HostCase):
    def test_rules(self):
        for kind, fields in (("ctl_ask", {1: 1, 2: host.HOSTD}), ("ctl_hello", {1: 9}),
                             ("ctl_hello", {1: 1, 2: 1}), ("vm_change", {1: 1})):
            with self.host.tool(greet=False) as tool:
                tool.say(kind, fields)
                self.assertTrue(tool.wait_end(PATIENCE_S), kind)
        with self.host.tool() as tool:
            tool.say("ctl_hello", {1: 1})
            self.assertTrue(tool.wait_end(PATIENCE_S))
        with self.host.tool() as tool:
            self.assertEqual(tool.ask(host.BROKER)[1], errno.EINVAL)
            self.assertEqual(tool.ask(host.REGISTRY, "nobody")[1], errno.ENOENT)
            tool.send(b"\xff\xff\xff\xff")
            self.assertTrue(tool.wait_end(PATIENCE_S))
        self.assertEqual(self.tool().host()["pid"], self.host.process.pid)

    def test_answers_keep_their_order(self):
        tool = self.tool()
        for number in range(20):
            tool.say("vm_change", {1: 2 * number, 2: ADD, 3: f"vm-{number}"})
            tool.say("ctl_ask", {1: 2 * number + 1, 2: host.HOSTD})
        ids = []
        while len(ids) < 40:
            kind, fields = tool.receive(PATIENCE_S)
            if kind == "ctl_end":
                ids.append(fields.get(1, 0))
        self.assertEqual(ids, list(range(40)))

    def test_who_does_not_read_is_dropped(self):
        tool = self.tool()
        for number in range(100):
            self.assertEqual(tool.change(ADD, f"vm-{number}")[0], 0)
        with self.host.tool() as deaf:
            for _ in range(2000):
                deaf.say("ctl_ask", {1: 1, 2: host.REGISTRY})
            self.host.wait_log("it does not read")
        self.assertEqual(len(tool.registry()), 100)

    def test_clients_are_bounded(self):
        with contextlib.ExitStack() as stack:
            tools = [stack.enter_context(self.host.tool()) for _ in range(64)]
            with self.host.tool(greet=False) as late:
                self.assertTrue(late.wait_end(PATIENCE_S))
            self.assertTrue(tools[0].host())
        wait_for(lambda: self.tool().host(), "room for a client")


class Files(HostCase):
    def test_socket_is_private_and_goes(self):
        info = os.stat(self.host.socket)
        self.assertEqual(stat.S_IMODE(info.st_mode), 0o660)
        self.assertEqual(self.host.stop(), 0)
        self.assertFalse(self.host.socket.exists())

    def test_privileges_are_given_up(self):
        status = procfs.status(self.host.process.pid)
        kept = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 5
        self.assertEqual(status["NoNewPrivs"], "1")
        for key in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            self.assertEqual(int(status[key], 16) & ~kept, 0, key)
        if os.geteuid() == 0:
            self.assertEqual(int(status["CapEff"], 16), kept)

    def test_a_second_one_does_not_start(self):
        other = Host({"hostd.socket": self.host.socket})
        self.addCleanup(other.close)
        with self.assertRaises(AssertionError):
            other.start()
        other.wait_log("another process listens there")
        other.process.wait(PATIENCE_S)
        self.assertTrue(self.tool().host())

    def test_damaged_file(self):
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        self.host.kill()
        self.host.registry.write_bytes(b"not a database, by any means" * 100)
        self.host.start()
        tool = self.tool()
        self.assertIn("was damaged; kept as", tool.host()["registry_state"])
        self.assertEqual(len(list(self.host.folder.glob("registry.db.damaged-*"))), 1)
        self.assertEqual(tool.change(ADD, "beta")[0], 0)

    def test_values_out_of_range(self):
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        self.host.kill()
        with contextlib.closing(sqlite3.connect(self.host.registry)) as database, database:
            database.execute("INSERT INTO machine VALUES ('bad', '', '', '', 900, 0, 0, 0, 0, 0, 0, 0, 0, 0)")
        self.host.start()
        tool = self.tool()
        self.assertEqual([row["name"] for row in tool.registry()], ["alpha"])
        state = tool.host()["registry_state"]
        self.assertIn("machine bad: priority: 900 is out of range; allowed: 1 to 100", state)

    def test_locked_by_another(self):
        tool = self.tool()
        with contextlib.closing(sqlite3.connect(self.host.registry)) as database:
            database.execute("BEGIN EXCLUSIVE")
            self.refused(tool.change(ADD, "alpha"), errno.EBUSY, "locked by another program")
        self.assertEqual(tool.change(ADD, "alpha")[0], 0)

    def test_full_disk(self):
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha")[0], 0)
        subprocess.run(["prlimit", f"--pid={self.host.process.pid}", "--fsize=2048:unlimited"], check=True)
        self.refused(tool.change(ADD, "beta"), errno.EIO, "has room")
        self.assertIn("did not take the last change: ", tool.host()["registry_state"])
        self.assertEqual([row["name"] for row in tool.registry()], ["alpha"])
        subprocess.run(["prlimit", f"--pid={self.host.process.pid}", "--fsize=unlimited"],
                       check=True)
        self.assertEqual(tool.change(ADD, "beta")[0], 0)
        self.assertEqual(tool.host()["registry_state"], "ok")
        self.assertEqual(len(self.again().registry()), 2)

    def test_no_folder(self):
        self.host.kill()
        self.host.settings["hostd.registry"] = self.host.folder / "none" / "registry.db"
        self.host.start()
        tool = self.tool()
        self.assertIn("make its folder", tool.host()["registry_state"])
        self.refused(tool.change(ADD, "alpha"), errno.EROFS, "make its folder")


@unittest.skipUnless(os.geteuid() != 0 or mount_is_allowed(),
                     "root writes where the mode forbids it, and may mount nothing here")
class ReadOnly(HostCase):
    def test_read_only_file(self):
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        self.host.kill()
        if os.geteuid() == 0:
            file = self.host.registry
            self.host.wrapper = ("unshare", "--mount", "sh", "-c",
                                 f"mount --bind {file} {file} && mount -o remount,bind,ro {file} &&"
                                 " exec \"$@\"", "sh")
        else:
            self.host.registry.chmod(0o400)
        self.host.start()
        tool = self.tool()
        self.assertEqual([row["name"] for row in tool.registry()], ["alpha"])
        self.assertIn("cannot be written", tool.host()["registry_state"])
        self.refused(tool.change(ADD, "beta"), errno.EROFS, "writable for root")


if __name__ == "__main__":
    needed("hostd/vgpu-hostd")
    unittest.main(verbosity=2)
