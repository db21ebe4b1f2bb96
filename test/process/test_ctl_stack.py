#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpuctl with a running stack: self-test local, hop by hop."""

import json
import os
import subprocess
import unittest

from case import StackCase
from ctl_case import CTL, FAILED, RED
from stack import DRIVER, PATIENCE_S, build_folder, needed

HOPS = ["connect", "grant", "library", "welcome", "worker", "module", "copy", "launch", "result",
        "close"]
GPU_NAME = "vgpu simulator" if DRIVER == "sim" else "NVIDIA"
LIBRARY = build_folder() / "guest/libcuda"


class SelfTest(StackCase):
    def ctl(self, *words, status=0, path=None):
        run = subprocess.run([CTL, "--socket", path or self.stack.socket, *words], text=True,
                             capture_output=True, timeout=4 * PATIENCE_S, check=False,
                             env={**os.environ, "VGPU_LOG_TARGET": "stderr"})
        self.assertEqual(run.returncode, status, (run.stdout, run.stderr))
        return run

    def test_every_hop_with_its_time(self):
        told = json.loads(self.ctl("--json", "self-test", "local").stdout)
        self.assertEqual([hop["name"] for hop in told["hops"]], HOPS)
        self.assertTrue(told["passed"])
        self.assertTrue(all(hop["passed"] and hop["ns"] > 0 for hop in told["hops"]))

    def test_the_table(self):
        out = self.ctl("self-test").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in out], HOPS + ["passed"])
        self.assertIn(GPU_NAME, out[3])
        self.assertIn("numbers are right", out[8])

    def test_library_elsewhere(self):
        self.ctl("--library", LIBRARY, "self-test")
        run = self.ctl("--library", "/nonexistent", "self-test", status=FAILED)
        self.assertIn("library failed: /nonexistent/libcuda.so.1 cannot be loaded", run.stderr)

    def test_no_socket(self):
        run = self.ctl("self-test", path="/nonexistent/x.sock", status=FAILED)
        self.assertIn("connect failed: /nonexistent/x.sock: No such file or directory: systemctl "
                      "start vgpu-broker", run.stderr)

    def test_a_socket_that_is_not_for_guests(self):
        run = self.ctl("self-test", path=self.stack.executor_socket, status=FAILED)
        self.assertIn("grant failed", run.stderr)


class RealBroker(StackCase):
    """The broker's own rows: what the played ones look like in truth."""

    vms = ("web", "db")

    def json(self, *words, status=0):
        run = subprocess.run([CTL, "--control", self.stack.control_socket, "--hostd",
                              "/nonexistent/hostd.sock", "--json", *words], text=True,
                             capture_output=True, timeout=4 * PATIENCE_S, check=False)
        self.assertEqual(run.returncode, status, (run.stdout, run.stderr))
        return json.loads(run.stdout)

    def test_status(self):
        told = self.json("status")
        self.assertEqual(told["broker"]["pid"], self.stack.broker.pid)
        self.assertEqual(told["broker"]["vms"], 2)
        self.assertTrue(told["gpus"][0]["name"].startswith(GPU_NAME), told["gpus"])
        self.assertEqual(told["restart_needed"], [])
        self.assertEqual({vm["name"] for vm in self.json("vms")}, {"web", "db"})

    def test_a_program_of_this_host(self):
        guest = self.stack.start("vgpu-process-guest", "bystander")
        try:
            guest.wait_line("ready")
            [session] = [s for s in self.json("sessions") if s["process"] == guest.pid]
            self.assertEqual(session["program"], "vgpu-process-guest")
        finally:
            self.stack.drop(guest)

    def test_doctor_knows_the_driver(self):
        found = {check["name"]: check for check in self.json("doctor", status=RED)["checks"]}
        for name in ("driver", "modules", "nodes", "gpus", "pools"):
            self.assertEqual(found[name]["light"], "green", found[name])
        self.assertIn("none of 2 machines", found["machines"]["text"])

    def test_machine_that_is_not_there(self):
        told = self.json("sessions", "nobody", status=FAILED)
        self.assertIn("no machine", told["error"]["text"])


if __name__ == "__main__":
    needed("ctl/vgpuctl", "broker/vgpu-broker", "guest/libcuda/libcuda.so.1")
    unittest.main(verbosity=2)
