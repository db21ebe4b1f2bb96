# SPDX-License-Identifier: Apache-2.0
"""The two ways to run a program: natively and through us.  A side is an environment."""

import os
import shutil
from pathlib import Path

LIBRARIES = ("guest/libcuda/libcuda.so.1", "guest/libnvml/libnvidia-ml.so.1")
# What frameworks keep between runs: each side fills its own, or one would compile for both.
CACHES = {
    "XDG_CACHE_HOME": "cache", "TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton",
    "CUPY_CACHE_DIR": "cupy", "NUMBA_CACHE_DIR": "numba", "CUDA_CACHE_PATH": "cuda",
    "TORCH_HOME": "torch", "HF_HOME": "hf",
}


def clean(environment, build):
    """Without what leads to us."""
    found = {key: value for key, value in environment.items() if not key.startswith("VGPU_")}
    inside = str(Path(build).resolve())
    folders = [folder for folder in found.pop("LD_LIBRARY_PATH", "").split(":")
               if folder and not str(Path(folder).resolve()).startswith(inside)]
    if folders:
        found["LD_LIBRARY_PATH"] = ":".join(folders)
    return found


def put_first(environment, folder):
    rest = environment.get("LD_LIBRARY_PATH")
    environment["LD_LIBRARY_PATH"] = f"{folder}:{rest}" if rest else str(folder)


def lay_out(folder, files):
    """A folder with the libraries by the names that programs load them by."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        for name in (file.name, file.name.removesuffix(".1")):
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(file.resolve())
    return folder


def with_caches(environment, folder):
    for key, name in CACHES.items():
        environment[key] = str(folder / name)
    environment.update(PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    return environment


def make(options, scratch):
    """{"native": environment, "vgpu": environment}."""
    base = clean(os.environ, options.build)
    native = with_caches(dict(base), scratch / "native")
    if options.native_library:
        copy = scratch / "native-library"
        copy.mkdir(parents=True, exist_ok=True)
        shutil.copy(options.native_library, copy / "libcuda.so.1")
        put_first(native, copy)
    ours = with_caches(dict(base), scratch / "vgpu")
    present = [options.build / name for name in LIBRARIES if (options.build / name).exists()]
    put_first(ours, lay_out(scratch / "vgpu-library", present))
    ours["VGPU_SOCKET"] = options.socket
    return {"native": native, "vgpu": ours}
