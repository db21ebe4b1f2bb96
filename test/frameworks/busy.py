# SPDX-License-Identifier: Apache-2.0
"""How busy the GPU is, asked of NVIDIA's own NVML by a thread of the runner."""

import ctypes
import threading
import time

PAUSE_S = 0.05
# A row of speed counts from here on.
ENOUGH_PERCENT = 30.0


class Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class Busy:
    """Samples while it runs; share() is the mean over a span of time.monotonic()."""

    def __init__(self):
        self.samples = []
        self._stop = threading.Event()
        self._thread = None
        self.problem = self._open()

    def _open(self):
        try:
            self._nvml = ctypes.CDLL("libnvidia-ml.so.1")
            status = self._nvml.nvmlInit_v2()
            self._device = ctypes.c_void_p()
            status = status or self._nvml.nvmlDeviceGetHandleByIndex_v2(
                0, ctypes.byref(self._device))
        except (OSError, AttributeError) as error:
            return str(error)
        return f"NVML answers {status}" if status else None

    def _watch(self):
        seen = Utilization()
        while not self._stop.wait(PAUSE_S):
            if self._nvml.nvmlDeviceGetUtilizationRates(self._device, ctypes.byref(seen)) == 0:
                self.samples.append((time.monotonic(), seen.gpu))

    def __enter__(self):
        if self.problem is None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        if self._thread:
            self._thread.join()

    def share(self, begin, end):
        """Percent, or None without a sample; NVML looks back, so the first quarter is left out."""
        if begin is None or end is None:
            return None
        begin += (end - begin) / 4
        seen = [percent for when, percent in list(self.samples) if begin <= when <= end]
        return sum(seen) / len(seen) if seen else None
