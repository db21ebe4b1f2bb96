#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the demo programs through the whole stack, one by one and then all at once,
# and shows what happened to each: calls, bytes, time, worker and its sandbox.
# They run in a virtual machine (test/vm/demo.py); with --no-vm as processes of this host.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=test/harness/stack.sh
source "$here/stack.sh"

programs=(vectoradd saxpy matmul reduce pipeline threads misbehave bystander)
build=$here/../../build/release
driver=
vm=yes
suite=bookworm

usage='usage: ./dev demo [--no-vm | --qemu bookworm|trixie] [--driver sim|cuda|PATH] [-v]'
only_check=

while (($# > 0)); do
    case $1 in
    --check-words) only_check=yes; shift ;;
    --build) build=$(stack_value "$@"); shift 2 ;;
    --driver) driver=$(stack_value "$@"); shift 2 ;;
    --no-vm) vm=; shift ;;
    --qemu) suite=$(stack_value "$@"); shift 2 ;;
    -v) export STACK_VERBOSE=1; shift ;;
    -h | --help) echo "$usage"; exit 0 ;;
    *)
        stack_say "unknown option '$1'"
        echo "$usage" >&2
        exit 2
        ;;
    esac
done
if [[ $suite != bookworm && $suite != trixie ]]; then
    stack_say "--qemu $suite: bookworm or trixie is wanted"
    exit 2
fi
driver=${driver:-$(stack_driver)}
stack_check_driver "$driver"
if [[ -n $only_check ]]; then
    exit 0
fi
case $driver in
sim | */libcuda-sim.so*) driver_name=sim ;;
*) driver_name=cuda ;;
esac

verdict() {
    stack_stop
    echo "demo: $1"
    [[ $1 == PASS* ]]
    exit
}

# run_one NAME TAG [ARG...]: output, exit status and time go to files in STACK_DIR.
run_one() {
    local name=$1 tag=$2 start status=0
    shift 2
    start=$(date +%s%N)
    VGPU_STATS_FILE=$STACK_DIR/$tag.stats timeout 300 \
        "$build/test/programs/vgpu-demo-$name" "$@" \
        >"$STACK_DIR/$tag.out" 2>&1 </dev/null || status=$?
    printf '%s\n' "$status" >"$STACK_DIR/$tag.status"
    printf '%s\n' $((($(date +%s%N) - start) / 1000000)) >"$STACK_DIR/$tag.ms"
}

# Prints a program's lines; fails unless it passed.
report() {
    local tag=$1 status text
    status=$(cat "$STACK_DIR/$tag.status" 2>/dev/null || echo none)
    text=$(grep -m 1 -E "^[a-z]+: (PASS|FAIL)" "$STACK_DIR/$tag.out" 2>/dev/null || true)
    printf '  %s\n' "${text:-(no output)}"
    python3 -B "$here/describe.py" --stats "$STACK_DIR/$tag.stats" \
        --log "$STACK_LOG" --ms "$(cat "$STACK_DIR/$tag.ms" 2>/dev/null || echo 0)" ||
        return 1
    if [[ $status != 0 || $text != *PASS* ]]; then
        printf '  FAILED with exit status %s; its output:\n' "$status"
        sed 's/^/    /' "$STACK_DIR/$tag.out" 2>/dev/null || true
        return 1
    fi
}

arguments_of() {
    case $1 in
    bystander) echo "--rounds 20" ;;
    esac
}

mapfile -t programs < <(for name in "${programs[@]}"; do
    if [[ -x $build/test/programs/vgpu-demo-$name ]]; then echo "$name"; fi
done)
if ((${#programs[@]} < 7)); then
    echo "demo: FAIL (only ${#programs[@]} demo programs are built)"
    exit 1
fi
if [[ $driver_name == sim ]]; then
    echo 'no NVIDIA driver is used: kernels run on the simulator, figures say nothing about a GPU'
fi
if [[ -n $vm ]]; then
    STACK_VMS=demo
    stack_start "$build" "$driver" || verdict "FAIL (the broker did not start, driver=$driver_name)"
    # The guest's library is not this host's.
    unset LD_LIBRARY_PATH VGPU_SOCKET
    status=0
    python3 -B "$here/../vm/demo.py" --build "$build" --socket "$STACK_DIR/demo.sock" \
        --log "$STACK_LOG" --driver "$driver_name" --suite "$suite" || status=$?
    if ((status != 0)); then
        stack_show_log
    fi
    exit "$status"
fi
stack_start "$build" "$driver" || verdict "FAIL (the broker did not start, driver=$driver_name)"
failed=()
echo '== one by one'
for name in "${programs[@]}"; do
    read -ra arguments <<<"$(arguments_of "$name")"
    run_one "$name" "one-$name" "${arguments[@]}"
    report "one-$name" || failed+=("$name")
done

echo "== ${#programs[@]} at once"
running=()
for name in "${programs[@]}"; do
    read -ra arguments <<<"$(arguments_of "$name")"
    run_one "$name" "all-$name" "${arguments[@]}" &
    running+=($!)
done
wait "${running[@]}" || true
for name in "${programs[@]}"; do
    report "all-$name" || failed+=("$name at once")
done

if ! stack_alive; then
    failed+=('the broker ended')
fi
if ((${#failed[@]} > 0)); then
    stack_show_log
    verdict "FAIL ($(printf '%s, ' "${failed[@]}" | sed 's/, $//'); driver=$driver_name)"
fi
verdict "PASS (${#programs[@]} programs, driver=$driver_name)"
