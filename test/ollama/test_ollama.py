#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""vgpu-ollama, in all its generations, over an installed guest component."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from installed import BUILD, install, libraries

from case import StackCase, main

PREFIXES = ("/usr/local", "/usr")


class Ollama(StackCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="vgpu-ollama-")))
        for prefix in PREFIXES:
            install(cls.tree(prefix), prefix)
        super().setUpClass()

    @classmethod
    def tree(cls, prefix):
        return cls.folder / prefix.strip("/").replace("/", "-")

    def nvml(self):
        return (libraries(self.tree("/usr"), "/usr") / "libnvidia-ml.so.1").exists()

    def ollama(self, *args, path=""):
        if self.nvml():
            args = ("--nvml", *args)
        return self.stack.run(BUILD / "test/ollama/vgpu-ollama", *args,
                              environment={"LD_LIBRARY_PATH": str(path)})

    def assert_passes(self, result):
        self.assertEqual((result.status, "\nPASS " in result.out), (0, True), result)

    def by_patterns(self, prefix, tree):
        """The server finds the library by its patterns, the runner by its loader."""
        result = self.ollama("--root", tree, "--loader", libraries(tree, prefix), "libcuda")
        self.assert_passes(result)
        return result.out.splitlines()

    def test_libcuda_by_patterns(self):
        for prefix in PREFIXES:
            tree = self.tree(prefix)
            lines = self.by_patterns(prefix, tree)
            real = (libraries(tree, prefix) / "libcuda.so.1").resolve()
            self.assertEqual([line for line in lines if line.startswith("search: ")],
                             [f"search: {real}"])

    def test_libcuda_after_one_that_does_not_work(self):
        with tempfile.TemporaryDirectory(prefix="vgpu-ollama-") as folder:
            tree = Path(folder) / "tree"
            shutil.copytree(self.tree("/usr/local"), tree, symlinks=True)
            theirs = tree / "usr/lib/x86_64-linux-gnu/libcuda.so.580.159.04"
            theirs.parent.mkdir(parents=True)
            theirs.write_text("not a library\n")
            lines = self.by_patterns("/usr/local", tree)
            self.assertEqual(lines.count(f"search: {theirs}"), 1)

    def test_libcuda_by_the_environment(self):
        path = libraries(self.tree("/usr"), "/usr")
        result = self.ollama("--root", "/nonexistent", "libcuda", path=path)
        self.assert_passes(result)
        self.assertIn(f"search: {path.resolve()}/libcuda.so.", result.out)

    def test_runner(self):
        self.assert_passes(self.ollama("runner", path=libraries(self.tree("/usr"), "/usr")))

    def test_probe(self):
        self.assert_passes(self.ollama("probe", path=libraries(self.tree("/usr"), "/usr")))

    def test_nvml(self):
        result = self.ollama("nvml", path=libraries(self.tree("/usr"), "/usr"))
        if self.nvml():
            self.assert_passes(result)
        else:
            self.assertEqual((result.status, result.err), (1, "ollama: NVML answers 12\n"))

    def test_nothing_is_installed(self):
        for generation in ("libcuda", "runner", "probe"):
            result = self.ollama("--root", "/nonexistent", generation)
            self.assertEqual((result.status, f"FAIL {generation} found no GPU" in result.out),
                             (1, True), result)


if __name__ == "__main__":
    os.environ.pop("LD_LIBRARY_PATH", None)
    sys.argv[0] = __file__
    main()
