#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_cuda_abi.py COMPILER GENERATED: compares our ABI headers with an installed cuda.h.

Every constant, structure size and member offset of cuda_abi.h becomes a static assertion in
a file that includes cuda.h, and cuda_api.h is compiled behind it: a prototype that differs
does not compile.  Exit status 77 without cuda.h.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADERS = sorted(Path(ROOT, "proto").glob("cuda_*.h"))
PLACES = [os.environ.get("CUDA_HOME", "/usr/local/cuda") + "/include", "/usr/include",
          "/usr/local/cuda/include"]


def structures(text):
    """name -> members of every `typedef struct ... {...} name;` (inner structs left out)."""
    found = {}
    for body, name in re.findall(r"^typedef struct \w+ \{\n(.*?)^\} (\w+);", text, re.M | re.S):
        body = re.sub(r"^    (?:struct|union) \{.*?^    \} (\w+);", r"    struct_ \1;", body,
                      flags=re.M | re.S)
        found[name] = re.findall(r"(\w+)(?:\[\d+\])?;$", body, re.M)
    return found


def expressions():
    """C expressions whose values both headers must share."""
    text = "".join(h.read_text() for h in HEADERS)
    yield from re.findall(r"^    (CU\w+) = ", text, re.M)
    yield from re.findall(r"^#define (CU(?!DAAPI)\w+) +0x[0-9a-f]+$", text, re.M)
    for union in re.findall(r"^typedef union \w+ \{\n.*?^\} (\w+);", text, re.M | re.S):
        yield f"sizeof({union})"
    for name, members in structures(text).items():
        yield f"sizeof({name})"
        for member in members:
            yield f"__builtin_offsetof({name}, {member})"


def compile_and_run(compiler, source, folder):
    (folder / "ours.c").write_text(source)
    subprocess.run([compiler, f"-I{ROOT}", "-o", str(folder / "ours"), str(folder / "ours.c")],
                   check=True)
    return subprocess.run([str(folder / "ours")], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def assertions(compiler, folder):
    names = list(expressions())
    prints = "\n".join(f'    printf("%lld\\n", (long long)({n}));' for n in names)
    source = f'#include "proto/cuda_abi.h"\n#include <stdio.h>\nint main(void)\n{{\n{prints}\n}}\n'
    values = compile_and_run(compiler, source, folder)
    return [f'_Static_assert((long long)({n}) == {v}ll, "{n}");' for n, v in zip(names, values)]


def main():
    compiler, generated = sys.argv[1:3]
    include = next((p for p in PLACES if Path(p, "cuda.h").exists()), None)
    if include is None:
        print("no cuda.h here")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checks = assertions(compiler, folder)
        head = ["#define __CUDA_API_VERSION_INTERNAL", "#include <cuda.h>"]
        tail = ["#define VGPU_CUDA_ABI_H", '#include "cuda_api.h"']
        (folder / "theirs.c").write_text("\n".join(head + checks + tail) + "\n")
        run = subprocess.run([compiler, "-std=gnu17", "-fsyntax-only", f"-I{include}",
                              f"-I{generated}", f"-I{ROOT}", str(folder / "theirs.c")], check=False)
    print(f"{len(checks)} values and the prototypes against {include}/cuda.h")
    return 1 if run.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
