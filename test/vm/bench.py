#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a virtual machine adds: the same programs in a guest and as processes of the host.

Prints a table: guest, host, and their ratio.  Under emulation (tcg) the figures are the
emulator's; they say nothing of KVM.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "process")]

from guest import GuestError  # noqa: E402
from initramfs import InitramfsError  # noqa: E402
from stack import Stack, build_folder  # noqa: E402
from vgpu_guest import VgpuGuest, vgpu_image  # noqa: E402

BUILD = build_folder()
BELL = "test/vm/vgpu-vm-bell"
BENCH = "test/bench/vgpu-bench"
ROUND_TRIPS = 10000
BOOT_PAIRS = 5
# Busy polling of the broker, in µs: longer than any pause between two round trips, or none.
AWAKE_US = 2000
SCALE = 50


def on_host(stack, program, *args):
    return subprocess.run([BUILD / program, *map(str, args)], env=stack.guest_environment(),
                          check=True, capture_output=True, text=True).stdout


def in_guest(guest, program, *args):
    return guest.check(" ".join([Path(program).name, *map(str, args)]), 300)


def figures(text):
    """{name: (value, unit)} of vgpu-bench's lines."""
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {row["name"]: (row["value"], row["unit"]) for row in rows}


def p50(text):
    return float(re.search(r"p50=([0-9.]+)", text).group(1))


class Table:
    def __init__(self):
        self.rows = []

    def add(self, name, unit, guest, host):
        self.rows.append({"name": name, "unit": unit, "guest": guest, "host": host})
        ratio = f"{guest / host:8.2f}" if host else ""
        print(f"{name:34} {unit:8} {guest:12.2f} {host:12.2f} {ratio}", flush=True)


def bells(table, image, folder, name, spin_us):
    socket = str(folder / f"{name}.sock")
    with Stack(settings={"vms.a": socket, "broker.spin_us": spin_us}) as stack, \
            VgpuGuest(image, socket, BUILD) as guest:
        guest.wait_ready()
        rounds = [(p50(in_guest(guest, BELL, ROUND_TRIPS)), p50(on_host(stack, BELL, ROUND_TRIPS)))
                  for _ in range(3)]
        table.add(f"doorbell to answer p50, {name}", "us",
                  *(statistics.median(side) for side in zip(*rounds)))


def programs(table, image, folder):
    socket = str(folder / "programs.sock")
    with Stack(settings={"vms.a": socket, "broker.spin_us": "auto"}) as stack, \
            VgpuGuest(image, socket, BUILD, memory_mib=1024) as guest:
        guest.wait_ready()
        there = figures(in_guest(guest, BENCH, "--json", "-", "--scale", SCALE))
        here = figures(on_host(stack, BENCH, "--json", "-", "--scale", SCALE))
        for name, (value, unit) in there.items():
            table.add(name, unit, value, here[name][0])
        print(in_guest(guest, "bin/vgpu-info").rstrip())


def boots(table, image, folder):
    socket = str(folder / "boots.sock")
    seconds = {True: [], False: []}
    with Stack(settings={"vms.a": socket}):
        for _ in range(BOOT_PAIRS):
            for device in (True, False):
                begin = time.monotonic()
                with VgpuGuest(image, socket, BUILD, device=device) as guest:
                    guest.wait_ready()
                    seconds[device].append(time.monotonic() - begin)
    table.add("boot, with and without the device", "s",
              statistics.median(seconds[True]), statistics.median(seconds[False]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    # Opened before the first figure is taken, so that none is lost.
    parser.add_argument("--json", type=argparse.FileType("a"))
    chosen = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="vgpu-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        image = folder / "guest.cpio"
        vgpu_image(BUILD, [BUILD / BELL, BUILD / BENCH]).write(image)
        print(f"{'figure':34} {'unit':8} {'guest':>12} {'host':>12} {'ratio':>8}")
        bells(table, image, folder, "parked", "0")
        bells(table, image, folder, "awake", str(AWAKE_US))
        programs(table, image, folder)
        boots(table, image, folder)
    if chosen.json:
        Path(chosen.json.name).write_text(json.dumps(table.rows, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except (GuestError, InitramfsError) as error:
        sys.exit(f"bench: {error}")
