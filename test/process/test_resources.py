#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What sessions cost, what idleness costs, and that limits are kept."""

import time
import unittest

import procfs
import wire
from case import GUEST, PATIENCE_S, StackCase, main
from stack import build_folder, sanitizer

WATCH_S = 3
WATCHES = 3
CONNECTS = 1000
IDLE_SESSIONS = 64
IDLE_KIB_MAX = 32 * 1024
# Heap that a thousand sessions may leave behind in the allocator's free lists.
GROWTH_KIB_MAX = 512


class Sessions(StackCase):
    def greeted(self):
        guest = wire.RawGuest(self.stack.socket, PATIENCE_S)
        self.addCleanup(guest.close)
        self.assertEqual(guest.greet()[0], "welcome")
        return guest

    def rss(self):
        return procfs.status_kib(self.stack.broker.pid, "RssAnon")

    def test_thousand_connects(self):
        for _ in range(CONNECTS // 5):
            wire.RawGuest(self.stack.socket, PATIENCE_S).close()
        before = self.rss()
        for _ in range(CONNECTS):
            wire.RawGuest(self.stack.socket, PATIENCE_S).close()
        self.stack.settle(self.baseline)
        grown = self.rss() - before
        print(f"[{CONNECTS} connects: RssAnon {before} KiB, grown by {grown}]", flush=True)
        if not sanitizer(build_folder()):
            self.assertLessEqual(grown, GROWTH_KIB_MAX)

    def test_idle_sessions_are_small(self):
        empty = self.rss()
        guests = [self.greeted() for _ in range(IDLE_SESSIONS)]
        full = self.rss()
        print(f"[{IDLE_SESSIONS} idle sessions: RssAnon {full} KiB, empty {empty}]", flush=True)
        self.assertEqual(self.stack.usage().workers, self.baseline.workers)
        if not sanitizer(build_folder()):
            self.assertLessEqual(full, IDLE_KIB_MAX)
        for guest in guests:
            guest.close()

    @unittest.skipIf(sanitizer(build_folder()) == "thread", "its run time has a clock of its own")
    def test_idle_processes_sleep(self):
        """Wake-ups of every process of the stack with an idle session that has a worker."""
        holder = self.stack.start(GUEST, "hold", "7")
        holder.wait_line("ready")
        self.greeted()
        self.stack.wait_spares(sessions=1)
        pids = {f"{role}-{pid}": pid for role, pids in (
            ("broker", [self.stack.broker.pid]), ("supervisor", [self.stack.supervisor()]),
            ("worker", self.stack.workers()), ("guest", [holder.pid])) for pid in pids}
        for _ in range(WATCHES):  # in the first, what was under way before may still end
            woken = self.watch(pids)
            if max(woken.values()) <= 2 * WATCH_S:
                break
        self.assertLessEqual(max(woken.values()), 2 * WATCH_S, woken)
        self.assertEqual(holder.finish().status, 0)

    def watch(self, pids):
        """Wake-ups by process over WATCH_S seconds."""
        before = {name: procfs.wakeups(pid) for name, pid in pids.items()}
        time.sleep(WATCH_S)
        woken = {name: procfs.wakeups(pid) - before[name] for name, pid in pids.items()}
        print(f"[wake-ups in {WATCH_S} s: {woken}]", flush=True)
        return woken


class Limits(StackCase):
    settings = {"broker.sessions_max": "4", "executor.workers_max": "3"}

    def test_sessions_max(self):
        guests = [wire.RawGuest(self.stack.socket, PATIENCE_S) for _ in range(4)]
        for guest in guests:
            self.addCleanup(guest.close)
            guest.greet()
        for _ in range(3):
            with wire.Peer(self.stack.socket) as peer:
                kind, fields = peer.receive(PATIENCE_S)
                self.assertEqual(kind, "refuse")
                self.assertEqual(wire.zigzag(fields[1]), 46)
                self.assertEqual(peer.fds, [])
        refused = self.stack.run(GUEST, "session")
        self.assertEqual(refused.status, 1, refused)
        self.assertRegex(refused.out, r"^refused \w+ code=46 ")
        guests[0].close()
        self.assertEqual(self.stack.run(GUEST, "session").status, 0)

    def test_workers_max(self):
        """The fourth program waits for a worker or is refused honestly; it never hangs for good."""
        holders = []
        for number in range(3):
            holders.append(self.stack.start(GUEST, "hold", number))
            holders[-1].wait_line("ready")
        late = self.stack.start(GUEST, "session")
        for holder in holders:
            self.assertEqual(holder.finish().status, 0)
        result = late.finish()
        if result.status:
            self.assertRegex(result.out, r"^refused \w+ code=(46|2|802) ")


if __name__ == "__main__":
    main()
