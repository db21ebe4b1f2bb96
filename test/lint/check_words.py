#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Words that do not belong into the sources, and where CUresult may appear."""

import re

import source

LIBRARY = ("common/", "proto/", "broker/", "executor/", "guest/")
# main.c and options.c talk to the person at the terminal: help and version.
TERMINAL = re.compile(r"/(main|options)\.c$|^guest/tools/")
UNSAFE = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|alloca|gets|mktemp|tmpnam)\s*\(")
PRINTING = re.compile(r"\b(printf|vprintf|puts|putchar|perror)\s*\(|\bfprintf\s*\(\s*stderr")
UNFINISHED = re.compile(r"\bX{3}\b|\bFIX" + r"ME\b|\bTO" + r"DO\b(?!\(#\d+\))")
GOTO = re.compile(r"\bgoto\s+(?!out\b)(\w+)")
CURESULT = re.compile(r"\bCUresult\b")
CURESULT_HOMES = ("executor/", "guest/", "test/", "proto/cuda_", "ctl/self_test_child.c")


def rules(name):
    """(pattern, message) that hold for this C file."""
    yield UNSAFE, "is banned: no bound"
    yield GOTO, "goto goes forward to 'out:' only"
    yield re.compile(r"//"), "comments are /* */"
    if name.startswith(LIBRARY) and not TERMINAL.search(name):
        yield PRINTING, "prints from library or daemon code"
    if not name.startswith(CURESULT_HOMES):
        yield CURESULT, "appears outside executor/, guest/, test/, proto/cuda_*.h and the self-test"


def hits(name, text, pattern, message):
    for match in pattern.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield f"{name}:{line}: '{match.group(0)}' {message}"


def main():
    problems = []
    count = 0
    for name in source.tracked():
        is_c = name.endswith((".c", ".h"))
        if name.startswith(source.GENERATED) or not (
                is_c or name.endswith((".py", ".proto", ".cmake")) or source.is_script(name)):
            continue
        count += 1
        text = source.read(name)
        problems += hits(name, text, UNFINISHED, "needs an issue number or must go")
        if is_c:
            stripped = source.strip_c(text, keep_line_comments=True)
            for pattern, message in rules(name):
                problems += hits(name, stripped, pattern, message)
    source.finish(problems, f"words: {count} files")


if __name__ == "__main__":
    main()
