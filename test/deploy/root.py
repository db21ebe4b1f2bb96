# SPDX-License-Identifier: Apache-2.0
"""A root with the host's part of vgpu in it, as "./dev install" makes it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
COMPONENTS = ("broker", "executor", "ctl", "libs", "qemu", "sim")
# Programs of other packages that our units call.
FOREIGN = ("/bin/kill", "/bin/bash")


def build_folder():
    return Path(os.environ["VGPU_BUILD"]).resolve()


def run(*command, **options):
    return subprocess.run([str(word) for word in command], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)


class Root:
    """with Root() as root: root.path has /usr and /etc."""

    def __init__(self, components=COMPONENTS):
        self._components = components
        self._folder = tempfile.TemporaryDirectory(prefix="vgpu-root-")
        self.path = Path(self._folder.name)

    def __enter__(self):
        for component in self._components:
            self.install(component)
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def install(self, component):
        done = run("cmake", "--install", build_folder(), "--prefix", "/usr", "--component",
                   component, env={**os.environ, "DESTDIR": str(self.path)})
        if done.returncode != 0:
            raise RuntimeError(done.stdout)

    def add_system(self):
        """What a host has already: systemd's own targets, and what our units call."""
        units = self.path / "usr/lib/systemd/system"
        for target in Path("/usr/lib/systemd/system").glob("*.target"):
            if not (units / target.name).exists():
                shutil.copy(target, units / target.name)
        for name in FOREIGN:
            copy = self.path / name[1:]
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(name, copy)

    def units(self, *suffixes):
        """Names of our units."""
        here = SOURCE / "deploy/systemd"
        return sorted(unit.name for unit in (self.path / "usr/lib/systemd/system").iterdir()
                      if unit.suffix in suffixes and (here / unit.name).exists())

    def file(self, name):
        return self.path / name.lstrip("/")
