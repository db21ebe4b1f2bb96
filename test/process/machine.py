# SPDX-License-Identifier: Apache-2.0
"""A fake machine as a process: real guest programs on one side, the broker on the other."""

import contextlib
import os
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent / "fake_device.py"


class MachineProcess:
    """fake_device.py for a machine of a stack; programs connect to `path`."""

    def __init__(self, stack, name, channels=32):
        self.stack = stack
        self.name = name
        self.channels = channels
        self.path = str(stack.folder / f"guests-{name}.sock")
        self.guest = None

    @property
    def pid(self):
        return self.guest.pid

    def start(self):
        """Starts it and waits until the broker has welcomed its device."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.guest = self.stack.start(sys.executable, "-B", str(PROGRAM), "--broker",
                                      self.stack.vm_socket(self.name), "--listen", self.path,
                                      "--channels", self.channels)
        self.wait_up(1)
        return self

    def wait_up(self, generation):
        """The link has come up for the n-th time."""
        self.guest.wait_line(f"up generation={generation}")

    def stop(self):
        if self.guest:
            self.stack.drop(self.guest)
            self.guest = None

    def run(self, name, *args):
        return self.stack.run(name, *args, path=self.path)

    def start_program(self, name, *args):
        return self.stack.start(name, *args, path=self.path)
