#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The installed guest component in a guest: the loader finds it, Ollama's steps work over the device,
and so does a container made by the file that vgpu-info prints."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from vgpu_case import BUILD, SMALL, Stack, main
from vgpu_guest import VgpuGuest

sys.path.append(str(Path(__file__).resolve().parents[1] / "ollama"))

import cdi  # noqa: E402
from initramfs import LIBRARY_FOLDER, Image, libraries_of  # noqa: E402

PREFIX = "/usr/local"
PROGRAMS = ("test/ollama/vgpu-ollama", "test/ollama/vgpu-ollama-runner",
            "test/programs/vgpu-demo-saxpy")
CONTAINED = "vgpu-demo-saxpy"
ROOT = "/run/root"


def add_installed(image, folder):
    """The component as cmake --install leaves it; ldconfig, which needs no library."""
    subprocess.run([os.environ.get("VGPU_CMAKE", "cmake"), "--install", str(BUILD), "--component",
                    "guest", "--prefix", PREFIX], env={**os.environ, "DESTDIR": str(folder)},
                   check=True, capture_output=True)
    for path in sorted(folder.rglob("*")):
        name = f"/{path.relative_to(folder)}"
        if path.is_symlink():
            image.add_link(os.readlink(path), name)
        elif path.is_file():
            image.add_file(path, name)
    image.add_text("include /etc/ld.so.conf.d/*.conf\n", "/etc/ld.so.conf")
    image.add_program("/sbin/ldconfig")


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="vgpu-vm-")))
        cls.folder.chmod(0o711)
        image = Image()
        for program in PROGRAMS:
            image.add_program(BUILD / program)
        # Its C library comes whole: with the names that programs linked against an older one want.
        image.add_program(BUILD / "guest/tools/vgpu-info")
        add_installed(image, cls.folder / "tree")
        image.write(cls.folder / "guest.cpio")
        socket = str(cls.folder / "a.sock")
        cls.enterClassContext(Stack(settings={"vms.a": socket}))
        cls.guest = cls.enterClassContext(VgpuGuest(cls.folder / "guest.cpio", socket, BUILD,
                                                    name="a", properties=SMALL))
        cls.guest.check("ldconfig")

    def passes(self, command, word):
        status, output = self.guest.run(command, 60)
        self.assertEqual((status, word in output), (0, True), output)
        return output

    def test_loader_and_ollama(self):
        listed = self.guest.check("ldconfig -p")
        self.assertIn(f"libcuda.so.1 (libc6,x86-64) => {PREFIX}/lib", listed)
        self.passes(f"{PREFIX}/bin/vgpu-info", f"library     {PREFIX}/lib")
        nvml = "--nvml " if "libnvidia-ml.so.1" in listed else ""
        for generation in ("libcuda", "probe"):
            self.passes(f"vgpu-ollama {nvml}--model 16 {generation}", f"PASS {generation}")

    def test_container(self):
        spec = json.loads(self.guest.check(f"{PREFIX}/bin/vgpu-info --cdi"))
        self.assertEqual(cdi.problems(spec), [])
        script = cdi.script(spec["devices"][0]["containerEdits"], ROOT, f"/bin/{CONTAINED}")
        needs = " ".join(f"{LIBRARY_FOLDER}/{Path(path).name}" for path in
                         {*libraries_of(BUILD / "test/programs" / CONTAINED),
                          *libraries_of(BUILD / "guest/tools/vgpu-info")} if "/ld-linux" not in path)
        self.guest.check(f"mkdir -p {ROOT}/bin {ROOT}/lib64 {ROOT}{LIBRARY_FOLDER}; cp {needs} "
                         f"{ROOT}{LIBRARY_FOLDER}; cp /lib64/* {ROOT}/lib64; "
                         f"cp /bin/{CONTAINED} {ROOT}/bin")
        status, output = self.guest.run(f"chroot {ROOT} /bin/{CONTAINED}", 60)
        self.assertEqual((status, "cannot load" in output), (1, True), output)
        self.passes(f"unshare -m sh -c '{script}'", "PASS")


if __name__ == "__main__":
    main()
