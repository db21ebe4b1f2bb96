#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the table of instructions in docs/simulator.md against the simulator's sources."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def known():
    names = set()
    for file in (ROOT / "executor" / "sim").glob("op_*.c"):
        for table in re.findall(r"const struct lower_row \w+\[\] = \{(.*?)\n?\};", file.read_text(), re.S):
            names |= set(re.findall(r'\{"(\w+)",', table))
    return names


def described():
    page = (ROOT / "docs" / "simulator.md").read_text()
    table = re.search(r"\| family \| instructions \|\n(.*?)\n\n", page, re.S)
    names = []
    for row in table.group(1).splitlines()[1:]:
        names += re.search(r"`([^`]*)`", row).group(1).split()
    return names


def main():
    names = described()
    problems = [f"{n}: not in docs/simulator.md" for n in sorted(known() - set(names))]
    problems += [f"{n}: docs/simulator.md has it, no source" for n in sorted(set(names) - known())]
    problems += [f"{n}: twice in docs/simulator.md" for n in sorted(set(names)) if names.count(n) > 1]
    print("\n".join(problems) or f"{len(names)} instructions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
