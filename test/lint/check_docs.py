#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Relative links in Markdown files must lead somewhere, headings included; README's count of
calls is that of docs/specs/calls.md."""

import re

import source

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def anchors(name):
    """The anchors that a reader's tool makes of the headings."""
    found = set()
    for heading in HEADING.findall(FENCE.sub("", source.read(name))):
        text = re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower()
        found.add(text.replace(" ", "-"))
    return found


def check(name):
    text = CODE.sub("", FENCE.sub(lambda m: "\n" * m.group(0).count("\n"), source.read(name)))
    for match in LINK.finditer(text):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", link):
            continue
        line = text.count("\n", 0, match.start()) + 1
        path, _, anchor = link.partition("#")
        target = (source.ROOT / name).parent / path if path else source.ROOT / name
        if not target.exists():
            yield f"{name}:{line}: {link} leads nowhere"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{name}:{line}: no heading '#{anchor}' in {target.name}"


def counts_of_calls():
    said = re.search(r"(\d+) of (\d+) calls of the Driver API", source.read("README.md"))
    calls, done = re.search(r"symbols for (\d+) calls\. (\d+) are implemented",
                            source.read("docs/specs/calls.md")).groups()
    if said is None or said.groups() != (done, calls):
        yield f"README.md: docs/specs/calls.md says {done} of {calls} calls of the Driver API"


def main():
    names = [n for n in source.tracked() if n.endswith(".md")]
    problems = [p for n in names for p in check(n)] + list(counts_of_calls())
    source.finish(problems, f"links: {len(names)} documents")


if __name__ == "__main__":
    main()
