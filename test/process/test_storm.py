#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Threads that make valid calls in a random order get what each asked for, and end."""

import os

from case import StackCase, main
from stack import DRIVER

PROGRAM = "vgpu-process-storm"
# Another seed and more scenes, that all threads play together, make a longer search.
SEED = int(os.environ.get("VGPU_TEST_SEED", "1"))
SCENES = int(os.environ.get("VGPU_STORM_SCENES", "1600"))


class Storm(StackCase):
    def storm(self, threads):
        print(f"[{threads} threads, VGPU_TEST_SEED={SEED}]", flush=True)
        shared = {} if DRIVER == "sim" else {"VGPU_STORM_SHARED": "1"}
        result = self.stack.run(PROGRAM, threads, SCENES // threads, SEED, environment=shared)
        self.assertEqual((result.status, result.out), (0, "passed\n"), result.err)

    def test_two_threads(self):
        self.storm(2)

    def test_eight_threads(self):
        self.storm(8)


class StormOnTwo(Storm):
    gpus = 2


if __name__ == "__main__":
    main()
