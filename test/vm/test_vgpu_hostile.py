#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A guest that writes anything anywhere harms nobody else."""

import argparse
import random
import re
import sys

from vgpu_case import VgpuCase, main

CHOSEN = argparse.Namespace()


class Hostile(VgpuCase):
    def test_random_registers_and_rings_beside_a_working_machine(self):
        print(f"seed: {CHOSEN.seed}", file=sys.stderr)
        hostile = self.boot("a")
        honest = self.boot("b")
        scribble = hostile.start(f"vgpu-vm-scribble {CHOSEN.seconds} {CHOSEN.seed}")
        rounds = 0
        while scribble.poll() is None:
            status, output = honest.run("vgpu-vm-guest rounds 50", 120)
            self.assertEqual((status, output), (0, "passed rounds=50\n"))
            rounds += 50
        status, text = scribble.wait()
        print(f"{text}honest rounds meanwhile: {rounds}", file=sys.stderr)
        self.assertEqual(status, 0, text)
        self.check_coverage(text)
        self.assertGreater(rounds, 0)
        # The machine is no worse for it after a reset.
        hostile.reboot(hard=True)
        self.assert_works(hostile)
        self.assert_works(honest)

    def check_coverage(self, text):
        """Every register was read and written, and the states of a channel were met."""
        rows = re.findall(r"^([A-Z_]+) (\d+) (\d+)$", text, re.MULTILINE)
        self.assertEqual(len(rows), 15)
        for name, read, written in rows:
            self.assertGreater(int(read), 0, name)
            self.assertGreater(int(written), 0, name)
        met = dict(re.findall(r"^state (\d) met (\d+)", text, re.MULTILINE))
        for state in "0124":
            self.assertGreater(int(met[state]), 0, f"state {state} was not met:\n{text}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    CHOSEN, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    main()
