# SPDX-License-Identifier: Apache-2.0
"""What systemd does for a service: its sockets, made before it, and an ear for what it says."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from stack import PATIENCE_S, become_subreaper, build_folder, die_with_parent

# Passed descriptors wait here until the shell gives them their numbers.
HIGH = 100


class Manager:
    """with Manager() as manager: a folder, a notification socket, and what was started."""

    def __enter__(self):
        become_subreaper()
        self.folder = Path(tempfile.mkdtemp(prefix="vgpu-manager-"))
        self.folder.chmod(0o755)
        self.log_path = self.folder / "log"
        self._started = []
        self._sockets = []
        return self

    def __exit__(self, *_):
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()
        for open_socket in self._sockets:
            open_socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return str(self.folder / name)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def ear(self, name):
        """A notification socket."""
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ear.bind(self.path(name))
        ear.settimeout(PATIENCE_S)
        self._sockets.append(ear)
        return ear

    def listening(self, name, kind=socket.SOCK_STREAM):
        made = socket.socket(socket.AF_UNIX, kind)
        made.bind(self.path(name))
        if kind == socket.SOCK_STREAM:
            made.listen(16)
        self._sockets.append(made)
        return made

    def listening_tcp(self):
        made = socket.create_server(("127.0.0.1", 0))
        self._sockets.append(made)
        return made

    def start(self, command, ear=None, watchdog_ms=0, passed=()):
        """Starts a service; `passed` is pairs of name and socket."""
        env = {**os.environ, "VGPU_LOG_TARGET": "stderr", "TMPDIR": str(self.folder)}
        prefix, redirections = [], ""
        if ear is not None:
            env["NOTIFY_SOCKET"] = ear.getsockname()
        if watchdog_ms:
            env["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
            prefix.append("WATCHDOG_PID=$$")
        high = [fcntl.fcntl(made, fcntl.F_DUPFD, HIGH) for _, made in passed]
        if passed:
            env["LISTEN_FDS"] = str(len(passed))
            env["LISTEN_FDNAMES"] = ":".join(name for name, _ in passed)
            prefix.append("LISTEN_PID=$$")
            redirections = " ".join(f"{3 + i}<&{fd} {fd}<&-" for i, fd in enumerate(high))
        script = f'{" ".join(prefix)} exec "$@" {redirections}'
        with open(self.log_path, "ab") as log:
            process = subprocess.Popen(["bash", "-c", script, "manager", *map(str, command)],
                                       env=env, pass_fds=high, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, preexec_fn=die_with_parent)
        for fd in high:
            os.close(fd)
        self._started.append(process)
        return process

    def broker(self, *words, **options):
        """Its own names are in our folder, where it should bind nothing that was passed."""
        return self.start([build_folder() / "broker/vgpu-broker",
                           "--set", f"broker.socket={self.path('own.sock')}",
                           "--set", f"broker.executor_socket={self.path('executor.sock')}",
                           "--set", f"broker.control_socket={self.path('own-control.sock')}",
                           *words], **options)

    def guest(self, name, socket_path):
        """Runs a guest program to its end over this socket."""
        libraries = [str(build_folder() / "guest/libcuda"), str(build_folder() / "guest/libnvml"),
                     os.environ.get("LD_LIBRARY_PATH", "")]
        env = {**os.environ, "VGPU_SOCKET": socket_path,
               "LD_LIBRARY_PATH": ":".join(filter(None, libraries))}
        return subprocess.run([build_folder() / "test/process" / name, "session"], env=env,
                              text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=2 * PATIENCE_S, check=False)


def stop(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE_S)


def hear(ear):
    """The next message, as {key: value}."""
    return dict(line.split("=", 1) for line in ear.recv(4096).decode().splitlines())


def hear_key(ear, key):
    """Hears messages up to one with this key; returns all of them."""
    heard = []
    while not heard or key not in heard[-1]:
        heard.append(hear(ear))
    return heard
