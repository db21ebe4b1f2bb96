#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever takes all there is gets its code, harms nobody, and can give back and take again."""

import re

from case import PATIENCE_S, StackCase, main

PROGRAM = "vgpu-process-limits"
FILL_S = 4 * PATIENCE_S  # tens of thousands of calls that are waited for
OUT_OF_MEMORY = 2
QUOTA_MIB = 512
CHANNEL_MIB = 64
DEVICE_MIB = 2
PINNED_MIB = 4


class Limits(StackCase):
    settings = {"executor.memory_quota_mib": QUOTA_MIB, "broker.channel_mib": CHANNEL_MIB}

    def fill(self, kind):
        """How many of a kind a program gets; another one works meanwhile."""
        program = self.stack.start(PROGRAM, kind)
        line = program.wait_line("full", FILL_S)
        count, code = map(int, re.search(r"count=(\d+) code=(\d+)", line).groups())
        print(f"[{kind}: {count}]", flush=True)
        self.assertEqual(code, OUT_OF_MEMORY)
        self.assert_session_passes()
        result = program.finish()
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.out.splitlines()[1:], [f"still code={OUT_OF_MEMORY}", "empty"])
        return count

    def test_streams(self):
        self.assertEqual(self.fill("stream"), 2047)  # the legacy stream is one

    def test_events(self):
        self.assertEqual(self.fill("event"), 65536)

    def test_contexts(self):
        self.assertEqual(self.fill("context"), 256 - 16 - 1)  # primary ones, the program's own

    def test_links(self):
        self.assertEqual(self.fill("link"), 256)

    def test_address_ranges(self):
        self.assertEqual(self.fill("range"), 4096)

    def test_physical_memory(self):
        self.assertEqual(self.fill("physical"), QUOTA_MIB // DEVICE_MIB)

    def test_device_memory(self):
        self.assertEqual(self.fill("device"), QUOTA_MIB // DEVICE_MIB)

    def test_memory_of_a_pool(self):
        self.assertEqual(self.fill("ordered"), QUOTA_MIB // DEVICE_MIB)

    def test_pinned_memory(self):
        count = self.fill("pinned")
        self.assertGreater(count, CHANNEL_MIB // PINNED_MIB // 2)
        self.assertLess(count, CHANNEL_MIB // PINNED_MIB)

    def test_variables_of_modules(self):
        self.assertEqual(self.fill("module"), QUOTA_MIB // 16)

    def test_arrays(self):
        self.assertEqual(self.fill("array"), QUOTA_MIB // DEVICE_MIB)

    def test_executable_graphs(self):
        self.assertEqual(self.fill("exec"), 16384)

    def test_stack_of_threads(self):
        self.assertGreater(self.fill("stack"), 0)


class LimitsOfAMachine(StackCase):
    """The same of a quota that all sessions of a machine have together: the broker's ledger."""

    settings = {"policy.default_memory_quota_mib": QUOTA_MIB, "broker.channel_mib": CHANNEL_MIB}
    fill = Limits.fill
    test_physical_memory = Limits.test_physical_memory
    test_device_memory = Limits.test_device_memory
    test_variables_of_modules = Limits.test_variables_of_modules
    test_arrays = Limits.test_arrays

    def assert_session_passes(self):
        """Another process of the machine finds nothing left."""
        result = self.stack.run("vgpu-process-guest", "session")
        self.assertEqual(result.out, f"refused cuMemAlloc_v2 code={OUT_OF_MEMORY} then=0\n", result)


if __name__ == "__main__":
    main()
