#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md and docs/from-the-old-guide.md name what there is: vgpuctl's commands, units,
sockets and the words of the logs."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("operations.md", "from-the-old-guide.md")
# Words that stand for a number, a path or a name.
HOLES = {"X", "N", "PATH", "NAME", "…"}
UNIT = re.compile(r"\b(?:vgpu[\w-]*|mediator)@?\.(?:service|socket|target)\b")

SIGN = re.compile(r"`((?:\[(?:SOCKET|CONNECTION|HEARTBEAT|vgpu|cuda-executor)\]|Found |Listening |CUDA |Total |Pool |"
                  r"PROCESSING |SENDING )[^`]*)`")


def sources():
    texts = [path.read_text(errors="replace") for folder in ("broker", "executor", "hostd", "qemu-device")
             for path in (ROOT / folder).rglob("*.c")]
    # Adjacent literals are one text.
    return re.sub(r'"\s*\n\s*"', "", "\n".join(texts))


def commands():
    table = (ROOT / "ctl/command.c").read_text()
    return set(re.findall(r'^    \{"([a-z -]+)", "[^"]*", "', table, re.M))


def check_commands(page, text, known):
    for said in re.findall(r"vgpuctl ([a-z][a-z-]*(?: [a-z]+)?)", text):
        if said not in known and said.split()[0] not in known:
            yield f"{page}: vgpuctl has no command '{said}'"


def check_units(page, text):
    there = {path.name for path in (ROOT / "deploy/systemd").iterdir()}
    aliases = set(re.findall(r"^Alias=(.*)$", (ROOT / "deploy/systemd/vgpu-broker.service").read_text(), re.M))
    for unit in UNIT.findall(text):
        if unit not in there | aliases:
            yield f"{page}: there is no unit {unit}"


def check_signs(page, text, code):
    said = "\n".join(line for line in text.splitlines() if "| replaced |" not in line)
    for sign in SIGN.findall(said):
        pieces = re.split(r"\s*\b(?:%s)\b\s*|:|…|=" % "|".join(HOLES - {"…"}), sign)
        for piece in (p.strip() for p in pieces):
            if len(piece) > 2 and piece not in code and piece not in ("Pool A processed",):
                yield f"{page}: no program writes '{piece}' (of '{sign}')"


def main():
    problems, code, known = [], sources(), commands()
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text()
        problems += check_commands(page, text, known)
        problems += check_units(page, text)
        problems += check_signs(page, text, code)
    for problem in problems:
        print(problem)
    print(f"operations: {len(known)} commands" if not problems else f"operations: {len(problems)} problems")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
