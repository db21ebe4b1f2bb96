#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_nvml_abi.py COMPILER GENERATED: compares proto/nvml_abi.h with an installed nvml.h.

Constants, sizes and offsets become static assertions in a file that includes nvml.h, and the
prototypes of nvml_api.h are compiled behind it.  What an older nvml.h does not know is left out and
counted.  Exit status 77 without nvml.h.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import check_cuda_abi

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "proto/nvml_abi.h"
PLACES = [os.environ.get("CUDA_HOME", "/usr/local/cuda") + "/include", "/usr/include",
          "/usr/local/cuda/include"]


def known(name, theirs):
    return re.search(rf"\b{name}\b", theirs) is not None


def expressions(theirs):
    text = HEADER.read_text()
    for name in re.findall(r"^    (NVML_\w+) = |^#define (NVML_(?!ABI)\w+) +\S+$", text, re.M):
        yield from (n for n in name if n and known(n, theirs))
    for name, members in check_cuda_abi.structures(text).items():
        if known(name, theirs):
            yield f"sizeof({name})"
            yield from (f"__builtin_offsetof({name}, {member})" for member in members)


def values(compiler, names, folder):
    prints = "\n".join(f'    printf("%lld\\n", (long long)({n}));' for n in names)
    source = f'#include "proto/nvml_abi.h"\n#include <stdio.h>\nint main(void)\n{{\n{prints}\n}}\n'
    return check_cuda_abi.compile_and_run(compiler, source, folder)


def prototypes(generated, theirs):
    """Those of ours that nvml.h declares too, with types that it knows."""
    text = Path(generated, "nvml_api.h").read_text()
    text = text[text.index("push(default)"):text.index("#pragma GCC visibility pop")]
    for line in re.findall(r"^(?:nvmlReturn_t|const char \*).*?;$", text, re.M | re.S):
        if all(known(word, theirs) for word in re.findall(r"\bnvml\w+", line)):
            yield line


def main():
    compiler, generated = sys.argv[1:3]
    include = next((p for p in PLACES if Path(p, "nvml.h").exists()), None)
    if include is None:
        print("no nvml.h here")
        return 77
    theirs = Path(include, "nvml.h").read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = list(expressions(theirs))
        checks = [f'_Static_assert((long long)({n}) == {v}ll, "{n}");'
                  for n, v in zip(names, values(compiler, names, folder))]
        calls = list(prototypes(generated, theirs))
        head = ["#define NVML_NO_UNVERSIONED_FUNC_DEFS", "#include <nvml.h>"]
        (folder / "theirs.c").write_text("\n".join(head + checks + calls) + "\n")
        run = subprocess.run([compiler, "-std=gnu17", "-fsyntax-only", f"-I{include}",
                              str(folder / "theirs.c")], check=False)
    print(f"{len(checks)} values and {len(calls)} prototypes against {include}/nvml.h")
    return 1 if run.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
