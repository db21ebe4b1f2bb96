#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the sources of a built tree, as many at once as there are CPUs."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import source

FOLDERS = ("common/", "proto/", "broker/", "executor/", "guest/", "hostd/", "ctl/")
# gcc knows options that clang 14 does not, or only behind a second switch.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option",
         "--extra-arg=-Wno-unused-command-line-argument",
         "--extra-arg=-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang"]


def main():
    parser = source.parser(__doc__)
    parser.add_argument("--build", required=True, help="build folder with compile_commands.json")
    parser.add_argument("files", nargs="*", help="these files only, relative to the root")
    options = parser.parse_args()
    tool = shutil.which("clang-tidy-14")
    if tool is None:
        print("clang-tidy-14 is not installed (./dev deps)")
        sys.exit(1)
    database = json.loads((Path(options.build) / "compile_commands.json").read_text())
    known = {os.path.relpath(os.path.join(e["directory"], e["file"]), source.ROOT)
             for e in database}
    names = options.files or [n for n in source.c_files((".c",)) if n.startswith(FOLDERS)]
    names = [n for n in names if n in known]

    def tidy(name):
        run = subprocess.run([tool, "-p", options.build, "--quiet", *EXTRA, name],
                             cwd=source.ROOT, text=True, capture_output=True, check=False)
        return (run.stdout + run.stderr).strip() if run.returncode else None

    options.build = os.path.abspath(options.build)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [p for p in pool.map(tidy, names) if p]
    source.finish(problems, f"clang-tidy: {len(names)} files")


if __name__ == "__main__":
    main()
