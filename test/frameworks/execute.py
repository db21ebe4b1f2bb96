# SPDX-License-Identifier: Apache-2.0
"""One run of one program on one side: its lines, its counters, what everybody said meanwhile."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

SKIPPED = 77
KEPT_BYTES = 200_000
EXCERPT_LINES = 60
# What is logged when all is well.
DAILY = re.compile(r" info: (hello|attached|session open|worker ready|worker gone .*exit=0 )")


def run(program, side, environment, number, folder, log=None, limit_s=None):
    """A dictionary of everything that is known of the run; files NAME.SIDE.NUMBER.* stay."""
    stem = folder / f"{program.name}.{side}.{number}"
    limit_s = min(program.limit_s, limit_s or program.limit_s)
    stats = Path(f"{stem}.stats")
    stats.unlink(missing_ok=True)
    env = {**environment, **dict(program.environment), "VGPU_PROGRAM_LIMIT": str(limit_s)}
    if side == "vgpu":
        env["VGPU_STATS_FILE"] = str(stats)
    mark = log.stat().st_size if log and log.exists() else 0
    begun = time.monotonic()
    status = spawn(program.command, {**env, "VGPU_PROGRAM_BEGUN": str(begun)}, stem, limit_s)
    found = {"side": side, "number": number, "status": status, "begun": begun,
             "seconds": round(time.monotonic() - begun, 3)}
    found["lines"], chatter = parse(f"{stem}.out")
    found["stats"] = read_stats(stats)
    found["said"], errors = read_errors(f"{stem}.err")
    found["stderr"] = chatter[-EXCERPT_LINES // 2:] + errors
    found["log"] = log_since(log, mark) if side == "vgpu" and log else []
    found["outcome"] = outcome(found)
    return found


def spawn(command, environment, stem, limit_s):
    """The exit status; "timeout" when it took too long, a sentence when it did not start."""
    with open(f"{stem}.out", "wb") as out, open(f"{stem}.err", "wb") as err:
        try:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, start_new_session=True)
        except OSError as error:
            return f"did not start: {error}"
        try:
            return process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            end_group(process)


def end_group(process):
    """Also what the program left behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def parse(path):
    """(the JSON lines, the others: what libraries say)."""
    found, others = [], []
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"broken": line[:200]})
        elif line:
            others.append(line[:300])
    return found, others


def read_stats(path):
    """Every summary of the guest library, as numbers by name."""
    if not path.exists():
        return []
    return [{key: int(value) if value.isdigit() else value
             for key, value in re.findall(r"(\w+)=(\S+)", line)}
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]


def read_errors(path):
    """(lines of our library, the last lines of all); a long file is cut."""
    data = Path(path).read_bytes()
    if len(data) > KEPT_BYTES:
        data = data[:KEPT_BYTES // 2] + b"\n[...]\n" + data[-KEPT_BYTES // 2:]
        Path(path).write_bytes(data)
    lines = data.decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.startswith("vgpu: ")][:200], lines[-EXCERPT_LINES:]


def log_since(log, mark):
    """What broker and workers logged during the run (with others running: theirs too)."""
    with open(log, "rb") as file:
        file.seek(mark)
        lines = file.read(KEPT_BYTES).decode("utf-8", "replace").splitlines()
    return [line for line in lines if not DAILY.search(line)][-EXCERPT_LINES:]


def outcome(found):
    """"done", "skipped: why" or "failed: why"."""
    skip = [line["skip"] for line in found["lines"] if "skip" in line]
    if found["status"] == SKIPPED and skip:
        return f"skipped: {skip[-1]}"
    if found["status"] == "timeout":
        return f"failed: took longer than {found['seconds']:.0f} s"
    if found["status"] != 0:
        return f"failed: status {found['status']}: {last_words(found['stderr'])}"
    broken = [line["broken"] for line in found["lines"] if "broken" in line]
    if broken:
        return f"failed: a line that is no JSON: {broken[0]}"
    if not any(line.get("done") for line in found["lines"]):
        return "failed: ended early"
    if found["side"] == "vgpu" and not found["stats"]:
        return "failed: did not go through us (no summary of our library)"
    return "done"


def last_words(lines):
    """The line that most likely says why."""
    for line in reversed(lines):
        if re.match(r"\S*(Error|Exception|error|failed)\b", line):
            return line[:300]
    return lines[-1][:300] if lines else "it said nothing"
