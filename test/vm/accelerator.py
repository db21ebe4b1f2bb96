# SPDX-License-Identifier: Apache-2.0
"""Which accelerator guests run on: kvm where a guest boots with it, else tcg.

VGPU_VM_ACCEL=tcg or kvm decides without a look.  The verdict of the look, a boot of at most
PROBE_S, is kept beside the fetched files until the machine restarts.
"""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import initramfs

PROBE_S = 5
# tcg: new enough for every Debian program, without vectors that are slow to emulate.
CPU = {"kvm": "host", "tcg": "Nehalem"}


def choose():
    forced = os.environ.get("VGPU_VM_ACCEL")
    if forced:
        if forced not in CPU:
            sys.exit(f"VGPU_VM_ACCEL is '{forced}'; tcg or kvm wanted")
        return forced
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    kept = initramfs.cache_folder() / "kvm-works"
    machine = f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.getuid()}"
    verdict = kept.read_text().splitlines() if kept.exists() else []
    if verdict[:1] != [machine]:
        verdict = [machine, "kvm" if probe() else "tcg"]
        # Somebody else's folder: look again next time.
        with contextlib.suppress(PermissionError):
            kept.write_text("\n".join(verdict) + "\n")
    return verdict[1]


def probe():
    """True when a guest boots under kvm in time."""
    # guest.py needs choose() from here.
    from guest import Guest, GuestError
    with tempfile.NamedTemporaryFile(suffix=".cpio") as file:
        initramfs.Image().write(file.name)
        guest = Guest(file.name, name="kvm-probe", accel="kvm")
        try:
            guest.__enter__()
            guest.wait_ready(PROBE_S)
            return True
        except GuestError as error:
            reason = str(error).splitlines()[0]
            print(f"vm: no guest boots with kvm here: {reason}", file=sys.stderr)
            return False
        finally:
            guest.close()
