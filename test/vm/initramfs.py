#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the whole file system of a guest: busybox, kernel modules, programs with their libraries.

    from initramfs import Image
    image = Image()
    image.add_module("uio_pci_generic")
    image.add_program(build / "test/vm/probe", "/bin/probe")
    image.add_library(build / "guest/libcuda/libcuda.so.1")   # found by dlopen(), no path needed
    image.write(folder / "guest.cpio")

The same contents give the same bytes.  On the command line: see --help.
"""

import argparse
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where the C library looks without a cache file.
LIBRARY_FOLDER = "/usr/lib/x86_64-linux-gnu"
FOLDERS = ("/bin", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sys", "/tmp", "/usr/bin",
           LIBRARY_FOLDER)
ACCOUNTS = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n",
            "/etc/group": "root:x:0:\nuser:x:1000:\n"}


class InitramfsError(Exception):
    """Something that should go into the image cannot."""


def cache_folder():
    return Path(os.environ.get("VGPU_VM_CACHE", HERE.parents[1] / "build/vm-cache")).resolve()


def libraries_of(path):
    """The file of every shared library that a program or library needs, the loader included."""
    listing = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        if "not a dynamic executable" in listing.stdout + listing.stderr:
            return
        raise InitramfsError(f"ldd {path}: {listing.stderr.strip()}")
    for line in listing.stdout.splitlines():
        if "not found" in line:
            raise InitramfsError(f"{path}: {line.strip()}")
        match = re.search(r"(/\S+) \(0x", line)
        if match:
            yield match.group(1)


def module_needs(path):
    """Names of the modules that a module's file asks for."""
    match = re.search(rb"\0depends=([^\0]*)\0", Path(path).read_bytes())
    return [name for name in match.group(1).decode().split(",") if name] if match else []


class Modules:
    """The modules of a kernel, by name; '-' and '_' are the same letter in one."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {path.stem.replace("-", "_"): path for path in folder.rglob("*.ko")}

    def load_order(self, name, order):
        """Appends the files of a module and what it needs, each once, needed ones first."""
        path = self.files.get(name.replace("-", "_"))
        if path is None:
            raise InitramfsError(f"{self.folder}: no module {name} (it may be built in)")
        for need in module_needs(path):
            self.load_order(need, order)
        if path not in order:
            order.append(path)


class Image:
    """A root file system in the making.  Files are read when it is written."""

    def __init__(self, cache=None):
        """cache: the folder that test/vm/fetch filled."""
        self.cache = Path(cache) if cache else cache_folder()
        self.modules = []
        # Path in the guest -> (mode, content: bytes, or Path of a file here).
        self.entries = {}
        busybox = self.cache / "busybox"
        if not busybox.is_file():
            raise InitramfsError(f"no {busybox}; run test/vm/fetch")
        for folder in FOLDERS:
            self._add_folder(folder)
        self.add_file(busybox, "/bin/busybox", 0o755)
        self.add_file(HERE / "guest_init.sh", "/init", 0o755)
        self.add_file(HERE / "guest_agent.sh", "/bin/agent", 0o755)
        for path, text in ACCOUNTS.items():
            self.add_text(text, path)
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
        for applet in applets.stdout.split():
            if applet != "busybox":
                self.add_link("busybox", f"/bin/{applet}")

    def add_file(self, source, path, mode=None):
        """A file from here; its own permission bits unless a mode is given."""
        source = Path(source)
        if not source.is_file():
            raise InitramfsError(f"{source}: no such file")
        bits = stat.S_IMODE(source.stat().st_mode) if mode is None else mode
        self._add(path, stat.S_IFREG | bits, source)

    def add_text(self, text, path, mode=0o644):
        self._add(path, stat.S_IFREG | mode, text.encode())

    def add_link(self, target, path):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def add_program(self, source, path=None):
        """A program and its libraries; without a path it stands in /bin."""
        self.add_file(source, path or f"/bin/{Path(source).name}", 0o755)
        self._add_libraries(source)

    def add_library(self, source, path=None):
        """A library that programs open by name, and its own libraries."""
        self.add_file(source, path or f"{LIBRARY_FOLDER}/{Path(source).name}", 0o755)
        self._add_libraries(source)

    def add_module(self, name):
        """A module of the guest's kernel, or a .ko file; loaded at boot, in this order."""
        known = Modules(self.cache / "kernel/modules")
        files = []
        if str(name).endswith(".ko"):
            for need in module_needs(name):
                known.load_order(need, files)
            files.append(Path(name))
        else:
            known.load_order(name, files)
        for file in files:
            if file.name not in self.modules:
                self.modules.append(file.name)
                self.add_file(file, f"/lib/modules/{file.name}", 0o644)

    def set_script(self, source):
        """Runs this script instead of serving commands, its output on the console."""
        self.add_file(source, "/etc/script", 0o755)

    def write(self, out):
        self.add_text("".join(f"{name}\n" for name in self.modules), "/etc/modules")
        with open(out, "wb") as file:
            for number, path in enumerate(sorted(self.entries), start=1):
                mode, content = self.entries[path]
                data = content.read_bytes() if isinstance(content, Path) else content
                file.write(record(number, path[1:], mode, data))
            file.write(record(0, "TRAILER!!!", 0, b""))

    def _add_libraries(self, source):
        for library in libraries_of(source):
            name = os.path.basename(library)
            folder = "/lib64" if name.startswith("ld-linux") else LIBRARY_FOLDER
            self.add_file(library, f"{folder}/{name}", 0o755)

    def _add_folder(self, path):
        while path != "/" and path not in self.entries:
            mode = 0o1777 if path == "/tmp" else 0o755
            self.entries[path] = (stat.S_IFDIR | mode, b"")
            path = os.path.dirname(path)

    def _add(self, path, mode, content):
        if not path.startswith("/") or os.path.normpath(path) != path:
            raise InitramfsError(f"'{path}' is no absolute path")
        self._add_folder(os.path.dirname(path))
        self.entries[path] = (mode, content)


def record(number, name, mode, data):
    """One file in the "newc" format that the kernel unpacks; no owner, no time."""
    raw = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + raw
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def pair(text):
    """HOST:GUEST, or HOST alone."""
    source, _, path = text.partition(":")
    return source, path or None


def options():
    parser = argparse.ArgumentParser(description="Builds the file system of a guest.")
    parser.add_argument("--output", required=True, help="the file to write")
    parser.add_argument("--module", action="append", default=[], metavar="NAME",
                        help="load this kernel module, and before it what it needs")
    parser.add_argument("--program", action="append", default=[], metavar="FILE[:PATH]",
                        help="a program with its libraries (default path: /bin)")
    parser.add_argument("--library", action="append", default=[], metavar="FILE[:PATH]",
                        help="a library that is opened by name, with its libraries")
    parser.add_argument("--file", action="append", default=[], metavar="FILE:PATH",
                        help="any other file")
    parser.add_argument("--script", metavar="FILE",
                        help="run this and power off, instead of serving commands")
    return parser.parse_args()


def main():
    chosen = options()
    try:
        image = Image()
        for name in chosen.module:
            image.add_module(name)
        for text in chosen.program:
            image.add_program(*pair(text))
        for text in chosen.library:
            image.add_library(*pair(text))
        for text in chosen.file:
            source, path = pair(text)
            image.add_file(source, path or source)
        if chosen.script:
            image.set_script(chosen.script)
        image.write(chosen.output)
    except InitramfsError as error:
        sys.exit(f"initramfs: {error}")


if __name__ == "__main__":
    main()
