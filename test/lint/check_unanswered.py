#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lists of what no card has answered yet name what exists, each once.

    check_unanswered.py --conformance vgpu-conformance
"""

import argparse
import subprocess
import sys

import source

sys.path.insert(0, str(source.ROOT / "test/frameworks"))
import catalogue  # noqa: E402


def entries(text):
    """Line number and first word of every entry."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.split()[0]


def problems(name, text, known):
    seen = set()
    for number, word in entries(text):
        if word not in known:
            yield f"{name}:{number}: there is no '{word}'"
        if word in seen:
            yield f"{name}:{number}: '{word}' stands here twice"
        seen.add(word)


def listed(program, *options):
    """Kind and name of every case."""
    listing = subprocess.run([program, *options, "--list"], check=True, capture_output=True,
                             text=True)
    return [tuple(line.split()) for line in listing.stdout.splitlines()]


def cases(program):
    """Those that a card can be asked: natively, or through us alone."""
    return ({name for _, name in listed(program, "--native")} |
            {name for kind, name in listed(program) if kind == "ours"})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conformance", required=True)
    options = parser.parse_args()
    known = {
        "conformance": cases(options.conformance),
        "runtime": {word for _, word in entries(source.read("test/runtime/programs"))},
        "frameworks": {program.name for program in catalogue.everything(source.ROOT)},
    }
    found, count = [], 0
    for suite, names in known.items():
        path = f"test/{suite}/unanswered"
        text = source.read(path)
        found += problems(path, text, names)
        count += len(list(entries(text)))
    source.finish(found, f"unanswered: {count} names")


if __name__ == "__main__":
    main()
