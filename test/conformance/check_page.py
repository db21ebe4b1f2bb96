#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/conformance.md claims no more cases than there are.

usage: check_page.py VGPU-CONFORMANCE [--update]
"""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/conformance.md"
BLOCK = re.compile(r"^```\n(cases .*?)^```$", re.M | re.S)
# Their number falls as calls are implemented.
FALLING = {"unsupported"}


def numbers(text):
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def main():
    program = subprocess.run([sys.argv[1], "--counts"], capture_output=True, text=True, check=True)
    page = PAGE.read_text()
    if "--update" in sys.argv:
        PAGE.write_text(BLOCK.sub(f"```\n{program.stdout}```", page))
        return 0
    counted = numbers(program.stdout)
    wrong = [f"{PAGE.name}: {name} {claimed}, but {counted.get(name, 0)} are there"
             for name, claimed in numbers(BLOCK.search(page).group(1)).items()
             if name not in FALLING and claimed > counted.get(name, 0)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
