#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs vgpu-bench natively and through vgpu in turns and compares the figures.

Each command prints JSON lines ({"name", "value", "unit", "better", "operations"}).
Rounds alternate, so that drift of the machine hits both sides.  The table shows
medians; the ratio is vgpu/native, so 1.00 is parity.  The column "waits" says how
often an operation waited for anything that the host makes (an answer, a fence, room
in a ring), from one more run of each figure; the guest library counts them.
--pids names processes (broker, executor) whose CPU time is read from /proc before
and after each run.
"""
import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

# What the project aims at, by driver: a figure of ours, or its ratio to the native one.
SIM_AIMS = {"mem_get_info_p50": ("at most", 60.0, "vgpu")}
CUDA_AIMS = {
    "launch_call_mean": ("at most", 2.0, "vgpu"),
    "launch_call_p50": ("at most", 1.0, "vgpu"),
    "launch_rate": ("at least", 0.8, "ratio"),
    "alloc_free_1mib": ("at most", 1.0, "ratio"),
    "launch_sync_p50": ("at most", 30.0, "vgpu"),
    "pinned_htod": ("at least", 0.95, "ratio"),
    "pinned_dtoh": ("at least", 0.95, "ratio"),
    "pageable_htod": ("at least", 0.9, "ratio"),
    "pageable_dtoh": ("at least", 0.9, "ratio"),
    "event_record": ("at most", 1.5, "ratio"),
    "event_record_asked": ("at most", 1.5, "ratio"),
    "event_query_busy": ("at most", 0.5, "ratio"),
    "event_query_done": ("at most", 0.5, "ratio"),
    "stream_query_busy": ("at most", 0.5, "ratio"),
    "stream_query_idle": ("at most", 0.5, "ratio"),
    "graph50_sync_p50": ("at most", 2.5, "ratio"),
}
NO_FIGURE = "none"


def cpu_seconds(pids):
    """CPU time, user and system, of the processes that still exist."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        # With reaped children: a session's worker is gone when its program is.
        total += sum(int(field) for field in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def run_figures(command, *more, env=None):
    """Figures by name."""
    words = shlex.split(command) + ["--json", "-", *more]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, env=env)
    except OSError as error:
        sys.exit(f"compare.py: {error.strerror}: {words[0]}, of: {command}")
    if done.returncode:
        sys.exit(f"compare.py: status {done.returncode} from: {command}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    try:
        return {figure["name"]: figure for figure in map(json.loads, lines)}
    except (ValueError, KeyError):
        sys.exit(f"compare.py: no figures in JSON lines from: {command}")


def run_once(command, pids):
    """Figures by name, and what the run cost in wall and CPU seconds."""
    before, start = cpu_seconds(pids), time.monotonic()
    figures = run_figures(command)
    return figures, {"wall_s": time.monotonic() - start, "cpu_s": cpu_seconds(pids) - before}


def count_waits(command, name):
    """How often the run of one figure waited for the host, and its operations."""
    with tempfile.NamedTemporaryFile(mode="r", prefix="vgpu-bench-") as stats:
        env = {**os.environ, "VGPU_STATS_FILE": stats.name}
        figures = run_figures(command, "--only", name, env=env)
        waits = re.findall(r"\bhost_waits=(\d+)", stats.read())
    return int(waits[-1]) if waits else None, figures.get(name, {}).get("operations", 0)


def waits_by_figure(command, names):
    """Waits of one operation by figure; what a run without figures waits is taken off."""
    base, _ = count_waits(command, NO_FIGURE)
    waits = {}
    for name in names if base is not None else ():
        count, operations = count_waits(command, name)
        if operations:
            waits[name] = max(0, count - base) / operations
    return waits


def collect(commands, rounds, pids):
    """Per side: every figure's values, and the cost of every run."""
    sides = {name: {"values": {}, "costs": []} for name in commands}
    units = {}
    for number in range(rounds):
        order = list(commands) if number % 2 == 0 else list(reversed(commands))
        for side in order:
            figures, cost = run_once(commands[side], pids)
            sides[side]["costs"].append(cost)
            for name, figure in figures.items():
                units[name] = (figure["unit"], figure["better"])
                sides[side]["values"].setdefault(name, []).append(figure["value"])
    return sides, units


def rows(sides, units):
    for name, (unit, better) in units.items():
        native = sides["native"]["values"].get(name)
        vgpu = sides["vgpu"]["values"].get(name)
        if not native or not vgpu:
            continue
        a, b = statistics.median(native), statistics.median(vgpu)
        yield {"name": name, "unit": unit, "better": better, "native": a, "vgpu": b,
               "ratio": b / a if a else None, "native_all": native, "vgpu_all": vgpu}


def aim(row, aims):
    if row["name"] not in aims:
        return ""
    word, limit, what = aims[row["name"]]
    value = row[what]
    met = value <= limit if word == "at most" else value >= limit
    return f"{what} {word} {limit:g}: {'met' if met else 'MISSED'}"


def print_table(table, aims):
    print(f"{'figure':<18} {'unit':<5} {'better':<6} {'native':>12} {'vgpu':>12} {'ratio':>7} "
          f"{'waits':>7}  aim")
    for row in table:
        ratio = f"{row['ratio']:.2f}" if row["ratio"] is not None else "-"
        waits = f"{row['waits']:.3f}" if row["waits"] is not None else "-"
        print(f"{row['name']:<18} {row['unit']:<5} {row['better']:<6} "
              f"{row['native']:>12.3f} {row['vgpu']:>12.3f} {ratio:>7} {waits:>7}  "
              f"{aim(row, aims)}")


def print_costs(sides, pids):
    for side, data in sides.items():
        wall = sum(cost["wall_s"] for cost in data["costs"])
        cpu = sum(cost["cpu_s"] for cost in data["costs"])
        share = f", {cpu / wall:.2f} cores" if wall else ""
        watched = f"; processes {','.join(pids)} used {cpu:.2f} CPU s{share}" if pids else ""
        print(f"{side}: {len(data['costs'])} runs, {wall:.1f} s{watched}")


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--native", required=True, help="command of the native run")
    parser.add_argument("--vgpu", required=True, help="command of the run through vgpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--driver", choices=("cuda", "sim"), default="cuda",
                        help="whose aims are printed beside the figures")
    # Opened before the first run, whose figures it would otherwise lose.
    parser.add_argument("--json", type=argparse.FileType("a", encoding="ascii"),
                        help="file for the table and every value")
    parser.add_argument("--pids", default="", help="process ids, separated by commas")
    return parser.parse_args()


def main():
    args = parse_args()
    pids = [pid for pid in args.pids.split(",") if pid.isdigit()]
    commands = {"native": args.native, "vgpu": args.vgpu}
    sides, units = collect(commands, max(1, args.rounds), pids)
    table = list(rows(sides, units))
    waits = waits_by_figure(args.vgpu, [row["name"] for row in table])
    for row in table:
        row["waits"] = waits.get(row["name"])
    print_table(table, CUDA_AIMS if args.driver == "cuda" else SIM_AIMS)
    print_costs(sides, pids)
    if args.json:
        with open(args.json.name, "w", encoding="ascii") as out:
            costs = {side: data["costs"] for side, data in sides.items()}
            json.dump({"figures": table, "costs": costs, "pids": pids}, out, indent=1)
            out.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
