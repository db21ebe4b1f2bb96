#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a program does over and over costs no memory: not its own, nor its worker's."""

import os
import unittest

import procfs
from case import StackCase, main
from stack import build_folder, sanitizer

PROGRAM = "vgpu-process-growth"
ROUNDS = int(os.environ.get("VGPU_GROWTH_ROUNDS", "2000"))
# 64 bytes a round would be as much; what allocators keep for themselves is less.
MOST_KIB = 128
KINDS = ("launch", "new_event", "old_event", "new_stream", "new_capture", "new_graph", "old_graph",
         "host", "new_memory", "new_array", "registered")


# Sanitizers keep what is freed.
@unittest.skipIf(sanitizer(build_folder()), "a sanitizer's memory says nothing of the program's")
class Growth(StackCase):
    def grow(self, kind):
        worker, = self.stack.workers()  # the spare, which the program gets
        guest = self.stack.start(PROGRAM, kind, ROUNDS)

        def sizes():
            return [procfs.status_kib(p, "RssAnon") for p in (guest.pid, worker)]

        guest.wait_line("begun")
        before = sizes()
        guest.process.stdin.write(b"\n")
        guest.process.stdin.flush()
        guest.wait_line("done")
        after = sizes()
        print(f"[{kind}: {before} {after} KiB]", flush=True)
        self.assertEqual(guest.finish().status, 0)
        for was, now in zip(before, after):
            self.assertGreater(was, 0)
            self.assertLess(now - was, MOST_KIB)


def of(kind):
    return lambda self: self.grow(kind)


for name in KINDS:
    setattr(Growth, f"test_{name}", of(name))

if __name__ == "__main__":
    main()
