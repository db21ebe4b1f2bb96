#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one program of this host in a guest that has the device, on a running broker.

The program's libraries go with it.  Its output comes when it has ended, its exit status is ours;
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
from vgpu_guest import VgpuGuest, vgpu_image  # noqa: E402


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--socket", required=True, help="the machine's socket of the broker")
    parser.add_argument("--suite", default="bookworm", help="whose QEMU")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS")
    parser.add_argument("--file", action="append", default=[], metavar="PATH",
                        help="a file that the program reads, at the same path in the guest")
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


def main():
    chosen = options()
    try:
        with tempfile.NamedTemporaryFile(suffix=".cpio") as file:
            program = write_image(chosen, file.name)
            with VgpuGuest(file.name, chosen.socket, chosen.build, suite=chosen.suite,
                           memory_mib=chosen.memory) as guest:
                command = shlex.join([program, *chosen.arguments])
                status, output = guest.run(f"exec {command}", chosen.timeout)
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
