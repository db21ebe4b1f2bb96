# SPDX-License-Identifier: Apache-2.0
"""A bare Debian 12 in a folder, from where this machine's own apt takes its packages."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from packages import run

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TOOLS = {"mmdebstrap": "mmdebstrap", "dpkg-deb": "dpkg", "apt-get": "apt", "chroot": "coreutils",
         "unshare": "util-linux", "systemd-analyze": "systemd"}
RELEASE = re.compile(r"'(.*)/dists/((?:bookworm|(?:old)*stable)(?:-updates|-security)?)/(?:In)?Release'")
# Mounts that nobody else sees, gone with the last process.  Of /dev only what is needed: the packages'
# scripts must not reach this machine's own.
ENTER = """set -e
mount --rbind /proc "$1/proc"
for node in null zero full random urandom; do
    [ -e "$1/dev/$node" ] || : >"$1/dev/$node"
    mount --bind "/dev/$node" "$1/dev/$node"
done
mount --bind /dev/pts "$1/dev/pts"
root=$1
shift
exec chroot "$root" "$@"
"""
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
# A systemd that only says how it was called: everything is enabled and active.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/var/log/systemctl
case "$*" in *is-enabled*) echo enabled ;; esac
"""


def sources():
    """Lines for sources.list: the first mirror of Debian 12, its updates, and security's."""
    found = RELEASE.findall(run("apt-get", "--print-uris", "update"))
    mirrors = [url for url, suite in found if "-" not in suite]
    if not mirrors:
        raise AssertionError("apt has no source for Debian 12 (bookworm) in its configuration")
    return [f"deb [signed-by={KEYRING}] {url} {suite} main" for url, suite in dict.fromkeys(found)
            if url == mirrors[0] or suite.endswith("-security")]


def downloads():
    """How this machine's apt downloads: proxies, what it takes for valid."""
    said = [line for line in run("apt-config", "dump").splitlines()
            if line.startswith("Acquire::") and "IndexTargets" not in line]
    return [*said, 'Acquire::Retries "3";']


class DebianRoot:
    """with DebianRoot() as root: root.path"""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="vgpu-debian-")
        self.path = Path(self._folder.name) / "root"
        try:
            self._make()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def _make(self):
        folder = Path(self._folder.name)
        (folder / "sources.list").write_text("\n".join(sources()) + "\n")
        (folder / "apt.conf").write_text("\n".join(downloads()) + "\n")
        run("mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--skip=cleanup/apt/lists",
            f"--aptopt={folder / 'apt.conf'}", "--dpkgopt=force-unsafe-io",
            "--dpkgopt=path-exclude=/usr/share/locale/*", "bookworm", self.path,
            folder / "sources.list")
        for name in ("resolv.conf", "hosts"):
            shutil.copyfile(f"/etc/{name}", self.file(f"/etc/{name}"))

    def file(self, name):
        return self.path / name.lstrip("/")

    def command(self, *words):
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh", str(self.path),
                *map(str, words)]

    def run(self, *words):
        return run(*self.command(*words), env=ENVIRONMENT)

    def start(self, *words, log):
        """A process of a group of its own, so that it ends with its children."""
        return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                env=ENVIRONMENT, start_new_session=True)

    def apt(self, *words):
        return self.run("apt-get", "-qy", "--no-install-recommends", "-o", "APT::Sandbox::User=root",
                        "-o", f"DPkg::Path={ENVIRONMENT['PATH']}", "-o", "Dpkg::Options::=--force-confold", *words)

    def take(self, package):
        """A package's file, for apt in there."""
        shutil.copy(package, self.file("/tmp"))
        return f"/tmp/{package.name}"

    def pretend_systemd(self):
        """From now on a systemd seems to run, and says how it was called."""
        self.file("/run/systemd/system").mkdir(parents=True, exist_ok=True)
        systemctl = self.file("/usr/local/bin/systemctl")
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)

    def called(self):
        """How systemd was called since the last time."""
        log = self.file("/var/log/systemctl")
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line for line in lines if "is-" not in line]

    def installed(self):
        return self.run("dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\n")

    def traces(self):
        """What names us: files, and settings that mention us; but for logs and what apt keeps."""
        kept = ("/var/log", "/var/cache", "/var/lib/apt", "/tmp", "/proc", "/dev")
        found = []
        for folder, folders, files in os.walk(self.path):
            inside = "/" + str(Path(folder).relative_to(self.path)).lstrip(".")
            folders[:] = [f for f in folders if not os.path.join(inside, f).startswith(kept)]
            found += [os.path.join(inside, name) for name in folders + files
                      if re.search("vgpu|mediator", name)]
        for name in ("/etc/ld.so.cache", "/var/lib/dpkg/triggers/File", "/var/lib/dpkg/status"):
            if b"vgpu" in self.file(name).read_bytes():
                found.append(f"{name} mentions vgpu")
        return sorted(found)
