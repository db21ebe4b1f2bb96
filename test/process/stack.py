# SPDX-License-Identifier: Apache-2.0
"""A broker with everything under it, for the length of a test.

    with Stack() as stack:
        result = stack.run("vgpu-process-guest", "session")

The build folder comes from --build or VGPU_BUILD (see options()).  Everything that a
stack starts dies with it: the test is a subreaper and kills what is left of the family.
"""

import collections
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import procfs

# Seconds that anything may take before it counts as hanging; no test measures time.
PATIENCE_S = 20 * float(os.environ.get("VGPU_TEST_PATIENCE", "1"))
# The driver of stacks for which a test names none: "cuda" where a card is to be tried.
DRIVER = os.environ.get("VGPU_TEST_DRIVER", "sim")
# Pause between two looks at something that announces itself nowhere.
LOOK_S = 0.004
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)

Result = collections.namedtuple("Result", "status out err")
Usage = collections.namedtuple("Usage", "descriptors mappings workers supervisors zombies")


class StackError(Exception):
    """The stack did something that no test asked for."""


def build_folder():
    here = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("VGPU_BUILD", here / "build/release")).resolve()


def wait_for(condition, what, timeout_s=None):
    """Looks until condition() is true and returns its value; StackError after the timeout."""
    end = time.monotonic() + (timeout_s or PATIENCE_S)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise StackError(f"waited in vain for {what}")
        time.sleep(LOOK_S)


