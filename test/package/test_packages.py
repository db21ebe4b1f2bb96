#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian packages themselves: what lintian says, what is in them, that they are made alike."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from packages import DEVICE, GUEST, HOST, SOURCE, build, field, need, run

TOOLS = {"cpack": "cmake", "dpkg-shlibdeps": "dpkg-dev", "strip": "binutils", "lintian": "lintian"}


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-packages-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.packages = build(cls.folder / "once")

    def files(self, name):
        """[(mode, owner, path)]"""
        listing = run("dpkg-deb", "--contents", self.packages[name])
        return [(f[0], f[1], f[5].lstrip(".")) for f in (line.split() for line in listing.splitlines())]

    def test_all_are_made(self):
        expected = {*HOST, *GUEST}
        if any(Path(os.environ["VGPU_BUILD"]).glob("qemu-device/vgpu-qemu-*.so")):
            expected |= {*DEVICE}
        self.assertEqual(set(self.packages), expected)

    def test_version_is_the_projects(self):
        version = re.search(r"^project\(vgpu VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text(), re.M)
        for package in self.packages.values():
            self.assertEqual(field(package, "Version").split("-")[0], version.group(1))

    def test_lintian_is_silent(self):
        done = subprocess.run(["lintian", "--allow-root", *map(str, self.packages.values())], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = [line for line in done.stdout.splitlines() if re.match("[A-Z]: ", line)]
        self.assertEqual((said, done.returncode), ([], 0), done.stdout)

    def test_overrides_say_why(self):
        for overrides in (SOURCE / "deploy/deb/overrides").iterdir():
            before = ""
            for line in overrides.read_text().splitlines():
                if not line.startswith("#"):
                    self.assertRegex(before, "^(#|%s: )" % overrides.name, f"{overrides.name}: {line}")
                before = line

    def test_same_source_same_bytes(self):
        again = build(self.folder / "again", TZ="Asia/Tokyo", LC_ALL="C")
        for name, package in self.packages.items():
            self.assertEqual(again[name].read_bytes(), package.read_bytes(), name)

    def test_owner_and_modes(self):
        for name in self.packages:
            for mode, owner, path in self.files(name):
                with self.subTest(path):
                    self.assertEqual(owner, "root/root")
                    self.assertIn(mode, ("drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"))

    def test_each_has_licence_and_changes(self):
        for name in self.packages:
            paths = [path for _, _, path in self.files(name)]
            for document in ("copyright", "changelog.Debian.gz"):
                self.assertIn(f"/usr/share/doc/{name}/{document}", paths)

    def test_no_file_is_in_two(self):
        seen = {}
        for name in self.packages:
            for mode, _, path in self.files(name):
                if not mode.startswith("d"):
                    self.assertEqual(seen.setdefault(path, name), name, path)

    def test_guest_takes_the_place_of_nvidias(self):
        """As Debian's packages of NVIDIA's libraries call themselves."""
        for name in ("Conflicts", "Provides", "Replaces"):
            value = field(self.packages["vgpu-guest"], name)
            for theirs in ("libcuda1", "libcuda.so.1", "libnvidia-ml1", "libnvidia-ml.so.1"):
                self.assertIn(theirs, value.split(", "))

    def test_host_has_nothing_for_the_loader(self):
        """A library of ours that programs find would hide NVIDIA's."""
        for name in (*HOST, *DEVICE):
            for _, _, path in self.files(name) if name in self.packages else ():
                self.assertNotRegex(path, r"^/etc/ld\.so|^/usr/lib/(x86_64-linux-gnu/)?lib[^/]*\.so")


if __name__ == "__main__":
    need(TOOLS)
    unittest.main(verbosity=2)
