#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_stubs.py SYMBOLS FOLDER: for each library of SYMBOLS a source and a version script.

Linked into an empty library of the same name they stand in for glibc at link time only: the linker takes
from them which version of a symbol a program wants."""

import sys
from collections import defaultdict
from pathlib import Path


class Bad(Exception):
    """What SYMBOLS may not say, with its line."""


def symbol(text):
    """C for one symbol."""
    name, _, other = text.partition("=")
    if other:
        return f'extern __typeof({other}) {name} __attribute__((weak, alias("{other}")));'
    name, _, size = text.partition(":")
    return f"char {name}[{size}] __attribute__((aligned({size})));" if size else f"void {name}(void) {{}}"


def read(path):
    """{library: {version: [symbol text]}}, in the order of the file."""
    libraries = defaultdict(lambda: defaultdict(list))
    seen = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        words = line.split()
        if len(words) < 3 or not words[1].startswith("GLIBC_"):
            raise Bad(f"{path}:{number}: not 'SONAME GLIBC_VERSION SYMBOL...'")
        for text in words[2:]:
            name = text.partition("=")[0].partition(":")[0]
            if name in seen:
                raise Bad(f"{path}:{number}: {name} stands in line {seen[name]} already")
            seen[name] = number
        libraries[words[0]][words[1]] += words[2:]
    return libraries


def write(folder, name, versions):
    stem = name.partition(".")[0]
    texts = [text for symbols in versions.values() for text in symbols]
    (folder / f"{stem}.c").write_text("\n".join(map(symbol, texts)) + "\n")
    nodes = []
    for version, symbols in versions.items():
        names = " ".join(text.partition("=")[0].partition(":")[0] + ";" for text in symbols)
        nodes.append(f"{version} {{ global: {names} }};\n")
    nodes[-1] = nodes[-1].replace("};", "local: *; };")
    (folder / f"{stem}.map").write_text("".join(nodes))


def main(arguments):
    if len(arguments) != 2:
        raise Bad(__doc__.splitlines()[0])
    libraries = read(Path(arguments[0]))
    folder = Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, versions in libraries.items():
        write(folder, name, versions)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Bad, OSError) as error:
        sys.exit(f"make_stubs.py: {error}")
