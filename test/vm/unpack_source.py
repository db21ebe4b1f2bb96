#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Unpacks from a Debian source package of QEMU what compiling a device needs, patches applied.

    unpack_source.py FOLDER-WITH-TARBALLS OUT

A whole source tree is 20 times as large; of the distribution's patches only those parts are
applied that touch what is kept.
"""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

# Folders of the source tree's top; "host" exists since 8.0.
KEPT = {"include", "linux-headers", "qapi", "scripts", "VERSION", "tcg", "host"}


def one(folder, pattern):
    found = list(folder.glob(pattern))
    if len(found) != 1:
        sys.exit(f"unpack_source: {folder}: one {pattern} wanted, found {len(found)}")
    return found[0]


def kept_members(archive):
    """Members under the folders that are kept, renamed to stand without the top folder."""
    for member in archive:
        parts = Path(member.name).parts
        if len(parts) > 1 and parts[1] in KEPT and (member.isfile() or member.isdir()):
            member.name = str(Path(*parts[1:]))
            yield member


def kept_changes(patch):
    """The patch's sections for files that are kept, without git's extra header lines."""
    for section in re.split(r"(?m)^(?=--- \S+.*\n\+\+\+ \S+.*\n@@ )", patch)[1:]:
        old, new = re.findall(r"(?m)^(?:---|\+\+\+) (\S+)", section)[:2]
        name = old if new == "/dev/null" else new
        if name.split("/")[1] in KEPT:
            yield re.sub(r"(?ms)^diff --git .*", "", section)


def apply_patches(debian, out):
    """Applies the series in order, limited to what is kept."""
    # Without this git would take a repository around the folder for the one to patch.
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(out.parent))
    for line in (debian / "patches/series").read_text().splitlines():
        name = line.split("#")[0].strip()
        if not name:
            continue
        text = (debian / "patches" / name).read_text(encoding="utf-8", errors="surrogateescape")
        changes = "".join(kept_changes(text))
        if changes:
            subprocess.run(["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-"],
                           input=changes.encode(errors="surrogateescape"),
                           cwd=out, env=environment, check=True)


def main():
    folder, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    out.mkdir()
    with tarfile.open(one(folder, "qemu_*.orig.tar.xz")) as archive:
        archive.extractall(out, kept_members(archive))
    with tarfile.open(one(folder, "qemu_*.debian.tar.xz")) as archive:
        archive.extractall(folder)
    apply_patches(folder / "debian", out)


if __name__ == "__main__":
    main()
