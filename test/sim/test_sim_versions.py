#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the exports of the simulator against the table of calls, as drivers of several versions.

usage: test_sim_versions.py LIBRARY
"""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VERSIONS = (11080, 12000, 12040, 12080, 13000)


def table():
    """Exported name -> (name that cuGetProcAddress knows, first version)."""
    calls = {}
    for file in (ROOT / "proto" / "api").glob("*.py"):
        scope = {}
        exec(compile(file.read_text(), file, "exec"), scope)
        for call in scope["CALLS"]:
            if "since" in call:
                calls[call["name"]] = (call.get("base", call["name"]), call["since"])
    return calls


def exports(library):
    out = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                         check=True).stdout
    return [line.split()[-1] for line in out.splitlines() if line.split()[1] == "T"]


def has(library, name):
    try:
        getattr(library, name)
    except AttributeError:
        return False
    return True


def check_exports(library, names, calls, version):
    for name in names:
        plain = re.sub(r"_pt[sd][sz]$", "", name)
        if plain not in calls:
            continue
        since = calls[plain][1]
        wanted = since <= version
        # What is older than any version tried here may have another first version there.
        if has(library, name) != wanted and (since > VERSIONS[0] or wanted):
            yield f"{version}: {name} (since {since}) is {'missing' if wanted else 'there'}"


def check_lookup(library, calls, version):
    found = ctypes.c_void_p()
    status = ctypes.c_int()
    library.cuInit(0)
    for name, (base, since) in calls.items():
        versions = [s for b, s in calls.values() if b == base]
        if min(versions) <= version or not has(library, "cuGetProcAddress_v2"):
            continue
        library.cuGetProcAddress_v2(base.encode(), ctypes.byref(found), version,
                                    ctypes.c_uint64(0), ctypes.byref(status))
        if found.value is not None or status.value != 1:
            yield f"{version}: cuGetProcAddress finds {name} (since {since})"


def inner(path, version):
    calls = table()
    library = ctypes.CDLL(path)
    problems = list(check_exports(library, exports(path), calls, version))
    problems += check_lookup(library, calls, version)
    print("\n".join(problems) or f"{version}: as such a driver")
    return 1 if problems else 0


def main():
    if len(sys.argv) == 3:
        return inner(sys.argv[1], int(sys.argv[2]))
    failed = 0
    for version in VERSIONS:
        environment = dict(os.environ, VGPU_SIM_VERSION=str(version))
        failed |= subprocess.run([sys.executable, __file__, sys.argv[1], str(version)],
                                 env=environment, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
