#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every C file against .clang-format; --fix rewrites the files instead."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import source


def main():
    parser = source.parser(__doc__)
    parser.add_argument("--fix", action="store_true")
    options = parser.parse_args()
    tool = shutil.which("clang-format-14")
    if tool is None:
        print("clang-format-14 is not installed (./dev deps)")
        sys.exit(77)
    names = [n for n in source.c_files() if not n.startswith("guest/kmod/")]
    arguments = ["-i"] if options.fix else ["--dry-run", "-Werror"]

    def format_some(some):
        run = subprocess.run([tool, *arguments, *some], cwd=source.ROOT, text=True,
                             capture_output=True, check=False)
        return run.stderr.strip() if run.returncode else None

    chunks = [names[i:i + 16] for i in range(0, len(names), 16)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [p for p in pool.map(format_some, chunks) if p]
    source.finish(problems, f"format: {len(names)} files")


if __name__ == "__main__":
    main()
