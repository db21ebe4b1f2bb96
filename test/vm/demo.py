#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a guest on a running broker and runs the demo programs in it, one by one and all at once.

Prints each hop of a call once, then what every program did.  The last line says how many
programs passed; the exit status is 0 only when all did.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent),
                str(Path(__file__).resolve().parents[1] / "harness")]

import describe  # noqa: E402
from guest import GuestError  # noqa: E402
from vgpu_guest import VgpuGuest, vgpu_image  # noqa: E402

PROGRAMS = ("vectoradd", "saxpy", "matmul", "reduce", "pipeline", "threads", "misbehave",
            "bystander")
ARGUMENTS = {"bystander": "--rounds 20"}
PROGRAM_S = 300
SEPARATOR = "== statistics"
# Milliseconds; the clock has two decimals and may show the second with a leading zero.
NOW = "read -r up _ </proc/uptime; now=$((${up%.*} * 1000 + (1${up#*.} - 100) * 10))"


class Demo:
    def __init__(self, guest, log):
        self.guest = guest
        self.log = log
        self.failed = []

    def start(self, name):
        """Runs a program; its statistics follow its output."""
        return self.guest.start(
            f"export VGPU_STATS_FILE=/tmp/$$.stats; s=0; {NOW}; begin=$now; "
            f"vgpu-demo-{name} {ARGUMENTS.get(name, '')} || s=$?; {NOW}; "
            f"echo '{SEPARATOR}'; echo ms=$((now - begin)); cat $VGPU_STATS_FILE; exit $s")

    def report(self, name, job):
        status, text = job.wait(PROGRAM_S)
        output, _, rest = text.partition(SEPARATOR)
        verdict = re.search(r"^[a-z]+: (PASS|FAIL).*", output, re.MULTILINE)
        print(f"  {verdict.group(0) if verdict else '(no verdict)'}", flush=True)
        stats = describe.words(rest)
        good = status == 0 and verdict is not None and verdict.group(1) == "PASS"
        if "worker_pid" in stats:
            describe.describe_calls(stats, stats["ms"])
            good &= describe.describe_worker(stats["worker_pid"], describe.read(self.log))
        else:
            print("    no statistics: the program did not load our libcuda.so.1")
            good = False
        if not good:
            self.failed.append(name)
            print(f"  FAILED with exit status {status}; its output:\n{output}")

    def run(self):
        print("== one by one in the guest")
        for name in PROGRAMS:
            self.report(name, self.start(name))
        print(f"== {len(PROGRAMS)} at once in the guest")
        for name, job in [(name, self.start(name)) for name in PROGRAMS]:
            self.report(f"{name} at once", job)


def hops(guest, log, build, driver):
    """One line for each station between the program and the driver."""
    text = describe.read(log)

    def logged(pattern):
        found = re.search(pattern, text)
        return found.group(0) if found else "(the log does not say)"

    print("== the chain")
    for line in guest.run("vgpu-info")[1].splitlines():
        print(f"  guest   {line}")
    print(f"  device  vgpu-cuda in the unchanged QEMU of {guest.suite}, accelerator {guest.accel}, "
          f"process {guest.pid}")
    print(f"  broker  {logged(r'device connected .*')}")
    print(f"  worker  {logged(r'worker ready .*')}")
    print(f"  driver  {driver}", flush=True)


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--socket", required=True, help="the machine's socket of the broker")
    parser.add_argument("--log", type=Path, required=True, help="the broker's log")
    parser.add_argument("--driver", required=True, help="its name, to be printed")
    parser.add_argument("--suite", default="bookworm", help="whose QEMU")
    return parser.parse_args()


def main():
    chosen = options()
    programs = [chosen.build / f"test/programs/vgpu-demo-{name}" for name in PROGRAMS]
    with tempfile.NamedTemporaryFile(suffix=".cpio") as file:
        vgpu_image(chosen.build, programs).write(file.name)
        try:
            with VgpuGuest(file.name, chosen.socket, chosen.build, suite=chosen.suite,
                           name="demo", memory_mib=512) as guest:
                guest.wait_ready()
                hops(guest, chosen.log, chosen.build, chosen.driver)
                demo = Demo(guest, chosen.log)
                demo.run()
        except GuestError as error:
            print(f"demo: FAIL ({error}; driver={chosen.driver})")
            sys.exit(1)
    if demo.failed:
        print(f"demo: FAIL ({', '.join(demo.failed)}; driver={chosen.driver})")
        sys.exit(1)
    print(f"demo: PASS ({len(PROGRAMS)} programs in VM, driver={chosen.driver})")


if __name__ == "__main__":
    main()
