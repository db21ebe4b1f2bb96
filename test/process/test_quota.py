#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Device memory of a machine: 10,000 random sequences of several processes, never over its quota."""

import mmap
import re
import struct

from case import StackCase, main, wait_for

PROGRAM = "vgpu-process-quota"
QUOTA_MIB = 128
PROCESSES = 3
SEQUENCES = 10_000


class Quota(StackCase):
    settings = {"policy.default_memory_quota_mib": QUOTA_MIB, "broker.channel_mib": 64,
                "policy.context_mib": 1}

    def shared(self):
        """The number that the programs keep together: its file and its bytes."""
        path = self.stack.folder / "sum"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file:
            return path, mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def test_never_over(self):
        path, page = self.shared()
        self.addCleanup(page.close)
        sequences = SEQUENCES // 10 if self.stack.sanitized() else SEQUENCES
        each = sequences // PROCESSES + 1
        programs = [self.stack.start(PROGRAM, path, seed, each, QUOTA_MIB)
                    for seed in range(1, PROCESSES + 1)]
        for program in programs:
            program.wait_line("ready")
        for program in programs:
            program.process.stdin.close()
        most = 0

        def ended():
            nonlocal most
            most = max(most, struct.unpack_from("<Q", page)[0])
            return all(program.process.poll() is not None for program in programs)

        wait_for(ended, "the sequences", 60)
        refused = 0
        for program in programs:
            self.assertEqual(program.process.returncode, 0, program.result())
            refused += int(re.search(r"done refused=(\d+)", program.output())[1])
        print(f"[most {most >> 20} MiB of {QUOTA_MIB}, refused {refused}]", flush=True)
        self.assertGreater(refused, 0)
        self.assertGreater(most, QUOTA_MIB << 19)


if __name__ == "__main__":
    main()
