#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the device gets into a QEMU, and what keeps a wrong one out."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from device_case import main, wait_for
from machine import BUILD, Machine
from paths import ROOT

LOADER = BUILD / "libvgpu-qemu.so"
QEMU = os.environ.get("VGPU_QEMU", "qemu-system-x86_64")
OPTIONS = "vgpu-cuda options:"
LISTED = 'name "vgpu-cuda", bus PCI, desc "Virtual GPU (MMIO + BAR1 + CUDA Remoting)"'


def run(command, **environment):
    """(status, output) of a command with LD_PRELOAD and the like."""
    done = subprocess.run(command, env=os.environ | environment, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def qemu_version():
    said = run([QEMU, "--version"])[1]
    return re.search(r"version ((\d+\.\d+)[\d.]*)", said).groups()


def source_of_qemu():
    """The unpacked source that the build made this QEMU's object from."""
    for source in os.environ.get("VGPU_QEMU_SOURCES", "").split(";"):
        if source and (Path(source) / "VERSION").read_text().startswith(qemu_version()[1] + "."):
            return Path(source)
    raise SystemExit(f"VGPU_QEMU_SOURCES names no source of QEMU {qemu_version()[0]}")


class Folder(unittest.TestCase):
    """Tests with a folder of their own for the loader and what they put beside it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vgpu-loader-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.loader = shutil.copy(LOADER, self.folder)
        self.object = self.folder / f"vgpu-qemu-{qemu_version()[1]}.so"

    def devices(self):
        """What QEMU, with the loader of the folder, says of the device."""
        return run([QEMU, "-device", "vgpu-cuda,help"], LD_PRELOAD=self.loader)[1]

    def assert_one_line(self, said, *words):
        """vgpu-cuda is absent, one line says why, and QEMU goes on."""
        self.assertIn("Device 'vgpu-cuda' not found", said)
        lines = [line for line in said.split("\n") if line.startswith("vgpu: ")]
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertIn(word, lines[0])


class HelpLine(unittest.TestCase):
    """Loads all of QEMU's modules: not for a QEMU that is not installed beside others of its kind."""

    def test_the_line_of_device_help(self):
        status, said = run([QEMU, "-device", "help"], LD_PRELOAD=str(LOADER))
        self.assertEqual(status, 0)
        self.assertEqual([line for line in said.split("\n") if "vgpu" in line], [LISTED])


class Loaded(unittest.TestCase):
    def test_it_has_the_properties_of_the_page(self):
        _, said = run([QEMU, "-device", "vgpu-cuda,help"], LD_PRELOAD=str(LOADER))
        found = re.findall(r"^  ([\w-]+)=", said, re.MULTILINE)
        for name in ("chardev", "channels", "channel-size", "vm-name", "ioeventfd", "vendor-id",
                     "device-id"):
            self.assertIn(name, found)

    def child_preload(self, preload):
        """LD_PRELOAD as a child of QEMU gets it."""
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(plugged=False, command=["env", f"LD_PRELOAD={preload}", QEMU])
            try:
                machine.qmp.command("migrate", uri="exec:cat >/dev/null; "
                                    f"echo \"<$LD_PRELOAD>\" >{folder}/t; mv {folder}/t {folder}/o")
                out = Path(folder, "o")
                wait_for(out.exists, "the child")
                return out.read_text().strip()
            finally:
                machine.close()

    def test_children_of_qemu_do_not_inherit_it(self):
        self.assertEqual(self.child_preload(LOADER), "<>")

    def test_other_entries_of_ld_preload_stay(self):
        self.assertEqual(self.child_preload(f"libm.so.6:{LOADER} librt.so.1"),
                         "<libm.so.6:librt.so.1>")


class Inert(unittest.TestCase):
    """Programs that are no QEMU do not notice it."""

    def test_in_true(self):
        self.assertEqual(run(["/bin/true"], LD_PRELOAD=str(LOADER)), (0, ""))

    def test_in_a_shell_and_its_child(self):
        self.assertEqual(run(["sh", "-c", "env | grep ^LD_PRELOAD="], LD_PRELOAD=str(LOADER)),
                         (0, f"LD_PRELOAD={LOADER}\n"))

    def test_through_programs_that_start_qemu(self):
        status, said = run(["timeout", "60", "sh", "-c", f"{QEMU} -device vgpu-cuda,help"],
                           LD_PRELOAD=str(LOADER))
        self.assertEqual(status, 0, said)
        self.assertTrue(said.startswith(OPTIONS), said)

    def test_it_needs_no_symbol_but_the_c_library(self):
        _, said = run(["ldd", "-r", str(LOADER)])
        self.assertNotIn("undefined symbol", said)
        self.assertNotIn("glib", said)


class Refused(Folder):
    def build(self, source, cc=None):
        """Builds an object into the folder; its path."""
        before = set(self.folder.iterdir())
        environment = {"CC": str(cc)} if cc else {}
        status, said = run([str(ROOT / "qemu-device/build"), str(source), str(self.folder)],
                           **environment)
        self.assertEqual(status, 0, said)
        [made] = set(self.folder.iterdir()) - before
        return made

    def test_no_object_for_the_version(self):
        self.assert_one_line(self.devices(), f"no vgpu-cuda for QEMU {qemu_version()[0]}",
                             self.object.name, "No such file")

    def test_object_that_is_no_object(self):
        self.object.write_bytes(b"nothing")
        self.assert_one_line(self.devices(), self.object.name)

    def test_object_of_another_version(self):
        """As if the file of another minor version had been renamed."""
        (self.folder / "bin").mkdir()
        compiler = self.folder / "bin/cc"
        compiler.write_text("#!/bin/bash\n"
                            f"sed 's/QEMU_VERSION_MINOR/99/g' {ROOT}/qemu-device/abi.c >$0.c\n"
                            f"exec gcc -iquote {ROOT}/qemu-device \"${{@/*abi.c/$0.c}}\"\n")
        compiler.chmod(0o755)
        self.build(source_of_qemu(), compiler)
        major, minor = qemu_version()[1].split(".")
        self.assert_one_line(self.devices(),
                             f"is for QEMU {major}.99 and not for {major}.{minor}")

    def assert_size_refused(self, header, pattern, what):
        """An object whose headers have one more member in a structure."""
        source = source_of_qemu()
        fake = self.folder / "source"
        fake.mkdir()
        for name in source.iterdir():
            if name.name != "include":
                (fake / name.name).symlink_to(name)
        shutil.copytree(source / "include", fake / "include", symlinks=True)
        path = next(fake / "include" / name for name in header
                    if (fake / "include" / name).exists())
        text, count = re.subn(pattern, r"\g<0>\n    char vgpu_test[64];", path.read_text(), count=1,
                              flags=re.MULTILINE)
        self.assertEqual(count, 1, path)
        path.unlink()
        path.write_text(text)
        self.build(fake)
        self.assert_one_line(self.devices(), f"vgpu: {what} has", "not registered")

    def test_another_size_of_pci_device(self):
        self.assert_size_refused(("hw/pci/pci_device.h", "hw/pci/pci.h"),
                                 r"^struct PCIDevice \{$", "pci-device")

    def test_another_size_of_memory_region(self):
        # Every PCI device has some of them, and is looked at first.
        self.assert_size_refused(("system/memory.h", "exec/memory.h"),
                                 r"^struct MemoryRegion \{$", "pci-device")

    def test_another_size_of_device(self):
        self.assert_size_refused(("hw/core/qdev.h", "hw/qdev-core.h"),
                                 r"^struct DeviceState \{$", "device")

    def test_the_right_object_is_taken(self):
        self.build(source_of_qemu())
        self.assertTrue(self.devices().startswith(OPTIONS))


class InTree(Folder):
    """qemu-device/in-tree: the same files as a part of QEMU's source."""

    def tree(self, name, text, source=None):
        """A source whose hw/misc has only a build file; all else is the real one."""
        tree = self.folder / "tree"
        (tree / "hw/misc").mkdir(parents=True)
        (tree / "hw/misc" / name).write_text(text)
        for entry in source.iterdir() if source else ():
            if entry.name != "hw":
                (tree / entry.name).symlink_to(entry)
        (tree / "VERSION").touch()
        return tree

    def install(self, tree):
        status, said = run([str(ROOT / "qemu-device/in-tree/install"), str(tree)])
        self.assertEqual(status, 0, said)

    def assert_installs(self, name, before, added):
        """What is appended to the build file, once."""
        tree = self.tree(name, before)
        for _ in range(2):
            self.install(tree)
        text = (tree / "hw/misc" / name).read_text()
        self.assertTrue(text.startswith(before))
        self.assertIn(added, text.removeprefix(before))
        self.assertEqual(text.count(added), 1)
        return tree / "hw/misc/vgpu"

    def test_meson(self):
        self.assert_installs("meson.build", "system_ss.add(files('a.c'))\n",
                             "system_ss.add(when: ['CONFIG_PCI', 'CONFIG_LINUX'], if_true: files(")

    def test_meson_before_8_1(self):
        self.assert_installs("meson.build", "softmmu_ss.add(files('a.c'))\n",
                             "softmmu_ss.add(when: ['CONFIG_PCI'")

    def test_make_of_4_2(self):
        folder = self.assert_installs("Makefile.objs", "common-obj-y += a.o\n",
                                      "common-obj-$(CONFIG_PCI) += vgpu/")
        objects = (folder / "Makefile.objs").read_text().split()[2:]
        self.assertEqual(sorted(objects), sorted(p.stem + ".o" for p in folder.glob("*.c")))

    def test_every_source_is_there_but_what_is_for_loading(self):
        folder = self.assert_installs("meson.build", "\n", "'vgpu/device.c'")
        ours = {p.name for p in (ROOT / "qemu-device").glob("*.[ch]")} - {"abi.c", "loader.c"}
        self.assertEqual({p.name for p in folder.glob("*.[ch]")}, ours)
        text = (folder.parent / "meson.build").read_text()
        for name in ours:
            self.assertEqual(f"'vgpu/{name}'" in text, name.endswith(".c"), name)

    def test_it_compiles_against_this_qemu(self):
        tree = self.tree("meson.build", "\n", source_of_qemu())
        self.install(tree)
        status, said = run([str(ROOT / "qemu-device/build"), "--in-tree", str(tree)])
        self.assertEqual((status, said), (0, ""))


class Wrapper(Folder):
    """vgpu-qemu(1)."""

    def wrapper(self, *arguments, **environment):
        return run([str(BUILD / "vgpu-qemu"), *arguments], **environment)

    def fake(self, version, script="exit 1"):
        """A QEMU that says what a test wants; its path."""
        path = self.folder / "qemu-fake"
        path.write_text("#!/bin/sh\n"
                        f'if [ "$1" = --version ]; then echo "QEMU emulator version {version}";'
                        f" exit; fi\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def test_check_finds_everything(self):
        status, said = self.wrapper("--check")
        self.assertEqual(status, 0, said)
        version = qemu_version()
        for word in (f"QEMU {version[0]}", f"vgpu-qemu-{version[1]}.so", "libvgpu-qemu.so"):
            self.assertIn(word, said)
        self.assertEqual(said.count("\n"), 1)

    def assert_check(self, status, words, *command, **environment):
        got, said = self.wrapper(*(command or ("--check",)), **environment)
        self.assertEqual(got, status, said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertIn(words, said)

    def test_no_qemu(self):
        self.assert_check(3, "no no-such-qemu", VGPU_QEMU="no-such-qemu")

    def test_not_a_qemu(self):
        self.assert_check(3, "is no QEMU", VGPU_QEMU="bash")

    def test_no_loader(self):
        self.assert_check(4, "no libvgpu-qemu.so in", VGPU_QEMU_MODULES="/nonexistent")

    def test_no_object(self):
        self.assert_check(5, self.object.name, VGPU_QEMU_MODULES=str(self.folder))
        self.assert_check(5, self.object.name, "-M", "none", VGPU_QEMU_MODULES=str(self.folder))

    def test_a_qemu_that_exports_nothing(self):
        shutil.copy(BUILD / self.object.name, self.folder)
        self.assert_check(6, "exports no symbols", VGPU_QEMU=self.fake(qemu_version()[0], "exit 0"),
                          VGPU_QEMU_MODULES=str(self.folder))

    def test_a_loader_that_this_system_cannot_load(self):
        (self.folder / "vgpu-qemu-8.0.so").touch()
        said = "libc.so.6: version GLIBC_9.9 not found"
        self.assert_check(7, f"does not start with {self.loader}: {said}",
                          VGPU_QEMU=self.fake("8.0.0", f"echo {said} >&2; exit 1"),
                          VGPU_QEMU_MODULES=str(self.folder))

    def test_an_object_that_is_refused(self):
        self.object.write_bytes(b"nothing")
        self.assert_check(7, "does not take", VGPU_QEMU_MODULES=str(self.folder))

    def test_a_qemu_with_the_device_built_in(self):
        self.assert_check(0, "built in", VGPU_QEMU=self.fake("8.0.0", f"echo '{OPTIONS}'"))

    def test_chardev_option_by_version(self):
        for version, option in (("4.2.1", "reconnect=1"), ("7.2.22", "reconnect=1"),
                                ("9.1.0", "reconnect=1"), ("9.2.0", "reconnect-ms=1000"),
                                ("10.0.2", "reconnect-ms=1000"), ("11.1.0", "reconnect-ms=1000")):
            said = self.wrapper("--chardev-option", "/run/a,b", "x", VGPU_QEMU=self.fake(version))
            self.assertEqual(said, (0, f"socket,id=x,path=/run/a,,b,{option}\n"))

    def arguments(self, *arguments):
        """What the QEMU behind the wrapper is given."""
        fake = self.fake("9.2.1", 'echo "$LD_PRELOAD"; for a in "$@"; do echo "$a"; done')
        (self.folder / "vgpu-qemu-9.2.so").touch()
        status, said = self.wrapper(*arguments, VGPU_QEMU=fake, LD_PRELOAD="libm.so.6",
                                    VGPU_QEMU_MODULES=str(self.folder))
        self.assertEqual(status, 0, said)
        lines = said.split("\n")
        self.assertEqual(lines[0], f"{self.loader}:libm.so.6")
        return lines[1:-1]

    def test_arguments_pass_through(self):
        given = ["-name", "a b", "", "-m", "1G", "$HOME", "--check"]
        self.assertEqual(self.arguments(*given), given)

    def test_vgpu_becomes_chardev_and_device(self):
        self.assertEqual(
            self.arguments("-m", "1G", "-vgpu", "socket=/run/v.sock", "-S"),
            ["-m", "1G", "-chardev", "socket,id=vgpu0-socket,path=/run/v.sock,reconnect-ms=1000",
             "-device", "vgpu-cuda,id=vgpu0,chardev=vgpu0-socket", "-S"])

    def test_vgpu_with_everything(self):
        self.assertEqual(
            self.arguments("-vgpu", "socket=/run/a,,b,channels=4,channel-size=64M,id=x,vm-name=c,,d",
                           "--vgpu", "socket=/2"),
            ["-chardev", "socket,id=x-socket,path=/run/a,,b,reconnect-ms=1000",
             "-device", "vgpu-cuda,id=x,chardev=x-socket,channels=4,channel-size=64M,vm-name=c,,d",
             "-chardev", "socket,id=vgpu1-socket,path=/2,reconnect-ms=1000",
             "-device", "vgpu-cuda,id=vgpu1,chardev=vgpu1-socket"])

    def test_bad_vgpu_options(self):
        for value, word in (("channels=4", "needs socket="), ("socket=/a,wrong", "'wrong'"),
                            ("socket=/a,id=7x", "no id"), ("socket=/a,=3", "'=3'"),
                            ("", "needs socket=")):
            self.assert_check(2, word, "-vgpu", value)
        self.assert_check(2, "needs a value", "-vgpu")
        self.assert_check(2, "needs PATH and ID", "--chardev-option", "/a")

    def test_the_man_page_says_what_is_so(self):
        page = (ROOT / "deploy/man/vgpu-qemu.1").read_text()
        script = (ROOT / "qemu-device/vgpu-qemu").read_text()
        options = set(re.findall(r"^  --([a-z-]+)", self.wrapper("--help")[1], re.MULTILINE))
        self.assertEqual(options, set(re.findall(r"^\.It Fl -([a-z-]+)", page, re.MULTILINE)))
        statuses = page.split(".Sh EXIT STATUS\n")[1].split("\n.Sh ")[0]
        self.assertEqual(set(re.findall(r"^EXIT_\w+=(\d)", script, re.MULTILINE)) | {"0"},
                         set(re.findall(r"^\.It (\d)", statuses, re.MULTILINE)))
        variables = set(re.findall(r"\$\{?(VGPU_\w+)", script))
        self.assertEqual(variables, set(re.findall(r"^\.It Ev (\w+)", page, re.MULTILINE)))

    def test_it_starts_the_real_one(self):
        machine = Machine(plugged=False, options=("-vgpu", f"socket={self.folder}/s,channels=2"))
        try:
            machine.map()
            self.assertEqual(machine.read(0x10), 2)
        finally:
            machine.close()


if __name__ == "__main__":
    main()
