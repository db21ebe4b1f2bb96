# SPDX-License-Identifier: Apache-2.0
"""vgpuctl with control sockets that a test plays."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from fake_control import FakeControl
from stack import PATIENCE_S, build_folder

CTL = build_folder() / "ctl/vgpuctl"
OK, FAILED, USAGE, NO_BROKER, NO_HOSTD, YELLOW, RED = range(7)
HOSTILE = "a\x1b]0;evil\x07\\b"
BROKER = {"version": "0.1.0", "pid": 4711, "uptime_ms": 7_300_000, "sandbox": "seccomp",
          "sessions": 1, "sessions_max": 256, "vms": 2, "vms_connected": 1, "gpus": 1,
          "processed": 123456}
VMS = [{"name": "web", "state": "connected", "pool": "a", "sessions": 1,
        "memory_used": 3 << 29, "memory_quota": 8 << 30, "processed": 123456,
        "doorbell_idle_ms": 3400, "call_idle_ms": 12, "identity": "verified"},
       {"name": "db", "state": "waiting", "doorbell_idle_ms": -1, "call_idle_ms": -1,
        "restart_needed": "guest library 0.0.9"}]
GPU = {"uuid": "GPU-0", "name": "NVIDIA H100", "state": "up", "memory_used": 3 << 29,
       "memory_total": 80 << 30, "cuda_version": 13000, "supervisor": "0.0.9"}
SESSION = {"id": 7, "vm": "web", "process": 99, "program": HOSTILE, "phase": "open", "gpu": -1}
HOSTD = {"version": "0.1.0", "pid": 12, "registry_state": "ok", "vms": 2, "broker": 1}


def answers():
    return {"broker": [("broker_row", BROKER)], "vms": [("vm_row", v) for v in VMS],
            "gpus": [("gpu_row", GPU)], "pools": [("pool_row", {"name": "a", "gpus": "GPU-0"})],
            "sessions": [("session_row", SESSION)], "hostd": [("host_row", HOSTD)]}


class CtlCase(unittest.TestCase):
    program = CTL

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-ctl-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.control = self.folder / "control.sock"
        self.hostd = self.folder / "hostd.sock"

    def play(self, path, **what):
        fake = FakeControl(path, **what)
        self.addCleanup(fake.close)
        return fake

    def ctl(self, *words, status=OK, **options):
        run = subprocess.run([self.program, "--control", self.control, "--hostd", self.hostd, *words],
                             text=True, capture_output=True, timeout=2 * PATIENCE_S, check=False,
                             **options)
        self.assertEqual(run.returncode, status, (words, run.stdout, run.stderr))
        return run

    def json(self, *words, status=OK):
        return json.loads(self.ctl("--json", *words, status=status).stdout)
