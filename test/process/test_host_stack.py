#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpu-hostd beside a whole stack: a machine of the registry runs programs, and either of the two
daemons may end and come back."""

import errno
import unittest

import procfs
from host import ADD, REMOVE, SET, Host
from machine import MachineProcess
from stack import Stack, needed, wait_for

GUEST = "vgpu-process-guest"


class HostStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack()
        self.stack.__enter__()
        self.addCleanup(self.stack.close)
        self.host = Host({"broker.control_socket": self.stack.control_socket})
        self.addCleanup(self.host.close)
        self.host.start()
        self.wait_up()
        self.assertEqual(self.change(ADD, "alpha", f"socket={self.stack.vm_socket('alpha')}"), 0)
        self.machine = MachineProcess(self.stack, "alpha").start()

    def change(self, what, name, *assigns):
        with self.host.tool() as tool:
            return tool.change(what, name, *assigns)[0]

    def is_up(self):
        with self.host.tool() as tool:
            return tool.host().get("broker")

    def wait_up(self):
        wait_for(self.is_up, "the broker at vgpu-hostd")

    def assert_works(self):
        result = self.machine.run(GUEST, "session")
        self.assertEqual((result.status, result.out), (0, "passed\n"), result)

    def test_either_daemon_ends_and_comes_back(self):
        self.assert_works()
        self.host.kill()
        self.assert_works()
        self.host.start()
        self.wait_up()
        self.assert_works()
        self.assertTrue(procfs.alive(self.machine.pid))
        self.assertEqual(self.stack.log().count("device connected vm=alpha"), 1)
        self.stack.broker.kill()
        self.stack.broker.wait()
        self.host.wait_log("broker is not there")
        self.stack.start_broker()
        self.wait_up()
        self.machine.wait_up(2)
        self.assert_works()

    def test_what_the_broker_refuses(self):
        with self.host.tool() as tool:
            error, text = tool.change(SET, "alpha", "pool=nowhere")
            self.assertEqual(error, errno.ENOENT, text)
            self.assertNotIn("pool", tool.registry("alpha")[0])
        self.assertEqual(self.change(SET, "alpha", "sessions=1", "quota=64MiB"), 0)
        self.assert_works()

    def test_a_removed_machine_is_cut_off(self):
        self.assertEqual(self.change(REMOVE, "alpha"), 0)
        wait_for(lambda: "device disconnected vm=alpha" in self.stack.log(), "the end of alpha")


if __name__ == "__main__":
    needed("hostd/vgpu-hostd", "broker/vgpu-broker", "executor/vgpu-executor",
           "test/process/vgpu-process-guest", "guest/libcuda/libcuda.so.1")
    unittest.main(verbosity=2)
