# SPDX-License-Identifier: Apache-2.0
"""The host's files in a guest, by virtiofs: for programs whose libraries fit into no initramfs.

    with HostFiles(memory_mib=4096) as files:
        for module in files.MODULES:
            image.add_module(module)
        with VgpuGuest(file, socket, build, memory_mib=4096, machine=files.machine,
                       args=files.arguments) as guest:
            guest.check(files.prepare)
            guest.run(files.command(["python3", "program.py"], {"LD_LIBRARY_PATH": folder}))

The daemon comes with the fetched QEMU of bookworm.  It needs root.  The guest mounts the files for
reading only; a program finds every path of the host, and room to write in /dev/shm.
"""

import os
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

from guest import GuestError, die_with_parent
from initramfs import cache_folder

WAIT_S = 20
SUITE = "bookworm"
MOUNT = "/host"
LATE_BINDS = ("/dev", "/dev/shm", "/proc", "/sys")


class HostFiles:
    MODULES = ("virtio_pci", "virtiofs")

    def __init__(self, memory_mib):
        self._folder = tempfile.TemporaryDirectory(prefix="vgpu-share-")
        self._socket = Path(self._folder.name) / "socket"
        self._log = open(Path(self._folder.name) / "log", "w+", encoding="utf-8", errors="replace")
        self._process = None
        # The daemon reads and writes the guest's memory itself.
        self.machine = "pc,memory-backend=ram"
        self.arguments = [
            "-object", f"memory-backend-memfd,id=ram,size={memory_mib}M,share=on",
            "-chardev", f"socket,id=files,path={self._socket}",
            "-device", "vhost-user-fs-pci,chardev=files,tag=files,addr=0x11"]
        binds = "".join(f"; mount --bind {path} {MOUNT}{path}" for path in LATE_BINDS)
        self.prepare = f"mkdir -p {MOUNT}; mount -t virtiofs -o ro files {MOUNT} || exit 1{binds}"

    def __enter__(self):
        root = (cache_folder() / "qemu" / SUITE).resolve()
        libraries = root / "usr/lib/x86_64-linux-gnu"
        self._process = subprocess.Popen(
            [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries,
             root / "usr/lib/qemu/virtiofsd", f"--socket-path={self._socket}", "-f",
             "-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always", "-o", "log_level=warn"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            preexec_fn=die_with_parent)
        end = time.monotonic() + WAIT_S
        while not self._socket.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                said = self.log()
                self.__exit__()
                raise GuestError(f"virtiofsd does not start (it needs root): {said}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._log.close()
        self._folder.cleanup()

    def log(self):
        self._log.seek(0)
        return self._log.read()[-2000:]

    @staticmethod
    def command(words, environment):
        """A shell command that runs a program of the host in the guest."""
        settings = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/dev/shm",
                    "TMPDIR": "/dev/shm", "PYTHONDONTWRITEBYTECODE": "1", **environment}
        pairs = [f"{key}={value}" for key, value in settings.items()]
        return shlex.join(["chroot", MOUNT, "/usr/bin/env", "-i", *pairs, *words])
