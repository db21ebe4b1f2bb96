# SPDX-License-Identifier: Apache-2.0
"""The guest component in a folder of its own, as cmake --install puts it there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "process"), str(HERE.parent / "vm")]

from initramfs import libraries_of  # noqa: E402
from stack import build_folder  # noqa: E402

BUILD = build_folder()


def install(folder, prefix):
    subprocess.run([os.environ.get("VGPU_CMAKE", "cmake"), "--install", str(BUILD), "--component",
                    "guest", "--prefix", prefix], env={**os.environ, "DESTDIR": str(folder)},
                   check=True, capture_output=True)


def libraries(folder, prefix):
    """Where the libraries are in the folder."""
    found = list((Path(folder) / prefix.lstrip("/")).rglob("vgpu/libcuda.so.1"))
    assert len(found) == 1, found
    return found[0].parent


def add_program(root, program, name):
    """A program and the libraries that it needs, as an image of a container has them: the C library
    comes whole, with the names that programs linked against an older one want."""
    target = Path(root) / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(program, target)
    for library in {*libraries_of(program), *libraries_of(BUILD / "guest/tools/vgpu-info")}:
        folder = "lib64" if "/ld-linux" in library else "usr/lib/x86_64-linux-gnu"
        path = Path(root) / folder / Path(library).name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            shutil.copy(library, path)
