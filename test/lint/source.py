# SPDX-License-Identifier: Apache-2.0
"""What the lint checks share: the tracked files, C without comments, functions."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Output of the generator that is kept as a test's expectation.
GENERATED = ("test/gen/golden/", "test/gen/bad/")
SKIPPED_FOLDERS = {".git", "build", "__pycache__"}


def tracked():
    """Paths of all files that git does not ignore, from the root; without git, all files."""
    git = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-zco", "--exclude-standard"],
                         capture_output=True, check=False)
    if git.returncode == 0 and git.stdout:
        names = git.stdout.decode().split("\0")
        return sorted(n for n in names if n and (ROOT / n).is_file())
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
        found += [str((Path(folder) / f).relative_to(ROOT)) for f in files]
    return sorted(found)


def c_files(suffixes=(".c", ".h")):
    """The C files that people write."""
    return [n for n in tracked() if n.endswith(suffixes) and not n.startswith(GENERATED)]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def is_script(name):
    """True for a shell script, by its suffix or its first line."""
    if name.endswith(".sh"):
        return True
    if "." in Path(name).name:
        return False
    with open(ROOT / name, "rb") as file:
        head = file.read(64)
    return head.startswith(b"#!") and b"sh" in head.split(b"\n")[0]


TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def strip_c(text, keep_line_comments=False):
    """The text with comments and literals blanked; line breaks stay where they are."""

    def blank(match):
        token = match.group(0)
        if token.startswith("//") and keep_line_comments:
            return token
        if token[0] in "\"'":
            return token[0] + token[0]
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, text)


def strip_preprocessor(text):
    """Blanks #-lines with their continuations."""
    out = []
    inside = False
    for line in text.split("\n"):
        here = inside or line.lstrip().startswith("#")
        inside = here and line.rstrip().endswith("\\")
        out.append("" if here else line)
    return "\n".join(out)


def functions(text):
    """(name, first line, lines) of every function body in C text."""
    code = strip_preprocessor(strip_c(text))
    found = []
    depth = 0
    start = 0
    name = None
    head = ""
    line = 1
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            if depth == 0:
                name = function_name(head)
                start = line
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                if name:
                    found.append((name, start, line - start + 1))
                head = ""
        elif depth == 0:
            head = "" if char == ";" else head + char
    return found


HEAD = re.compile(r"(\w+)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*$")


def function_name(head):
    """The function that a head such as 'static int f(void)' begins, or None."""
    head = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head, flags=re.DOTALL)
    match = HEAD.search(head)
    return match.group(1) if match and "=" not in head else None


def finish(problems, summary):
    """Prints the problems and ends the program with the check's verdict."""
    for problem in problems:
        print(problem)
    print(f"{summary}: {'%d problems' % len(problems) if problems else 'fine'}")
    sys.exit(1 if problems else 0)


def parser(doc):
    return argparse.ArgumentParser(description=doc)
