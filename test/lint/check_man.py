#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every man page passes mandoc's own checks, warnings included."""

import re
import shutil
import subprocess
import sys

import source

PAGE = re.compile(r"\.[1-9]$")


def main():
    names = [n for n in source.tracked() if "/man/" in n and PAGE.search(n)]
    if not names or shutil.which("mandoc") is None:
        print("no man pages" if not names else "mandoc is not installed (./dev deps)")
        sys.exit(77)
    run = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *names], cwd=source.ROOT, text=True,
                         capture_output=True, check=False)
    problems = (run.stdout + run.stderr).strip().split("\n") if run.returncode else []
    source.finish(problems, f"man pages: {len(names)} pages")


if __name__ == "__main__":
    main()
