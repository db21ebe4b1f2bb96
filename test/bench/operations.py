#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the host's own programs cost: a broker with 64 machines of which none is active, its start
without a GPU, `vgpuctl status` and a reader of the metrics while a session floods, and a call
beside such a reader.  Figures of this host, no verdict.

    operations.py [--machines N] [--seconds S] [--json FILE]      (VGPU_BUILD: the build)
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))

import procfs  # noqa: E402
import wire  # noqa: E402
from fake_device import Device  # noqa: E402
from scrape import ask  # noqa: E402
from stack import Stack, build_folder  # noqa: E402

PATIENCE_S = 30
STARTS = 20
LOOKS = 100
# A text is kept for a second.
SCRAPES, SCRAPE_S = 10, 1.1
CALLS = 4000


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rank(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def starts():
    """Milliseconds from fork to READY of a broker that has no GPU."""
    times = []
    for _ in range(STARTS):
        began = time.monotonic()
        with Stack(spawn=False):
            times.append((time.monotonic() - began) * 1000)
    return times


def idle(stack, machines, seconds):
    """(MiB of anonymous memory, per cent of a core) with that many machines connected."""
    devices = [Device(stack.vm_socket(name), PATIENCE_S).up() for name in machines]
    pid = stack.broker.pid
    time.sleep(1)
    before = processor_seconds(pid)
    time.sleep(seconds)
    share = (processor_seconds(pid) - before) / seconds * 100
    resident = int(procfs.status(pid)["RssAnon"].split()[0]) / 1024
    return devices, resident, share


def flood(path, ready):
    """A session that always has more to do than fits its ring."""
    calls = b"".join(wire.record(0x20000, sequence=n) for n in range(1000))
    guest = wire.RawGuest(path, PATIENCE_S)
    guest.greet()
    guest.open()
    ready.set()
    while True:
        words = wire.COMPLETE_WORDS_AT
        guest.set_word(words + wire.TAIL, guest.word(words + wire.HEAD))
        if guest.head - guest.word(wire.SUBMIT_WORDS_AT + wire.TAIL) + len(calls) <= wire.SUBMIT_BYTES:
            guest.put(calls)


def looks(stack):
    """Milliseconds of `vgpuctl status --json`, process start included."""
    command = [str(stack.build / "ctl/vgpuctl"), "--control", stack.control_socket,
               "--hostd", "/nonexistent", "status", "--json"]
    times = []
    for _ in range(LOOKS):
        began = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        times.append((time.monotonic() - began) * 1000)
    return times


def scrapes(where, count):
    """Milliseconds of GET /metrics, each of a text that is made for it."""
    times = []
    for _ in range(count):
        time.sleep(SCRAPE_S)
        began = time.monotonic()
        ask(where)
        times.append((time.monotonic() - began) * 1000)
    return times


def calls(path):
    """Milliseconds of a call that is answered, CALLS of them in some seconds."""
    times = []
    with wire.RawGuest(path, PATIENCE_S) as guest:
        guest.greet()
        guest.open()
        for sequence in range(CALLS):
            began = time.monotonic()
            guest.put(wire.record(0x20000, sequence=sequence))
            guest.answer()
            times.append((time.monotonic() - began) * 1000)
            time.sleep(0.001)
    return times


def beside(function, *arguments):
    """A process that goes on until it is killed."""
    child = multiprocessing.Process(target=function, args=arguments, daemon=True)
    child.start()
    return child


def end(child):
    child.kill()
    child.join()


def measure(machines, seconds):
    names = [f"m{index}" for index in range(machines)]
    found = {"start_ms": rank(starts(), 0.5)}
    folder = tempfile.TemporaryDirectory(prefix="vgpu-bench-")
    where = folder.name + "/metrics.sock"
    with folder, Stack(vms=names, settings={"broker.metrics": where}) as stack:
        devices, found["idle_mib"], found["idle_percent"] = idle(stack, names, seconds)
        found["call_max_ms"] = max(calls(stack.socket))
        reader = beside(scrapes, where, 1000)
        found["call_scrape_max_ms"] = max(calls(stack.socket))
        end(reader)
        ready = multiprocessing.Event()
        child = beside(flood, stack.socket, ready)
        ready.wait(PATIENCE_S)
        times = looks(stack)
        found["scrape_ms"] = rank(scrapes(where, SCRAPES), 0.5)
        end(child)
        for device in devices:
            device.close()
    found["status_p50_ms"] = rank(times, 0.5)
    found["status_p99_ms"] = rank(times, 0.99)
    return found


ROWS = (("start_ms", "broker, start to READY without a GPU, median of 20", "ms"),
        ("idle_mib", "broker, anonymous memory, machines connected and idle", "MiB"),
        ("idle_percent", "broker, share of a core then", "%"),
        ("status_p50_ms", "vgpuctl status beside a flood, median of 100", "ms"),
        ("status_p99_ms", "vgpuctl status beside a flood, p99 of 100", "ms"),
        ("scrape_ms", "GET /metrics beside a flood, median of 10", "ms"),
        ("call_max_ms", "an answered call, the slowest of 4,000", "ms"),
        ("call_scrape_max_ms", "the same beside a reader of metrics", "ms"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machines", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20)
    # Opened before the first figure is taken, so that none is lost.
    parser.add_argument("--json", type=argparse.FileType("a"))
    arguments = parser.parse_args()
    if not (build_folder() / "broker/vgpu-broker").is_file():
        sys.exit(f"operations.py: {build_folder()} has no broker/vgpu-broker: ./dev build, or "
                 "VGPU_BUILD names the build")
    found = measure(arguments.machines, arguments.seconds)
    print(f"machines={arguments.machines} processors={os.cpu_count()} driver=sim")
    for key, text, unit in ROWS:
        print(f"{text:58} {found[key]:8.2f} {unit}")
    if arguments.json:
        Path(arguments.json.name).write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
