#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone, twice included."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import source

FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-DVGPU_SANDBOX=1", "-DVGPU_VERSION=\"0\"",
         "-fsyntax-only", "-Wall", "-Wextra", "-Wundef", "-Wstrict-prototypes", "-Werror",
         "-x", "c", "-"]
# Made for another build system: QEMU's, the kernel's, the CUDA toolkit's.
FOREIGN = ("qemu-device/", "guest/kmod/", "test/frameworks/libraries/")


def main():
    parser = source.parser(__doc__)
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--include", action="append", default=[])
    options = parser.parse_args()
    names = [n for n in source.c_files((".h",)) if not n.startswith(FOREIGN)]
    paths = [f"-I{p}" for p in [str(source.ROOT)] + options.include]

    def compile_one(name):
        text = f'#include "{name}"\n' * 2
        run = subprocess.run([options.compiler, *paths, *FLAGS], input=text, text=True,
                             capture_output=True, check=False)
        return f"{name} does not compile alone:\n{run.stderr}" if run.returncode else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [p for p in pool.map(compile_one, names) if p]
    source.finish(problems, f"headers: {len(names)} headers")


if __name__ == "__main__":
    main()
