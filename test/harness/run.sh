#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one program through a broker of its own, as a process of this host or (--vm) in a virtual
# machine.  Writes nothing itself unless -v or STACK_STRICT; output and exit status are the program's.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=test/harness/stack.sh
source "$here/stack.sh"

usage='usage: ./dev run [--vm [--qemu SUITE] [--file PATH] [--host-files] [--memory MIB] [--cpus N] [--timeout S]] [--driver sim|cuda|PATH] [-v] -- PROGRAM [ARGS]'
vm=
machine=()
build=$here/../../build/release
driver=
only_check=

while (($# > 0)); do
    case $1 in
    --check-words) only_check=yes; shift ;;
    --build) build=$(stack_value "$@"); shift 2 ;;
    --driver) driver=$(stack_value "$@"); shift 2 ;;
    --vm) vm=yes; shift ;;
    --qemu) machine+=(--suite "$(stack_value "$@")") || exit; shift 2 ;;
    --file | --memory | --cpus | --timeout) machine+=("$1" "$(stack_value "$@")") || exit; shift 2 ;;
    --host-files) machine+=("$1"); shift ;;
    -v) export STACK_VERBOSE=1 STACK_LOG_LEVEL=debug; shift ;;
    --) shift; break ;;
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    *)
        stack_say "unknown option '$1'; before the program stands --"
        echo "$usage" >&2
        exit 2
        ;;
    esac
done
if (($# == 0)); then
    stack_say 'a program is wanted, behind --'
    echo "$usage" >&2
    exit 2
fi
driver=${driver:-$(stack_driver)}
stack_check_driver "$driver"
if [[ -n $only_check ]]; then
    exit 0
fi
# After the build, which may make it.
if [[ -z $vm ]] && ! command -v -- "$1" >/dev/null; then
    stack_say "$1: there is no such program, or it cannot be run"
    exit 127
fi
if [[ -n ${STACK_VERBOSE-} ]]; then
    stack_say "driver=$driver program=$1"
fi
if [[ -n $vm ]]; then
    STACK_VMS=run
fi
stack_start "$build" "$driver" || exit 1
status=0
if [[ -n $vm ]]; then
    # The guest's library is not this host's.
    unset LD_LIBRARY_PATH VGPU_SOCKET
    python3 -B "$here/../vm/run.py" --build "$build" --socket "$STACK_DIR/run.sock" \
        "${machine[@]}" -- "$@" || status=$?
    exit "$status"
fi
# The shell's own word on a killed program ("Killed") is not the program's output.
{ "$@" 2>&3 3>&-; } 3>&2 2>/dev/null || status=$?
if [[ -n ${STACK_VERBOSE-} ]]; then
    stack_say "exit status $status"
fi
if [[ -n ${STACK_STRICT-} ]]; then
    stack_kept_its_word "$STACK_LOG" || status=1
    ((status == 0)) || stack_explain
fi
exit "$status"
