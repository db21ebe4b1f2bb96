#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that end in the middle of their work: with their own status, at once, and with
nothing left of them, which StackCase looks at after every test."""

import signal

from case import StackCase, main

PROGRAM = "vgpu-process-leave"
STATUS = 7
MODES = {"return": STATUS, "exit": STATUS, "_exit": STATUS, "quick_exit": STATUS,
         "abort": -signal.SIGABRT, "signal": -signal.SIGTERM, "host_function": STATUS,
         "exec": STATUS, "destructor": STATUS, "without_main": STATUS}


class Leave(StackCase):
    def leave(self, mode, *more):
        result = self.stack.run(PROGRAM, mode, *more)
        self.assertEqual((result.status, result.out), (MODES[mode], ""), result)


def of(mode, *more):
    return lambda self: self.leave(mode, *more)


for name in MODES:
    setattr(Leave, f"test_{name.strip('_')}{'_now' * name.startswith('_')}", of(name))
    setattr(Leave, f"test_{name.strip('_')}{'_now' * name.startswith('_')}_with_threads",
            of(name, "threads"))

if __name__ == "__main__":
    main()
