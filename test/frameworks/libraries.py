# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of libraries/ on the machine that runs them, with what it has.

Headers and libraries come from the pip packages of the Python that runs this
(site-packages/nvidia/*), else from the CUDA toolkit.
"""

import concurrent.futures
import glob
import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOOLKITS = ("/usr/local/cuda", "/usr/local/cuda/targets/x86_64-linux", "/usr")
# Program: its header and its library.
WANTED = {
    "cublas": ("cublas_v2.h", "cublas"),
    "cublaslt": ("cublasLt.h", "cublasLt"),
    "cudnn": ("cudnn.h", "cudnn"),
    "cufft": ("cufft.h", "cufft"),
    "curand": ("curand.h", "curand"),
    "cusparse": ("cusparse.h", "cusparse"),
    "cusolver": ("cusolverDn.h", "cusolver"),
    "nccl": ("nccl.h", "nccl"),
}


def places():
    """Folders that may have include/ and lib/ or lib64/."""
    packages = [*site.getsitepackages(), site.getusersitepackages(), *sys.path]
    found = [folder for package in dict.fromkeys(packages) if package
             for folder in sorted(glob.glob(f"{package}/nvidia/*"))]
    return [Path(folder) for folder in [*dict.fromkeys(found), *TOOLKITS]
            if os.path.isdir(f"{folder}/include")]


def library_file(place, name):
    for folder in ("lib64", "lib", "lib/x86_64-linux-gnu"):
        for pattern in (f"lib{name}.so", f"lib{name}.so.*"):
            files = sorted(glob.glob(f"{place}/{folder}/{pattern}"))
            if files:
                return Path(files[0])
    return None


def find(header, name, among):
    """(include folder, library file), or None."""
    for place in among:
        library = library_file(place, name)
        if library and (place / "include" / header).exists():
            return place / "include", library
    return None


def command(name, among, out):
    """The compiler's command line, or why there is none."""
    header, library = WANTED[name]
    own, runtime = find(header, library, among), find("cuda_runtime_api.h", "cudart", among)
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None, "no C compiler"
    if own is None:
        return None, f"no {header} with lib{library}.so beside it in {', '.join(map(str, among))}"
    if runtime is None:
        return None, "no cuda_runtime_api.h with libcudart.so beside it"
    others = [library_file(place, "*") for place in among if str(place) != "/usr"]
    folders = dict.fromkeys(str(file.parent) for file in (own[1], runtime[1], *others) if file)
    rest = [f"-idirafter{place / 'include'}" for place in among]
    return [compiler, "-std=gnu17", "-O1", "-Wall", "-Wno-deprecated-declarations", f"-I{ROOT}",
            f"-I{own[0]}", f"-I{runtime[0]}", *rest, str(HERE / "libraries" / f"{name}.c"),
            "-o", str(out), str(own[1]), str(runtime[1]), "-lm",
            # The libraries' own needs are found beside them too.
            "-Wl,--disable-new-dtags", "-Wl,--allow-shlib-undefined",
            *(f"-Wl,-rpath,{folder}" for folder in folders)], None


def build_one(name, among, folder):
    words, why = command(name, among, folder / name)
    if words is None:
        return why
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"does not compile: {done.stderr.strip()[:2000]}"


def build(folder, names=tuple(WANTED)):
    """Builds into the folder; returns why a program could not be built, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    among = places()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        reasons = pool.map(lambda name: build_one(name, among, folder), names)
        return {name: why for name, why in zip(names, reasons) if why}


if __name__ == "__main__":
    told = build(Path(sys.argv[1]))
    for missing, reason in told.items():
        print(f"{missing}: {reason}", file=sys.stderr)
    sys.exit(1 if told else 0)
