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
    def growth(self, kind, rounds):
        """KiB that so many rounds cost the program and its worker."""
        self.stack.wait_spares()
        worker, = self.stack.workers()  # the spare, which the program gets
        guest = self.stack.start(PROGRAM, kind, rounds)

        def sizes():
            return [procfs.status_kib(p, "RssAnon") for p in (guest.pid, worker)]

        guest.wait_line("begun")
        before = sizes()
        guest.process.stdin.write(b"\n")
        guest.process.stdin.flush()
        guest.wait_line("done")
        after = sizes()
        print(f"[{kind}, {rounds} rounds: {before} {after} KiB]", flush=True)
        self.assertEqual(guest.finish().status, 0)
        self.assertGreater(min(before), 0)
        return max(now - was for was, now in zip(before, after))

    def grow(self, kind):
        if self.growth(kind, ROUNDS) >= MOST_KIB:
            # An allocator's area for one more thread costs so much once; ten times the rounds with
            # four times the memory would be less than half as much a round.
            self.assertLess(self.growth(kind, 10 * ROUNDS), 4 * MOST_KIB)


def of(kind):
    return lambda self: self.grow(kind)


for name in KINDS:
    setattr(Growth, f"test_{name}", of(name))

if __name__ == "__main__":
    main()
