# SPDX-License-Identifier: Apache-2.0
"""What /proc says of a process: family, descriptors, memory, locks."""

import collections
import errno
import os
import re
import select
import shutil
import signal
import subprocess

# The memory of a channel, as links and mappings show it.
CHANNEL = "/memfd:vgpu-channel"


def _read(pid, name):
    """A file of a process, or '' when the process is gone."""
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _fields(pid):
    """What stat says behind the name: state, parent ...; empty when the process is gone."""
    return _read(pid, "stat").rpartition(")")[2].split()


def stat(pid):
    """(state letter, parent), or (None, None) when the process is gone."""
    fields = _fields(pid)
    return (fields[0], int(fields[1])) if fields else (None, None)


def started(pid):
    """When a process began; None when it is gone.  Numbers are used again, and threads have some
    of them: number and beginning name a process."""
    fields = _fields(pid)
    return int(fields[19]) if fields else None


def alive(pid, began=None):
    """True while the process, or only that which began then, exists and is no zombie."""
    fields = _fields(pid)
    return (bool(fields) and fields[0] not in ("Z", "X") and
            began in (None, int(fields[19])))


def arguments(pid):
    return _read(pid, "cmdline").split("\0")[:-1]


def _look():
    """({parent: children, oldest first}, {process: when it began}), zombies included."""
    tree, began = collections.defaultdict(list), {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        fields = _fields(pid)
        if fields:
            tree[int(fields[1])].append(pid)
            began[pid] = int(fields[19])
    return tree, began


def children(pid):
    """{child: when it began} of a process, zombies included, oldest first."""
    tree, began = _look()
    return {child: began[child] for child in tree[pid]}


def family(pid):
    """{member: when it began}, of the process and everything below it, parents first."""
    (tree, began), found = _look(), [pid]
    for member in found:
        found += tree[member]
    return {member: began[member] for member in found if member in began}


def threads(pid):
    try:
        return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return []


def status(pid, thread=None):
    """The lines of status as a dictionary of strings; empty when it is gone."""
    text = _read(pid, f"task/{thread}/status" if thread else "status")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def status_kib(pid, key):
    """A memory line of status in KiB."""
    words = status(pid).get(key, "0 kB").split()
    return int(words[0])


def ticks(pid):
    """Processor time of a process in clock ticks."""
    fields = _fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def wakeups(pid):
    """Times that the threads of a process went to sleep by themselves."""
    return sum(int(status(pid, t).get("voluntary_ctxt_switches", 0)) for t in threads(pid))


def descriptors(pid):
    """{descriptor: what it is}, as the links of /proc/PID/fd say."""
    found = {}
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return found
    for name in names:
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            pass
    return found


def kind(link):
    """socket, pipe, eventfd, memfd, file ... of a descriptor's link."""
    if link.startswith("/memfd:vgpu-code"):
        return "code"
    match = re.match(r"anon_inode:\[?(\w+)|(socket|pipe):|/(memfd|dev):?", link)
    if not match:
        return "file"
    return next(group for group in match.groups() if group)


def kinds(pid):
    """Descriptors of a process counted by kind."""
    return collections.Counter(kind(link) for link in descriptors(pid).values())


def channel_mappings(pid):
    """Lines of maps about channels: one for each that a process has mapped."""
    return [line for line in _read(pid, "maps").splitlines() if CHANNEL in line]


def channels(pid):
    """The channels that a process has mapped, by inode."""
    return {line.split()[4] for line in channel_mappings(pid)}


def _hold(pid, began):
    """A pidfd of the process that began then; None when it is gone."""
    try:
        handle = os.pidfd_open(pid)
    except OSError as error:
        # The last two: the number is a thread's by now.
        if error.errno in (errno.ESRCH, errno.ENOENT, errno.EINVAL):
            return None
        raise
    if started(pid) == began:
        return handle
    os.close(handle)
    return None


def hold(processes):
    """pidfds of those of {process: when it began} that are there.  Held before anything that ends
    some of them: until then nobody else has their numbers."""
    handles = [_hold(pid, began) for pid, began in processes.items()]
    return [handle for handle in handles if handle is not None]


def end(handles, timeout_s):
    """SIGKILL for each held process, one after the other; returns when they have ended, reaped or
    not, and closes the handles.  False when one has not in time."""
    ended = True
    for handle in handles:
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        except ProcessLookupError:
            pass
        ended = wait_end(handle, timeout_s) and ended
        os.close(handle)
    return ended


def kill_and_wait(pid, timeout_s):
    """SIGKILL for a process that is there, or has only just ended; as end()."""
    return end(hold({pid: started(pid)}), timeout_s)


def wait_end(handle, timeout_s):
    """Waits for the end of the process behind a pidfd."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def wait_channels(pid):
    """Where the threads of a process wait, for reports of what hangs; by gdb where there is one."""
    waits = [f"{stat(pid)[0]} {_read(pid, f'task/{t}/comm').strip()}: "
             f"{_read(pid, f'task/{t}/wchan') or '?'} {_read(pid, f'task/{t}/syscall').strip()}"
             for t in threads(pid)]
    if shutil.which("gdb"):
        found = subprocess.run(["gdb", "-batch", "-p", str(pid), "-ex", "thread apply all backtrace"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=60, check=False)
        waits.append(found.stdout)
    return "\n".join(waits)


def maps_file(pid, name):
    """True when a file whose name begins so is mapped."""
    return any(f"/{name}" in line for line in _read(pid, "maps").splitlines())


def writable_code(pid):
    """Mappings that may be written and executed."""
    return [line for line in _read(pid, "maps").splitlines() if " rwx" in line]


def environment(pid):
    """Names and values that the process was started with."""
    pairs = _read(pid, "environ").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
