#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include and holds it against the layers of the project."""

import re
from pathlib import Path

import source

ALLOWED = {
    "common": {"common"},
    "proto": {"common", "proto"},
    "broker": {"common", "proto", "broker"},
    "executor": {"common", "proto", "executor"},
    "guest": {"common", "proto", "guest"},
    "ctl": {"common", "proto", "ctl"},
    "hostd": {"common", "proto", "hostd"},
    "qemu-device": {"proto", "qemu-device"},
    "test": {"common", "proto", "broker", "executor", "guest", "ctl", "hostd",
             "test"},
}
TOP_FOLDERS = set(ALLOWED)
# Foreign headers that belong to some folders only.
FOREIGN = [
    (re.compile(r"uv\.h$"), ("broker/", "test/")),
    (re.compile(r"cuda\w*\.h$"), ("executor/", "test/")),
    (re.compile(r"protobuf-c/"), ("proto/", "broker/", "executor/", "guest/", "ctl/",
                                  "hostd/", "test/")),
    (re.compile(r"seccomp\.h$"), ("broker/", "executor/", "test/")),
    (re.compile(r"systemd/"), ("broker/", "executor/", "hostd/", "test/")),
    (re.compile(r"sqlite3\.h$"), ("hostd/",)),
    (re.compile(r"jansson\.h$"), ("ctl/", "test/")),
    (re.compile(r"(cmocka)\.h$"), ("test/",)),
    (re.compile(r"ini\.h$"), ("common/", "test/")),
]
# Generated headers have no folder; their prefix says whose they are.
GENERATED = [
    (re.compile(r"gs_\w+\.h$"), ("guest/", "test/")),
    (re.compile(r"ex_\w+\.h$"), ("executor/", "test/")),
    (re.compile(r"sim_\w+\.h$"), ("executor/sim/", "test/")),
    (re.compile(r"(vgpu|cuda)[\w.-]*\.h$"), ("proto/", "broker/", "executor/", "guest/", "ctl/",
                                                   "hostd/", "test/")),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
PRIVATE = re.compile(r"private to ([\w-]+(?:/[\w-]+)*)/", re.IGNORECASE)


def includes(name):
    """(line, quote, path) of every #include; literals stay, comments go."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  source.read(name), flags=re.DOTALL)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2)


def check_quoted(name, path, private):
    top = name.split("/")[0]
    target = path.split("/")[0]
    if ".." in path.split("/"):
        return "goes up with '../'"
    if "/" in path and target in TOP_FOLDERS:
        if target not in ALLOWED.get(top, TOP_FOLDERS):
            return f"{top}/ must not include {target}/"
        owner = private.get(path)
        if owner and not name.startswith((owner + "/", "test/unit/" + owner)):
            return f"is private to {owner}/"
        return None if (source.ROOT / path).is_file() else "does not exist"
    if (source.ROOT / name).parent.joinpath(path).is_file():
        return None
    return check_rows(name, path, GENERATED)


def check_rows(name, path, rows):
    for pattern, folders in rows:
        if pattern.match(path):
            return None if name.startswith(folders) else f"belongs to {', '.join(folders)} only"
    return None


def check_own_header_first(name, found):
    own = name[:-2] + ".h"
    if not name.endswith(".c") or not (source.ROOT / own).is_file():
        return None
    if name.startswith("test/"):
        # cmocka.h wants system headers before it, and a fixture's header may need cmocka.h.
        found = [entry for entry in found if entry[1] == '"']
    if found and found[0][2] in (own, Path(own).name):
        return None
    return f"{name}: the first include must be its own header {own}"


def main():
    names = source.c_files()
    private = {}
    for name in names:
        match = PRIVATE.search(source.read(name)) if name.endswith(".h") else None
        if match:
            private[name] = match.group(1)
    problems = []
    for name in names:
        found = list(includes(name))
        first = check_own_header_first(name, found)
        if first:
            problems.append(first)
        for line, quote, path in found:
            if quote == '"':
                wrong = check_quoted(name, path, private)
            else:
                wrong = check_rows(name, path, FOREIGN)
            if wrong:
                problems.append(f"{name}:{line}: {path} {wrong}")
    source.finish(problems, f"layers: {len(names)} files")


if __name__ == "__main__":
    main()
