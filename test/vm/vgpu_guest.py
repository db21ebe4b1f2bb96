# SPDX-License-Identifier: Apache-2.0
"""A guest with our device, our library and whatever programs a test wants in it.

    image = vgpu_image(build, programs=[build / "test/programs/vgpu-demo-saxpy"])
    image.write(file)
    with VgpuGuest(file, socket, build) as guest:
        guest.check("vgpu-info")
"""

from pathlib import Path

from guest import Guest
from initramfs import Image

DEVICE = "vgpu0"
CHARDEV = "vgpulink"


def vgpu_image(build, programs=(), uio=False):
    """What a guest with the guest component installed has; uio: with uio_pci_generic loaded."""
    image = Image()
    for library in ("libcuda/libcuda.so.1", "libnvml/libnvidia-ml.so.1"):
        image.add_library(Path(build) / "guest" / library)
    if (Path(build) / "guest/tools/vgpu-info").exists():
        image.add_program(Path(build) / "guest/tools/vgpu-info")
    for program in programs:
        image.add_program(program)
    if uio:
        image.add_module("uio_pci_generic")
    return image


def loader(build):
    return str((Path(build) / "qemu-device/libvgpu-qemu.so").resolve())


class VgpuGuest(Guest):
    """A Guest whose QEMU carries vgpu-cuda, connected to a machine's socket of the broker."""

    def __init__(self, initramfs, socket, build, *, properties="", device=True, args=(),
                 environment=None, **options):
        """properties: more of -device's, ",channels=4".  device: plugged from the start."""
        self.properties = dict(pair.split("=") for pair in properties.split(",") if pair)
        chardev = ["-chardev", f"socket,id={CHARDEV},path={socket},reconnect=1"]
        device_args = ["-device", ",".join(["vgpu-cuda"] + [
            f"{key}={value}" for key, value in self._device().items()])]
        super().__init__(initramfs, args=[*chardev, *(device_args if device else []), *args],
                         environment={"LD_PRELOAD": loader(build), **(environment or {})},
                         **options)

    def _device(self):
        return {"id": DEVICE, "chardev": CHARDEV, "addr": "0x10", **self.properties}

    def plug(self):
        """device_add, and waits until the guest's kernel has it."""
        # Here, and not on the command line, a number must be one.
        self.qmp("device_add", {"driver": "vgpu-cuda", **{
            key: int(value) if value.isdigit() else value
            for key, value in self._device().items()}})
        self.check("until grep -qs 0xcda0 /sys/bus/pci/devices/*/device; do usleep 20000; done")

    def unplug(self, device=DEVICE):
        super().unplug(device)

