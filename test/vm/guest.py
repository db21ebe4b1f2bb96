# SPDX-License-Identifier: Apache-2.0
"""A guest in QEMU for the length of a test, driven by commands over its second serial port.

    with Guest(initramfs) as one, Guest(initramfs, suite="trixie") as other:  # both boot at once
        status, output = one.run("cat /proc/version")
        job = other.start("sleep 3; echo done")
        assert job.wait().output == "done\\n"

A Guest belongs to the thread that made it, and so does the QEMU process: it dies with that
thread.  Everything that waits has a limit (VGPU_TEST_PATIENCE stretches them all); what goes
wrong is a GuestError that ends with the console's last lines.
"""

import collections
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import accelerator
from channel import Channel, ChannelEnd
from initramfs import cache_folder
from qmp import Qmp, QmpError, QmpRefusal

HERE = Path(__file__).resolve().parent
PATIENCE = float(os.environ.get("VGPU_TEST_PATIENCE", "1"))
BOOT_S = 60 * PATIENCE
COMMAND_S = 60 * PATIENCE
# A killed job's group ends within this time.
KILL_S = 10 * PATIENCE
# Between a broken line and the end of the process behind it.
END_S = 1
# How often a waiting host looks for a dead kernel.
LOOK_S = 0.25
TAIL_LINES = 40
# Less probing and no self tests; an oops must not pass unseen.
KERNEL_LINE = ("console=ttyS0 quiet oops=panic cryptomgr.notests no5lvl nokaslr mitigations=off "
               "audit=0 apparmor=0 random.trust_cpu=on")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

Result = collections.namedtuple("Result", "status output")


class GuestError(Exception):
    """The guest, or its QEMU, did not do what was asked."""


class GuestTimeout(GuestError):
    """Something took longer than it may."""


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Job:
    """A command in the guest.  It keeps running when nobody waits."""

    def __init__(self, guest, number, command):
        self._guest = guest
        self._number = number
        self._boot = guest.boot
        self._result = None
        self.command = command

    def poll(self):
        """Its Result, or None while it runs."""
        return self._result or self._guest.poll_job(self)

    def wait(self, timeout_s=None):
        """Its Result.  After the timeout the job is killed: GuestTimeout with its output."""
        limit = timeout_s or COMMAND_S
        try:
            self._guest.wait_until(self.poll, limit, self.command)
        except GuestTimeout:
            self.kill()
            self._guest.wait_until(self.poll, KILL_S, f"the end of {self.command}")
            raise GuestTimeout(f"'{self.command}' still ran after {limit:g} s; output: "
                               f"{self._result.output}{self._guest.tail()}") from None
        return self._result

    def kill(self, name="KILL"):
        """Sends a signal, named without SIG, to all processes of the job."""
        if self.poll() is None:
            self._guest.send(f"kill {self._number} {name}")

    def output(self):
        """What it wrote so far."""
        result = self.poll()
        if result is None:
            path = f"/run/jobs/{self._number}/out"
            status, text = self._guest.run(f"cat {path}")
            result = self.poll() if status else Result(None, text)
        return result.output

    def take(self, boot, done):
        """The guest's side of poll()."""
        if boot != self._boot:
            raise GuestError(f"'{self.command}' was ended by a reboot")
        if self._number in done:
            status, data = done.pop(self._number)
            self._result = Result(status, data.decode(errors="replace"))
        return self._result


