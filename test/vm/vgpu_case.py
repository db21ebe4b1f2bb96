# SPDX-License-Identifier: Apache-2.0
"""unittest with a broker, virtual machines on sockets of their own, and guests in them."""

import re
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "process"))

from stack import Stack, build_folder, wait_for  # noqa: E402
from vgpu_guest import VgpuGuest, vgpu_image  # noqa: E402

BUILD = build_folder()
PROGRAMS = ("test/vm/vgpu-vm-guest", "test/vm/vgpu-vm-scribble", "test/programs/vgpu-demo-saxpy",
            "test/programs/vgpu-demo-misbehave")
# Small channels and few of them, where a test needs no more.
SMALL = "channels=8,channel-size=67108864"
# What issue and documents promise for the end of a guest process, with nothing added.
RELEASE_S = 2


class VgpuCase(unittest.TestCase):
    """A stack and an image for the class; machines a and b."""

    vms = ("a", "b")
    settings = {}
    uio = False

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="vgpu-vm-")))
        cls.folder.chmod(0o711)
        cls.image = cls.folder / "guest.cpio"
        vgpu_image(BUILD, [BUILD / name for name in PROGRAMS], uio=cls.uio).write(cls.image)

    def setUp(self):
        settings = {f"vms.{name}": self.socket(name) for name in self.vms}
        self.stack = Stack(settings={**settings, **self.settings})
        self.enterContext(self.stack)

    def tearDown(self):
        self.assertIsNone(self.stack.broker.poll(), "the broker ended")

    def socket(self, name):
        return str(self.folder / f"{name}.sock")

    def boot(self, vm="a", **options):
        """Starts a guest; it boots beside what the test does next."""
        options.setdefault("properties", SMALL)
        return self.enterContext(VgpuGuest(self.image, self.socket(vm), BUILD, name=vm, **options))

    def assert_works(self, guest):
        """A new process of the guest runs kernels."""
        status, output = guest.run("vgpu-demo-saxpy", 60)
        self.assertEqual((status, "PASS" in output), (0, True), output)

    def start_ready(self, guest, command):
        """Starts a job and waits for its "ready"; the job."""
        job = guest.start(command)
        wait_for(lambda: "ready" in job.output() or job.poll(), f"'ready' of {command}", 60)
        self.assertIsNone(job.poll(), f"{command}: {job.poll()}")
        return job

    def info(self, guest):
        """vgpu-info's exit status and text."""
        return guest.run("vgpu-info", 60)

    def session_workers(self):
        """Workers that sessions have; the spare is not one."""
        return len(self.stack.workers()) - 1

    def assert_released(self, since):
        """Every worker but the spare and every channel is gone in time after the moment since."""
        wait_for(lambda: self.session_workers() == 0, "the workers to end",
                 max(0.1, since + RELEASE_S - time.monotonic()))

    def logged(self, pattern):
        return re.findall(pattern, self.stack.log())


def main():
    unittest.main(verbosity=2)
