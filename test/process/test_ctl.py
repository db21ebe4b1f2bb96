#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpuctl against control sockets that a test plays: rows, refusals, peers that misbehave."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from ctl_case import (CTL, FAILED, HOSTILE, NO_BROKER, NO_HOSTD, USAGE, VMS, CtlCase,
                      answers)
from stack import needed

PROTOCOL = Path(__file__).resolve().parents[2] / "proto" / "vgpu.proto"


def fields_of(message):
    """The names of a message's fields, as vgpu.proto has them."""
    body = re.search(rf"^message {message} {{\n(.*?)^}}", PROTOCOL.read_text(), re.S | re.M).group(1)
    return re.findall(r"(\w+) = \d+;", re.sub(r"//.*", "", body))


class Rows(CtlCase):
    def setUp(self):
        super().setUp()
        self.broker = self.play(self.control, answers=answers())

    def test_json_has_every_field_raw(self):
        web, db = self.json("vms")
        self.assertEqual(web["memory_used"], 3 << 29)
        self.assertEqual(web["doorbells"], 0)
        self.assertEqual(db["call_idle_ms"], -1)
        self.assertEqual(list(web), fields_of("VmRow"))
        self.assertEqual(self.json("gpus")[0]["name"], "NVIDIA H100")
        self.assertEqual(self.json("sessions")[0]["program"], HOSTILE)
        self.assertEqual(self.json("sessions")[0]["gpu"], -1)
        self.assertEqual(self.json("pools")[0]["gpus"], "GPU-0")

    def test_tables_are_human(self):
        web = self.ctl("vms").stdout.splitlines()[1]
        for text in ("web", "1.5 GiB", "8.0 GiB", "123k", "3.4 s", "12 ms", "verified"):
            self.assertIn(text, web)
        self.assertIn("never", self.ctl("vms").stdout.splitlines()[2])
        self.assertIn("13.0", self.ctl("gpus").stdout)

    def test_hostile_names_never_reach_a_terminal(self):
        for words in (("sessions",), ("--json", "sessions")):
            out = self.ctl(*words).stdout
            self.assertTrue(all(c == "\n" or " " <= c <= "~" for c in out), repr(out))
        self.assertIn(r"a\x1b]0;evil\x07\x5cb", self.ctl("sessions").stdout)

    def test_the_machine_of_a_question_is_sent(self):
        self.ctl("sessions", "web")
        self.assertEqual(self.broker.heard[-1], ("ctl_ask", {"id": 1, "what": 5, "vm": b"web"}))

    def test_refusal_is_told_with_the_peers_words(self):
        self.broker.answers["sessions"] = (2, "no machine 'x\x1b': vgpuctl vms lists them")
        run = self.ctl("sessions", "x", status=FAILED)
        self.assertEqual(run.stderr, "vgpuctl: no machine 'x\\x1b': vgpuctl vms lists them\n")
        self.assertEqual(self.json("sessions", "x", status=FAILED)["error"]["status"], FAILED)

    def test_nothing_there(self):
        for what in self.broker.answers:
            self.broker.answers[what] = []
        self.assertIn("vgpuctl vm add", self.ctl("vms").stdout)
        self.assertEqual(self.json("vms"), [])

    def test_status_without_hostd(self):
        out = self.ctl("status").stdout
        for text in ("0.1.0, pid 4711, up 2 h 1 min", "1 of 256 sessions", "hostd     not running",
                     "restart needed: executor 0.0.9", "restart needed: machine db: guest library"):
            self.assertIn(text, out)

    def test_status_with_hostd(self):
        self.play(self.hostd, answers=answers())
        self.assertIn("hostd     0.1.0, pid 12", self.ctl("status").stdout)
        told = self.json("status")
        self.assertEqual(told["broker"]["processed"], 123456)
        self.assertEqual(told["hostd"]["registry_state"], "ok")
        self.assertEqual([n["what"] for n in told["restart_needed"]], ["executor", "machine"])

    def test_many_rows(self):
        self.broker.answers["vms"] = [("vm_row", {**VMS[0], "name": f"vm{i}"}) for i in range(256)]
        self.assertEqual([v["name"] for v in self.json("vms")], [f"vm{i}" for i in range(256)])


