#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes down the sandbox layers of every process below a broker while it lives.

The figures are the kernel's (/proc/PID/status), not the worker's own word.  One
JSON object a process id; the last look at a process stays after its end.
"""

import argparse
import json
import os
import time
from pathlib import Path

KEYS = ("Name", "PPid", "Uid", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapEff")
INTERVAL_S = 0.02


def status(pid):
    """The wanted lines of /proc/PID/status, or None when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    return {key: fields.get(key, "").split("\t")[0] for key in KEYS}


def below(root):
    """{pid: status} of all descendants of a process."""
    every = {int(n): status(n) for n in os.listdir("/proc") if n.isdigit()}
    every = {pid: fields for pid, fields in every.items() if fields}
    wanted = {root}
    grown = True
    while grown:
        more = {p for p, f in every.items() if int(f["PPid"] or 0) in wanted} - wanted
        wanted |= more
        grown = bool(more)
    return {pid: every[pid] for pid in wanted - {root} if pid in every}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    seen = {}
    while status(options.root):
        before = json.dumps(seen)
        seen.update({str(pid): fields for pid, fields in below(options.root).items()})
        after = json.dumps(seen)
        if after != before:
            part = options.out.with_suffix(".part")
            part.write_text(after, encoding="utf-8")
            part.replace(options.out)
        time.sleep(INTERVAL_S)


if __name__ == "__main__":
    main()
