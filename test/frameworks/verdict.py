# SPDX-License-Identifier: Apache-2.0
"""Compares what a program told natively with what it told through us."""

import statistics

RESULT_FIELDS = ("value", "sha", "near")


def results(lines):
    """Results by name; a name that comes again gets its number."""
    found, seen = {}, {}
    for line in lines:
        if "result" in line:
            name = line["result"]
            seen[name] = seen.get(name, 0) + 1
            found[name if seen[name] == 1 else f"{name}#{seen[name]}"] = line
    return found


def close(native, ours, rel, absolute):
    native = native if isinstance(native, list) else [native]
    ours = ours if isinstance(ours, list) else [ours]
    return len(native) == len(ours) and all(
        a == b or abs(a - b) <= max(absolute, rel * abs(a)) for a, b in zip(native, ours))


def apart(native, ours):
    """How far two contents are from each other, as a share of native's size."""
    size = native.get("size") or 1.0
    if native.get("bytes") != ours.get("bytes"):
        return f"{native.get('bytes')} and {ours.get('bytes')} bytes"
    if "sum" not in native or "sum" not in ours:
        return "bytes differ"
    sums = abs(native["sum"] - ours["sum"]) / size
    sizes = abs(native["size"] - ours["size"]) / size
    return f"bytes differ; sums {sums:.1e} apart, sizes {sizes:.1e}"


def one(native, ours):
    """None, or how the two differ."""
    if ours is None:
        return "not told through us"
    if native is None:
        return "not told natively"
    if "sha" in native and "sha" in ours:
        return None if native["sha"] == ours["sha"] else apart(native, ours)
    if "near" in native and "near" in ours:
        same = close(native["near"], ours["near"], native["rel"], native["abs"])
        return None if same else f"native {native['near']}, ours {ours['near']}"[:600]
    kind = next((field for field in RESULT_FIELDS if field in native), None)
    if kind and native.get(kind) == ours.get(kind):
        return None
    return f"native {native.get(kind)!r}, ours {ours.get(kind)!r}"[:600]


def differences(native_lines, our_lines):
    """(number of results, {name: how})."""
    native, ours = results(native_lines), results(our_lines)
    names = dict.fromkeys([*native, *ours])
    found = {name: one(native.get(name), ours.get(name)) for name in names}
    return len(names), {name: how for name, how in found.items() if how}


def unstable(native_runs):
    """{name: how} of results that native does not repeat."""
    found = {}
    for run in native_runs[1:]:
        found.update(differences(native_runs[0]["lines"], run["lines"])[1])
    return found


def judge(native_runs, our_runs):
    """(word, reason, number of results, differences) of a program.  What native tells otherwise
    the next time says nothing about us."""
    for word, runs in (("native failed", native_runs), ("failed", our_runs)):
        for run in runs:
            if run["outcome"].startswith("failed"):
                return word, run["outcome"][8:], 0, {}
    skips = [run["outcome"] for run in native_runs if run["outcome"] != "done"]
    ours = [run["outcome"] for run in our_runs if run["outcome"] != "done"]
    if skips:
        return "skipped", skips[0][9:], 0, {}
    if ours:
        return "failed", f"{ours[0]}; natively it runs", 0, {}
    if not native_runs or not our_runs:
        return "skipped", "no time left", 0, {}
    count, found = 0, {}
    for run in our_runs:
        count, now = differences(native_runs[0]["lines"], run["lines"])
        found.update(now)
    for name in unstable(native_runs):
        found.pop(name, None)
    return ("different" if found else "equal"), "", count, found


def figures(runs):
    """{name: [figure line of every run]}."""
    found = {}
    for run in runs:
        for line in run["lines"]:
            if "figure" in line:
                found.setdefault(line["figure"], []).append(line)
    return found


def regions(run):
    """What one operation of each region cost, by the library's counters at its two ends."""
    marks = {}
    for line in run["stats"]:
        marks.setdefault((line.get("pid"), line.get("at")), []).append(line)
    found, taken = [], {}
    for line in run["lines"]:
        if "region" not in line:
            continue
        number = taken[line["pid"]] = taken.get(line["pid"], -1) + 1
        ends = [marks.get((line["pid"], at), []) for at in ("start", "stop")]
        if any(len(end) <= number for end in ends):
            continue
        begin, end = (end[number] for end in ends)
        costs = {key: (end[key] - begin[key]) / line["operations"]
                 for key in ("round_trip", "host_waits", "one_way", "local")}
        found.append({"region": line["region"], "unit": line["unit"], **costs})
    return found


def ratio_row(name, unit, better, native, ours, busy):
    a, b = statistics.median(native), statistics.median(ours)
    return {"name": name, "unit": unit, "better": better, "native": a, "vgpu": b,
            "ratio": b / a if a else None, "busy": busy, "native_all": native, "vgpu_all": ours}
