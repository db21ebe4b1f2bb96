#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the runtime suite, through us or (--compare) natively and through us.

Started where a stack runs already: LD_LIBRARY_PATH and VGPU_SOCKET lead to it, in a guest
(--in-guest) the first alone.  With --compare each program runs without the two as well, and what it
writes, line by line, and its exit status must be the same, but for the lines that the file
"differences" names.  --native-of takes native's side from what such a run has written.
"""

import argparse
import collections
import concurrent.futures
import difflib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 120
OURS = ("LD_LIBRARY_PATH", "VGPU_SOCKET")
# The guest library's own lines on standard error.
VOICE = re.compile(r"^vgpu: .*\n?", re.MULTILINE)

# Lines that are printed of a program.
SHOWN = 40
# The verdict on a program for which there was no time.
LEFT = "not begun"

Run = collections.namedtuple("Run", "status out err log")


def read_programs():
    """Name: options, in the order of the list."""
    programs = {}
    for line in (HERE / "programs").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, options = line.split()
            programs[name] = set(options.split(","))
    return {name: options for name, options in programs.items() if "plugin" not in options}


def read_differences():
    """Program: list of patterns of lines that may differ."""
    found = collections.defaultdict(list)
    for line in (HERE / "differences").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, pattern = line.split(None, 1)
            found[name].append(pattern.strip())
    return found


def run(program, environment):
    """One run in a session of its own, all of which is killed when it takes too long."""
    with subprocess.Popen([str(program)], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            status = "timeout"
    out, err = out.decode(errors="replace"), err.decode(errors="replace")
    return Run(status, out, VOICE.sub("", err), VOICE.findall(err))


def passed(result):
    return result.status == 0 and re.search(r"^\w+: PASS$", result.out, re.MULTILINE) is not None


def changed_lines(native, ours):
    """The lines of both that the other has not, in order."""
    def lines(result):
        return (result.out + result.err).splitlines() + [f"exit status {result.status}"]

    return [line for line in difflib.ndiff(lines(native), lines(ours)) if line[0] in "-+"]


def unexpected(changes, patterns):
    """Changes that no pattern names, and patterns that name nothing."""
    used = set()
    rest = []
    for change in changes:
        matching = [p for p in patterns if re.fullmatch(p, change[2:])]
        used.update(matching)
        if not matching:
            rest.append(change)
    return rest, [p for p in patterns if p not in used]


def judge(name, native, ours, patterns):
    """(verdict, lines that say why)."""
    if native is None:
        if passed(ours):
            return "ok", []
        return "FAIL", ours.out.splitlines()[-25:] + ours.err.splitlines()[-10:] + [
            line.rstrip() for line in ours.log] + [f"exit status {ours.status}"]
    changes = changed_lines(native, ours)
    rest, unused = unexpected(changes, patterns)
    if rest:
        return "DIFFERS", rest
    if unused:
        return "STALE", [f"no longer different: {pattern}" for pattern in unused]
    if not passed(native):
        return "NATIVE", [f"fails natively and through us alike, exit status {native.status}"] + [
            line for line in native.out.splitlines() if "wrong:" in line]
    return ("expected" if changes else "equal"), []


def kept_native(options):
    """Native's runs that another run has written, by program."""
    if not options.native_of:
        return {}
    rows = json.loads(options.native_of.read_text(encoding="utf-8"))
    return {row["program"]: Run(**row["native"]) for row in rows if row["native"]}


def one(name, options, flags, patterns):
    if time.monotonic() > options.end:
        return {"program": name, "verdict": LEFT, "why": [], "ours": None, "native": None}
    environment = dict(os.environ)
    if options.sim and "rdc" in flags:
        # Of code that nvlink has linked only the machine code is taken otherwise.
        environment["CUDA_FORCE_PTX_JIT"] = "1"
    ours = run(options.programs / name, environment)
    native = options.kept.get(name)
    if options.compare:
        native = run(options.programs / name,
                     {k: v for k, v in os.environ.items() if k not in OURS})
    verdict, why = judge(name, native, ours, patterns)
    return {"program": name, "verdict": verdict, "why": why,
            "ours": ours._asdict(), "native": native and native._asdict()}


def show(row):
    print(f"{row['verdict']:10} {row['program']}", flush=True)
    for line in row["why"][:SHOWN]:
        print(f"             {line}")
    if len(row["why"]) > SHOWN:
        print(f"             ... and {len(row['why']) - SHOWN} lines more")


def run_all(names, programs, options, differences):
    """Rows in the order in which they end; programs that fill the device run last, one by one."""
    rows = []

    def keep(row):
        rows.append(row)
        show(row)

    alone = [name for name in names if "alone" in programs[name]]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(one, name, options, programs[name], differences[name])
                   for name in names if name not in alone]
        for future in concurrent.futures.as_completed(waiting):
            keep(future.result())
    for name in alone:
        keep(one(name, options, programs[name], differences[name]))
    return rows


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--programs", type=Path, required=True, help="where they were built")
    parser.add_argument("--compare", action="store_true", help="run natively too, and compare")
    parser.add_argument("--sim", action="store_true", help="leave out what the simulator has not")
    parser.add_argument("--only", help="names, separated by commas")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--in-guest", action="store_true", help="the device leads to the stack")
    parser.add_argument("--native-of", type=Path, metavar="JSON", help="compare with that run's native")
    parser.add_argument("--seconds", type=float, help="after so long no program is begun")
    parser.add_argument("--json", type=Path, help="write all that was seen")
    options = parser.parse_args()
    options.end = time.monotonic() + (options.seconds or float("inf"))
    options.kept = kept_native(options)
    return options


def main():
    options = parse()
    programs = read_programs()
    if not (options.compare or options.in_guest or "VGPU_SOCKET" in os.environ):
        sys.exit("run.py: no VGPU_SOCKET: start it by test/harness/run.sh")
    names = options.only.split(",") if options.only else list(programs)
    unknown = [name for name in names if name not in programs]
    if unknown:
        sys.exit(f"run.py: no such program: {', '.join(unknown)}")
    left_out = [name for name in names if options.sim and "no-sim" in programs[name]]
    rows = run_all([name for name in names if name not in left_out], programs, options,
                   read_differences())
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    counts = collections.Counter(row["verdict"] for row in rows)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in sorted(counts))
    if left_out:
        told += f"; not on the simulator: {', '.join(left_out)}"
    print(f"runtime suite: {len(rows)} programs: {told}")
    return 1 if set(counts) - {"ok", "equal", "expected"} else 0


if __name__ == "__main__":
    sys.exit(main())
