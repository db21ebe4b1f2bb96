#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong words to ./dev are refused by name, before anything is fetched, built or run."""

import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USAGE = 2
# Words, and what the refusal must name.
REFUSED = (
    (("nonsense",), "'nonsense'"), (("--version",), "'--version'"),
    (("deps", "x"), "'x'"), (("fmt", "--fix"), "'--fix'"), (("help", "x"), "'x'"),
    (("build", "x"), "'x'"), (("build", "--preset"), "--preset needs a name"),
    (("test", "--foo"), "'--foo'"), (("test", "--all", "x"), "'x'"),
    (("lint", "--foo"), "'--foo'"), (("lint", "--tidy", "x"), "'x'"),
    (("fuzz", "x"), "'x'"), (("fuzz", "0"), "'0'"), (("fuzz", "1", "x"), "'x'"),
    (("install",), "DESTDIR"), (("install", "--x"), "'--x'"), (("install", "/nowhere", "x"), "'x'"),
    (("package", "--x"), "'--x'"), (("package", "a", "x"), "'x'"),
    (("run",), "a program is wanted"), (("run", "--"), "a program is wanted"),
    (("run", "--x", "--", "true"), "'--x'"), (("run", "--driver"), "--driver needs a value"),
    (("run", "--memory"), "--memory needs a value"), (("run", "--qemu"), "--qemu needs a value"),
    (("run", "--driver", "x", "--", "true"), "--driver x"),
    (("run", "--driver", "/no/where", "--", "true"), "--driver /no/where"),
    (("demo", "--x"), "'--x'"), (("demo", "--qemu", "sid"), "--qemu sid"),
    (("demo", "--driver"), "--driver needs a value"),
    (("bench", "--x"), "'--x'"), (("bench", "--rounds", "x"), "--rounds x"),
    (("bench", "--json"), "--json needs a value"),
)


def dev(*words):
    return subprocess.run([ROOT / "dev", *words], text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)


class Words(unittest.TestCase):
    def test_wrong_words_are_named(self):
        for words, named in REFUSED:
            with self.subTest(words=words):
                run = dev(*words)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""), run.stderr)
                self.assertIn(named, run.stderr.splitlines()[0])
                self.assertRegex(run.stderr, r"\A(dev|stack): ")

    def test_help_does_nothing_else(self):
        usage = dev("help").stdout
        for words in ((), ("--help",), ("-h",), ("build", "--help"), ("test", "-h"), ("fmt", "--help"),
                      ("package", "--help"), ("install", "--help"), ("deps", "--help")):
            self.assertEqual(dev(*words).stdout, usage, words)
        for command in ("run", "demo", "bench"):
            run = dev(command, "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn(f"usage: ./dev {command} ", run.stdout)

    def test_help_behind_the_dashes_is_the_programs(self):
        self.assertIn("--driver x", dev("run", "--driver", "x", "--", "true", "--help").stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
