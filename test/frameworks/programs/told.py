# SPDX-License-Identifier: Apache-2.0
"""What a program of this folder tells its runner: JSON lines on standard output.

    value(name, v)            must be equal natively and through us
    content(name, data)       bytes that must be equal (their hash is told)
    array(name, a)            the content of a numpy array
    near(name, v, rel, abs)   a number or a list of numbers; equal within max(abs, rel * native)
    near_array(name, a, rel, abs)   some of a numpy array's
    figure(name, v, unit)     a speed, with the span of time that it was taken in
    note(name, v)             kept, not compared
    skip(why)                 ends the program: it cannot run here
    done()                    the last line; without it the program counts as failed

region() marks the work of a figure, so that the library's counters can be told per operation.
The runner sets VGPU_PROGRAM_LIMIT: just before it would end the program, the stacks of all its
threads go to standard error.
"""

import contextlib
import ctypes
import faulthandler
import hashlib
import importlib
import json
import os
import sys
import time

SKIPPED = 77

_limit = float(os.environ.get("VGPU_PROGRAM_LIMIT", "0"))
faulthandler.enable()
if _limit > 6:
    faulthandler.dump_traceback_later(_limit - 4, exit=False)


def tell(**fields):
    sys.stdout.write(json.dumps(fields, default=str) + "\n")
    sys.stdout.flush()


def value(name, what):
    tell(result=name, value=what)


def content(name, data, **more):
    """more: numbers that say how far apart two contents are (their sum, their norm)."""
    data = bytes(data)
    tell(result=name, sha=hashlib.sha256(data).hexdigest()[:24], bytes=len(data), **more)


def near(name, what, rel=0.0, absolute=0.0):
    tell(result=name, near=what, rel=rel, abs=absolute)


def array(name, host):
    wide = host.astype("float64")
    content(name, host.tobytes(), sum=float(wide.sum()), size=float(abs(wide).sum()))


def near_array(name, host, rel, absolute):
    """Sixteen of a numpy array's numbers."""
    flat = host.astype("float64").reshape(-1)
    near(name, [float(x) for x in flat[::max(1, flat.size // 16)][:16]], rel, absolute)


def note(name, what):
    tell(note=name, value=what)


def figure(name, what, unit, span=None, better="higher"):
    """span: (begin, end) by time.monotonic(), which is one clock for all processes."""
    begin, end = span or (None, None)
    tell(figure=name, value=what, unit=unit, better=better, begin=begin, end=end)


def skip(why):
    tell(skip=str(why))
    sys.exit(SKIPPED)


def done():
    tell(done=True)


def need(name):
    """The module of that name, or the end of the program with the reason."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        skip(f"import {name}: {error}")


class Region:
    """Filled when the region has ended."""

    begin = end = 0.0

    @property
    def seconds(self):
        return self.end - self.begin

    @property
    def span(self):
        return self.begin, self.end


@contextlib.contextmanager
def region(name, operations, unit):
    """Work of so many operations ("token", "step"), finished on the device when it ends."""
    marked = "VGPU_STATS_FILE" in os.environ
    found = Region()
    if marked:
        ctypes.CDLL("libcuda.so.1").cuProfilerStart()
    found.begin = time.monotonic()
    yield found
    found.end = time.monotonic()
    if marked:
        ctypes.CDLL("libcuda.so.1").cuProfilerStop()
    tell(region=name, operations=operations, unit=unit, pid=os.getpid())
