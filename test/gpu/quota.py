#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Device memory of a machine with a quota, by NVML: what test/process/test_quota.py asks of the
broker's own ledger, asked of the card.

    quota.py [--quota MIB] [--sequences N] [--processes N] [--nvml LIBRARY]

Nobody else may use the card.  The programs allocate and free at random; what the card says to be
used above the contexts of their workers may never be more than the quota, and is all given back.
VGPU_BUILD and VGPU_TEST_DRIVER as for the tests.  The last line is the result.
"""

import argparse
import ctypes
import mmap
import re
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from stack import PATIENCE_S, Stack, wait_for  # noqa: E402

PROGRAM = "vgpu-process-quota"
MIB = 1 << 20
RUN_S = 240
STEADY_LOOKS = 20
LOOK_S = 0.05


class Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong),
                ("used", ctypes.c_ulonglong)]


class Process(ctypes.Structure):
    _fields_ = [("pid", ctypes.c_uint), ("used", ctypes.c_ulonglong),
                ("instance", ctypes.c_uint), ("compute", ctypes.c_uint)]


class Card:
    """The first GPU as NVML sees it."""

    def __init__(self, library):
        self.nvml = ctypes.CDLL(library)
        self.device = ctypes.c_void_p()
        self.must("nvmlInit_v2")
        self.must("nvmlDeviceGetHandleByIndex_v2", 0, ctypes.byref(self.device))

    def must(self, name, *args):
        status = getattr(self.nvml, name)(*args)
        if status != 0:
            raise SystemExit(f"{name} = {status}")

    def used(self):
        memory = Memory()
        self.must("nvmlDeviceGetMemoryInfo", self.device, ctypes.byref(memory))
        return memory.used

    def processes(self):
        """Bytes by process id; empty where NVML names no processes, as in a container."""
        count, rows = ctypes.c_uint(64), (Process * 64)()
        self.must("nvmlDeviceGetComputeRunningProcesses_v3", self.device, ctypes.byref(count), rows)
        return {row.pid: row.used for row in rows[:count.value]}

    def steady(self):
        """Bytes used, once they have stopped changing."""
        seen = []

        def same():
            time.sleep(LOOK_S)
            seen.append(self.used())
            return len(seen) > STEADY_LOOKS and len(set(seen[-STEADY_LOOKS:])) == 1

        wait_for(same, "steady use of the card", 3 * PATIENCE_S)
        return seen[-1]


def start(stack, options):
    """The programs, each with its worker, and the page that they share."""
    path = stack.folder / "sum"
    path.write_bytes(bytes(mmap.PAGESIZE))
    with open(path, "r+b") as file:
        page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
    each = options.sequences // options.processes + 1
    programs = [stack.start(PROGRAM, path, seed, each, options.quota)
                for seed in range(1, options.processes + 1)]
    for program in programs:
        program.wait_line("ready")
    stack.wait_spares(sessions=options.processes)
    return programs, page


def watch(card, programs, page):
    """The most that the card and the programs said while they ran; -1 by process where NVML names
    none."""
    most = {"card": 0, "programs": 0, "processes": -1}

    def ended():
        most["card"] = max(most["card"], card.used())
        most["programs"] = max(most["programs"], struct.unpack_from("<Q", page)[0])
        named = card.processes()
        if named:
            most["processes"] = max(most["processes"], sum(named.values()))
        return all(program.process.poll() is not None for program in programs)

    wait_for(ended, "the sequences", RUN_S)
    return most


def verdict(programs, options, contexts, most):
    """0, or 1 and why."""
    refused = 0
    for program in programs:
        if program.process.returncode != 0:
            print(f"a program failed: {program.result()}")
            return 1
        refused += int(re.search(r"done refused=(\d+)", program.output())[1])
    above = most["card"] - contexts
    named = "" if most["processes"] < 0 else f", by process {most['processes'] // MIB}"
    print(f"quota {options.quota} MiB, {options.processes} processes, {options.sequences} sequences: "
          f"card {above // MIB} above {contexts // MIB} MiB of contexts{named}, programs "
          f"{most['programs'] // MIB}, refused {refused}")
    return int(above > options.quota * MIB or refused == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quota", type=int, default=512)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--nvml", default="libnvidia-ml.so.1")
    options = parser.parse_args()
    card = Card(options.nvml)
    with Stack(settings={"policy.default_memory_quota_mib": options.quota}) as stack:
        programs, page = start(stack, options)
        contexts = card.steady()
        for program in programs:
            program.process.stdin.close()
        most = watch(card, programs, page)
        status = verdict(programs, options, contexts, most)
        page.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
