# SPDX-License-Identifier: Apache-2.0
"""The packages of a built tree, and packages made of them or for them."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
HOST = ("vgpu-broker", "vgpu-executor", "vgpu-libs", "vgpu-sim", "vgpuctl")
# Where the source of a QEMU was there.
DEVICE = ("vgpu-host", "vgpu-qemu-device")
GUEST = ("vgpu-guest",)


def run(*command, **options):
    """What it said; an error where it fails."""
    done = subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def need(tools):
    """Ends the program where it cannot do its work; tools is {program: package}."""
    lacks = [f"{tool} (package {package})" for tool, package in tools.items()
             if shutil.which(tool) is None]
    if lacks:
        sys.exit(f"missing: {', '.join(lacks)}; ./dev deps installs them")


def build(folder, **environment):
    """{name: file}"""
    made = run(SOURCE / "deploy/deb/build", os.environ["VGPU_BUILD"], folder,
               env={**os.environ, **environment})
    return {line.split("_")[0]: Path(folder) / line for line in made.split()}


def field(package, name):
    return run("dpkg-deb", "--field", package, name).strip()


def pack(tree, folder):
    tree.chmod(0o755)
    said = run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, folder)
    return Path(said.split("'")[-2])


def make(folder, name, **fields):
    """An empty package."""
    tree = Path(folder) / name
    (tree / "DEBIAN").mkdir(parents=True)
    fields = {"Package": name, "Version": "1", "Architecture": "all", "Maintainer": "a <a@b.example>",
              "Description": "test", **fields}
    (tree / "DEBIAN/control").write_text("".join(f"{k}: {v}\n" for k, v in fields.items()))
    return pack(tree, folder)


def reissue(package, folder, version, changes):
    """The same as another version; changes: {file: what is added to it}."""
    tree = Path(folder) / package.name
    run("dpkg-deb", "--raw-extract", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(field(package, "Version"), version))
    sums = tree / "DEBIAN/md5sums"
    for name, text in changes.items():
        file = tree / name
        if file.exists():
            before = hashlib.md5(file.read_bytes()).hexdigest()
            with open(file, "a", encoding="ascii") as out:
                out.write(text)
            sums.write_text(sums.read_text().replace(before, hashlib.md5(file.read_bytes()).hexdigest()))
    return pack(tree, folder)