class Unreachable(CtlCase):
    def test_no_socket(self):
        run = self.ctl("vms", status=NO_BROKER)
        self.assertEqual(run.stderr, f"vgpuctl: vgpu-broker does not answer on {self.control}: No "
                         "such file or directory; start it: systemctl start vgpu-broker\n")
        self.assertEqual(self.json("vms", status=NO_BROKER)["error"]["status"], NO_BROKER)

    def test_status_says_what_it_can(self):
        self.play(self.hostd, answers=answers())
        self.assertIn("hostd     0.1.0", self.ctl("status", status=NO_BROKER).stdout)
        self.assertIn("does not answer", self.json("status", status=NO_BROKER)["broker"]["error"])

    def test_nobody_listens(self):
        self.play(self.control).close()
        self.assertIn("Connection refused", self.ctl("vms", status=NO_BROKER).stderr)

    def test_silence_has_an_end(self):
        self.play(self.control, silent=True)
        self.assertIn("says nothing", self.ctl("vms", status=NO_BROKER).stderr)

    def test_another_protocol(self):
        self.play(self.control, protocol=2)
        self.assertIn("another protocol", self.ctl("vms", status=NO_BROKER).stderr)

    def test_garbage(self):
        for answer in (b"\xff\xff\xff\xff", b"\x02\x00\x00\x00\xff\xff"):
            fake = self.play(self.control, answers={"vms": lambda _, a=answer: [a]})
            self.assertIn("another protocol", self.ctl("vms", status=NO_BROKER).stderr)
            fake.close()
            self.control.unlink()

    def test_rows_of_another_kind(self):
        self.play(self.control, answers={"vms": [("pool_row", {"name": "a"})]})
        self.assertIn("not asked for", self.ctl("vms", status=FAILED).stderr)

    def test_path_too_long(self):
        run = self.ctl("--control", "/" + "x" * 200, "vms", status=NO_BROKER)
        self.assertIn("File name too long", run.stderr)

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody who may not")
    def test_without_the_group(self):
        self.play(self.control, answers=answers())
        self.folder.chmod(0o755)
        self.control.chmod(0o660)
        run = self.ctl("vms", status=NO_BROKER, user=65534, group=65534, extra_groups=[])
        self.assertIn("you are not in the group vgpu: usermod -aG vgpu nobody, then log in again",
                      run.stderr)


class Changes(CtlCase):
    def setUp(self):
        super().setUp()
        self.fake = self.play(self.hostd)

    def test_what_is_sent(self):
        self.ctl("vm", "set", "web", "pool=a", "sessions=4")
        self.ctl("vm", "remove", "web")
        self.ctl("gpu", "drain", "GPU-0")
        self.ctl("gpu", "undrain", "GPU-0")
        self.ctl("pool", "set", "a", "GPU-0", "GPU-1")
        self.ctl("pool", "remove", "a")
        heard = [(kind, {k: v for k, v in values.items() if k != "id"})
                 for kind, values in self.fake.heard]
        self.assertEqual(heard, [
            ("vm_change", {"what": 1, "name": b"web", "assign": b"sessions=4"}),
            ("vm_change", {"what": 2, "name": b"web", "assign": b""}),
            ("gpu_change", {"gpu": b"GPU-0", "drained": 1}),
            ("gpu_change", {"gpu": b"GPU-0", "drained": 0}),
            ("pool_change", {"name": b"a", "gpu": b"GPU-1"}),
            ("pool_change", {"name": b"a", "gpu": b""})])

    def test_done(self):
        self.assertEqual(self.ctl("vm", "add", "web").stdout, "")
        self.assertEqual(self.json("vm", "add", "web"), {"done": True})

    def test_refusal(self):
        self.fake.refusal = (22, "quota: 'x' is no size: 0 to 1T")
        run = self.ctl("vm", "add", "web", "quota=x", status=FAILED)
        self.assertEqual(run.stderr, "vgpuctl: quota: 'x' is no size: 0 to 1T\n")

    def test_without_hostd(self):
        self.fake.close()
        self.hostd.unlink()
        run = self.ctl("vm", "add", "web", status=NO_HOSTD)
        self.assertIn("start it: systemctl start vgpu-hostd", run.stderr)

    def test_text_without_a_key(self):
        self.assertIn("'pool' is not KEY=VALUE", self.ctl("vm", "add", "w", "pool",
                                                          status=USAGE).stderr)
        self.ctl("vm", "set", "web", status=USAGE)
        self.ctl("pool", "set", "a", status=USAGE)
        self.assertEqual(self.fake.heard, [])


