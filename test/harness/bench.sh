#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares vgpu-bench on the driver itself with vgpu-bench through the stack, in turns.
# On the simulator its figures say what the stack adds, nothing about a GPU.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=test/harness/stack.sh
source "$here/stack.sh"

build=$here/../../build/release
driver=
rounds=5
bench=()
compare=()

while (($# > 0)); do
    case $1 in
    --build) build=${2:?}; shift 2 ;;
    --vm)
        shift
        VGPU_BUILD=$build exec python3 -B "$here/../vm/bench.py" "$@"
        ;;
    --operations)
        shift
        VGPU_BUILD=$build exec python3 -B "$here/../bench/operations.py" "$@"
        ;;
    --driver) driver=${2:?}; shift 2 ;;
    --rounds) rounds=${2:?}; shift 2 ;;
    --json) compare+=(--json "${2:?}"); shift 2 ;;
    --) shift; bench=("$@"); break ;;
    *)
        echo 'usage: ./dev bench --vm [--json FILE], ./dev bench --operations, or ./dev bench [--driver sim|cuda|PATH] [--rounds N] [--json FILE]' \
            '[-- VGPU-BENCH-ARGS]' >&2
        exit 2
        ;;
    esac
done

driver=${driver:-$(stack_driver)}
case $driver in
sim) native=$build/executor/sim/libcuda-sim.so.1 ;;
cuda) native=libcuda.so.1 ;;
*) native=$driver ;;
esac
if [[ $driver == sim && ${#bench[@]} == 0 ]]; then
    bench=(--scale 50)
fi
program=$(printf '%q ' "$build/test/bench/vgpu-bench" "${bench[@]}")
"$build/test/bench/vgpu-bench-limits" || exit 1
before=$(printf '%q' "${LD_LIBRARY_PATH-}")
stack_start "$build" "$driver" || exit 1
echo "driver=$driver"
aims=sim
if [[ $native == libcuda.so.1 ]]; then
    aims=cuda
fi
python3 -B "$here/../bench/compare.py" --driver "$aims" --rounds "$rounds" "${compare[@]}" \
    --pids "$STACK_BROKER,$(stack_descendants "$STACK_BROKER" | paste -sd ,)" \
    --native "env LD_LIBRARY_PATH=$before VGPU_TEST_LIBCUDA=$(printf '%q' "$native") $program" \
    --vgpu "$program"
