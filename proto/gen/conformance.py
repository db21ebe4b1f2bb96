# SPDX-License-Identifier: Apache-2.0
"""Every implemented call has cases in the conformance suite.

A case is a line `CONF_POSITIVE(<symbol>, ...` or `CONF_NEGATIVE(<symbol>, ...`.  A call
needs one of the first kind and two of the second; one that can fail in fewer ways says
so in the table: "negatives": N, "negatives_why": "...", and one that never succeeds
"positives": 0, "positives_why": "...".  A symbol that is an alias is covered by the cases
of the call that it stands for.
"""

import re
from collections import Counter
from pathlib import Path

from .table import TableError

CASE = re.compile(r"^CONF_(POSITIVE|NEGATIVE)\((\w+),", re.M)
WANTED = {"positives": 1, "negatives": 2}


def count_cases(directory):
    cases = Counter()
    for path in sorted(Path(directory).glob("*.c")):
        for kind, symbol in CASE.findall(path.read_text()):
            cases[symbol, kind] += 1
    return cases


def wanted_cases(call, kind):
    wanted = call.raw.get(kind, WANTED[kind])
    if wanted < WANTED[kind] and not call.raw.get(f"{kind}_why"):
        raise TableError(f"{call.where}: {call.name}: '{kind}' needs '{kind}_why'")
    return wanted


def missing(call, cases):
    lacks = []
    for kind in ("POSITIVE", "NEGATIVE"):
        wanted = wanted_cases(call, f"{kind.lower()}s")
        if cases[call.name, kind] < wanted:
            lacks.append(f"{wanted - cases[call.name, kind]} CONF_{kind}")
    return " and ".join(lacks)


def check(calls, directory):
    """Raises TableError that names every call without enough cases."""
    cases = count_cases(directory)
    problems = []
    for call in calls:
        if call.implemented and not call.alias_of and missing(call, cases):
            problems.append(f"{call.where}: {call.name}: missing conformance cases: "
                            f"{missing(call, cases)}")
    if problems:
        raise TableError("\n".join(problems))
