# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced: a private broker with its executor for the length of a script.
#
#   stack_start BUILD DRIVER   starts it; afterwards these are set and exported:
#       VGPU_SOCKET            the socket that the guest library connects to
#       LD_LIBRARY_PATH        finds our libcuda.so.1 and libnvidia-ml.so.1 first
#     and these are set: STACK_DIR (private folder), STACK_LOG (the broker's log),
#     STACK_BROKER (its process id)
#   stack_stop                 ends it and everything it started; runs at exit too
#   stack_value OPTION VALUE   prints the value of an option; without one it says so, status 2
#   stack_check_driver DRIVER  sim, cuda or a file; anything else: it says so, status 2
#   stack_driver               prints cuda where an NVIDIA driver is present, else sim
#   stack_kept_its_word LOG... fails when a worker refused what the guest had answered already
#   stack_explain             prints what the log says that may explain a program's failure
#
# STACK_SETTINGS holds more lines of the configuration file, of its section [broker].
# STACK_VMS names virtual machines; the socket of NAME is $STACK_DIR/NAME.sock.
# STACK_KEEP_LOG names a file that the log is copied to at the end.
# STACK_STRICT=1 has run.sh explain a failure, and fail a program that stack_kept_its_word fails.
# STACK_VERBOSE=1 shows the log on standard error too.

STACK_DIR=
STACK_LOG=
STACK_BROKER=
STACK_TRIES=300

stack_say() {
    printf 'stack: %s\n' "$*" >&2
}

stack_value() {
    if [[ -z ${2-} ]]; then
        stack_say "$1 needs a value"
        return 2
    fi
    printf '%s' "$2"
}

