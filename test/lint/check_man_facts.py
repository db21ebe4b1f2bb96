#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man pages say what is so: options, settings with their defaults, variables; every program
but vgpu-qemu, whose --version is QEMU's, tells its name and this release."""

import re
import subprocess

import source

FOLDER = "deploy/man/"
# "--name" or "--name VALUE", alone or in a list, before the description.
HELP_LINE = re.compile(r"^  (--.*?)(?:  .*)?$", re.MULTILINE)
HELP_OPTION = re.compile(r"--([a-z][a-z-]*)( [A-Z]\S*)?")
# ".It Fl -name Ar value" is the entry of an option; elsewhere it is a mention.
PAGE_ENTRY = re.compile(r"^\.It Fl -([a-z][a-z-]*)( Ar .+)?$", re.MULTILINE)
MENTION = re.compile(r"\bFl -([a-z][a-z-]*)( Ar \S+)?")
SECTION = re.compile(r"^\.Ss Section (\w+)$|^\.S[hs] ", re.MULTILINE)
PAGE_KEY = re.compile(r"^\.It Cm (\w+) No = (?:Cm|Pa) (\S+)$")
CONF_SECTION = re.compile(r"^\[(\w+)\]$")
CONF_KEY = re.compile(r"^(\w+) = (.*)$")
GETENV = re.compile(r"\b(?:secure_)?getenv\s*\(\s*(?:\"(\w+)\")?")
PAGE_VARIABLE = re.compile(r"^\.It Ev (.+)$", re.MULTILINE)


def help_options(text):
    """{(name, takes a value)} of a program's --help."""
    return {(name, value != "") for line in HELP_LINE.findall(text)
            for name, value in HELP_OPTION.findall(line)}


def page_options(text, pattern=PAGE_ENTRY):
    return {(name, value != "") for name, value in pattern.findall(text)}


def synopsis(text):
    return text.split(".Sh SYNOPSIS\n", 1)[-1].split("\n.Sh ", 1)[0]


def differ(page, what, told, so):
    """A line for each thing that only one of the two sets has."""
    for thing in sorted(so - told):
        yield f"{page}: {what} {thing} is missing"
    for thing in sorted(told - so):
        yield f"{page}: there is no {what} {thing}"


def names(options):
    return {"--" + name + (" VALUE" if value else "") for name, value in options}


def check_options(page, text, options):
    yield from differ(page, "option", names(page_options(text)), names(options))
    yield from differ(page, "option (synopsis)", names(page_options(synopsis(text), MENTION)),
                      names(options))


def check_mentions(page, text, known):
    for name, _ in sorted(page_options(text, MENTION)):
        if name not in known:
            yield f"{page}: no program has the option --{name}"


def conf_keys(text):
    """{"section.key = default"} of a configuration file."""
    return collect(text, CONF_SECTION, CONF_KEY)


def page_keys(text):
    return collect(text, SECTION, PAGE_KEY)


def collect(text, heading, key):
    found = set()
    section = None
    for line in text.split("\n"):
        title = heading.match(line)
        entry = key.match(line)
        if title:
            section = title.group(1)
        elif entry and section:
            found.add(f"{section}.{entry.group(1)} = {entry.group(2)}")
    return found


def variables_read(name, text):
    """(variables, problems): a variable whose name is computed cannot be checked."""
    matches = list(GETENV.finditer(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))
    problems = [f"{name}: getenv() of something that is no literal"
                for match in matches if match.group(1) is None]
    return {match.group(1) for match in matches if match.group(1)}, problems


def page_variables(text):
    return {word for line in PAGE_VARIABLE.findall(text) for word in re.findall(r"\w+", line)}


def check_variables(page):
    read = set()
    for name in source.c_files():
        if name.startswith("guest/"):
            found, problems = variables_read(name, source.read(name))
            read |= found
            yield from problems
    yield from differ(page, "variable", page_variables(source.read(page)), read)


def options_of(program):
    run = subprocess.run([program, "--help"], text=True, capture_output=True, check=True)
    return help_options(run.stdout)


def check_version(page, program, options):
    """`program` is its path."""
    name = page.rsplit(".", 1)[0]
    release = re.search(r"^project\(.*?\bVERSION (\S+)", source.read("CMakeLists.txt"), re.M | re.S)
    if name == "vgpu-qemu":
        return
    if not {("help", False), ("version", False)} <= options:
        yield f"{name}: --help does not have --help and --version"
        return
    run = subprocess.run([program, "--version"], text=True, capture_output=True, check=False)
    if (run.returncode, run.stdout) != (0, f"{name} {release.group(1)}\n"):
        yield f"{name}: --version says {run.stdout!r}, status {run.returncode}"


def main():
    parser = source.parser(__doc__)
    parser.add_argument("--program", required=True, action="append", metavar="PAGE=PATH",
                        help="a man page and the built program that it is of")
    args = parser.parse_args()
    paths = dict(p.split("=", 1) for p in args.program)
    programs = {page: options_of(path) for page, path in paths.items()}
    known = {name for options in programs.values() for name, _ in options}
    problems = []
    for page, options in programs.items():
        problems += check_options(FOLDER + page, source.read(FOLDER + page), options)
        problems += check_version(page, paths[page], options)
    for page in sorted(n for n in source.tracked() if re.match(FOLDER + r".*\.[1-9]$", n)):
        problems += check_mentions(page, source.read(page), known)
    page = FOLDER + "vgpu.conf.5"
    keys = conf_keys(source.read("deploy/vgpu.conf"))
    problems += differ(page, "setting", page_keys(source.read(page)), keys)
    problems += check_variables(FOLDER + "vgpu-libcuda.7")
    source.finish(problems, f"man pages: {len(known)} options, {len(keys)} settings")


if __name__ == "__main__":
    main()
