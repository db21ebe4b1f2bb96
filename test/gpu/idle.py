#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What idle sessions cost on a running stack: broker memory and wake-ups per second.

    idle.py --broker PID --sessions N --program vgpu-process-guest --library DIR --socket PATH

Every session has a context, so a worker.  The same program is then held idle natively: a worker
cannot wake less often than the driver's own threads do.  The last line is the result.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
import procfs  # noqa: E402

NATIVE = 4
SETTLE_S = 3
WATCH_S = 5
RSS_KIB_MAX = 32 * 1024


def role(pid):
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    for flag, name in ((b"--worker", "worker"), (b"--gpu", "supervisor"), (b"--all", "launcher")):
        if flag in words:
            return name
    return "broker" if b"vgpu-broker" in words[0] else "guest"


def through_us(options):
    return dict(os.environ, LD_LIBRARY_PATH=options.library, VGPU_SOCKET=options.socket)


def native():
    return {key: value for key, value in os.environ.items()
            if key not in ("LD_LIBRARY_PATH", "VGPU_SOCKET")}


def hold(options, count, environment):
    guests = []
    for number in range(count):
        guest = subprocess.Popen([options.program, "hold", str(number)], env=environment,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if guest.stdout.readline().split()[:1] != [b"ready"]:
            raise SystemExit(f"session {number} did not start")
        guests.append(guest)
    return guests


def end(guests):
    for guest in guests:
        guest.kill()
        guest.wait()


def watch(pids):
    before = {pid: procfs.wakeups(pid) for pid in pids}
    time.sleep(WATCH_S)
    most = {}
    for pid in pids:
        rate = (procfs.wakeups(pid) - before[pid]) / WATCH_S
        most[role(pid)] = max(most.get(role(pid), 0), rate)
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("broker", int), ("sessions", int), ("program", str), ("library", str),
                       ("socket", str)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    options = parser.parse_args()
    guests = hold(options, options.sessions, through_us(options))
    time.sleep(SETTLE_S)
    rss = procfs.status_kib(options.broker, "RssAnon")
    most = watch([*procfs.family(options.broker), *(guest.pid for guest in guests)])
    end(guests)
    guests = hold(options, NATIVE, native())
    time.sleep(SETTLE_S)
    most["native"] = watch([guest.pid for guest in guests])["guest"]
    end(guests)
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in sorted(most.items()))
    print(f"{options.sessions} sessions: broker RssAnon {rss / 1024:.1f} MiB; wake-ups/s, most of "
          f"a kind: {rates}")
    return 0 if rss <= RSS_KIB_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
