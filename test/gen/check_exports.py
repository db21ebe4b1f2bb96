#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_exports.py LIBRARY VERSION_SCRIPT: the library exports what the table lists, no more."""

import re
import subprocess
import sys
from pathlib import Path


def main():
    library, script = sys.argv[1:3]
    run = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True,
                         check=True)
    exported = {line.split()[-1].split("@")[0] for line in run.stdout.splitlines()}
    listed = set(re.findall(r"^    (\w+);$", Path(script).read_text(), re.M))
    for name in sorted(listed - exported):
        print(f"not exported: {name}")
    for name in sorted(exported - listed):
        print(f"exported and not in the table: {name}")
    print(f"{len(listed & exported)} symbols")
    return 0 if exported == listed else 1


if __name__ == "__main__":
    sys.exit(main())