class Guest:
    """One QEMU process and what runs in it."""

    def __init__(self, initramfs, *, suite="bookworm", name="guest", machine="pc", cpus=1,
                 memory_mib=256, args=(), environment=None, kernel=None, append="", accel=None):
        """initramfs: a file that Image.write() made; it must stay until the guest has ended.
        suite: whose QEMU (see test/vm/qemu).  args: more arguments for it.  environment: added
        to ours, LD_PRELOAD for instance.  append: more words for the kernel's command line.
        accel: kvm or tcg; without it kvm where it works (see accelerator.py)."""
        self.name = name
        self.suite = suite
        self.accel = accel
        self._machine = ["-M", machine, "-m", str(memory_mib), "-smp", str(cpus)]
        self._boot_files = ["-kernel", str(kernel or cache_folder() / "kernel/vmlinux"),
                            "-initrd", str(initramfs),
                            "-append", f"{KERNEL_LINE} hostname={name} {append}".strip()]
        self._args = [str(arg) for arg in args]
        self._environment = dict(os.environ, **(environment or {}))
        self._jobs = 0
        self._process = None
        self._channel = None
        self._qmp = None
        # Unlinked from the start: nothing is left behind, however a test ends.
        self._logs = {"qemu": tempfile.TemporaryFile(), "console": tempfile.TemporaryFile()}
        self._sockets = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and issubclass(kind, Exception):
            self.show_log()
        self.close()

    def _start(self):
        self.accel = self.accel or accelerator.choose()
        print(f"vm: {self.name}: QEMU of {self.suite}, accelerator {self.accel}", file=sys.stderr)
        line, line_end = socket.socketpair()
        monitor, monitor_end = socket.socketpair()
        self._sockets = [line, monitor]
        self._channel = Channel(line)
        self._qmp = Qmp(monitor)
        with line_end, monitor_end:
            log = self._logs["qemu"]
            inherited = [end.fileno() for end in (line_end, monitor_end, self._logs["console"])]
            self._process = subprocess.Popen(
                self._command(*inherited), env=self._environment, pass_fds=inherited,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)

    def _command(self, line, monitor, console):
        return [str(HERE / "qemu"), self.suite, "-nodefaults", "-no-user-config",
                "-display", "none", *self._machine,
                "-accel", self.accel, "-cpu", accelerator.CPU[self.accel],
                "-serial", f"file:/dev/fd/{console}",
                "-chardev", f"socket,id=agent,fd={line}", "-serial", "chardev:agent",
                "-chardev", f"socket,id=monitor,fd={monitor}",
                "-mon", "chardev=monitor,mode=control", *self._boot_files, *self._args]

    @property
    def pid(self):
        """QEMU's process id."""
        return self._process.pid

    @property
    def boot(self):
        """The kernel's id of this boot, None while it boots."""
        return self._channel.boot

    def wait_ready(self, timeout_s=None):
        """Returns when commands can run; every call that needs that waits by itself."""
        self.wait_until(lambda: self._channel.boot, timeout_s or BOOT_S, "the guest to boot")

    def run(self, command, timeout_s=None):
        """Runs a shell command; (status, output with errors).  A signal's status is 128 + its
        number.  After the timeout it is killed: GuestTimeout."""
        return self.start(command).wait(timeout_s)

    def check(self, command, timeout_s=None):
        """The output of a command that must succeed."""
        status, output = self.run(command, timeout_s)
        if status != 0:
            raise GuestError(f"'{command}' ended with status {status}: {output}{self.tail()}")
        return output

    def start(self, command):
        """Starts a shell command in the background: a Job."""
        self.wait_ready()
        self._jobs += 1
        number = self._jobs
        taken = self._channel.taken
        for line in self._channel.put_lines(number, command.encode() + b"\n"):
            self.send(line)
            self.wait_until(lambda: number in taken, COMMAND_S, "the agent to take a script")
            taken.remove(number)
        self.send(f"start {number}")
        return Job(self, number, command)

    def qmp(self, command, arguments=None, timeout_s=COMMAND_S, **more):
        """Runs a monitor command: qmp("device_add", driver="edu", id="e0").  A name with '-' is
        written with '_', or given in the dictionary."""
        arguments = dict(arguments or {}, **{k.replace("_", "-"): v for k, v in more.items()})
        with self._explained():
            return self._qmp.execute(command, arguments, timeout_s)

    def wait_event(self, name, timeout_s=COMMAND_S, fits=None):
        """The data of a monitor event; fits(data) picks one."""
        with self._explained():
            return self._qmp.wait_event(name, timeout_s, fits)

    def unplug(self, device):
        """device_del, and waits until the guest let go."""
        self.wait_ready()
        self.qmp("device_del", id=device)
        self.wait_event("DEVICE_DELETED", fits=lambda data: data.get("device") == device)

    def reboot(self, hard=False, timeout_s=None):
        """Restarts the guest, by its own kernel or (hard) by the reset line, and waits for it.
        Jobs end."""
        self.wait_ready()
        if not hard:
            self.start("reboot -f")
        self._channel.expect_boot()
        if hard:
            self.qmp("system_reset")
        self.wait_ready(timeout_s)

    def shutdown(self, timeout_s=None):
        """Powers the guest off and waits for QEMU's end."""
        self.wait_ready()
        self.send("off")
        self.wait_end(timeout_s)

    def wait_end(self, timeout_s=None):
        """Waits until the guest has powered itself off and QEMU has ended well."""
        try:
            status = self._process.wait(timeout_s or COMMAND_S)
        except subprocess.TimeoutExpired:
            raise GuestTimeout(f"{self.name} does not power off{self.tail()}") from None
        if status != 0:
            raise GuestError(f"{self.name}: QEMU ended with status {status}{self.tail()}")

    def close(self):
        """Ends QEMU at once and removes every trace; calling it twice is fine."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for file in (*self._sockets, *self._logs.values()):
            file.close()

    def console(self):
        """All that firmware, kernel and init wrote."""
        return self._log("console")

    def qemu_log(self):
        """All that QEMU wrote, and what was loaded into it."""
        return self._log("qemu")

    def show_log(self):
        """Prints the console and QEMU's messages, for a test that fails."""
        for name in self._logs:
            print(f"== {self.name}: {name}\n{self._log(name)}", file=sys.stderr)

    def tail(self):
        """The last lines of both logs, to end an error's text with."""
        lines = (self.qemu_log() + self.console()).splitlines()[-TAIL_LINES:]
        return "\n" + "\n".join(f"  {self.name}| {line}" for line in lines)

    # For Job.

    def send(self, line):
        with self._explained():
            self._channel.send(line)

    def poll_job(self, job):
        self._pump(0)
        return job.take(self._channel.boot, self._channel.done)

    def wait_until(self, condition, timeout_s, what):
        """Reads what the agent says until the condition holds."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise GuestTimeout(f"{self.name}: waited {timeout_s:g} s for {what}{self.tail()}")
            self._pump(LOOK_S)

    def _pump(self, timeout_s):
        if "Kernel panic" in self.console():
            raise GuestError(f"{self.name}: its kernel died{self.tail()}")
        with self._explained():
            self._channel.pump(timeout_s)

    @contextlib.contextmanager
    def _explained(self):
        """Turns the errors of both lines into one that shows why."""
        try:
            yield
        except QmpRefusal as error:
            raise GuestError(f"{self.name}: {error}") from None
        except (ChannelEnd, QmpError, OSError) as error:
            # A line that breaks is often the first sign of QEMU's end.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
            status = self._process.poll()
            state = "runs" if status is None else f"ended with status {status}"
            raise GuestError(f"{self.name}: {error}; QEMU {state}{self.tail()}") from None

    def _log(self, name):
        file = self._logs[name]
        if file.closed:
            return ""
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), size, 0).decode(errors="replace").replace("\r", "")
