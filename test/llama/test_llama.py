#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes with llama.cpp to a GPU machine: the model's file, the emptied library, the verdict."""

import argparse
import hashlib
import struct
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import compare  # noqa: E402
import make_gguf  # noqa: E402
import slim  # noqa: E402


def member(kind, capability, payload):
    head = bytearray(64)
    slim.MEMBER.pack_into(head, 0, kind, 0x101, len(head), len(payload))
    struct.pack_into("<I", head, slim.CAPABILITY_AT, capability)
    return bytes(head) + payload


def binary(*members):
    body = b"".join(members)
    return slim.CONTAINER.pack(slim.MAGIC, 1, slim.CONTAINER.size, len(body)) + body


def library(content):
    """An ELF file that is nothing but a section of fat binaries."""
    names = b"\0.nv_fatbin\0.shstrtab\0"
    table = 64 + len(content) + len(names)
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", head, 40, table)
    struct.pack_into("<HHH", head, 58, 64, 3, 2)
    sections = [(0, 0, 0), (1, 64, len(content)), (12, 64 + len(content), len(names))]
    headers = b"".join(struct.pack("<IIQQQQ", name, 1, 0, 0, at, size).ljust(64, b"\0")
                       for name, at, size in sections)
    return bytearray(bytes(head) + content + names + headers)


class Slim(unittest.TestCase):
    def kept(self, *members, capability=90):
        """The payloads that are not empty, of members with payloads of their own."""
        image = library(b"\0" * 8 + binary(*members))
        slim.slim(image, capability)
        return [image[m.start:m.start + m.length] for found in slim.binaries(image) for m in found
                if any(image[m.start:m.start + m.length])]

    def test_code_before_text(self):
        self.assertEqual(self.kept(member(1, 90, b"a" * 8), member(2, 90, b"b" * 8),
                                   member(2, 120, b"c" * 8)), [b"b" * 8])

    def test_the_newest_text_that_the_device_can_have(self):
        self.assertEqual(self.kept(member(1, 75, b"a" * 8), member(1, 80, b"b" * 8),
                                   member(1, 100, b"c" * 8), member(2, 86, b"d" * 8)), [b"b" * 8])

    def test_code_of_a_smaller_minor(self):
        self.assertEqual(self.kept(member(2, 80, b"a" * 8), member(2, 89, b"b" * 8),
                                   capability=86), [b"a" * 8])

    def test_nothing_for_the_device(self):
        with self.assertRaises(slim.Malformed):
            self.kept(member(2, 120, b"a" * 8))

    def test_a_member_that_leaves_its_binary(self):
        image = library(binary(member(2, 90, b"a" * 8)))
        struct.pack_into("<Q", image, 64 + slim.CONTAINER.size + 8, 1 << 40)
        with self.assertRaises(slim.Malformed):
            slim.slim(image, 90)

    def test_another_file(self):
        with self.assertRaises(slim.Malformed):
            slim.slim(bytearray(b"no library at all" * 10), 90)


class Model(unittest.TestCase):
    SUMS = {"f16": "ed04ef741c317564", "q4_0": "2e41fd3920e4552c"}

    def test_the_same_bytes_everywhere(self):
        for name, kind in (("f16", make_gguf.F16), ("q4_0", make_gguf.Q4_0)):
            with tempfile.NamedTemporaryFile() as file:
                total, digest = make_gguf.write(file.name, make_gguf.SIZES["tiny"], kind, 1)
                content = Path(file.name).read_bytes()
            self.assertEqual((len(content), digest[:16]), (total, self.SUMS[name]))
            self.assertEqual(hashlib.sha256(content).hexdigest(), digest)

    def test_half_a_thousand_million_parameters(self):
        listed = make_gguf.tensors(make_gguf.SIZES["full"], make_gguf.F16)
        self.assertAlmostEqual(sum(make_gguf.count(shape) for _, shape, _ in listed), 510e6, delta=1e6)


def run(tokens, speed, trips=0, decodes=10):
    return {"tokens": tokens, "hash": str(tokens), "tokens_per_s": [speed], "prompt_per_s": [1.0],
            "load_s": 1.0, "first_round_s": 1.0, "timed_at": (0, 1), "devices": [], "decodes": decodes,
            "counts": {"round_trip": trips, "host_waits": trips, "one_way": trips}}


class Verdict(unittest.TestCase):
    def row(self, native, vgpu, busy=80.0):
        runs = {"native": native, "vgpu": vgpu}
        args = argparse.Namespace(driver="cuda", models=".", runtime=["."], rounds=[1, 2])
        measured, compare.measure = compare.measure, lambda *_: (runs, busy)
        try:
            return compare.one_row(args, "f16", "on")
        finally:
            compare.measure = measured

    def good(self, trips=40):
        return [run([1, 2], 90.0, 0, 10), run([1, 2], 90.0, trips, 20)]

    def test_a_good_row(self):
        row = self.row([run([1, 2], 100.0)] * 2, self.good())
        self.assertEqual((row["wrong"], row["round_trip"], row["ratio"]), ([], 4.0, 0.9))

    def test_another_token(self):
        row = self.row([run([1, 2], 100.0), run([1, 3], 100.0)], self.good())
        self.assertEqual(row["wrong"], ["tokens differ"])

    def test_too_slow_counts_on_a_busy_gpu_only(self):
        native = [run([1, 2], 200.0)] * 2
        self.assertEqual(len(self.row(native, self.good())["wrong"]), 1)
        idle = self.row(native, self.good(), busy=12.0)
        self.assertEqual((idle["wrong"], idle["note"] != ""), ([], True))

    def test_too_many_round_trips(self):
        self.assertEqual(len(self.row([run([1, 2], 100.0)] * 2, self.good(trips=41))["wrong"]), 2)

    def test_counts_are_read(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("program=x pid=1 round_trip=7 host_waits=9\n")
            file.flush()
            self.assertEqual(compare.counts(file.name), {"pid": 1, "round_trip": 7, "host_waits": 9})
        self.assertEqual(compare.counts("/nowhere"), {})


if __name__ == "__main__":
    unittest.main()
