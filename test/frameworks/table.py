# SPDX-License-Identifier: Apache-2.0
"""The runner's tables, as lines of text."""

import catalogue
from busy import ENOUGH_PERCENT

EXCERPT = 14
SHOWN_DIFFERENCES = 8


def program_line(row):
    times = "/".join(f"{sum(r['seconds'] for r in row['runs'] if r['side'] == side):.0f}"
                     for side in ("native", "vgpu"))
    what = row["reason"] or f"{row['results']} results"
    if row["differences"]:
        what = f"{len(row['differences'])} of {row['results']} results differ"
    if row["unstable"]:
        what += f"; native does not repeat {', '.join(row['unstable'])}"
    return f"{row['name']:<22} {row['verdict']:<13} {times + ' s':>10}  {what}"[:170]


def figure_verdict(row):
    """(word, whether it was missed)."""
    least, most = catalogue.AIMS.get(row["name"], (None, None))
    if row["busy"] is not None and row["busy"] < ENOUGH_PERCENT:
        return f"does not count: GPU {row['busy']:.0f} % busy", False
    if row["ratio"] is None or (least is None and most is None):
        return "", False
    missed = (least is not None and row["ratio"] < least) or (most is not None and row["ratio"] > most)
    aim = f"at least {least}" if least is not None else f"at most {most}"
    return f"{aim}: {'MISSED' if missed else 'met'}", missed


def figure_lines(rows):
    yield f"{'figure':<40} {'unit':<9} {'native':>10} {'vgpu':>10} {'ratio':>6} {'busy':>6}  aim"
    for row in rows:
        busy = "-" if row["busy"] is None else f"{row['busy']:.0f} %"
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
        yield (f"{row['name']:<40} {row['unit']:<9} {row['native']:>10.3f} {row['vgpu']:>10.3f} "
               f"{ratio:>6} {busy:>6}  {figure_verdict(row)[0]}")


def region_lines(rows):
    yield f"{'cost of one':<40} {'round trips':>12} {'waits':>8} {'one-way':>9} {'local':>9}  aim"
    for row in rows:
        worst = max(row["round_trip"], row["host_waits"])
        met = "met" if worst <= catalogue.WAITS_MAX else "MISSED"
        yield (f"{row['program'] + ', ' + row['unit']:<40} {row['round_trip']:>12.2f} "
               f"{row['host_waits']:>8.2f} {row['one_way']:>9.1f} {row['local']:>9.1f}  "
               f"at most {catalogue.WAITS_MAX:g} each: {met}")


def said_lines(rows):
    """What our library logged, each once, with the programs."""
    found = {}
    for row in rows:
        for run in row["runs"]:
            for line in run["said"]:
                found.setdefault(line, dict.fromkeys([row["name"]]))[row["name"]] = None
    for line, names in sorted(found.items()):
        yield f"{line[:140]}  ({', '.join(names)})"[:240]


def trouble_lines(row):
    """Everything needed to find out why."""
    for name, how in list(row["differences"].items())[:SHOWN_DIFFERENCES]:
        yield f"   {name}: {how}"[:400]
    for side in ("native", "vgpu"):
        bad = [run for run in row["runs"] if run["side"] == side
               and run["outcome"].startswith("failed")]
        for run in bad[:1]:
            yield from run_lines(run)


def run_lines(run):
    done = [line["result"] for line in run["lines"] if "result" in line]
    yield (f"   {run['side']}: status {run['status']} after {run['seconds']} s and {len(done)} "
           f"results, the last {done[-1] if done else '-'}; its last lines:")
    yield from (f"   | {line}"[:300] for line in run["stderr"][-EXCERPT:])
    if run["log"]:
        yield "   broker and workers:"
        yield from (f"   # {line}"[:300] for line in run["log"][-EXCERPT:])
