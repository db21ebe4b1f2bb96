#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs unmodified CUDA programs natively and through vgpu, and compares what they tell.

Programs that are not timed run several at a time; timed ones alone, the two sides in turns.
The stack must run already (test/frameworks/run starts one).  In the folder of results:
frameworks.json with everything, and every run's output.  Exit status 1 when a program's results
differ or it fails through us.
"""

import argparse
import concurrent.futures
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import catalogue
import libraries
import sides
import table
import verdict
from busy import Busy
from execute import run

BAD = ("failed", "different")
# Seconds that are too few to start anything.
LEAST_S = 5
# So much longer than natively a program may take.
HANGS_S = 25
HANGS_TIMES = 5


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="build folder, or a pack's")
    parser.add_argument("--socket", required=True, help="the broker's socket")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--log", type=Path, help="the broker's log")
    parser.add_argument("--checks", default="torch,frameworks,libraries",
                        help="of torch, frameworks, libraries, driver")
    parser.add_argument("--only", default="", help="programs, with commas between")
    parser.add_argument("--skip", default="", help="programs that are left out")
    parser.add_argument("--quick", action="store_true", help="one round of each timed program")
    parser.add_argument("--rounds", type=int, default=2, help="of each timed program")
    parser.add_argument("--seconds", type=float, default=900, help="for everything")
    parser.add_argument("--jobs", type=int, default=4, help="programs at a time")
    parser.add_argument("--native-library", type=Path, help="native's libcuda.so.1")
    return parser.parse_args()


class Runner:
    def __init__(self, chosen, scratch):
        self.chosen = chosen
        self.end = time.monotonic() + chosen.seconds
        self.environments = sides.make(chosen, scratch)
        self.reasons = {}
        self.native_s = {}
        self.busy = None

    def left(self):
        return self.end - time.monotonic()

    def one(self, program, side, number):
        """One run, or None when no time is left."""
        limit_s = self.left()
        if limit_s < LEAST_S:
            return None
        if side == "vgpu" and program.name in self.native_s:
            # What hangs shall not use up everybody's time.
            limit_s = min(limit_s, HANGS_S + HANGS_TIMES * self.native_s[program.name])
        done = run(program, side, self.environments[side], number, self.chosen.results,
                   self.chosen.log, limit_s)
        if side == "native":
            self.native_s[program.name] = done["seconds"]
        return done

    def both(self, program, order=("native", "vgpu"), number=0):
        return [done for done in (self.one(program, side, number) for side in order) if done]

    def timed(self, program):
        """The two sides in turns; what differs by being the first is kept apart."""
        rounds = 1 if self.chosen.quick else max(1, self.chosen.rounds)
        runs = []
        if program.first:
            rounds += 1
            # The files come from the disk once.
            self.one(program, "native", 9)
        for number in range(rounds):
            order = ("native", "vgpu") if number % 2 == 0 else ("vgpu", "native")
            runs += self.both(program, order, number)
            if any(done["outcome"] != "done" for done in runs):
                break
        return runs

    def judged(self, program, runs):
        parts = [[done for done in runs if done["side"] == side] for side in ("native", "vgpu")]
        word, reason, count, found = verdict.judge(*parts)
        if word == "different" and len(parts[0]) == 1:
            again = self.one(program, "native", 1)
            if again and again["outcome"] == "done":
                runs.append(again)
                parts[0].append(again)
                word, reason, count, found = verdict.judge(*parts)
        row = {"name": program.name, "check": program.check, "verdict": word, "reason": reason,
               "results": count, "differences": found, "runs": runs, "figures": [], "regions": [],
               "unstable": sorted(verdict.unstable(parts[0]))}
        if program.timed:
            row["figures"] = list(self.figures(program, *parts))
        row["regions"] = [{"program": program.name, **cost} for done in parts[1][-1:]
                          for cost in verdict.regions(done)]
        print(table.program_line(row), flush=True)
        self.tidy(row)
        return row

    def tidy(self, row):
        """What nobody will look for is in frameworks.json."""
        if row["verdict"] in ("equal", "skipped"):
            for done in row["runs"]:
                for file in self.chosen.results.glob(f"{row['name']}.{done['side']}.*"):
                    file.unlink()

    def figures(self, program, native_runs, our_runs):
        native, ours = verdict.figures(native_runs), verdict.figures(our_runs)
        for name, lines in native.items():
            if name not in ours:
                continue
            shares = [self.busy.share(line["begin"], line["end"]) for line in lines]
            known = [share for share in shares if share is not None]
            share = sum(known) / len(known) if known and not program.first else None
            values = [line["value"] for line in ours[name]]
            sets = {" cold": values[:1], " warm": values[1:]} if program.first else {
                "": values}
            for suffix, some in sets.items():
                if some:
                    yield verdict.ratio_row(f"{program.name}.{name}{suffix}", lines[0]["unit"],
                                            lines[0]["better"], [x["value"] for x in lines], some,
                                            share)

    def unbuilt(self, program):
        why = self.reasons.get(program.name)
        if why is None:
            return None
        row = {"name": program.name, "check": program.check, "verdict": "skipped", "reason": why,
               "results": 0, "differences": {}, "runs": [], "figures": [], "regions": [],
               "unstable": []}
        print(table.program_line(row), flush=True)
        return row

    def together(self, programs):
        with concurrent.futures.ThreadPoolExecutor(max(1, self.chosen.jobs)) as pool:
            return list(pool.map(
                lambda program: self.unbuilt(program) or self.judged(program, self.both(program)),
                programs))

    def everything(self, programs, build):
        """build: makes the library programs and returns why one could not be made."""
        rows = []
        with Busy() as self.busy, concurrent.futures.ThreadPoolExecutor(1) as builder:
            built = builder.submit(build)
            for program in programs:
                if program.first:
                    rows.append(self.judged(program, self.timed(program)))
            self.reasons = built.result()
            rows += self.together([p for p in programs if not (p.timed or p.alone)])
            for program in programs:
                if program.alone:
                    rows.append(self.judged(program, self.both(program)))
                elif program.timed and not program.first:
                    rows.append(self.judged(program, self.timed(program)))
        return rows


def select(chosen, binaries):
    checks, only, skip = (set(filter(None, text.split(",")))
                          for text in (chosen.checks, chosen.only, chosen.skip))
    programs = catalogue.everything(binaries)
    unknown = (only | skip) - {program.name for program in programs}
    unknown |= checks - {program.check for program in programs}
    if unknown:
        sys.exit(f"run.py: no program or check {', '.join(sorted(unknown))}")
    return [p for p in programs if p.name not in skip
            and (p.name in only if only else p.check in checks)]


def report(rows, busy, chosen):
    for row in rows:
        lines = list(table.trouble_lines(row))
        if lines:
            print(f"\n-- {row['name']}: {row['verdict']} {row['reason']}"[:400])
            print("\n".join(lines))
    said = list(table.said_lines(rows))
    if said:
        print("\nour library said:", *said[:60], sep="\n")
    figures = [figure for row in rows for figure in row["figures"]]
    if figures:
        print("", *table.figure_lines(figures), sep="\n")
        if busy.problem:
            print(f"how busy the GPU was is not known: {busy.problem}")
    regions = [cost for row in rows for cost in row["regions"]]
    if regions:
        print("", *table.region_lines(regions), sep="\n")
    print("", *(table.program_line(row) for row in rows), sep="\n")
    with open(chosen.results / "frameworks.json", "w", encoding="utf-8") as out:
        json.dump({"programs": rows, "aims": catalogue.AIMS}, out, indent=1)


def summary(rows):
    words = {}
    for row in rows:
        words[row["verdict"]] = words.get(row["verdict"], 0) + 1
    return ", ".join(f"{count} {word}" for word, count in sorted(words.items())) or "nothing ran"


def main():
    chosen = options()
    chosen.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vgpu-frameworks-") as folder:
        os.chmod(folder, 0o755)
        binaries = Path(folder) / "libraries"
        programs = select(chosen, binaries)
        wanted = [p.name for p in programs if p.check == "libraries"]
        runner = Runner(chosen, Path(folder))
        rows = runner.everything(programs, lambda: libraries.build(binaries, wanted))
    report(rows, runner.busy, chosen)
    print(f"{len(rows)} programs: {summary(rows)}; {chosen.seconds - runner.left():.0f} s")
    return 1 if any(row["verdict"] in BAD for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
