# SPDX-License-Identifier: Apache-2.0
"""Command line of the generator.

  python3 -m gen --api DIR --limits FILE --out DIR      writes what has changed
  python3 -m gen --api DIR --limits FILE --list         names every file, one a line
  python3 -m gen --api DIR --limits FILE --check        only checks the table
  python3 -m gen ... --conformance DIR                  checks the conformance cases
  python3 -m gen ... --conformance DIR --cases OUT      writes those that follow from the table
  python3 -m gen ... --conformance DIR --list-cases     names their files, one a line
"""

import argparse
import sys
from pathlib import Path

from . import check, conformance, emit_api, emit_cases, emit_docs, emit_executor, emit_guest, emit_ops
from . import emit_proc, emit_seeds, emit_tests, table
from .text import write_if_changed

EMITTERS = (emit_api, emit_ops, emit_guest, emit_proc, emit_executor, emit_tests, emit_docs,
            emit_seeds)


def arguments():
    parser = argparse.ArgumentParser(prog="gen", description="Emits code from the call table.")
    parser.add_argument("--api", required=True, help="folder of the table")
    parser.add_argument("--limits", required=True, help="proto/limits.h")
    parser.add_argument("--out", help="folder to write to")
    parser.add_argument("--list", action="store_true", help="only name the files")
    parser.add_argument("--check", action="store_true", help="only check the table")
    parser.add_argument("--conformance", help="folder of conformance cases to check")
    parser.add_argument("--cases", help="folder to write further conformance cases to")
    parser.add_argument("--list-cases", action="store_true", help="only name their files")
    return parser.parse_args()


def emit(calls, limits):
    files = {}
    for emitter in EMITTERS:
        files.update(emitter.emit(calls, limits))
    return files


def write_cases(files, options):
    if options.list_cases:
        print("\n".join(sorted(files)))
    if options.cases:
        for name, text in files.items():
            write_if_changed(Path(options.cases) / name, text)


def run(options):
    calls = table.load(options.api)
    limits = table.load_limits(options.limits)
    check.check(calls, limits)
    if options.list_cases or options.cases:
        write_cases(emit_cases.emit(calls, options.conformance), options)
    elif options.conformance:
        conformance.check(calls, options.conformance)
    if options.list:
        print("\n".join(sorted(emit(calls, limits))))
    if options.out:
        for name, text in emit(calls, limits).items():
            write_if_changed(Path(options.out) / name, text)


def main():
    try:
        run(arguments())
    except table.TableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
