#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Any calls with any values: a worker answers or ends as it is meant to, and nobody else notices.

VGPU_TEST_SEED begins elsewhere, VGPU_TEST_SESSIONS makes more of them.
"""

import collections
import os
import re
import time

import hostile
import wire
from case import GUEST, PATIENCE_S, StackCase, main

FIRST = int(os.environ.get("VGPU_TEST_SEED", "1"))
SESSIONS = int(os.environ.get("VGPU_TEST_SESSIONS", "24"))
CALLS = 400
BATCH = 16
# Operations that sessions begin with (hostile.py), fewer than all that then succeed at times.
BEGINNING = 12
# A call may wait for what never comes; a session is left then.
SILENCE_S = 0.2
IMAGE = (hostile.ROOT / "test/conformance/kernels.ptx").read_bytes() + b"\0"
GONE = re.compile(r"worker gone .*exit=(-?\d+) signal=(\d+)")
# The peer is gone, a sticky error of the driver, a broken peer; or the broker ended it.
ENDS = {("0", "0"), ("75", "0"), ("76", "0"), ("-1", "9")}


class Hostile(StackCase):
    def session(self, seed, counts):
        """One guest; how many calls it made before its session ended, or all."""
        with wire.RawGuest(self.stack.socket, PATIENCE_S) as guest:
            self.assertEqual(guest.greet()[0], "welcome")
            self.assertEqual(guest.open()[0], "opened")
            guest.timeout_s = SILENCE_S
            caller = hostile.Caller(seed, guest.size, len(IMAGE))
            guest.memory[hostile.IMAGE_AT:hostile.IMAGE_AT + len(IMAGE)] = IMAGE
            while caller.sequence < CALLS:
                guest.put(caller.batch(BATCH))
                if not self.answers(guest, caller, counts):
                    break
            return caller.sequence

    def answers(self, guest, caller, counts):
        """Takes what comes until nothing is due; False: the session has ended, or waits."""
        while caller.asked:
            try:
                got = guest.answer()
            except TimeoutError:
                return False
            if got is None:
                return False
            if got[0] == hostile.HOST_CALL:
                caller.hear(got[3])
                continue
            learnt = caller.learn(got[1], got[3])
            if learnt:
                counts[learnt] += 1
        return True

    def test_any_calls(self):
        bystander = self.stack.start(GUEST, "bystander")
        bystander.wait_line("ready")
        counts, made, began = collections.Counter(), 0, time.monotonic()
        for seed in range(FIRST, FIRST + SESSIONS):
            made += self.session(seed, counts)
        good = {name for name, result in counts if result == 0}
        print(f"[seeds {FIRST} to {FIRST + SESSIONS - 1}: {made} calls, {sum(counts.values())} "
              f"answers, {len(good)} of {len(hostile.OPERATIONS)} operations succeeded, "
              f"{time.monotonic() - began:.1f} s]", flush=True)
        # Otherwise nothing was asked of a worker.
        self.assertGreater(len(good), BEGINNING)
        result = bystander.finish()
        self.assertEqual(result.status, 0, result)
        log = self.stack.log()
        ends = set(GONE.findall(log))
        self.assertTrue(ends & ENDS, "no worker's end is in the log")
        self.assertEqual(ends - ENDS, set(), "VGPU_TEST_SEED gives it again")
        for word in ("forbidden system call", "Sanitizer", "runtime error"):
            self.assertNotIn(word, log)


if __name__ == "__main__":
    main()
