#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A licence line on top of every source, script and document, the right one for its folder."""

import re
from pathlib import Path

import source

SUFFIXES = (".c", ".h", ".py", ".sh", ".cmake", ".proto", ".md", ".conf", ".cu", ".yml", ".in",
            ".service", ".socket", ".rules", ".1", ".5", ".7", ".8")
NAMES = {"CMakeLists.txt", ".clang-format", ".clang-tidy", ".editorconfig"}
LINE = re.compile(r"SPDX-License-Identifier: ([^*\n]+?)\s*(?:\*/|-->)?$")
DUAL = "Apache-2.0 OR GPL-2.0-or-later"
BY_FOLDER = [("qemu-device/", {"GPL-2.0-or-later", DUAL}), ("guest/kmod/", {"GPL-2.0-only", DUAL})]


def wants_line(name):
    if name.startswith(("LICENSES/", "test/fuzz/corpus/")):
        return False
    return name.endswith(SUFFIXES) or Path(name).name in NAMES or source.is_script(name)


def allowed(name):
    for folder, licences in BY_FOLDER:
        if name.startswith(folder):
            return licences
    return {"Apache-2.0", DUAL}


def check(name):
    lines = source.read(name).split("\n")
    # Below the #! line of a script; in C it is the very first.
    for line in lines[:2] if lines[0].startswith("#!") else lines[:1]:
        match = LINE.search(line)
        if match:
            if match.group(1) in allowed(name):
                return None
            return f"{name}: licence {match.group(1)} in a folder of {sorted(allowed(name))}"
    return f"{name}: no SPDX-License-Identifier line on top"


def main():
    names = [n for n in source.tracked() if wants_line(n)]
    problems = [p for p in map(check, names) if p]
    for licence in ("Apache-2.0", "GPL-2.0-only", "GPL-2.0-or-later"):
        if not (source.ROOT / "LICENSES" / (licence + ".txt")).is_file():
            problems.append(f"LICENSES/{licence}.txt is missing")
    source.finish(problems, f"licences: {len(names)} files")


if __name__ == "__main__":
    main()
