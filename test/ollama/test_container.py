#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What vgpu-info --cdi prints is a valid file, and its edits make a bare root run CUDA programs."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import cdi
from installed import BUILD, add_program, install

from case import PATIENCE_S, StackCase, main

PROGRAM = "vgpu-demo-saxpy"
# chroot() and mounts need root, or a user namespace.
IN_ROOT = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
VALID = {"cdiVersion": "0.3.0", "kind": "vendor.com/gpu", "devices": [
    {"name": "all", "containerEdits": {"env": ["A=b"]}}]}


class Schema(unittest.TestCase):
    """The check itself."""

    def test_valid(self):
        self.assertEqual(cdi.problems(VALID), [])

    def test_invalid(self):
        device = VALID["devices"][0]
        mount = {"hostPath": "/a", "containerPath": "/b", "type": "bind"}
        for change in ({"cdiVersion": "3"}, {"kind": "gpu"}, {"kind": "vendor.com/a/b"},
                       {"devices": []}, {"devices": [device, device]}, {"more": 1},
                       {"devices": [{"name": "all"}]},
                       {"devices": [{"name": "-", "containerEdits": {"env": ["A=b"]}}]},
                       {"devices": [{"name": "a", "containerEdits": {"env": ["A"]}}]},
                       {"devices": [{"name": "a", "containerEdits": {"mounts": [mount]}}]},
                       {"devices": [{"name": "a", "containerEdits": {
                           "deviceNodes": [{"path": "/dev/a", "permissions": "x"}]}}]}):
            self.assertNotEqual(cdi.problems({**VALID, **change}), [], change)


class Loader(unittest.TestCase):
    """ldconfig in the installed tree, as a distribution configures it."""

    def test_ldconfig_lists_the_libraries(self):
        with tempfile.TemporaryDirectory(prefix="vgpu-tree-") as folder:
            install(folder, "/usr/local")
            (Path(folder) / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
            subprocess.run([*IN_ROOT, "/sbin/ldconfig", "-r", folder], check=True)
            listed = subprocess.run([*IN_ROOT, "/sbin/ldconfig", "-r", folder, "-p"], check=True,
                                    capture_output=True, text=True).stdout
            libraries = sorted(map(str, Path(folder).rglob("vgpu/*.so.1")))
        for path in libraries:
            self.assertIn(f"{Path(path).name} (libc6,x86-64) => {path[len(folder):]}", listed)
        self.assertIn("libcuda.so.1 (libc6,x86-64) => /usr/local/", listed)


class Container(StackCase):
    """A root with nothing but programs and a C library, over the socket."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="vgpu-cdi-")))
        cls.folder.chmod(0o755)
        install(cls.folder / "guest", "/usr")
        cls.root = cls.folder / "root"
        add_program(cls.root, BUILD / "test/programs" / PROGRAM, f"bin/{PROGRAM}")
        for program in ("vgpu-ollama", "vgpu-ollama-runner"):
            add_program(cls.root, BUILD / "test/ollama" / program, f"bin/{program}")
        super().setUpClass()

    def spec(self):
        run = subprocess.run([self.folder / "guest/usr/bin/vgpu-info", "--cdi"], text=True,
                             env={**os.environ, "VGPU_SOCKET": self.stack.socket}, check=False,
                             capture_output=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run.stdout)
        return json.loads(run.stdout)

    def contain(self, program, edits):
        """Like a container engine: namespaces, the edits, the root."""
        (self.folder / "script").write_text(cdi.script(edits, self.root, program))
        return subprocess.run([*IN_ROOT, "unshare", "--mount", "--propagation", "private", "sh",
                               self.folder / "script"], text=True, capture_output=True,
                              timeout=PATIENCE_S, check=False)

    def test_the_file_is_valid(self):
        spec = self.spec()
        self.assertEqual(cdi.problems(spec), [])
        self.assertEqual((spec["kind"], [device["name"] for device in spec["devices"]]),
                         ("vgpu.dev/gpu", ["all"]))

    def test_a_cuda_program_runs(self):
        edits = self.spec()["devices"][0]["containerEdits"]
        run = self.contain(f"/bin/{PROGRAM}", edits)
        self.assertEqual((run.returncode, "PASS" in run.stdout), (0, True), run)
        run = self.contain("/usr/bin/vgpu-info", edits)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run)
        self.assertIn("/libcuda.so.1, ", run.stdout)

    def test_ollama_finds_the_gpu_where_it_looks(self):
        edits = self.spec()["devices"][0]["containerEdits"]
        for generation in ("libcuda", "probe"):
            run = self.contain(f"/bin/vgpu-ollama --nvml {generation}", edits)
            self.assertEqual((run.returncode, f"PASS {generation}" in run.stdout), (0, True), run)

    def test_without_the_edits_it_does_not(self):
        run = self.contain(f"/bin/{PROGRAM}", {})
        self.assertEqual((run.returncode, "cannot load libcuda.so.1" in run.stderr), (1, True), run)

    def test_the_libraries_cannot_be_written(self):
        edits = self.spec()["devices"][0]["containerEdits"]
        flags = {mount["containerPath"]: mount["options"] for mount in edits["mounts"]}
        for path, options in flags.items():
            self.assertEqual("ro" in options,
                             path not in ("/run/vgpu/broker.sock", "/dev/nvidiactl"), path)


if __name__ == "__main__":
    os.environ.pop("LD_LIBRARY_PATH", None)
    main()
