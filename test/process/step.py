# SPDX-License-Identifier: Apache-2.0
"""Our side of libvgpu-step.so (step.h): stops the broker behind its n-th message."""

import mmap
import os
import select
import socket
import struct

MUTED_OFFSET = 4096
FDS_MAX = 4096
SEEN_OFFSET = 8192
PAGE_BYTES = SEEN_OFFSET + 4 * FDS_MAX
NEVER = 2 ** 64 - 1
ARMED_AT, PID_AT, COUNT_AT, TARGET_AT = 0, 4, 8, 16


class Stepper:
    """One broker's step page and socket.  Make a new one for every broker."""

    def __init__(self, library):
        self.library = str(library)
        self._memory = os.memfd_create("vgpu-step")
        os.ftruncate(self._memory, PAGE_BYTES)
        self._page = mmap.mmap(self._memory, PAGE_BYTES)
        self._ours, self._theirs = socket.socketpair()

    def environment(self):
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return {"LD_PRELOAD": self.library, "VGPU_STEP_PAGE": str(self._memory),
                "VGPU_STEP_FD": str(self._theirs.fileno()), "ASAN_OPTIONS": sanitizer}

    def descriptors(self):
        return [self._memory, self._theirs.fileno()]

    def started(self):
        """Call when the broker runs: its death then ends our waits."""
        self._theirs.close()

    def close(self):
        self._ours.close()
        self._page.close()
        os.close(self._memory)

    @property
    def pid(self):
        return struct.unpack_from("<I", self._page, PID_AT)[0]

    @property
    def count(self):
        return struct.unpack_from("<Q", self._page, COUNT_AT)[0]

    def arm(self, target=NEVER, muted=()):
        """Counts from 0 on, but for the muted descriptors; stops behind message `target`."""
        flags = bytearray(FDS_MAX)
        for fd in muted:
            flags[fd] = 1
        self._page[MUTED_OFFSET:MUTED_OFFSET + FDS_MAX] = bytes(flags)
        self._page[SEEN_OFFSET:PAGE_BYTES] = bytes(4 * FDS_MAX)
        struct.pack_into("<QQ", self._page, COUNT_AT, 0, target)
        struct.pack_into("<I", self._page, ARMED_AT, 1)

    def seen(self):
        """{descriptor: messages} since arm()."""
        counts = struct.unpack_from(f"<{FDS_MAX}I", self._page, SEEN_OFFSET)
        return {fd: count for fd, count in enumerate(counts) if count}

    def disarm(self):
        """Stops counting and returns the count."""
        struct.pack_into("<I", self._page, ARMED_AT, 0)
        return self.count

    def stands_still(self, timeout_s):
        """True as soon as the process waits behind the target; False after the timeout."""
        poll = select.poll()
        poll.register(self._ours, select.POLLIN)
        return bool(poll.poll(timeout_s * 1000)) and self._ours.recv(1) == b"s"

    def go_on(self):
        """Lets it go on; it may be dead by now."""
        try:
            self._ours.send(b"g")
        except OSError:
            pass
