#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance suite straight on the simulator and holds docs/simulator-and-card.md against it.

What a case wants is what a card answered, so a case that fails, is skipped or records other values
than `values` has is a difference.  Only those of the page may be there, at most 20, and all of them
must be.  A case that ends at a call which the simulator does not have is counted apart: the page
names these calls, and none of them is one that a worker makes.

usage: check_simulator.py VGPU-CONFORMANCE LIBRARY [--update | --one-in N]

--one-in: only every Nth case, for builds in which a process takes long to start.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs/simulator-and-card.md"
NUMBERS = re.compile(r"^```\n(asked .*?)^```$", re.M | re.S)
CALLS = re.compile(r"(^\| family \| calls \|\n\|[-|]+\|\n)(.*?)\n\n", re.M | re.S)
DIFFERENT = re.compile(r"^\| case \| card \|.*?\n\|[-|]+\|\n(.*?)\n\n", re.M | re.S)
DIFFERENT_MOST = 20


def run(program, library, one_in):
    listed = subprocess.run([program, "--native", "--list"], stdout=subprocess.PIPE, text=True,
                            check=True).stdout
    names = [line.split()[1] for line in listed.splitlines()][::one_in]
    with tempfile.TemporaryDirectory(prefix="vgpu-simulator-") as folder:
        out, chosen = Path(folder) / "cases.json", Path(folder) / "cases"
        chosen.write_text("\n".join(names) + "\n")
        done = subprocess.run([program, "--native", "--quiet", "--jobs", "2", "--json", out,
                               "--cases", chosen],
                              env={**os.environ, "VGPU_TEST_LIBCUDA": library},
                              stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="")
        if done.returncode not in (0, 1):
            sys.exit(f"{program} ended with {done.returncode}")
        return json.loads(out.read_text())["cases"]


def known_values():
    lines = (HERE / "values").read_text().splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {row[0]: row[1:] for row in rows}


def recorded(transcript):
    return [m for line in transcript.splitlines() for m in re.findall(r" is (-?\d+)$", line)]


def missing_call(case):
    found = re.search(r"skipped: the driver has no (\w+)\n\Z", case["transcript"])
    return found.group(1) if found and case["result"] == "skip" else None


def judge(cases):
    """What is different, with its reason, and the calls that were not there, with how often."""
    values, different, missing = known_values(), {}, {}
    for case in cases:
        name, call = f"{case['call']}.{case['name']}", missing_call(case)
        if call:
            missing[call] = missing.get(call, 0) + 1
        elif case["result"] != "pass":
            last = case["transcript"].strip().splitlines() or [""]
            different[name] = case["why"] or last[-1]
        elif name in values and recorded(case["transcript"]) != values[name]:
            different[name] = f"recorded {recorded(case['transcript'])}, wanted {values[name]}"
    return different, missing


def table():
    """Each call of the table: its family, and whether a worker makes it."""
    calls = {}
    for file in sorted((ROOT / "proto/api").glob("*.py")):
        scope = {}
        exec(compile(file.read_text(), file, "exec"), scope)
        for call in scope["CALLS"]:
            calls[call["name"]] = (file.stem, call.get("driver", "none") != "none")
    return calls


def call_rows(missing):
    families = {}
    for name in sorted(missing):
        family = table()[name][0] if name in table() else "?"
        families.setdefault(family, []).append(f"`{name}`")
    return "\n".join(f"| {family} | {' '.join(names)} |" for family, names in sorted(families.items()))


def counts(cases, different, missing):
    apart = sum(missing.values())
    return {"asked": len(cases), "equal": len(cases) - len(different) - apart,
            "different": len(different), "not_there": apart, "calls_not_there": len(missing)}


def update(found, missing):
    text = "".join(f"{name} {number}\n" for name, number in found.items())
    page = NUMBERS.sub(lambda _: f"```\n{text}```", PAGE.read_text())
    PAGE.write_text(CALLS.sub(lambda m: f"{m.group(1)}{call_rows(missing)}\n\n", page))


def compare_cases(cases, different, page):
    asked = {f"{case['call']}.{case['name']}" for case in cases}
    named = set(re.findall(r"^\| `([^`]+)` \|", DIFFERENT.search(page).group(1), re.M)) & asked
    yield from (f"{n}: different, not in {PAGE.name}: {different[n]}"
                for n in sorted(set(different) - named))
    yield from (f"{n}: {PAGE.name} has it, but it is equal" for n in sorted(named - set(different)))
    if len(different) > DIFFERENT_MOST:
        yield f"{len(different)} differences, at most {DIFFERENT_MOST} may be"


def compare_calls(missing, page, whole):
    named = set(re.findall(r"`(\w+)`", CALLS.search(page).group(2)))
    made = {name for name, (_, worker) in table().items() if worker}
    yield from (f"{n}: the simulator does not have it, not in {PAGE.name} (--update)"
                for n in sorted(set(missing) - named))
    yield from (f"{n}: {PAGE.name} says that it is not there"
                for n in sorted(named - set(missing)) if whole)
    yield from (f"{n}: a worker makes it, the simulator must have it" for n in sorted(named & made))


def compare_numbers(found, page):
    """The page may lag behind, never run ahead."""
    for line in NUMBERS.search(page).group(1).splitlines():
        name, claimed = line.split()
        if name in ("asked", "equal") and int(claimed) > found[name]:
            yield f"{PAGE.name}: {name} {claimed}, but it is {found[name]}"


def compare(cases, different, missing, whole):
    page = PAGE.read_text()
    problems = [*compare_cases(cases, different, page), *compare_calls(missing, page, whole)]
    return problems + (list(compare_numbers(counts(cases, different, missing), page)) if whole else [])


def main():
    one_in = int(sys.argv[4]) if sys.argv[3:4] == ["--one-in"] else 1
    cases = run(sys.argv[1], sys.argv[2], one_in)
    different, missing = judge(cases)
    found = counts(cases, different, missing)
    print(", ".join(f"{name} {number}" for name, number in found.items()))
    if "--update" in sys.argv:
        update(found, missing)
    problems = compare(cases, different, missing, one_in == 1)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
