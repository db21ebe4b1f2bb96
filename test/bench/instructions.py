#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What calls cost their caller in the guest library, counted in instructions by callgrind: steady
on a machine that is busy, where times are not.  On the simulator.

    instructions.py [--keep FILE]      (VGPU_BUILD: the build; --keep: for callgrind_annotate)
"""

import argparse
import collections
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))

from stack import Stack  # noqa: E402

PATIENCE_S = 300
CALLS = ("cuEventRecord", "cuStreamWaitEvent", "cuLaunchKernel", "cuLaunchKernelEx",
         "cuMemcpyHtoDAsync_v2", "cuMemcpyAsync", "cuMemcpyDtoDAsync_v2", "cuMemsetD8Async",
         "cuGraphLaunch", "cuEventQuery", "cuStreamQuery")
NAME = re.compile(r"c?fn=\((\d+)\)(?: (\S+))?")


def totals(lines):
    """name -> [calls, instructions in them and in what they called]."""
    names, found = {}, collections.defaultdict(lambda: [0, 0])
    called, count = None, 0
    for line in lines:
        match = NAME.match(line)
        if match:
            number, name = match.groups()
            names.setdefault(number, name)
            called = names[number] if line.startswith("c") else called
        elif line.startswith("calls="):
            count = int(line[6:].split()[0])
        elif count and line[:1] in "0123456789+-*":
            found[called][0] += count
            found[called][1] += int(line.split()[-1])
            count = 0
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        sys.exit("instructions.py: there is no valgrind in $PATH; install Debian's package valgrind")
    with tempfile.TemporaryDirectory(prefix="vgpu-bench-") as folder, Stack() as stack:
        out = arguments.keep or Path(folder) / "callgrind.out"
        guest = stack.start(valgrind, "--tool=callgrind", f"--callgrind-out-file={out}",
                            stack.build / "test/bench/vgpu-bench-calls")
        result = guest.finish(PATIENCE_S)
        if result.status != 0:
            sys.exit(f"vgpu-bench-calls under valgrind: status {result.status}\n{result.err}")
        with open(out, encoding="utf-8") as lines:
            found = totals(lines)
    for call in CALLS:
        count, instructions = found[call]
        print(f"{call:24} {instructions / max(count, 1):8.0f} instructions, {count} calls")


if __name__ == "__main__":
    main()
