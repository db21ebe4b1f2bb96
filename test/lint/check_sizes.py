#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bounds on files (600 lines) and functions (70), and their medians (250, 15)."""

import ast
import statistics

import source

FILE_MAX = 600
FUNCTION_MAX = 70
FILE_MEDIAN = 250
FUNCTION_MEDIAN = 15


def python_functions(name):
    for node in ast.walk(ast.parse(source.read(name))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def main():
    problems = []
    file_sizes = []
    function_sizes = []
    for name in source.tracked():
        is_c = name.endswith((".c", ".h"))
        if name.startswith(source.GENERATED) or not (
                is_c or name.endswith(".py") or source.is_script(name)):
            continue
        text = source.read(name)
        lines = text.count("\n")
        if lines > FILE_MAX:
            problems.append(f"{name}: {lines} lines, at most {FILE_MAX}")
        found = []
        if is_c:
            found = source.functions(text)
            file_sizes.append(lines)
            function_sizes += [size for _, _, size in found]
        elif name.endswith(".py"):
            found = list(python_functions(name))
        for function, line, size in found:
            if size > FUNCTION_MAX:
                problems.append(f"{name}:{line}: {function}() has {size} lines, at most {FUNCTION_MAX}")
    for what, sizes, most in (("files", file_sizes, FILE_MEDIAN),
                              ("functions", function_sizes, FUNCTION_MEDIAN)):
        median = statistics.median(sizes or [0])
        print(f"{len(sizes)} C {what}: median {median:g} lines, largest {max(sizes, default=0)}")
        if median >= most:
            problems.append(f"median of {what} is {median:g} lines, wanted under {most}")
    source.finish(problems, "sizes")


if __name__ == "__main__":
    main()
