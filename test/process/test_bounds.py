#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an operator can write wrongly, in a change or in vgpu.conf: every key refuses it, says which
key, what was written and what may be, and nothing has changed."""

import configparser
import errno
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from host import ADD, SET, Host
from stack import build_folder, needed

ROOT = Path(__file__).resolve().parents[2]
UUID = "6e1f2a3b-0001-4002-8003-0123456789ab"
HUGE = "99999999999999999999T"
CONTROL = "1\x1b[31m\n"
NOT_UTF8 = b"1\xff\xfe"

# No key takes one of these.
WRONG = ("", " ", "1 ", " 1", "a/b", "1,5", "é", CONTROL, "/\x7f", NOT_UTF8, "x" * 4000)
# A name of a pool may be one of these.
NUMBERS = (HUGE, "99999999999999999999", "18446744073709551616", "-1", "+1", "0x10", "1e3", "1.5", "NaN")
# The first that is too much, or too little, and what looks like another key's value.
EDGES = {
    "uuid": (UUID[:-1], UUID + "0", UUID.replace("-", "_"), "{" + UUID + "}"),
    "pool": ("x" * 33, "A B", "A;B"),
    "priority": ("101", "1GiB", "none"),
    "quota": ("1", "1023KiB", "17TiB", "16777217MiB", "8gib", "8G", "none"),
    "calls": ("1000000001", "1/0", "0/1", "1/", "/1", "1/1/1", "1/1000000001", "1GiB", "none"),
    "bytes": ("1", "63KiB", "2TiB", "1MiB/63KiB", "1MiB/0", "0/1MiB", "1MiB/1", "none"),
    "starts": ("1000001", "1/0", "0/1", "1/1/1", "default/1", "none"),
    "sessions": ("4097", "none"),
    "socket": ("relative.sock", "/", "/" + "x" * 107, "/run/../x", "/run//x", "/run/x/", "/run/./x"),
}
NAMES = ("", "a/b", "a b", "a=b", "é", CONTROL, NOT_UTF8, "x" * 65)


def assign(key, value):
    raw = value if isinstance(value, bytes) else value.encode()
    return key.encode() + b"=" + raw


class Changes(unittest.TestCase):
    """Of a machine, through vgpu-hostd's socket, as vgpuctl asks for them."""

    @classmethod
    def setUpClass(cls):
        cls.host = Host().start()
        cls.addClassCleanup(cls.host.close)

    def setUp(self):
        self.tool = self.host.tool()
        self.addCleanup(self.tool.close)
        self.tool.change(ADD, "alpha", "quota=1GiB", f"uuid={UUID}", "calls=5/6", "sessions=3")
        self.before = self.tool.registry()
        self.assertEqual([row["name"] for row in self.before], ["alpha"])

    def refused(self, got, *words):
        error, text = got
        self.assertEqual(error, errno.EINVAL, text)
        for word in words:
            self.assertIn(word, text)
        self.assertTrue(text.isprintable(), text)
        self.assertLess(len(text), 500)

    def test_values(self):
        for key, edges in EDGES.items():
            for value in WRONG + (() if key == "pool" else NUMBERS) + edges:
                with self.subTest(key=key, value=value):
                    self.refused(self.tool.change(SET, "alpha", assign(key, value)), f"{key}: ",
                                 "allowed: ")
        self.assertEqual(self.tool.registry(), self.before)

    def test_keys(self):
        for assigns, words in ((("colour=red",), ("'colour' is no key", "uuid, pool")),
                               (("QUOTA=1GiB",), ("'QUOTA' is no key",)),
                               (("quota =1GiB",), ("'quota ' is no key",)),
                               (("quot=1GiB",), ("is no key",)), (("quotas=1GiB",), ("is no key",)),
                               (("=1GiB",), ("'' is no key",)), (("quota",), ("wanted key=value",)),
                               (("",), ("wanted key=value",)),
                               ((CONTROL + "=1",), ("is no key",)),
                               ((NOT_UTF8 + b"=1",), ("is no key",)),
                               (("x" * 4000,), ("wanted key=value",)),
                               (("quota=2GiB", "quota=2GiB"), ("quota: given twice",)),
                               (("quota=2GiB", "calls=0", "pool=A", "calls=0"),
                                ("calls: given twice",)),
                               (("quota=2GiB", "sessions=many"), ("sessions: 'many' is no",))):
            with self.subTest(assigns=assigns):
                self.refused(self.tool.change(SET, "alpha", *assigns), *words)
        self.assertEqual(self.tool.registry(), self.before)

    def test_the_manual_has_the_keys(self):
        text = self.tool.change(SET, "alpha", "colour=red")[1]
        keys = text.partition("allowed: ")[2].split(", ")
        page = (ROOT / "deploy/man/vgpu-hostd.8").read_text()
        self.assertEqual(re.findall(r"^\.It Cm (\w+)=", page, re.MULTILINE), keys)
        self.assertEqual(list(EDGES), keys)

    def test_names(self):
        for name in NAMES:
            with self.subTest(name=name):
                self.refused(self.tool.change(ADD, name), "machine '", "1 to 64 bytes")
                self.refused(self.tool.pool(name, "*"), "pool '", "1 to 32 bytes")
                self.refused(self.tool.drain(name), "gpu '", "vgpuctl gpus")
        self.assertEqual(self.tool.registry(), self.before)

    def test_the_tool_says_it_on_one_line(self):
        for value in (HUGE, CONTROL, NOT_UTF8, "x" * 4000):
            with self.subTest(value=value):
                got = subprocess.run([build_folder() / "ctl/vgpuctl", "--hostd", self.host.socket, "vm",
                                      "set", "alpha", assign("quota", value)], capture_output=True,
                                     check=False)
                self.assertEqual((got.returncode, got.stdout), (1, b""), got.stderr)
                line, end, rest = got.stderr.decode().partition("\n")
                self.assertEqual((end, rest), ("\n", ""))
                self.assertTrue(line.isprintable(), line)
                self.assertRegex(line, "quota: '.*' is no size; allowed: ")


