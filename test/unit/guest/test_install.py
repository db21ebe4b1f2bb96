#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cmake --install --component guest puts where, and whether the loader finds it."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

OPTIONS = argparse.Namespace()
VERSION_WORDS = 2  # "vgpu-info 0.1.0"


def install(tree, prefix):
    """Warnings, on one line."""
    run = subprocess.run([OPTIONS.cmake, "--install", OPTIONS.build, "--component", "guest",
                          "--prefix", prefix], env={**os.environ, "DESTDIR": str(tree)}, check=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return " ".join(run.stderr.split())


def files(tree):
    return {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_symlink() or not p.is_dir()}


def expected(prefix, conf, version):
    folder = f"{prefix}/{OPTIONS.libdir}"
    libraries = set()
    for name in ("libcuda.so", "libnvidia-ml.so"):
        libraries |= {f"{folder}/{name}.1"}
        libraries |= {f"{folder}/vgpu/{name}{tail}" for tail in ("", ".1", f".{version}")}
    return libraries | {
        f"{prefix}/bin/vgpu-info", conf,
        f"{prefix}/lib/udev/rules.d/70-vgpu.rules", f"{prefix}/lib/sysusers.d/vgpu-guest.conf",
        f"{prefix}/share/man/man1/vgpu-info.1", f"{prefix}/share/man/man7/vgpu-libcuda.7",
        f"{prefix}/share/man/man7/vgpu-nvml.7"}


class Install(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = Path(self.folder.name)

    def version(self, prefix):
        run = subprocess.run([self.tree / prefix / "bin/vgpu-info", "--version"], check=True,
                             capture_output=True, text=True)
        self.assertEqual(len(run.stdout.split()), VERSION_WORDS)
        return run.stdout.split()[1]

    def test_the_list_of_files_is_exact(self):
        install(self.tree, "/usr")
        version = self.version("usr")
        self.assertEqual(files(self.tree),
                         expected("usr", "etc/ld.so.conf.d/vgpu.conf", version))
        library = self.tree / "usr" / OPTIONS.libdir / "vgpu"
        self.assertEqual(os.readlink(library / "libcuda.so.1"), f"libcuda.so.{version}")
        self.assertEqual(os.readlink(library / "libcuda.so"), "libcuda.so.1")

    def test_a_link_where_programs_search(self):
        install(self.tree, "/usr")
        link = self.tree / "usr" / OPTIONS.libdir / "libcuda.so.1"
        self.assertEqual(os.readlink(link), "vgpu/libcuda.so.1")
        self.assertTrue(link.is_file())
        self.assertEqual(install(self.tree, "/usr"), "", "a second time")
        self.assertEqual(os.readlink(link), "vgpu/libcuda.so.1")

    def test_what_another_driver_installed_stays(self):
        for theirs in (lambda path: path.write_text("theirs"),
                       lambda path: path.symlink_to("libcuda.so.580.159.04")):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "usr" / OPTIONS.libdir / "libcuda.so.1"
                path.parent.mkdir(parents=True)
                theirs(path)
                before = os.lstat(path)
                self.assertIn(f"{path} is another's and stays", install(folder, "/usr"))
                after = os.lstat(path)
                self.assertEqual((after.st_ino, after.st_mtime_ns),
                                 (before.st_ino, before.st_mtime_ns))

    def test_another_prefix_keeps_to_itself(self):
        install(self.tree, "/opt/vgpu")
        self.assertEqual(files(self.tree),
                         expected("opt/vgpu", "opt/vgpu/etc/ld.so.conf.d/vgpu.conf",
                                  self.version("opt/vgpu")))

    def test_ldconfig_finds_the_library(self):
        install(self.tree, "/usr")
        conf = (self.tree / "etc/ld.so.conf.d/vgpu.conf").read_text()
        self.assertEqual(conf, f"/usr/{OPTIONS.libdir}/vgpu\n")
        listed = self.tree / "ld.so.conf"
        listed.write_text(f"{self.tree}{conf}")
        cache = self.tree / "ld.so.cache"
        tool = "/sbin/ldconfig"
        subprocess.run([tool, "-X", "-f", listed, "-C", cache], check=True,
                       stderr=subprocess.DEVNULL)
        known = subprocess.run([tool, "-p", "-C", cache], check=True, capture_output=True,
                               text=True).stdout
        wanted = f"{self.tree}/usr/{OPTIONS.libdir}/vgpu/libcuda.so.1"
        self.assertTrue(any(line.split()[0] == "libcuda.so.1" and line.endswith(wanted)
                            for line in known.splitlines()[1:]), known)

    def test_the_tool_speaks_json(self):
        install(self.tree, "/usr")
        run = subprocess.run([self.tree / "usr/bin/vgpu-info", "--json"], capture_output=True,
                             text=True, check=False,
                             env={**os.environ, "VGPU_SOCKET": "/nonexistent/\"socket\"\\"})
        told = json.loads(run.stdout)
        self.assertEqual(run.returncode, told["status"])
        self.assertEqual(told["socket"], "/nonexistent/\"socket\"\\")
        self.assertEqual(run.stderr, f"vgpu-info: {told['error']}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--libdir", required=True)
    _, rest = parser.parse_known_args(namespace=OPTIONS)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
