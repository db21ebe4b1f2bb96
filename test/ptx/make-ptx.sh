#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Writes FOLDER/NAME.ptx for each NAME.cu here, a folder for each way to compile:
#   o3      nvcc -O3                  o1    front end at -O1
#   o0      front end at -O0
#   clang   clang -O2, for sources that say "// clang" (no header of the toolkit is used)
# A source that says "// o3 only" has no other.  One that says "// arch: 80 90" is compiled for those; each beyond the first has a
# folder o3-smNN.  Otherwise for sm_75.
#   usage: make-ptx.sh NVCC [CLANG] [NAME...]
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
nvcc=${1:?usage: make-ptx.sh NVCC [CLANG] [NAME...]}
clang=${2:-}
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
shift $(($# < 2 ? $# : 2))

# archs NAME: what the source says, first the default.
archs() {
    local said
    said=$(sed -n 's,^// arch: ,,p' "$1.cu")
    echo "${said:-75}"
}

# keep FOLDER NAME: the text on standard input, without the paths of this machine.
keep() {
    mkdir -p "$1"
    {
        echo '// SPDX-License-Identifier: Apache-2.0'
        sed -E '/^[[:space:]]*\.(file|loc)[[:space:]]/d'
    } >"$1/$2.ptx"
}

# with_nvcc FOLDER NAME ARCH FLAG...
with_nvcc() {
    local folder=$1 name=$2 arch=$3
    shift 3
    "$nvcc" -ptx "-arch=compute_$arch" "$@" "$name.cu" -o "$tmp"
    keep "$folder" "$name" <"$tmp"
}

# with_clang NAME
with_clang() {
    "$clang" -x cuda --cuda-device-only --cuda-gpu-arch=sm_75 -nocudainc -nocudalib -O2 -fdeclspec \
        -Wno-unknown-cuda-version -S "$1.cu" -o - | keep clang "$1"
}

one() {
    local name=$1 all first arch
    all=$(archs "$name")
    first=${all%% *}
    with_nvcc o3 "$name" "$first" -O3
    if grep -q '^// o3 only$' "$name.cu"; then
        return
    fi
    with_nvcc o1 "$name" "$first" -Xcicc -O1
    with_nvcc o0 "$name" "$first" -Xcicc -O0
    for arch in $all; do
        [[ $arch == "$first" ]] || with_nvcc "o3-sm$arch" "$name" "$arch" -O3
    done
    if [[ -n $clang ]] && grep -q '^// clang$' "$name.cu"; then
        with_clang "$name"
    fi
}

names=("$@")
if ((${#names[@]} == 0)); then
    for source in *.cu; do
        names+=("${source%.cu}")
    done
fi
for name in "${names[@]}"; do
    one "$name"
done