stack_check_driver() {
    case $1 in
    sim | cuda) ;;
    */*)
        [[ -f $1 ]] || { stack_say "--driver $1: there is no such file"; return 2; }
        ;;
    *)
        stack_say "--driver $1: sim, cuda or the path of a driver library is wanted"
        return 2
        ;;
    esac
}

stack_driver() {
    local libraries
    libraries=$(PATH=$PATH:/sbin ldconfig -p 2>/dev/null || true)
    if [[ -e /dev/nvidiactl && $libraries == *'libcuda.so.1 '* ]]; then
        echo cuda
    else
        echo sim
    fi
}

stack_alive() {
    [[ -n $STACK_BROKER ]] && kill -0 "$STACK_BROKER" 2>/dev/null
}

# The process ids of everything below a process; no process is started for it.
stack_descendants() {
    local -A parents=()
    local stat line fields pid grown=yes
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        pid=${line%% *}
        # The name in parentheses may hold anything; state and parent follow the last one.
        read -ra fields <<<"${line##*) }"
        parents[$pid]=${fields[1]}
    done
    local -A found=(["$1"]=1)
    while [[ -n $grown ]]; do
        grown=
        for pid in "${!parents[@]}"; do
            if [[ -n ${found[${parents[$pid]}]-} && -z ${found[$pid]-} ]]; then
                found[$pid]=1
                grown=yes
                echo "$pid"
            fi
        done
    done
}

stack_config() {
    local log_level=${STACK_LOG_LEVEL:-info} name
    cat <<TEXT
[broker]
socket = $STACK_DIR/broker.sock
executor_socket = $STACK_DIR/executor.sock
control_socket = $STACK_DIR/control.sock
log_level = $log_level
${STACK_SETTINGS-}
[policy]
default_starts_per_s = 0
[vms]
TEXT
    for name in ${STACK_VMS-}; do
        printf '%s = %s/%s.sock\n' "$name" "$STACK_DIR" "$name"
    done
}

# Waits for the broker's byte on the ready pipe, as long as the broker lives.
stack_wait_ready() {
    local fd=$1 tries
    for ((tries = 0; tries < STACK_TRIES; tries++)); do
        if read -r -t 0.1 -N 1 -u "$fd" _; then
            return 0
        fi
        if ! stack_alive; then
            stack_say 'the broker ended before it was ready'
            return 1
        fi
    done
    stack_say "the broker was not ready after $((STACK_TRIES / 10)) s"
    return 1
}

stack_show_log() {
    if [[ -z ${STACK_VERBOSE-} && -s $STACK_LOG ]]; then
        stack_say 'last lines of the log:'
        tail -n 20 "$STACK_LOG" >&2
    fi
}

# For programs that use our library: others may send what they like.
stack_kept_its_word() {
    ! grep -hs ' one-way operation refused ' "$@" >&2
}

# Not the ends that guests make themselves, by going and by faults of their kernels.
stack_explain() {
    stack_say 'warnings, errors and ends of sessions in the log, the last ones:'
    grep -E ' (warning|error): | session ended ' "$STACK_LOG" |
        grep -vE ' why="(the guest is gone"|[^"]*CUDA_ERROR)| session ends | lines were not logged|no sandbox' |
        tail -n 40 >&2 || true
}

stack_start() {
    local build driver=$2 ready_fd
    build=$(readlink -f "$1")
    STACK_DIR=$(mktemp -d "${TMPDIR:-/tmp}/vgpu-XXXXXXXX")
    STACK_LOG=$STACK_DIR/log
    trap stack_stop EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # Workers are another user: they must reach the library wherever the tree lies.
    chmod 711 "$STACK_DIR"
    if [[ $driver == sim ]]; then
        driver=$STACK_DIR/libcuda-sim.so.1
        install -m 755 "$build/executor/sim/libcuda-sim.so.1" "$driver"
    fi
    stack_config >"$STACK_DIR/vgpu.conf"
    mkfifo "$STACK_DIR/ready"
    exec {ready_fd}<>"$STACK_DIR/ready"
    if [[ -n ${STACK_VERBOSE-} ]]; then
        exec {STACK_LOG_FD}> >(exec tee "$STACK_LOG" >&2)
    else
        exec {STACK_LOG_FD}>"$STACK_LOG"
    fi
    VGPU_LOG_TARGET=stderr "$build/broker/vgpu-broker" --foreground \
        --config "$STACK_DIR/vgpu.conf" --spawn-executors --driver "$driver" \
        --ready-fd "$ready_fd" </dev/null >&"$STACK_LOG_FD" 2>&1 &
    STACK_BROKER=$!
    exec {STACK_LOG_FD}>&-
    if ! stack_wait_ready "$ready_fd"; then
        stack_show_log
        return 1
    fi
    exec {ready_fd}>&-
    export VGPU_SOCKET=$STACK_DIR/broker.sock
    export LD_LIBRARY_PATH=$build/guest/libcuda:$build/guest/libnvml${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

# stack_began PID: in `began` when the process did, empty when it is gone.  Numbers are used again:
# both together name a process.
stack_began() {
    local stat
    began=
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    # The name in parentheses may hold anything; the state follows the last one.
    read -ra stat <<<"${stat##*) }"
    began=${stat[19]}
}

# Waits at most 5 s for a process to end.
stack_wait_gone() {
    timeout 5 tail --pid="$1" -f /dev/null 2>/dev/null || true
}

stack_stop() {
    local -A below=()
    local pid began
    trap - EXIT
    if stack_alive; then
        for pid in "$STACK_BROKER" $(stack_descendants "$STACK_BROKER"); do
            stack_began "$pid"
            below[$pid]=$began
        done
        kill -TERM "$STACK_BROKER" 2>/dev/null || true
        stack_wait_gone "$STACK_BROKER"
        for pid in "${!below[@]}"; do
            stack_began "$pid"
            if [[ -n $began && $began == "${below[$pid]}" ]]; then
                kill -KILL "$pid" 2>/dev/null || true
            fi
        done
        wait "$STACK_BROKER" 2>/dev/null || true
    fi
    STACK_BROKER=
    if [[ -n $STACK_DIR ]]; then
        [[ -z ${STACK_KEEP_LOG-} || ! -s $STACK_LOG ]] || cp "$STACK_LOG" "$STACK_KEEP_LOG"
        rm -rf "$STACK_DIR"
    fi
    STACK_DIR=
}
