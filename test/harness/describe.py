#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints in two lines what one program did, from the guest library's statistics.

The worker's sandbox is what the supervisor read in /proc/PID/status before it
handed the worker out.  Fails when there are no statistics (the program did not load
our library), or when the worker was handed out without its sandbox.
"""

import argparse
import re
import sys
from pathlib import Path

READY = re.compile(r" worker ready .*\bno_new_privs=.*$", re.MULTILINE)
LOCKED = {"no_new_privs": "1", "seccomp": "2"}  # 2 is "filter" in /proc/PID/status


def read(path):
    """The text of a file; empty when it is missing."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def words(text):
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


def size(value):
    amount = float(value)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} GiB"


def describe_calls(stats, ms):
    moved = f"to the device {size(stats['bytes_htod'])}, back {size(stats['bytes_dtoh'])}"
    print(f"    calls: local {stats['local']}, one-way {stats['one_way']}, "
          f"round trip {stats['round_trip']}; {moved}; {ms} ms")


def describe_worker(pid, log):
    """Prints the worker's layers; true if the sandbox is in force."""
    for line in READY.findall(log):
        worker = words(line)
        if worker.get("pid") == pid:
            layers = " ".join(f"{key}={worker.get(key, '?')}"
                              for key in ("no_new_privs", "seccomp", "landlock"))
            print(f"    worker {pid}: {layers}")
            return all(worker.get(key) == value for key, value in LOCKED.items())
    print(f"    worker {pid}: the log does not know it")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stats", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--ms", type=int, required=True)
    options = parser.parse_args()
    stats = words(read(options.stats))
    if not stats:
        print("    no statistics: the program did not load our libcuda.so.1")
        sys.exit(1)
    describe_calls(stats, options.ms)
    sys.exit(0 if describe_worker(stats["worker_pid"], read(options.log)) else 1)


if __name__ == "__main__":
    main()
