#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes NAME.ptx beside each NAME.cu of the folders given.  With --check it
# only checks that every .cu compiles, and changes nothing.
# Usage: make-ptx.sh [--check] NVCC FOLDER...
set -eu
check=0
if [ "${1-}" = --check ]; then
    check=1
    shift
fi
if [ $# -lt 2 ] || ! command -v "$1" >/dev/null; then
    echo 'usage: make-ptx.sh [--check] NVCC FOLDER...: NVCC is the CUDA compiler' >&2
    exit 2
fi
nvcc=$1
shift
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
for folder in "$@"; do
    for source in "$folder"/*.cu; do
        "$nvcc" -ptx -arch=sm_75 -O3 "$source" -o "$tmp"
        if [ $check = 1 ]; then
            continue
        fi
        { echo "// SPDX-License-Identifier: Apache-2.0" && cat "$tmp"; } >"${source%.cu}.ptx"
    done
done
