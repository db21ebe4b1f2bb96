# SPDX-License-Identifier: Apache-2.0
"""The file system of a guest that is a whole host: Debian's files, systemd, and what a test adds.

    image = HostImage()
    image.add_tree(root.path)        # as "./dev install" made it
    image.write(folder / "host.cpio")
    with Guest(folder / "host.cpio", cpus=2, memory_mib=1024) as guest: ...

The packages' own scripts have not run; what they would make is here, or systemd makes it at boot.
Commands run as root below the unit vgpu-test-agent.service.
"""

import os
from pathlib import Path

from initramfs import HERE, Image, InitramfsError, cache_folder

# Beside what Debian has.
TEST_FOLDER = "/usr/lib/vgpu-test"
# Debian's links from before /usr was one.
MERGED = ("/bin/", "/sbin/", "/lib/", "/lib64/")
AGENT_UNIT = f"""[Unit]
Description=Commands of a test
[Service]
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:{TEST_FOLDER}
Environment=AGENT_SHELL=/bin/bash
ExecStart={TEST_FOLDER}/busybox sh {TEST_FOLDER}/agent
[Install]
WantedBy=multi-user.target
"""
ETC = {
    "/etc/hostname": "host\n",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/nsswitch.conf": "passwd: files systemd\ngroup: files systemd\nshadow: files systemd\n",
    "/etc/systemd/system/vgpu-test-agent.service": AGENT_UNIT,
}
LINKS = {
    "/usr/bin/sh": "dash",
    "/usr/bin/awk": "mawk",
    f"{TEST_FOLDER}/usleep": "busybox",
    "/etc/systemd/system/default.target": "/lib/systemd/system/multi-user.target",
    "/etc/systemd/system/multi-user.target.wants/vgpu-test-agent.service":
        "../vgpu-test-agent.service",
}
# Nobody logs in, and nothing is kept for another boot.
MASKED = ("getty.target", "systemd-logind.service", "systemd-random-seed.service")


class HostImage(Image):
    """A host's root file system in the making."""

    def __init__(self, cache=None):  # pylint: disable=super-init-not-called
        self.cache = Path(cache) if cache else cache_folder()
        self.modules = []
        self.entries = {}
        base = self.cache / "host"
        if not base.is_dir():
            raise InitramfsError(f"no {base}; run test/vm/fetch")
        self.add_tree(base)
        self.add_file(self.cache / "busybox", f"{TEST_FOLDER}/busybox", 0o755)
        self.add_file(HERE / "guest_agent.sh", f"{TEST_FOLDER}/agent", 0o755)
        self.add_file(HERE / "host_init.sh", "/init", 0o755)
        for kind in ("passwd", "group"):
            self.add_file(base / f"usr/share/base-passwd/{kind}.master", f"/etc/{kind}", 0o644)
        for path, text in ETC.items():
            self.add_text(text, path)
        for path, target in LINKS.items():
            self.add_link(target, path)
        for unit in MASKED:
            self.add_link("/dev/null", f"/etc/systemd/system/{unit}")
        self._add_folder("/mnt")

    def add_tree(self, folder):
        """Everything below a folder, owned by root."""
        for place, folders, files in os.walk(folder):
            inside = "/" + os.path.relpath(place, folder)
            for name in (*folders, *files):
                source = Path(place, name)
                path = os.path.normpath(f"{inside}/{name}")
                if source.is_symlink():
                    self.add_link(os.readlink(source), path)
                elif source.is_dir():
                    self._add_folder(path)
                else:
                    self.add_file(source, path)

    def _add(self, path, mode, content):
        if path.startswith(MERGED):
            path = f"/usr{path}"
        super()._add(path, mode, content)

    def _add_folder(self, path):
        if f"{path}/".startswith(MERGED):
            if f"{path}/" in MERGED:
                return
            path = f"/usr{path}"
        super()._add_folder(path)
