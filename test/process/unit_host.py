# SPDX-License-Identifier: Apache-2.0
"""A host whose broker, systemd and vgpu-hostd a test plays, around a real supervisor.

As root each party has an account of its own, as in production: the supervisor can kill no worker.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import activator
import procfs
import wire
from stack import LIBC, PATIENCE_S, PR_SET_PDEATHSIG, build_folder, wait_for

HERE = Path(__file__).resolve().parent
ROOT = os.getuid() == 0
SUPERVISOR_UID = 64000 if ROOT else None
WORKER_UID = 64100 if ROOT else None
WORKER = [str(build_folder() / "executor/vgpu-executor"), "--worker", "--activated"]


def prepare(uid=None):
    """In a child before exec: another account, and it dies with the test."""

    def run():
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return run


def listen(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    os.chmod(path, 0o666)
    listener.listen(8)
    listener.settimeout(PATIENCE_S)
    return listener


class Host:
    """with Host() as host: host.activate(...); host.supervise(); host.register()"""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="vgpu-test-"))
        self.folder.chmod(0o755)
        (self.folder / "marks").mkdir()
        (self.folder / "marks").chmod(0o777)
        self.driver = shutil.copy(build_folder() / "executor/sim/libcuda-sim.so.1", self.folder)
        self.log_file = open(self.folder / "log", "ab")  # pylint: disable=consider-using-with
        self.executors = listen(self.folder / "executor.sock")
        self.hostd = None
        self.started = []
        self.peers = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            sys.stderr.write(f"-- the log ends:\n{self.log()[-2500:]}\n--\n")
        self.close()

    def close(self):
        for process in self.started:
            running = process.poll() is None
            workers = procfs.hold(procfs.children(process.pid)) if running else []
            process.kill()
            process.wait()
            procfs.end(workers, PATIENCE_S)
        for peer in self.peers:
            peer.close()
        self.executors.close()
        if self.hostd:
            self.hostd.close()
        self.log_file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return str(self.folder / name)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def start(self, command, uid=None, variables=None, **options):
        env = {**os.environ, "VGPU_LOG_TARGET": "stderr", **(variables or {})}
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL,
                                   stderr=self.log_file, preexec_fn=prepare(uid), **options)
        self.started.append(process)
        return process

    # systemd

    def activate(self, *command, uid=WORKER_UID):
        """Plays vgpu-worker.socket; returns the activator, whose children are the workers."""
        return self._activator("activator.py", uid, *(command or WORKER))

    def fake_workers(self, rule, uid=WORKER_UID):
        """The same with workers of fake_worker.py."""
        return self._activator("fake_worker.py", uid, rule, self.path("marks/probed"))

    def _activator(self, script, uid, *words):
        account = [] if uid is None else ["--uid", str(uid)]
        process = self.start([sys.executable, "-B", str(HERE / script), *account,
                              self.path("worker.sock"), *words], stdout=subprocess.PIPE)
        assert process.stdout.readline(), self.log()
        process.stdout.close()
        return process

    # vgpu-hostd

    def start_hostd(self):
        self.hostd = listen(self.folder / "hostd.sock")

    def kill_order(self):
        """What a supervisor asks vgpu-hostd for: (process id, its pidfd)."""
        connection, _ = self.hostd.accept()
        peer = wire.Peer(connection)
        self.peers.append(peer)
        kind, fields = peer.receive(PATIENCE_S)
        assert kind == "kill_worker" and len(peer.fds) == 1, (kind, peer.fds)
        return fields[1], peer.fds[0]

    # The supervisor and its broker

    def supervise(self, *options, gpu="0", variables=None, unit=True):
        config = self.folder / "vgpu.conf"
        config.write_text("[executor]\nspares = 1\n")
        sockets = ["--worker-socket", self.path("worker.sock")] if unit else []
        return self.start([WORKER[0], "--gpu", gpu, "--config", str(config), "--driver",
                           self.driver, "--socket", self.path("executor.sock"), *sockets,
                           "--hostd-socket", self.path("hostd.sock"), *options],
                          uid=SUPERVISOR_UID, variables=variables)

    def register(self, spares=1, orphans=()):
        """The next supervisor that connects, registered: (peer, its Register)."""
        connection, _ = self.executors.accept()
        peer = wire.Peer(connection)
        self.peers.append(peer)
        kind, fields = peer.receive(PATIENCE_S)
        assert kind == "register", kind
        say(peer, "registered", {1: 0, 2: spares, 4: b"".join(map(wire.varint, orphans))})
        return peer, fields

    def wait_log(self, text):
        wait_for(lambda: text in self.log(), f"'{text}' in the log")


def say(peer, kind, fields=None):
    peer.send(wire.prefixed(wire.frame(kind, fields)))


def expect(peer, wanted):
    """Fields of the next frame, which must be of this kind."""
    frame = peer.receive(PATIENCE_S)
    assert frame is not None and frame[0] == wanted, (wanted, frame)
    return frame[1]


class HostCase(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def ready(self, peer):
        """A worker's WorkerReady: (fields, its pipe)."""
        fields = expect(peer, "worker_ready")
        pipe = wire.Peer(socket.socket(fileno=peer.fds.pop()))
        self.addCleanup(pipe.close)
        return fields, pipe

    def assert_gone(self, pid):
        self.assertTrue(wait_for(lambda: not procfs.alive(pid), f"the end of {pid}"))


class Activated:
    """A worker on descriptor 3 whose supervisor the test is."""

    def __init__(self, pipe=None, changes=None):
        ours, theirs = socket.socketpair()
        self.peer = wire.Peer(ours)
        self.log_file = tempfile.TemporaryFile()
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                os.environ["VGPU_LOG_TARGET"] = "stderr"
                os.dup2(self.log_file.fileno(), 2)
                activator.become(pipe or theirs, None, WORKER, changes or {})
            finally:
                os._exit(127)
        theirs.close()

    def log(self):
        return os.pread(self.log_file.fileno(), 1 << 16, 0).decode(errors="replace")

    def end(self):
        """Waits for its end: (exit status, its log)."""

        def gone():
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            return pid

        if self.status is None:
            wait_for(gone, f"the end of a worker; its log: {self.log()}")
        return self.status, self.log()

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.end()
        self.peer.close()
        self.log_file.close()
