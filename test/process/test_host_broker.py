#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpu-hostd and a broker that comes, goes, refuses and is silent."""

import errno
import grp
import os
import signal
import socket
import stat
import unittest

import host
from fake_broker import FakeBroker
from host import ADD, REMOVE, SET, Host
from stack import PATIENCE_S, needed, wait_for
from test_host import GPU, UUID, HostCase


def connects(path):
    """Somebody listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


class BrokerCase(HostCase):
    def broker(self, **options):
        broker = FakeBroker(self.host.control, **options)
        self.addCleanup(broker.close)
        return broker

    def up(self, broker, commits=1):
        broker.wait_up(commits)
        wait_for(lambda: self.tool().host().get("broker"), "the broker to be up")

    def path(self, name):
        return self.host.vm_dir / f"{name}.sock"


class Telling(BrokerCase):
    def test_hears_of_everything(self):
        tool = self.tool()
        error, note = tool.change(ADD, "alpha", "quota=1GiB", "pool=A", f"uuid={UUID}")
        self.assertEqual(error, 0)
        self.assertIn("systemctl start vgpu-broker", note)
        self.assertEqual(tool.registry()[0]["state"], "waits for the broker")
        self.assertEqual(tool.pool("A", GPU)[0], 0)
        self.assertEqual(tool.drain(GPU)[0], 0)
        broker = self.broker()
        self.up(broker)
        vm = broker.vms["alpha"]
        self.assertEqual((vm["memory_quota"], vm["pool"], vm["uuid"]), (1 << 30, "A", UUID))
        self.assertEqual(vm["socket"], str(self.path("alpha")))
        self.assertTrue(connects(self.path("alpha")))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("alpha")).st_mode), 0o660)
        self.assertEqual(broker.pools["A"].hex(), GPU[4:].replace("-", ""))
        self.assertEqual(broker.drained, {GPU[4:].replace("-", ""): 1})
        self.assertEqual(tool.registry()[0]["state"], "served")

    def test_live_changes(self):
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha")[0], 0)
        self.assertTrue(broker.vms["alpha"]["listener"])
        self.assertEqual(tool.change(SET, "alpha", "quota=2GiB")[0], 0)
        self.assertEqual(broker.vms["alpha"]["memory_quota"], 2 << 30)
        self.assertNotIn("listener", broker.vms["alpha"])
        self.assertTrue(connects(self.path("alpha")))
        other = self.host.folder / "other.sock"
        self.assertEqual(tool.change(SET, "alpha", f"socket={other}")[0], 0)
        self.assertEqual(broker.vms["alpha"]["socket"], str(other))
        self.assertTrue(connects(other))
        self.assertFalse(self.path("alpha").exists())
        self.assertEqual(tool.change(REMOVE, "alpha")[0], 0)
        self.assertEqual(broker.vms, {})
        self.assertFalse(other.exists())
        self.assertEqual(tool.pool("A", GPU)[0], 0)
        self.assertEqual(tool.drain(GPU)[0], 0)
        self.assertEqual(tool.drain(GPU, False)[0], 0)
        self.assertEqual(list(broker.drained.values()), [0])

    def test_refusals_are_relayed_and_undone(self):
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", "quota=1GiB")[0], 0)
        broker.refuse["vm_set"] = "quota: 9 GiB are more than the card has left: 8 GiB"
        self.refused(tool.change(SET, "alpha", "quota=9GiB"), errno.EINVAL, "8 GiB")
        self.refused(tool.change(ADD, "beta"), errno.EINVAL, "8 GiB")
        self.assertFalse(self.path("beta").exists())
        self.assertTrue(connects(self.path("alpha")))
        broker.refuse = {"vm_remove": "no", "pool_set": "no", "gpu_drain": "no"}
        self.refused(tool.change(REMOVE, "alpha"), errno.EINVAL, "no")
        self.refused(tool.pool("A", GPU), errno.EINVAL, "no")
        self.refused(tool.drain(GPU), errno.EINVAL, "no")
        [row] = self.again().registry()
        self.assertEqual((row["name"], row["memory_quota"]), ("alpha", 1 << 30))

    def test_what_cannot_be_served_says_so(self):
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", f"socket={self.host.folder}/none/x.sock")[0], 0)
        self.assertEqual(tool.change(ADD, "beta")[0], 0)
        broker = self.broker()
        broker.refuse["vm_set"] = "there is no pool"
        self.up(broker)
        states = {row["name"]: row["state"] for row in tool.registry()}
        self.assertIn("make its folder", states["alpha"])
        self.assertEqual(states["beta"], "there is no pool")
        broker.refuse.clear()
        os.mkdir(self.host.folder / "none")
        wait_for(lambda: "alpha" in broker.vms, "the socket of alpha")
        self.refused(tool.change(ADD, "gamma", f"socket={self.host.folder}/void/x.sock"),
                     errno.ENOENT, "make its folder")


class Coming(BrokerCase):
    def test_broker_restarts(self):
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        with FakeBroker(self.host.control) as broker:
            self.up(broker)
            before = os.stat(self.path("alpha")).st_ino
        self.host.wait_log("broker is not there")
        self.assertEqual(self.tool().change(ADD, "beta")[0], 0)
        broker = self.broker()
        self.up(broker)
        self.assertEqual(sorted(broker.vms), ["alpha", "beta"])
        self.assertTrue(broker.vms["alpha"]["listener"])
        self.assertEqual(os.stat(self.path("alpha")).st_ino, before)

    def test_host_restarts_and_sockets_stay(self):
        broker = self.broker()
        self.up(broker)
        self.assertEqual(self.tool().change(ADD, "alpha", "quota=1GiB")[0], 0)
        before = os.stat(self.path("alpha")).st_ino
        self.host.kill()
        self.assertTrue(connects(self.path("alpha")))
        self.host.start()
        self.up(broker, 2)
        self.assertEqual(os.stat(self.path("alpha")).st_ino, before)
        self.assertNotIn("listener", broker.vms["alpha"])
        self.assertTrue(connects(self.path("alpha")))
        os.unlink(self.path("alpha"))
        wait_for(lambda: self.path("alpha").exists() and broker.vms["alpha"].get("listener"),
                 "the removed socket")
        self.assertEqual(self.tool().change(REMOVE, "alpha")[0], 0)
        self.assertFalse(self.path("alpha").exists())

    def test_host_and_broker_restart(self):
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        with FakeBroker(self.host.control) as broker:
            self.up(broker)
            self.host.kill()
        self.assertFalse(connects(self.path("alpha")))
        self.host.start()
        broker = self.broker()
        self.up(broker)
        self.assertTrue(broker.vms["alpha"]["listener"])
        self.assertTrue(connects(self.path("alpha")))

    def test_removed_while_away(self):
        broker = self.broker()
        self.up(broker)
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        self.assertEqual(self.tool().change(ADD, "beta")[0], 0)
        self.host.kill()
        broker.vms["stranger"] = {"name": "stranger", "socket": "/x", "fd": -1}
        self.host.start()
        self.up(broker, 2)
        self.assertEqual(sorted(broker.vms), ["alpha", "beta"])

    def test_end_amid_a_change(self):
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        broker.silent.add("vm_set")
        tool.say("vm_change", {1: 5, 2: ADD, 3: "alpha"})
        wait_for(lambda: broker.orders[-1][0] == "vm_set", "VmSet")
        self.assertEqual(self.tool().registry(), [])
        broker.silent.clear()
        self.assertEqual(tool.end()[1], 0)
        broker.silent.add("vm_set")
        tool.say("vm_change", {1: 6, 2: ADD, 3: "beta"})
        wait_for(lambda: broker.orders[-1][1].get(2) == b"beta", "VmSet")
        broker.drop()
        self.refused(tool.end()[1:], errno.EAGAIN, "ask again")
        broker.silent.clear()
        self.up(broker, 2)
        self.assertEqual(tool.change(ADD, "beta")[0], 0)

    def test_damaged_registry_is_read_back(self):
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        self.assertEqual(tool.change(ADD, "alpha", "quota=1GiB", "pool=A")[0], 0)
        self.assertEqual(tool.change(ADD, "beta", f"socket={self.host.folder}/b.sock")[0], 0)
        self.host.kill()
        self.host.registry.write_bytes(b"not a database, by any means" * 100)
        broker.rows["pools"] = [{1: "A", 2: GPU}, {1: "all", 2: "*"}]
        broker.rows["gpus"] = [{2: GPU, 6: "drained"}]
        self.host.start()
        self.up(broker, 2)
        tool = self.tool()
        rows = {row["name"]: row for row in tool.registry()}
        self.assertEqual(rows["alpha"]["memory_quota"], 1 << 30)
        self.assertEqual(rows["beta"]["socket"], f"{self.host.folder}/b.sock")
        self.assertIn("2 machines read back", tool.host()["registry_state"])
        self.assertEqual(sorted(broker.vms), ["alpha", "beta"])
        self.refused(tool.pool("A"), errno.EBUSY, "machine alpha")
        self.assertEqual(len(self.again().registry()), 2)


class Sockets(BrokerCase):
    def test_what_is_no_socket_stays(self):
        broker = self.broker()
        self.up(broker)
        tool = self.tool()
        self.path("alpha").write_text("precious")
        self.refused(tool.change(ADD, "alpha"), errno.EEXIST, "no socket", "move it away")
        self.assertEqual(self.path("alpha").read_text(), "precious")
        os.symlink("/nonexistent", self.path("beta"))
        self.refused(tool.change(ADD, "beta"), errno.EEXIST, "no socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.bind(str(self.path("gamma")))
            other.listen()
            self.refused(tool.change(ADD, "gamma"), errno.EADDRINUSE, "another process listens")
        self.assertEqual(tool.change(ADD, "gamma")[0], 0)
        self.assertEqual(tool.change(ADD, "delta", f"socket={self.path('epsilon')}")[0], 0)
        self.refused(tool.change(ADD, "epsilon"), errno.EEXIST, "is that of machine delta")

    def test_settings_reach_what_is_there(self):
        """Owner and mode of the settings, for sockets from before, by a reload and by a restart."""
        config = self.host.folder / "vgpu.conf"
        self.host.kill()
        self.host.config = config
        config.write_text("[hostd]\nvm_socket_mode = 0600\n")
        self.host.start()
        broker = self.broker()
        self.up(broker)
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        before = os.stat(self.path("alpha"))
        self.assertEqual(stat.S_IMODE(before.st_mode), 0o600)
        group = grp.getgrgid(os.getgid()) if os.geteuid() else grp.getgrnam("daemon")
        config.write_text(f"[hostd]\nvm_socket_mode = 0620\nvm_socket_group = {group.gr_name}\n")
        self.host.process.send_signal(signal.SIGHUP)
        self.host.wait_log("settings read again")
        self.assertIn(f"owner and mode set vm=alpha path={self.path('alpha')}", self.host.text())
        after = os.stat(self.path("alpha"))
        self.assertEqual((stat.S_IMODE(after.st_mode), after.st_gid, after.st_ino),
                         (0o620, group.gr_gid, before.st_ino))
        self.host.kill()
        config.write_text("[hostd]\nvm_socket_mode = 0660\n")
        self.host.start()
        self.up(broker, 2)
        after = os.stat(self.path("alpha"))
        self.assertEqual((stat.S_IMODE(after.st_mode), after.st_gid, after.st_ino),
                         (0o660, before.st_gid, before.st_ino))
        self.assertTrue(connects(self.path("alpha")))

    def test_a_socket_that_was_taken_over_and_refused(self):
        """The descriptor is the broker's alone: a change that cures the refusal has none to give."""
        broker = self.broker()
        self.up(broker)
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        self.host.kill()
        broker.refuse["vm_set"] = "not now"
        self.host.start()
        self.host.wait_log("machine not served vm=alpha")
        self.up(broker, 2)
        broker.refuse.clear()
        tool = self.tool()
        self.assertEqual(tool.change(SET, "alpha", "quota=1GiB")[0], 0)
        self.assertEqual(tool.registry("alpha")[0]["state"], "served")

    def test_a_stranger_is_told(self):
        broker = self.broker()
        self.up(broker)
        self.assertEqual(self.tool().change(ADD, "alpha")[0], 0)
        self.assertEqual(broker.tell_peer("alpha", os.getpid())[0], 0)
        self.assertEqual(broker.tell_peer("alpha", 2 ** 22 + 5)[1], "the process has ended")


if __name__ == "__main__":
    needed("hostd/vgpu-hostd")
    unittest.main(verbosity=2)
