#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one program through a broker of its own, as a process of this host or (--vm) in a virtual
# machine.  Writes nothing itself unless -v; output and exit status are the program's.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=test/harness/stack.sh
source "$here/stack.sh"

usage='usage: ./dev run [--vm [--qemu SUITE] [--file PATH] [--host-files] [--memory MIB] [--timeout S]] [--driver sim|cuda|PATH] [-v] -- PROGRAM [ARGS]'
vm=
machine=()
build=$here/../../build/release
driver=

while (($# > 0)); do
    case $1 in
    --build) build=${2:?}; shift 2 ;;
    --driver) driver=${2:?}; shift 2 ;;
    --vm) vm=yes; shift ;;
    --qemu) machine+=(--suite "${2:?}"); shift 2 ;;
    --file | --memory | --timeout) machine+=("$1" "${2:?}"); shift 2 ;;
    --host-files) machine+=("$1"); shift ;;
    -v) export STACK_VERBOSE=1 STACK_LOG_LEVEL=debug; shift ;;
    --) shift; break ;;
    *) echo "$usage" >&2; exit 2 ;;
    esac
done
if (($# == 0)); then
    echo "$usage" >&2
    exit 2
fi
driver=${driver:-$(stack_driver)}
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
exit "$status"