class Completion(CtlCase):
    def files(self):
        folder = Path(__file__).resolve().parents[2] / "deploy/completion"
        return ("bash", folder / "vgpuctl.bash"), ("zsh", folder / "_vgpuctl")

    def test_files_are_what_the_program_prints(self):
        for shell, path in self.files():
            self.assertEqual(path.read_text(), self.ctl("completion", shell).stdout,
                             f"vgpuctl completion {shell} >{path}")
        self.ctl("completion", "fish", status=USAGE)

    def complete(self, *words):
        """What bash offers behind these words."""
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vgpuctl; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        path = f"{self.folder}:{os.environ['PATH']}"
        run = subprocess.run(["bash", "-euc", script, "-", self.files()[0][1], "vgpuctl", *words],
                             env={**os.environ, "PATH": path}, text=True, capture_output=True,
                             check=True)
        self.assertEqual(run.stderr, "")
        return set(run.stdout.split())

    def test_bash_offers_what_help_has(self):
        out = self.ctl("help").stdout
        commands = re.findall(r"^  ([a-z][a-z-]*)((?: [a-z]+)?)(?: .*)?$", out, re.MULTILINE)
        self.assertEqual(self.complete(""), {first for first, _ in commands})
        self.assertEqual(self.complete("-"), set(re.findall(r"^  (--[a-z]+)", out, re.MULTILINE)))
        for first in ("vm", "gpu", "pool"):
            self.assertEqual(self.complete("--json", first, ""),
                             {second.strip() for word, second in commands if word == first})

    def test_bash_offers_machines(self):
        self.play(self.control, answers=answers())
        script = self.folder / "vgpuctl"
        script.write_text(f"#!/bin/sh\nexec {CTL} --control {self.control} \"$@\"\n")
        script.chmod(0o755)
        self.assertEqual(self.complete("vm", "set", "w"), {"web"})
        self.assertEqual(self.complete("sessions", ""), {"web", "db"})
        self.assertEqual(self.complete("gpu", "drain", ""), {"GPU-0"})


class Usage(CtlCase):
    def test_bad_arguments(self):
        for words, text in (((), "a command is wanted"), (("frob\x1b",), r"'frob\x1b'"),
                            (("vm",), "'vm' wants another word: vm add, vm set, vm remove"),
                            (("gpu", "x"), "'gpu' wants another word: gpu drain, gpu undrain"),
                            (("vms", "a", "b"), "usage: vgpuctl vms [VM]"),
                            (("--nothing", "vms"), "unknown option '--nothing'"),
                            (("vms", "--control"), "a value is wanted")):
            self.assertIn(text, self.ctl(*words, status=USAGE).stderr, words)

    def test_every_option_that_takes_a_value(self):
        """Which, what is allowed; as JSON too, wherever --json stands; nothing is asked."""
        broker = self.play(self.control, answers=answers())
        for option, wrong, allowed in (
                ("--interval", ("0", "0.09", "3600.1", "-1", "x", "1s", "nan", "inf", ""),
                 "no number of seconds from 0.1 to 3600"),
                ("--count", ("0", "-1", "+1", " 1", "1.5", "x", "18446744073709551616", ""),
                 "no number from 1 on"),
                ("--control", ("",), "a path is wanted"), ("--hostd", ("",), "a path is wanted"),
                ("--socket", ("",), "a path is wanted"), ("--library", ("",), "a path is wanted"),
                ("--root", ("",), "a path is wanted")):
            for value in wrong:
                run = self.ctl("top", option, value, "--json", status=USAGE)
                self.assertIn(option, run.stderr)
                self.assertIn(allowed, run.stderr)
                self.assertEqual(json.loads(run.stdout)["error"]["status"], USAGE)
        self.assertEqual(broker.heard, [])

    def test_errors_are_json_and_escaped(self):
        for words, text in ((("frob\x1b",), r"frob\x1b"), (("--x\x1b",), r"--x\x1b"),
                            (("completion", "\x1b"), r"\x1b"), (("vm", "add", "a", "\x1b"), r"\x1b"),
                            (("--interval", "\x1b", "top"), r"\x1b"), ((), "a command")):
            told = json.loads(self.ctl(*words, "--json", status=USAGE).stdout)["error"]["text"]
            self.assertIn(text, told)
            self.assertNotIn("\x1b", told)

    def test_help_and_version(self):
        self.assertEqual(self.ctl("--hel").stdout, self.ctl("help").stdout)
        self.assertEqual(self.json("version"), {"version": self.ctl("version").stdout.split()[1]})
        self.assertEqual(self.ctl("--help").stdout, self.ctl("help").stdout)
        self.assertEqual(self.ctl("--version").stdout, self.ctl("version").stdout)


if __name__ == "__main__":
    needed("ctl/vgpuctl")
    unittest.main(verbosity=2)