def become_subreaper():
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    """In a child before exec: a test that is killed leaves nothing behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Guest:
    """A guest program that runs; its output goes to files, so that it never blocks on us."""

    def __init__(self, command, environment, folder, **options):
        self.command = command
        self._out = tempfile.TemporaryFile(dir=folder)
        self._err = tempfile.TemporaryFile(dir=folder)
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE,
                                        stdout=self._out, stderr=self._err,
                                        preexec_fn=die_with_parent, **options)

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        return os.pread(self._out.fileno(), 1 << 20, 0).decode(errors="replace")

    def errors(self):
        return os.pread(self._err.fileno(), 1 << 20, 0).decode(errors="replace")

    def wait_line(self, word, timeout_s=None):
        """The first line of output that begins with the word."""

        def line():
            found = [text for text in self.output().splitlines() if text.startswith(word)]
            if not found and self.process.poll() is not None:
                raise StackError(f"{self.command} ended before '{word}': {self.result()}")
            return found and found[0]

        return wait_for(line, f"'{word}' from {self.command}", timeout_s)

    def result(self):
        return Result(self.process.returncode, self.output(), self.errors())

    def finish(self, timeout_s=None):
        """Ends its input and waits; a program that does not end is killed and raises."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout_s or PATIENCE_S)
        except subprocess.TimeoutExpired:
            where = procfs.wait_channels(self.pid)
            self.kill()
            raise StackError(f"{self.command} hangs ({where}); output: {self.result()}") from None
        return self.result()

    def kill(self):
        """SIGKILL, if it still runs; returns when it has ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def close(self):
        self.kill()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self._out.close()
        self._err.close()


class Stack:
    """The processes and files of one broker."""

    def __init__(self, driver=DRIVER, settings=None, stepper=None, spawn=True, vms=(),
                 gpus=1, unit=None, variables=None):
        """unit: workers come through an activator, as from systemd (VGPU_TEST_WORKERS=unit)."""
        self.build = build_folder()
        self.unit = os.environ.get("VGPU_TEST_WORKERS") == "unit" if unit is None else unit
        self.activator = None
        self.variables = variables or {}
        self.driver = driver
        self.spawn = spawn
        self.gpus = int(os.environ.get("VGPU_TEST_GPUS", gpus))
        self.settings = settings or {}
        self.stepper = stepper
        self.vms = vms
        self.folder = None
        self.broker = None
        self.guests = []
        self._family = {}  # when each began

    # Files

    @property
    def socket(self):
        return str(self.folder / "broker.sock")

    @property
    def executor_socket(self):
        return str(self.folder / "executor.sock")

    @property
    def control_socket(self):
        return str(self.folder / "control.sock")

    @property
    def worker_socket(self):
        return str(self.folder / "worker.sock")

    def vm_socket(self, name):
        """Where the device of a machine connects."""
        return str(self.folder / f"vm-{name}.sock")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def program(self, name):
        """Path of a program of the build by its name; other paths stay."""
        for part in ("test/process", "test/programs"):
            if (self.build / part / name).exists():
                return str(self.build / part / name)
        return name

    def write_config(self):
        values = {"broker": {"socket": self.socket, "executor_socket": self.executor_socket,
                             "control_socket": self.control_socket, "spin_us": "0", "drain_ms": "0"}, "executor": {},
                  "policy": {"default_starts_per_s": "0"},
                  "vms": {name: self.vm_socket(name) for name in self.vms}}
        if self.unit:
            values["executor"]["worker_socket"] = self.worker_socket
            values["executor"]["hostd_socket"] = str(self.folder / "hostd.sock")
        for name, value in self.settings.items():
            section, key = name.split(".")
            values.setdefault(section, {})[key] = value
        path = self.folder / "vgpu.conf"
        with open(path, "w", encoding="utf-8") as file:
            for section, pairs in values.items():
                file.write(f"[{section}]\n")
                file.writelines(f"{key} = {value}\n" for key, value in pairs.items())
        return str(path)

    # Life

    def __enter__(self):
        become_subreaper()
        self.folder = Path(tempfile.mkdtemp(prefix="vgpu-test-"))
        self.folder.chmod(0o755)
        try:
            if self.unit:
                self.start_activator()
            self.start_broker()
        except BaseException:
            self.show_log()
            self.close()
            raise
        return self

    def start_activator(self):
        """What systemd does for vgpu-worker.socket; a driver that a worker accepts by its path."""
        if self.driver == "sim":
            library = self.build / "executor/sim/libcuda-sim.so.1"
            self.driver = str(shutil.copy(library, self.folder))
        here = Path(__file__).resolve().parent
        with open(self.folder / "log", "ab") as log:
            self.activator = subprocess.Popen(
                [sys.executable, "-B", str(here / "activator.py"), self.worker_socket,
                 str(self.build / "executor/vgpu-executor"), "--worker", "--activated"],
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, preexec_fn=die_with_parent)
        if not self.activator.stdout.readline():
            raise StackError("the activator did not start")

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.show_log()
        self.close()

    def show_log(self):
        with contextlib.suppress(OSError):
            sys.stderr.write(f"-- the log of the stack ends:\n{self.log()[-2500:]}\n--\n")

    def environment(self):
        env = {**os.environ, "VGPU_LOG_TARGET": "stderr", "TMPDIR": str(self.folder),
               **self.variables}
        env.pop("VGPU_SOCKET", None)
        if self.gpus > 1:
            env["VGPU_SIM_DEVICES"] = str(self.gpus)
        return env

    def command(self, ready_fd):
        command = [str(self.build / "broker/vgpu-broker"), "--config", self.write_config(),
                   "--ready-fd", str(ready_fd)]
        return command + (["--spawn-executors", "--driver", self.driver] if self.spawn else [])

    def start_broker(self):
        """Starts the broker and waits for its word that it is ready and a spare worker is."""
        ready, told = os.pipe()
        env, fds = self.environment(), [told]
        if self.stepper:
            env.update(self.stepper.environment())
            fds += self.stepper.descriptors()
        with open(self.folder / "log", "ab") as log:
            self.broker = subprocess.Popen(self.command(told), env=env, pass_fds=fds,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True, preexec_fn=die_with_parent)
        os.close(told)
        with open(ready, "rb") as pipe:
            if not pipe.read(1):
                raise StackError(f"the broker did not start: {self.log()[-2000:]}")
        self.wait_spares()

    def wait_spares(self, sessions=0):
        """Waits until the spares and so many sessions with workers are there, as the broker sees
        it: the listeners, the supervisors, a pipe for each worker, a socket for each guest or for
        its machine, and what a stepper listens on."""
        spares = int(self.settings.get("executor.spares", 1)) * self.gpus
        listeners = (3 + ("broker.metrics" in self.settings) + len(self.vms) +
                     (self.stepper is not None))

        def there():
            if self.broker.poll() is not None:
                raise StackError(f"the broker ended: {self.broker.returncode}")
            workers = self.workers()
            return (len(workers) == spares + sessions and all(map(self.locked, workers)) and
                    procfs.kinds(self.broker.pid)["socket"] >=
                    listeners + self.gpus + spares + 2 * sessions)

        if self.spawn:
            wait_for(there, f"{spares} spares and {sessions} sessions")

    def close(self):
        """Ends everything that this stack started, and removes its files."""
        for guest in self.guests:
            guest.close()
        self.guests.clear()
        if self.broker:
            self.kill_family()
        if self.activator:
            self.activator.kill()
            self.activator.wait()
            self.activator.stdout.close()
        if self.folder and "VGPU_TEST_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill_family(self):
        self.family()
        handles = procfs.hold(self._family)
        if self.broker.poll() is None:
            self.broker.kill()
            self.broker.wait()
        procfs.end(handles, PATIENCE_S)
        self.reap_orphans()

    def is_member(self, pid, began):
        """Whether it is one of this stack's, and not another process with its number."""
        return began is not None and self._family.get(pid) == began

    def reap_orphans(self):
        """Collects processes of the family that were handed to us and have ended."""
        for pid, began in procfs.children(os.getpid()).items():
            if self.is_member(pid, began) and procfs.stat(pid)[0] == "Z":
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def terminate(self):
        """SIGTERM, as a service manager ends it; returns the exit status."""
        self.family()
        self.broker.send_signal(signal.SIGTERM)
        return self.broker.wait(PATIENCE_S)

    def leftovers(self):
        """Processes of this stack that outlived the broker."""
        self.reap_orphans()
        return [p for p in self._family
                if p != self.broker.pid and self.is_member(p, procfs.started(p))]

    # Processes

    def family(self):
        """The broker, while it runs, and everything below it."""
        family = {}
        if self.broker.poll() is None:
            family = procfs.family(self.broker.pid)
        if self.activator:
            started = procfs.family(self.activator.pid)
            started.pop(self.activator.pid, None)
            family.update(started)
        self._family.update(family)
        return list(family)

    def executors(self, role):
        return sorted(p for p in self.family() if executor_role(p) == role and procfs.alive(p))

    def supervisors(self):
        return self.executors("supervisor")

    def supervisor(self):
        """The only supervisor; a worker that is being forked looks like a second one."""
        return wait_for(lambda: len(self.supervisors()) == 1 and self.supervisors(),
                        "one supervisor")[0]

    def workers(self):
        """Spares and workers of sessions, oldest first."""
        return self.executors("worker")

    def locked(self, pid):
        """True when the worker is behind its lock; sanitizer builds have none."""
        seccomp = procfs.status(pid).get("Seccomp")
        return seccomp == "2" or (seccomp is not None and self.sanitized())

    def sanitized(self):
        return sanitizer(self.build) != ""

    def usage(self):
        """What could leak: descriptors by kind, mapped channels, processes."""
        pid, family = self.broker.pid, self.family()
        roles = collections.Counter(executor_role(p) for p in family if procfs.alive(p))
        kinds = dict(procfs.kinds(pid))
        kinds.pop("code", None)  # cached modules stay
        return Usage(kinds, len(procfs.channel_mappings(pid)), roles["worker"],
                     roles["supervisor"], sum(procfs.stat(p)[0] == "Z" for p in family))

    def steady_usage(self):
        """Usage once it has stopped changing."""
        seen = collections.deque(maxlen=8)

        def steady():
            seen.append(self.usage())
            return len(seen) == 8 and all(u == seen[0] for u in seen) and seen[0].zombies == 0

        wait_for(steady, "a steady state")
        return seen[0]

    def settle(self, expected):
        """Waits until the stack uses what it used before; StackError says what is left."""
        last = None

        def same():
            nonlocal last
            last = self.usage()
            return last == expected and all(map(self.locked, self.workers()))

        try:
            wait_for(same, "the stack to settle")
        except StackError:
            raise StackError(f"leak: {last} is not {expected}; descriptors: "
                             f"{procfs.descriptors(self.broker.pid)}") from None

    # Guests

    def guest_environment(self, path=None):
        env = {**os.environ, "VGPU_SOCKET": path or self.socket, "VGPU_LOG_TARGET": "stderr"}
        path = [str(self.build / "guest/libcuda"), str(self.build / "guest/libnvml"),
                env.get("LD_LIBRARY_PATH", "")]
        env["LD_LIBRARY_PATH"] = ":".join(filter(None, path))
        return env

    def start(self, name, *args, path=None, environment=None, **options):
        """A guest program, on the broker's socket or the one of a machine (fake_device.py)."""
        guest = Guest([self.program(name), *map(str, args)],
                      {**self.guest_environment(path), **(environment or {})}, self.folder, **options)
        self.guests.append(guest)
        return guest

    def drop(self, guest):
        """Closes a guest that is of no more interest."""
        guest.close()
        self.guests.remove(guest)

    def run(self, name, *args, path=None, environment=None):
        guest = self.start(name, *args, path=path, environment=environment)
        try:
            return guest.finish()
        finally:
            self.drop(guest)


def executor_role(pid):
    """worker, probe, supervisor, launcher or None, by the command line."""
    words = procfs.arguments(pid)
    if not words or not words[0].endswith(("vgpu-executor", "vgpu-worker", "vgpu-probe")):
        return None
    for flag, role in (("--worker", "worker"), ("--probe", "probe"), ("--gpu", "supervisor")):
        if flag in words:
            return role
    return "launcher"


def sanitizer(build):
    """The sanitizer of a build folder: '', 'address' or 'thread'."""
    with contextlib.suppress(OSError):
        for line in (build / "CMakeCache.txt").read_text().splitlines():
            if line.startswith("VGPU_SANITIZE:"):
                return line.split("=", 1)[1]
    return ""


def needed(*names):
    """Ends the test as skipped (77) when the build lacks a program."""
    build = build_folder()
    missing = [n for n in names if not (build / n).exists()]
    if missing:
        print(f"skipped: not built: {', '.join(missing)}")
        sys.exit(77)
