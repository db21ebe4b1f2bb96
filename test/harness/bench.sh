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

usage='usage: ./dev bench [--driver sim|cuda|PATH] [--rounds N] [--json FILE] [-- VGPU-BENCH-ARGS]
       ./dev bench --vm [--json FILE]
       ./dev bench --operations [--machines N] [--seconds S] [--json FILE]
       ./dev bench --instructions [--keep FILE]'
only_check=

# other PROGRAM ARG...: a measurement with words of its own.
other() {
    [[ -z $only_check ]] || exit 0
    VGPU_BUILD=$build exec python3 -B "$@"
}

while (($# > 0)); do
    case $1 in
    --check-words) only_check=yes; shift ;;
    --build) build=$(stack_value "$@"); shift 2 ;;
    --vm) shift; other "$here/../vm/bench.py" "$@" ;;
    --operations) shift; other "$here/../bench/operations.py" "$@" ;;
    --instructions) shift; other "$here/../bench/instructions.py" "$@" ;;
    --driver) driver=$(stack_value "$@"); shift 2 ;;
    --rounds) rounds=$(stack_value "$@"); shift 2 ;;
    --json) compare+=(--json "$(stack_value "$@")") || exit; shift 2 ;;
    --) shift; bench=("$@"); break ;;
    -h | --help) echo "$usage"; exit 0 ;;
    *)
        stack_say "unknown option '$1'"
        echo "$usage" >&2
        exit 2
        ;;
    esac
done
if [[ ! $rounds =~ ^[1-9][0-9]*$ ]]; then
    stack_say "--rounds $rounds: a number from 1 on is wanted"
    exit 2
fi

driver=${driver:-$(stack_driver)}
stack_check_driver "$driver"
if [[ -n $only_check ]]; then
    exit 0
fi
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