class Settings(unittest.TestCase):
    """Of vgpu.conf, every key that deploy/vgpu.conf has, by --check-config."""

    PROGRAMS = {"broker": "broker/vgpu-broker", "policy": "broker/vgpu-broker",
                "hostd": "hostd/vgpu-hostd", "executor": "executor/vgpu-executor",
                "vms": "broker/vgpu-broker", "pools": "broker/vgpu-broker"}
    # Texts have rules of their own: the first value that is too much.
    TEXTS = {"control_group": "no such", "vm_socket_group": "no such", "vm_user": "no such",
             "socket_group": "no such", "vm_socket_owner": "no such", "user": "no such",
             "default_pool": "Z", "metrics": "0.0.0.0:9000", "driver": "rocm",
             "worker_socket": "a.sock", "hostd_socket": "/" + "x" * 107, "watch": "relative",
             "xenstore": "relative", "executor_user": "a\tb"}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-bounds-")
        self.addCleanup(folder.cleanup)
        self.conf = Path(folder.name) / "vgpu.conf"

    def check(self, section, lines):
        """(exit status, what it says) of this section alone."""
        text = f"[{section}]\n".encode() + lines + b"\n"
        if section == "hostd" and not lines.startswith(b"socket_group"):
            # This host has perhaps no such group yet.
            text += b"socket_group = none\n"
        self.conf.write_bytes(text)
        got = subprocess.run([build_folder() / self.PROGRAMS[section], "--config", self.conf,
                              "--check-config"], capture_output=True, check=False)
        return got.returncode, got.stderr.decode(errors="replace")

    def refused(self, section, lines, *words):
        with self.subTest(section=section, lines=lines):
            status, said = self.check(section, lines)
            self.assertEqual(status, 2, said)
            for word in words:
                self.assertIn(word, said)
            self.assertTrue(said.endswith("\n") and said[:-1].isprintable(), said)

    def keys(self):
        conf = configparser.ConfigParser(inline_comment_prefixes=(";",))
        conf.read(ROOT / "deploy/vgpu.conf")
        for section in ("broker", "policy", "hostd", "executor"):
            for key, value in conf[section].items():
                yield section, key, value

    def wanted(self, section, key):
        """What the program says that it takes."""
        said = self.check(section, key.encode() + b" = ")[1]
        self.assertIn(f"{self.conf}:2: {key} = \"\": wanted ", said)
        return said.strip().rpartition("wanted ")[2]

    def outside(self, key, wanted):
        """Values of the right form that are too much or too little."""
        number = re.fullmatch(r"(?:auto or )?number (\d+) to (\d+)", wanted)
        if number:
            low, high = int(number[1]), int(number[2])
            return [str(high + 1)] + ([str(low - 1)] if low > 0 else [])
        if wanted.startswith("octal"):
            return ["1000"]
        if wanted == "absolute path":
            return ["a/b"] + (["/" + "x" * 107] if key.endswith("socket") else [])
        if wanted == "text":
            return [self.TEXTS[key]]
        return ["Info"]

    def test_every_key(self):
        count = 0
        for section, key, value in self.keys():
            name = key.encode() + b" = "
            wanted = self.wanted(section, key)
            for bad in self.outside(key, wanted):
                self.refused(section, name + bad.encode(), key)
            self.refused(section, name + b"\x1b[31m1\xff", f"{self.conf}:2: {key} = ", "wanted ")
            if wanted not in ("text", "absolute path"):
                self.refused(section, name + HUGE.encode(), f"{self.conf}:2: {key} = ", wanted)
            self.refused(section, name + value.encode() + b"\n" + name + value.encode(),
                         f"{self.conf}:3: key \"{key}\" repeated")
            count += 1
        self.assertGreater(count, 50)

    def test_names_that_are_none(self):
        for section in ("broker", "policy", "hostd", "executor"):
            self.refused(section, b"colour = red", f"{self.conf}:2: unknown key \"colour\"")
            self.refused(section, b"colour\x1b = red", f"{self.conf}:2: unknown key \"colour?\"")
            self.refused(section, b"[sections]", f"{self.conf}:2: unknown section [sections]")
            self.refused(section, b"#" + b"x" * 300, f"{self.conf}:2: line is longer than")
            self.refused(section, b"colour", f"{self.conf}:2: neither a [section], key = value")

    def test_a_socket_that_cannot_be_is_said_with_its_cure(self):
        plain = self.conf.with_name("plain")
        plain.touch()
        for path, cure in ((self.conf.with_name("none") / "x.sock", "systemd-tmpfiles --create"),
                           (plain, "a file is there that is no socket: move it")):
            text = "".join(f"{key} = {path}\n" for key in ("socket", "executor_socket", "control_socket"))
            self.conf.write_text("[broker]\n" + text)
            got = subprocess.run([build_folder() / self.PROGRAMS["broker"], "--config", self.conf],
                                 capture_output=True, check=False)
            self.assertNotEqual(got.returncode, 0)
            self.assertIn(f"cannot listen path={path} ", got.stderr.decode())
            self.assertIn(cure, got.stderr.decode())

    def test_machines_and_pools(self):
        for lines, words in ((b"a = relative", "absolute path"), (b"a = ", "absolute path"),
                             (b"a = /" + b"x" * 107, "at most 107 bytes"),
                             (b"a = /x\x1b[31m", "without control bytes"),
                             (b"a\xff = /x", "a name has 1 to 64 bytes"),
                             (b"a b = /x", "a name has 1 to 64 bytes"),
                             (b"x" * 65 + b" = /x", "a name has 1 to 64 bytes"),
                             (b"a = /run/vgpu/broker.sock", "socket of the broker itself"),
                             (b"a = /x\na = /y", "the name is repeated"),
                             (b"a = /x\nb = /x", "another machine's")):
            self.refused("vms", lines, words)
        for lines, words in ((b"A = 0", "pools \"A\""), (b"A = ", "pools \"A\""),
                             (b"A = GPU-1", "pools \"A\""), (b"A = *, *", "pools \"A\""),
                             (b"A = *\x1b", "pools \"A\""), (b"x" * 33 + b" = *", "32 bytes"),
                             (b"a b = *", "32 bytes"), (b"A = *\nA = *", "named twice")):
            self.refused("pools", lines, words)


if __name__ == "__main__":
    needed("hostd/vgpu-hostd", "broker/vgpu-broker", "executor/vgpu-executor", "ctl/vgpuctl")
    unittest.main(verbosity=2)
