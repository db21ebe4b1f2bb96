# SPDX-License-Identifier: Apache-2.0
"""vgpu-hostd in a folder of its own, and what a tool says to it."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from stack import PATIENCE_S, build_folder, die_with_parent, wait_for
import wire

ADD, SET, REMOVE = 0, 1, 2
BROKER, VMS, GPUS, POOLS, SESSIONS = 1, 2, 3, 4, 5
HOSTD, QEMUS, REGISTRY = 32, 33, 34
KINDS = {"ctl_hello": 60, "ctl_welcome": 61, "ctl_ask": 62, "ctl_end": 63, "broker_row": 64,
         "vm_row": 65, "gpu_row": 66, "pool_row": 67, "session_row": 68, "host_begin": 70,
         "host_commit": 71, "vm_set": 72, "vm_remove": 73, "pool_set": 74, "gpu_drain": 75,
         "vm_peer": 76, "vm_identity": 77, "vm_change": 80, "gpu_change": 81, "pool_change": 82,
         "host_row": 83, "qemu_row": 84, "registry_row": 85, "kill_worker": 86}
wire.KINDS.update(KINDS)
wire.NAMES.update({number: name for name, number in KINDS.items()})
REGISTRY_FIELDS = ("", "name", "uuid", "pool", "priority", "socket", "sessions_max",
                   "memory_quota", "calls_per_s", "calls_burst", "bytes_per_s", "bytes_burst",
                   "state", "starts_own", "starts_per_s", "starts_burst")
HOST_FIELDS = ("", "version", "pid", "uptime_ms", "registry", "registry_state", "vms", "qemus",
               "broker", "last_error")
QEMU_FIELDS = ("", "pid", "vm", "uuid", "socket", "binary", "device", "identity")


def named(names, fields):
    """Fields by name; texts decoded, what is missing left out."""
    return {names[number]: value.decode() if isinstance(value, bytes) else value
            for number, value in fields.items()}


def repeated(number, values):
    """A repeated text field."""
    return b"".join(wire.message({number: value}) for value in values)


class Tool(wire.Peer):
    """A tool at vgpu-hostd's socket."""

    def __init__(self, path, greet=True):
        super().__init__(str(path))
        self.id = 0
        if greet:
            self.say("ctl_hello", {1: wire.PROTOCOL, 3: "host.py", 4: "0"})
            kind, self.welcome = self.receive(PATIENCE_S)
            assert kind == "ctl_welcome", kind

    def say(self, kind, fields, fds=()):
        body = fields if isinstance(fields, bytes) else wire.message(fields)
        self.send(wire.prefixed(wire.message({wire.KINDS[kind]: body})), fds)

    def end(self):
        """Rows until CtlEnd: (rows, error, text)."""
        rows = []
        while True:
            got = self.receive(PATIENCE_S)
            if got is None:
                raise AssertionError("vgpu-hostd closed the connection")
            kind, fields = got
            if kind == "ctl_end":
                return rows, fields.get(2, 0), fields.get(3, b"").decode()
            rows.append((kind, fields))

    def ask(self, what, vm=""):
        self.id += 1
        self.say("ctl_ask", {1: self.id, 2: what, 3: vm})
        return self.end()

    def change(self, what, name, *assigns):
        """(error, text) of a VmChange."""
        self.id += 1
        self.say("vm_change", wire.message({1: self.id, 2: what, 3: name}) + repeated(4, assigns))
        return self.end()[1:]

    def pool(self, name, *gpus):
        self.id += 1
        self.say("pool_change", wire.message({1: self.id, 2: name}) + repeated(3, gpus))
        return self.end()[1:]

    def drain(self, gpu, drained=True):
        self.id += 1
        self.say("gpu_change", {1: self.id, 2: gpu, 3: int(drained)})
        return self.end()[1:]

    def registry(self, name=""):
        return [named(REGISTRY_FIELDS, fields) for _, fields in self.ask(REGISTRY, name)[0]]

    def host(self):
        return named(HOST_FIELDS, self.ask(HOSTD)[0][0][1])

    def qemus(self):
        return [named(QEMU_FIELDS, fields) for _, fields in self.ask(QEMUS)[0]]


class Host:
    """vgpu-hostd with its files in a temporary folder."""

    def __init__(self, settings=None, wrapper=()):
        self.folder = Path(tempfile.mkdtemp(prefix="vgpu-host-"))
        self.registry = self.folder / "registry.db"
        self.socket = self.folder / "hostd.sock"
        self.control = self.folder / "control.sock"
        self.vm_dir = self.folder / "vm"
        self.settings = {"hostd.registry": self.registry, "hostd.socket": self.socket,
                         "hostd.socket_group": "none", "hostd.vm_dir": self.vm_dir,
                         "hostd.watch": "none", "hostd.scan_s": 1,
                         "broker.control_socket": self.control, **(settings or {})}
        self.wrapper = wrapper
        self.config = None
        self.process = None
        self.log = open(self.folder / "log", "a+b")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, **options):
        """Starts it and waits until it is ready."""
        get, put = os.pipe()
        config = ["--config", str(self.config)] if self.config else []
        sets = [word for key, value in self.settings.items() for word in ("--set", f"{key}={value}")]
        self.process = subprocess.Popen(
            [*self.wrapper, str(build_folder() / "hostd/vgpu-hostd"), *config, *sets, "--ready-fd",
             str(put)], pass_fds=(put,), stderr=self.log, stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent, **options)
        os.close(put)
        with os.fdopen(get, "rb") as ready:
            if ready.read() != b"READY\n":
                raise AssertionError(f"vgpu-hostd did not start:\n{self.text()}")
        return self

    def text(self):
        return (self.folder / "log").read_text(errors="replace")

    def wait_log(self, words, count=1):
        wait_for(lambda: self.text().count(words) >= count, f"'{words}' in:\n{self.text()}")

    def tool(self, greet=True):
        return Tool(self.socket, greet)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
