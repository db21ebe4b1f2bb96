#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What frameworks call in every step asks the worker only where the answer can be nobody else's."""

import re
import tempfile
import unittest
from pathlib import Path

from case import StackCase, main

PROGRAM = "vgpu-process-steady"
TIMES = 8
# Round trips and waits of one turn at most, where they are not 0.  A wait for work that was just
# sent is one; so is one for an answer.
ALLOWED = {
    "set_limit": (2, 2),
    "division": (1, 1),  # the driver is told; the question is known
    "portable": (1, 1),
    "free_memory": (1, 1),
    "copy_out": (0, 1),
    "synchronised": (0, 1),
    "event_synchronised": (0, 1),
    "elapsed": (1, 2),
    "context_synchronised": (1, 1),
    "graph_made": (2, 2),  # its making, and its first launch
    "training": (0, 1),
}


def counted(text):
    """(round trips, waits) of each pair of lines, from start to stop."""
    lines = [{key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}
             for line in text.splitlines() if not line.endswith("at=exit")]
    return [(stop["round_trip"] - start["round_trip"], stop["host_waits"] - start["host_waits"])
            for start, stop in zip(lines[::2], lines[1::2])]


class Steady(StackCase):
    def test_calls_of_a_step(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "stats"
            result = self.stack.run(PROGRAM, environment={"VGPU_STATS_FILE": str(file)})
            self.assertEqual(result.status, 0, result)
            text = file.read_text()
        *names, last = result.out.split()
        self.assertEqual(last, "done")
        counts = counted(text)
        self.assertEqual(len(counts), len(names))
        self.assertLessEqual(ALLOWED.keys(), set(names))
        for name, (trips, waits) in zip(names, counts):
            allowed = ALLOWED.get(name, (0, 0))
            print(f"[{name}: {trips / TIMES:g} round trips, {waits / TIMES:g} waits]", flush=True)
            with self.subTest(name):
                self.assertLessEqual(trips, allowed[0] * TIMES)
                self.assertLessEqual(waits, allowed[1] * TIMES)


if __name__ == "__main__":
    main()
