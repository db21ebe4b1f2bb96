#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 tells the truth of a slice, of all of a machine's programs, and costs no worker."""

import re

from case import StackCase, main, wait_for

PROGRAM = "vgpu-process-nvml"
QUOTA_MIB = 512
DRIVER_NOT_LOADED = 9


class Nvml(StackCase):
    settings = {"executor.memory_quota_mib": QUOTA_MIB}

    def ask(self, what, *args):
        result = self.stack.run(PROGRAM, what, *args)
        self.assertEqual(result.status, 0, result)
        return result.out.splitlines()

    def watcher(self):
        """A function that asks a program that stays: used, free, {pid: MiB}."""
        program = self.stack.start(PROGRAM, "watch")
        asked = 0

        def use():
            nonlocal asked
            program.process.stdin.write(b"\n")
            program.process.stdin.flush()
            asked += 1
            lines = wait_for(lambda: (program.output().count("\n") >= asked
                                      and program.output().splitlines()), "an answer")
            words = lines[asked - 1].split()
            self.assertEqual(words[0], "use", lines)
            held = {int(p): int(m) for p, m in (w.split(":") for w in words[3:])}
            return int(words[1]), int(words[2]), held

        return use

    def test_what_stays_the_same(self):
        count, name, uuid, bus, total, driver, library, cuda = self.ask("show")[0].split("|")
        self.assertEqual((count, total), ("1", str(QUOTA_MIB)))
        self.assertEqual(name, "vgpu simulator")
        self.assertRegex(uuid, r"^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertRegex(bus, r"^[0-9A-F]{8}:[0-9A-F]{2}:[0-9A-F]{2}\.0$")
        self.assertEqual(driver, "580.0")
        self.assertEqual(library, f"{int(cuda) // 1000}.{driver}")

    def test_it_agrees_with_cuda(self):
        self.assertEqual(self.ask("same"), ["same"])

    def test_a_question_costs_no_worker(self):
        use = self.watcher()
        use()
        self.assertEqual(self.stack.usage().workers, self.baseline.workers)

    def test_memory_of_another_program_is_seen_and_freed_at_its_end(self):
        use = self.watcher()
        self.assertEqual(use(), (0, QUOTA_MIB, {}))
        holder = self.stack.start(PROGRAM, "hold", 100)
        holder.wait_line("held")
        used, free, held = use()
        self.assertEqual(held, {holder.pid: used})
        self.assertTrue(100 <= used <= 104, used)
        self.assertEqual(used + free, QUOTA_MIB)
        second = self.stack.start(PROGRAM, "hold", 50)
        second.wait_line("held")
        both, _, held = use()
        self.assertEqual(set(held), {holder.pid, second.pid})
        self.assertEqual(both, sum(held.values()))
        self.assertEqual(held[holder.pid], used)
        for program in (holder, second):
            self.assertEqual(program.finish().status, 0)
        wait_for(lambda: use() == (0, QUOTA_MIB, {}), "the memory to be free again")

    def test_a_context_without_memory_is_a_process(self):
        use = self.watcher()
        holder = self.stack.start(PROGRAM, "hold", 0)
        holder.wait_line("held")
        self.assertEqual(use()[2], {holder.pid: 0})

    def test_more_than_the_quota_together_is_not_more_than_all(self):
        use = self.watcher()
        holders = [self.stack.start(PROGRAM, "hold", 300) for _ in range(2)]
        for holder in holders:
            holder.wait_line("held")
        used, free, held = use()
        self.assertEqual((used, free), (QUOTA_MIB, 0))
        self.assertGreater(sum(held.values()), QUOTA_MIB)

    def test_a_killed_program_holds_nothing(self):
        use = self.watcher()
        holder = self.stack.start(PROGRAM, "hold", 64)
        holder.wait_line("held")
        self.assertGreaterEqual(use()[0], 64)
        holder.kill()
        wait_for(lambda: use() == (0, QUOTA_MIB, {}), "the memory to be free again")

    def test_a_child_asks_for_itself(self):
        lines = self.ask("fork")
        self.assertEqual(lines[-1], f"use 0 {QUOTA_MIB}")
        self.assertEqual(set(lines), {lines[-1]})

    def test_threads_that_start_and_stop(self):
        self.assertEqual(self.ask("threads"), ["done"])

    def test_without_broker_the_driver_is_not_loaded(self):
        result = self.stack.run(PROGRAM, "show", path=str(self.stack.folder / "nothing.sock"))
        self.assertEqual(result.status, 3, result)
        self.assertIn(f"= {DRIVER_NOT_LOADED} (Driver Not Loaded)", result.out)
        self.assertTrue(re.search(r"^vgpu: no broker at ", result.err, re.M), result)


if __name__ == "__main__":
    main()
