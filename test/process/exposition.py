# SPDX-License-Identifier: Apache-2.0
"""Prometheus' text format 0.0.4, read strictly: what is wrong with a text, and what it says.

The rules are those of the format and of promtool's linter: HELP and TYPE once and before the
samples, samples of a family together, counters end in _total and gauges do not, base units,
histograms with growing bounds and counts, no series twice.
"""

import collections
import math
import re

NAME = re.compile(r"[a-z][a-z0-9_]*$")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"')
TYPES = ("counter", "gauge", "histogram")
UNITS = ("seconds", "bytes")
# Parts of names that stand for another unit or for nothing.
SHUNNED = ("milliseconds", "microseconds", "ms", "us", "ns", "kib", "mib", "kilobytes", "megabytes")

Family = collections.namedtuple("Family", "type help samples")


class FormatError(Exception):
    """A text that Prometheus would refuse, or promtool complain about."""


def need(condition, what):
    if not condition:
        raise FormatError(what)


def number(text):
    if text in ("+Inf", "-Inf", "NaN"):
        return float(text.replace("Inf", "inf"))
    need(re.fullmatch(r"-?\d+(\.\d+)?", text), f"not a number: {text}")
    return float(text)


def check_name(name, kind):
    need(NAME.match(name), f"bad name {name}")
    need(kind in TYPES, f"{name} has the type {kind}")
    need((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
    need(not set(name.split("_")) & set(SHUNNED), f"{name}: base units are {UNITS}")
    need(not name.endswith(("_count", "_sum", "_bucket")), f"{name}: a histogram's suffix")


def parse(text):
    """{family: Family}; samples are {(name, ((label, value), ...)): number}."""
    need(text.endswith("\n"), "no line end at the end")
    families, helps, current = {}, {}, None
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            need(name not in helps and words.strip(), f"HELP of {name}")
            helps[name] = words
            current = None
        elif line.startswith("# TYPE "):
            current, kind = line[7:].split(" ")
            need(current in helps and current not in families, f"TYPE of {current}")
            check_name(current, kind)
            families[current] = Family(kind, helps[current], {})
        else:
            add_sample(families, current, line)
    need(set(helps) == set(families), "a HELP without TYPE")
    for name, family in families.items():
        check_family(name, family)
    return families


def add_sample(families, current, line):
    match = SAMPLE.match(line)
    need(match, f"not a sample: {line!r}")
    need(current is not None, f"outside of a family: {line}")
    name, labels, value = match.groups()
    suffixes = ("_bucket", "_sum", "_count") if families[current].type == "histogram" else ("",)
    need(name in [current + suffix for suffix in suffixes], f"{name} among {current}")
    pairs = tuple(LABEL.findall(labels or ""))
    need(len(dict(pairs)) == len(pairs), f"a label twice: {line}")
    need((name, pairs) not in families[current].samples, f"a series twice: {line}")
    families[current].samples[name, pairs] = number(value)


def check_family(name, family):
    if family.type == "counter":
        need(all(value >= 0 for value in family.samples.values()), f"{name} is negative")
    if family.type != "histogram":
        return
    groups = collections.defaultdict(list)
    for (sample, labels), value in family.samples.items():
        if sample.endswith("_bucket"):
            rest = tuple(pair for pair in labels if pair[0] != "le")
            groups[rest].append((number(dict(labels)["le"]), value))
    for labels, buckets in groups.items():
        bounds, counts = zip(*buckets)
        need(list(bounds) == sorted(set(bounds)) and bounds[-1] == math.inf, f"{name}: bounds")
        need(list(counts) == sorted(counts), f"{name}: counts fall")
        need(family.samples[name + "_count", labels] == counts[-1], f"{name}: count")
        need((name + "_sum", labels) in family.samples, f"{name}: sum")
