#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one program of this host in a guest that has the device, on a running broker.

The program's libraries go with it; with --host-files it finds every file of the host, for reading,
and is not looked at here.  Its output comes when it has ended, its exit status is ours;
124 when it took too long, 125 when the guest failed.
"""

import argparse
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from guest import GuestError, GuestTimeout  # noqa: E402
from initramfs import InitramfsError  # noqa: E402
from share import HostFiles  # noqa: E402
from vgpu_guest import VgpuGuest, vgpu_image  # noqa: E402


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--socket", required=True, help="the machine's socket of the broker")
    parser.add_argument("--suite", default="bookworm", help="whose QEMU")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS")
    parser.add_argument("--file", action="append", default=[], metavar="PATH",
                        help="a file that the program reads, at the same path in the guest")
    parser.add_argument("--host-files", action="store_true",
                        help="share this host's files with the guest (virtiofs, needs root)")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def write_image(chosen, out):
    found = shutil.which(chosen.program)
    if found is None:
        raise InitramfsError(f"no program {chosen.program}")
    image = vgpu_image(chosen.build)
    image.add_program(found)
    for name in chosen.file:
        image.add_file(name, str(Path(name).resolve()))
    image.write(out)
    return "/bin/" + Path(found).name


def run_in_host_files(chosen):
    """The program starts in the host's file system, with the library of the build."""
    folders = [(chosen.build / name).resolve() for name in ("guest/libcuda", "guest/libnvml")]
    with tempfile.NamedTemporaryFile(suffix=".cpio") as file, \
            HostFiles(chosen.memory) as files:
        image = vgpu_image(chosen.build)
        for module in files.MODULES:
            image.add_module(module)
        image.write(file.name)
        with VgpuGuest(file.name, chosen.socket, chosen.build, suite=chosen.suite,
                       memory_mib=chosen.memory, cpus=chosen.cpus, machine=files.machine,
                       args=files.arguments) as guest:
            guest.check(files.prepare)
            command = files.command([chosen.program, *chosen.arguments],
                                    {"LD_LIBRARY_PATH": ":".join(map(str, folders))})
            return guest.run(f"exec {command}", chosen.timeout)


def run_packed(chosen):
    with tempfile.NamedTemporaryFile(suffix=".cpio") as file:
        program = write_image(chosen, file.name)
        with VgpuGuest(file.name, chosen.socket, chosen.build, suite=chosen.suite,
                       memory_mib=chosen.memory, cpus=chosen.cpus) as guest:
            command = shlex.join([program, *chosen.arguments])
            return guest.run(f"exec {command}", chosen.timeout)


def main():
    chosen = options()
    try:
        run = run_in_host_files if chosen.host_files else run_packed
        status, output = run(chosen)
        sys.stdout.write(output)
        sys.exit(status)
    except GuestTimeout as error:
        print(f"run: {error}", file=sys.stderr)
        sys.exit(124)
    except (GuestError, InitramfsError) as error:
        print(f"run: {error}", file=sys.stderr)
        sys.exit(125)


if __name__ == "__main__":
    main()
