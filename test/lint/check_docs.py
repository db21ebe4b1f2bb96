#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Relative links in Markdown files must lead somewhere, headings included; README's count of
calls is that of docs/specs/calls.md; every defence of docs/threat-model.md names tests that exist."""

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


def defences(text):
    """Rows of the table of attacks whose last column is not a list of tests below test/."""
    _, found, rest = text.partition("| attack | stopped by | shown by |\n|---|---|---|\n")
    if not found:
        yield "docs/threat-model.md: no table of attacks"
    for row in rest.split("\n\n", 1)[0].splitlines():
        attack, *_, shown = row.strip("|").split("|")
        tests = re.findall(r"`([^`]+)`", shown)
        if not tests:
            yield f"docs/threat-model.md: nothing shows that it is stopped: {attack.strip()}"
        for test in tests:
            if not (source.ROOT / "test" / test).is_file():
                yield f"docs/threat-model.md: there is no test/{test}: {attack.strip()}"


def main():
    names = [n for n in source.tracked() if n.endswith(".md")]
    problems = [p for n in names for p in check(n)] + list(counts_of_calls())
    problems += defences(source.read("docs/threat-model.md"))
    source.finish(problems, f"links: {len(names)} documents")


if __name__ == "__main__":
    main()
