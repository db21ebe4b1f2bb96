#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints in two lines what one program did, from the guest library's statistics.

Fails when there are none (the program did not use our library) or when its worker
was seen without its sandbox.
"""

import argparse
import json
import sys
from pathlib import Path

LOCKED = "2"  # Seccomp: 2 in /proc/PID/status is "filter"


def words(path):
    """key=value words of a file; empty when it is missing."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


def size(value):
    amount = float(value)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} GiB"


def layers(worker):
    """The worker's sandbox in words, and whether it is in force."""
    locked = worker["Seccomp"] == LOCKED and worker["NoNewPrivs"] == "1"
    filters = worker["Seccomp_filters"] or "?"
    text = f"no_new_privs={worker['NoNewPrivs']} seccomp={worker['Seccomp']} filters={filters}"
    return f"{text} uid={worker['Uid']} capabilities={worker['CapEff']}", locked


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stats", type=Path, required=True)
    parser.add_argument("--workers", type=Path, required=True)
    parser.add_argument("--ms", type=int, required=True)
    parser.add_argument("--no-sandbox", action="store_true", help="the build has none")
    options = parser.parse_args()
    stats = words(options.stats)
    if not stats:
        print("    no statistics: the program did not load our libcuda.so.1")
        sys.exit(1)
    get = lambda key: stats.get(key, "?")
    moved = ", ".join(f"{name} {size(stats[key])}"
                      for name, key in (("to the device", "bytes_htod"), ("back", "bytes_dtoh"))
                      if stats.get(key, "").isdigit())
    print(f"    calls: local {get('local')}, one-way {get('one_way')}, "
          f"round trip {get('round_trip')}; {moved}; {options.ms} ms")
    try:
        worker = json.loads(options.workers.read_text(encoding="utf-8")).get(get("worker_pid"))
    except OSError:
        worker = None
    if worker is None:
        print(f"    worker {get('worker_pid')}: not seen while it lived")
        sys.exit(1)
    text, locked = layers(worker)
    print(f"    worker {get('worker_pid')}: {text}")
    sys.exit(0 if locked or options.no_sandbox else 1)


if __name__ == "__main__":
    main()
