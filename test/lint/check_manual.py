#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every function of a header has a comment above it, or above those that it stands among: headers
are the manual."""

import re

import source

# Lists of native's own functions.
LISTS = ("executor/sim/alias.h", "executor/sim/ptsz.h")
PROTOTYPE = re.compile(r"(?!static|typedef|struct \w+ {|enum|union|return)[A-Za-z_][\w *]*?\b(\w+)\(")


def bare(text):
    """(line, name) of functions that stand under no comment."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = PROTOTYPE.match(line)
        if not found or found[1] == "__attribute__":
            continue
        at = number - 1
        while at >= 0 and lines[at].strip() and not lines[at].rstrip().endswith("*/"):
            at -= 1
        if at < 0 or not lines[at].strip():
            yield number + 1, found[1]


def main():
    names = [n for n in source.tracked()
             if n.endswith(".h") and not n.startswith("test/") and n not in LISTS]
    problems = [f"{name}:{line}: {function} has no comment: what is it for, what are its bounds, "
                "who owns what, what does it return" for name in names
                for line, function in bare(source.read(name))]
    source.finish(problems, f"manual: {len(names)} headers")


if __name__ == "__main__":
    main()
