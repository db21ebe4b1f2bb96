# SPDX-License-Identifier: Apache-2.0
"""A QEMU with a vgpu-cuda whose guest is the test.

The processors stand still (-S); memory, ports and PCI are read and written through
QEMU's qtest socket, so that every access is one that the test made.

VGPU_QEMU names another QEMU, or a script that starts one; the wrapper vgpu-qemu of the
build folder brings the device into it.
"""

import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import paths  # noqa: F401
from qmp import Qmp
from stack import PATIENCE_S, build_folder, die_with_parent, wait_for

MIB = 1 << 20
BUILD = build_folder() / "qemu-device"
WRAPPER = BUILD / "vgpu-qemu"
VENDOR, DEVICE = 0x1234, 0xcda0

# Where the test puts the BARs; the window's place fits 32 slices of 4 GiB.
BAR0, BAR1, BAR4 = 0xe0000000, 0x4000000000, 0xe1000000

MAGIC, REVISION, STATUS, GENERATION = 0x000, 0x004, 0x008, 0x00c
CHANNELS, PROTOCOL, CHANNEL_LO, CHANNEL_HI = 0x010, 0x014, 0x018, 0x01c
RESETS, SCRATCH, BEAT, IRQ_STATUS, IRQ_ENABLE = 0x020, 0x024, 0x028, 0x02c, 0x030
VERSION_TEXT = 0x040
STATE, CONTROL, RESULT, EPOCH = 0x0, 0x4, 0x8, 0xc
LINK, CONNECTED, REFUSED_BIT = 1, 2, 4
FREE, OPENING, READY, REFUSED, CLOSING, LOST = range(6)
OPEN, CLOSE = 1, 2


def register(channel, reg):
    return 0x400 + 16 * channel + reg


def doorbell(channel):
    return 0x1000 * (1 + channel)


def chardev_option(path, ident="link"):
    run = subprocess.run([WRAPPER, "--chardev-option", path, ident], text=True,
                         stdout=subprocess.PIPE, check=True)
    return run.stdout.strip()


class Qtest:
    """Memory, ports and interrupts by QEMU's test protocol; one line each way."""

    def __init__(self, connection):
        self._socket = connection
        self._file = connection.makefile("rw", encoding="ascii")

    def close(self):
        self._file.close()
        self._socket.close()

    def ask(self, *words):
        self._file.write(" ".join(str(w) for w in words) + "\n")
        self._file.flush()
        while True:
            answer = self._file.readline().split()
            if not answer:
                raise EOFError("QEMU ended")
            if answer[0] == "OK":
                return int(answer[1], 16) if len(answer) > 1 else None
            if answer[0] != "IRQ":
                raise AssertionError(f"{words}: {answer}")

    def read(self, address, size=4):
        return self.ask("read" + {1: "b", 2: "w", 4: "l", 8: "q"}[size], hex(address))

    def write(self, address, value, size=4):
        self.ask("write" + {1: "b", 2: "w", 4: "l", 8: "q"}[size], hex(address), hex(value))

    def config_read(self, devfn, offset, size=4):
        self.ask("outl", "0xcf8", hex(0x80000000 | devfn << 8 | offset & ~3))
        return self.ask("in" + {1: "b", 2: "w", 4: "l"}[size], hex(0xcfc + offset % 4))

    def config_write(self, devfn, offset, value, size=4):
        self.ask("outl", "0xcf8", hex(0x80000000 | devfn << 8 | offset & ~3))
        self.ask("out" + {1: "b", 2: "w", 4: "l"}[size], hex(0xcfc + offset % 4), hex(value))


