# SPDX-License-Identifier: Apache-2.0
"""What one process has loaded, a later one of the same machine does not send again."""

import re
import signal
import unittest

from stack import Stack, needed, wait_for

PROGRAM = "vgpu-process-cache"
MIB = 1 << 20


class Figures(dict):
    """Numbers of the broker's last line of totals, and of its cache."""

    def __init__(self, stack):
        before = stack.log().count(" total sessions=")
        stack.broker.send_signal(signal.SIGUSR1)
        wait_for(lambda: stack.log().count(" total sessions=") > before and
                 stack.log().endswith("\n"), "figures")
        for line in stack.log().splitlines():
            if "cache tenants=" in line:
                self.clear()
                self.update(self.numbers(line))
            elif "total sessions" in line:
                self.update(self.numbers(line))

    @staticmethod
    def numbers(line):
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


class CacheCase(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.stack = Stack(settings={"broker.cache_mib": "64", "broker.cache_vm_mib": "32",
                                     **self.settings})
        self.stack.__enter__()
        self.addCleanup(self.stack.close)

    def start(self, *arguments):
        guest = self.stack.start(PROGRAM, *map(str, arguments))
        guest.wait_line("ready")
        return guest

    def session_figure(self, name):
        """Of the only session, in the broker's last word about it."""
        Figures(self.stack)
        lines = [line for line in self.stack.log().splitlines() if " session session=" in line]
        return Figures.numbers(lines[-1])[name] if lines else None

    def end(self, guest):
        result = guest.finish()
        self.assertEqual(result.status, 0, result)
        return result.out.splitlines()

    def run_one(self, *arguments):
        """Runs a program to its end; its words."""
        return self.end(self.start(*arguments))

    def ended(self, count):
        """The totals when so many sessions have ended."""
        def there():
            figures = Figures(self.stack)
            return figures["ended"] == count and figures
        return wait_for(there, f"{count} ended sessions")

    def fill(self, *arguments):
        """The same, waiting until everything is filed: that is done behind the answer."""
        guest = self.start(*arguments)
        wait_for(lambda: self.session_figure("cache_filed") == len(arguments) - 2, "the filing")
        self.end(guest)


class Cache(CacheCase):
    def test_second_process_sends_nothing(self):
        self.fill("image", MIB, 5)
        first = self.ended(1)
        self.assertEqual((first["cache_hits"], first["cache_misses"], first["cache_filed"]),
                         (0, 1, 1))
        self.assertEqual(self.run_one("image", MIB, 5), ["loaded 5", "ready"])
        second = self.ended(2)
        self.assertEqual((second["cache_hits"], second["cache_misses"], second["cache_wrong"]),
                         (1, 1, 0))
        self.assertGreater(second["cache_bytes"], MIB)
        self.assertEqual(second["entries"], 1)

    def test_another_image_misses(self):
        self.fill("image", MIB, 5)
        self.assertEqual(self.run_one("image", MIB, 6), ["loaded 6", "ready"])
        self.assertEqual(self.ended(2)["cache_hits"], 0)

    def test_small_images_do_not_ask(self):
        self.run_one("image", 1000, 5)
        self.run_one("image", 1000, 5)
        figures = self.ended(2)
        self.assertEqual((figures["cache_hits"], figures["cache_misses"]), (0, 0))

    def test_an_image_that_changes_is_filed_under_its_own_hash(self):
        """Whatever a worker has copied, it hashes its copy: nothing is ever found wrong."""
        for tag in range(1, 5):
            self.run_one("changing", 4 * MIB, tag, tag, tag)
            self.run_one("image", 4 * MIB, tag)
        figures = self.ended(8)
        self.assertEqual((figures["cache_wrong"], figures["misuses"]), (0, 0))

    def test_the_least_used_goes_first(self):
        """Room for three images of 10 MiB: the fourth takes the place of the second."""
        self.fill("image", 10 * MIB, 1, 2, 3)
        self.run_one("image", 10 * MIB, 1)
        self.fill("image", 10 * MIB, 4)
        before = self.ended(3)
        self.assertEqual(before["evicted"], 1)
        self.run_one("image", 10 * MIB, 1, 3, 4)
        self.assertEqual(self.ended(4)["cache_hits"], before["cache_hits"] + 3)
        guest = self.start("image", 10 * MIB, 2)
        self.assertEqual(self.end(guest), ["loaded 2", "ready"])
        self.assertEqual(self.ended(5)["cache_hits"], before["cache_hits"] + 3)

    def test_text_is_compiled_once(self):
        self.fill("text", 1000, 5)
        self.assertEqual(self.run_one("text", 1000, 5), ["loaded 5", "ready"])
        figures = self.ended(2)
        self.assertEqual((figures["cache_hits"], figures["cache_misses"], figures["cache_filed"]),
                         (1, 1, 1))
        self.run_one("text", 1000, 6)
        self.assertEqual(self.ended(3)["cache_hits"], 1)

    def test_large_text_is_neither_sent_nor_compiled(self):
        guest = self.start("text", MIB, 5)
        wait_for(lambda: self.session_figure("cache_filed") == 2, "text and code")
        self.end(guest)
        self.assertEqual(self.run_one("text", MIB, 5), ["loaded 5", "ready"])
        self.assertEqual(self.ended(2)["cache_hits"], 2)

    def test_text_that_does_not_compile_is_not_kept(self):
        for _ in range(2):
            self.assertEqual(self.run_one("broken", 1000, 5), ["refused 5 code=218", "ready"])
        figures = self.ended(2)
        self.assertEqual((figures["cache_hits"], figures["cache_filed"]), (0, 0))

    def test_a_new_broker_has_nothing(self):
        self.fill("image", MIB, 5)
        self.assertEqual(self.stack.terminate(), 0)
        self.stack.start_broker()
        self.assertEqual(self.run_one("image", MIB, 5), ["loaded 5", "ready"])
        self.assertEqual(self.ended(1)["cache_hits"], 0)


class Off(CacheCase):
    settings = {"broker.cache_mib": "0"}

    def test_nothing_is_asked_or_kept(self):
        self.run_one("image", MIB, 5)
        self.run_one("image", MIB, 5)
        figures = self.ended(2)
        self.assertEqual((figures["cache_hits"], figures["cache_misses"], figures["entries"]),
                         (0, 0, 0))


if __name__ == "__main__":
    needed("broker/vgpu-broker", "executor/vgpu-executor", "test/process/vgpu-process-cache",
           "guest/libcuda/libcuda.so.1")
    unittest.main(verbosity=2)