class Machine:
    """QEMU, started and, unless told otherwise, with the device's BARs mapped."""

    def __init__(self, broker_path=None, device="", options=(), plugged=True, mapped=True,
                 command=None):
        self.folder = tempfile.mkdtemp(prefix="vgpu-qtest-")
        self.devfn = None
        self._errors = open(Path(self.folder, "stderr"), "w+b")
        with self._listen("qtest") as qtest, self._listen("qmp") as qmp:
            self.process = subprocess.Popen(
                [*(command or [WRAPPER]), *self._arguments(broker_path, device, options, plugged)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
                preexec_fn=die_with_parent)
            try:
                self.qtest = Qtest(self._accept(qtest))
                self.qmp = Qmp(self._accept(qmp))
            except BaseException:
                self.process.kill()
                self.process.wait()
                raise
        if plugged and mapped:
            self.map()

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"{self.folder}/{name}")
        listener.listen(1)
        listener.settimeout(0.05)
        return listener

    def _accept(self, listener):
        def connection():
            if self.process.poll() is not None:
                raise AssertionError(f"QEMU ended with {self.process.returncode}: {self.log()}")
            try:
                return listener.accept()[0]
            except TimeoutError:
                return None
        accepted = wait_for(connection, "QEMU's sockets")
        accepted.settimeout(PATIENCE_S)
        return accepted

    def _arguments(self, broker_path, device, options, plugged):
        arguments = ["-nodefaults", "-no-user-config", "-machine", "pc", "-accel", "tcg", "-S",
                     "-m", "32", "-display", "none", "-vga", "none", "-qtest-log", "/dev/null",
                     "-qtest", f"unix:{self.folder}/qtest", "-qmp", f"unix:{self.folder}/qmp",
                     *options]
        if broker_path:
            arguments += ["-chardev", chardev_option(broker_path)]
        if plugged:
            arguments += ["-device", "vgpu-cuda,id=gpu,chardev=link," + (device or "channels=4")]
        return arguments

    def log(self):
        self._errors.flush()
        return Path(self.folder, "stderr").read_text(encoding="utf-8", errors="replace")

    def close(self):
        self.qtest.close()
        self.qmp.close()
        self.process.kill()
        self.process.wait()
        self._errors.close()
        for name in ("qtest", "qmp", "stderr"):
            Path(self.folder, name).unlink()
        Path(self.folder).rmdir()

    def is_alive(self):
        return self.process.poll() is None

    # ---- PCI ----

    def find(self, vendor=VENDOR, device=DEVICE):
        """The device's number on bus 0, None when it is not there."""
        for devfn in range(0, 256, 8):
            if self.qtest.config_read(devfn, 0) == device << 16 | vendor:
                return devfn
        return None

    def map(self):
        self.devfn = self.find()
        if self.devfn is None:
            raise AssertionError("no vgpu-cuda on the bus")
        self.config_write(0x10, BAR0)
        self.config_write(0x14, BAR1 & 0xffffffff)
        self.config_write(0x18, BAR1 >> 32)
        self.config_write(0x20, BAR4)
        self.config_write(0x04, 0x6, 2)

    def config_read(self, offset, size=4):
        return self.qtest.config_read(self.devfn, offset, size)

    def config_write(self, offset, value, size=4):
        self.qtest.config_write(self.devfn, offset, value, size)

    def bar_size(self, number):
        """As firmware finds it: all ones are written and read back."""
        at = 0x10 + 4 * number
        old = self.config_read(at)
        self.config_write(at, 0xffffffff)
        mask = self.config_read(at)
        self.config_write(at, old)
        if not mask & 4:
            return -(mask & ~0xf) & 0xffffffff
        high = self.config_read(at + 4)
        self.config_write(at + 4, 0xffffffff)
        mask |= self.config_read(at + 4) << 32
        self.config_write(at + 4, high)
        return -(mask & ~0xf) & 0xffffffffffffffff

    def capability(self, ident):
        """The offset of a PCI capability, None when there is none."""
        at = self.config_read(0x34, 1)
        while at:
            if self.config_read(at, 1) == ident:
                return at
            at = self.config_read(at + 1, 1)
        return None

    def intx(self):
        """Whether the device asserts its pin."""
        return bool(self.config_read(0x06, 2) & 0x08)

    # ---- the device ----

    def read(self, offset, size=4):
        return self.qtest.read(BAR0 + offset, size)

    def write(self, offset, value, size=4):
        self.qtest.write(BAR0 + offset, value, size)

    def state(self, channel=0):
        return self.read(register(channel, STATE))

    def result(self, channel=0):
        return self.read(register(channel, RESULT))

    def epoch(self, channel=0):
        return self.read(register(channel, EPOCH))

    def control(self, channel, value):
        self.write(register(channel, CONTROL), value)

    def wait_register(self, offset, value, what):
        wait_for(lambda: self.read(offset) == value, what)

    def wait_state(self, value, channel=0):
        self.wait_register(register(channel, STATE), value, f"state {value} of {channel}")

    def wait_link(self):
        wait_for(lambda: self.read(STATUS) & LINK, "the link")

    def reset(self):
        """A reset of the machine; the BARs are mapped again as firmware does."""
        self.qmp.command("system_reset")
        self.qmp.wait_event("RESET")
        self.map()

    # ---- the process ----

    def memory_files(self):
        """The inodes of the channels' memory that QEMU has open."""
        found = set()
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                if "vgpu-channel" in os.readlink(entry):
                    found.add(os.stat(entry).st_ino)
            except FileNotFoundError:
                pass
        return found

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
