# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Words of test_booted.py, for the shell of the host that it boots.
here=/usr/lib/vgpu-test
export PATH=$here:$PATH
work=/tmp/booted
mkdir -p "$work"

cuda() { LD_LIBRARY_PATH=$here "$here/cuda" "$@"; }

# as ACCOUNT COMMAND...
as() {
    local account=$1
    shift
    if [[ $1 == cuda ]]; then
        set -- env "LD_LIBRARY_PATH=$here" "$here/cuda" "${@:2}"
    fi
    setpriv --reuid "$account" --regid "$(id -g "$account")" --init-groups "$@"
}

anna() { as anna "$@"; }

nobody() { as nobody "$@"; }

# wait_for CONDITION: the test's own limit ends it.
wait_for() {
    until eval "$1"; do
        sleep 0.5
    done
}

metrics() {
    exec 5<>/dev/tcp/127.0.0.1/9464
    printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&5
    cat <&5
}

# Workers' units that run.
spares() { systemctl list-units --no-legend --plain --state=running 'vgpu-worker@*' | cut -d' ' -f1; }

# One GPU with a spare, in a unit, and nothing else.
wait_spare() {
    wait_for 'vgpuctl gpus --json 2>/dev/null | tr -d " \n" | grep -q "\"spares\":1[,}]"'
}

# The spares that were made with the old limit go.
next_worker() {
    systemctl restart vgpu-executor@0
    wait_spare
}

limit_workers() {
    mkdir -p /run/systemd/system/vgpu-worker@.service.d
    printf '[Service]\nMemoryMax=%s\n' "$1" >/run/systemd/system/vgpu-worker@.service.d/limit.conf
    systemctl daemon-reload
}

# hold NAME: a session that waits with something in the GPU's memory.
hold() {
    local name=$work/$1
    rm -f "$name"*
    mkfifo "$name"
    {
        status=0
        cuda hold 7 <"$name" >"$name.out" 2>&1 || status=$?
        echo "$status" >"$name.status"
    } >/dev/null 2>&1 &
    # Holds the pipe open, whoever else ends.
    setsid sleep 600 >"$name" 2>/dev/null </dev/null &
    echo $! >"$name.holder"
    wait_for "grep -q ready '$name.out' || { cat '$name.out' >&2; test -e '$name.status'; }"
}

# let_go NAME: what it says at its end.
let_go() {
    local name=$work/$1
    kill "$(cat "$name.holder")"
    wait_for "test -e '$name.status'"
    cat "$name.out"
    return "$(cat "$name.status")"
}

# The worker of the only session.
worker() { vgpuctl sessions --json | tr -d ' \n' | sed -nE 's/.*"worker_pid":"?([0-9]+).*/\1/p'; }

# crash PID: as by a bug of its own.
crash() {
    kill -SEGV "$1"
    wait_for "! test -d /proc/$1"
}

# comes_back UNIT PID: it runs, and is another process.
comes_back() {
    wait_for "systemctl is-active -q $1 && [[ \$(systemctl show $1 -p MainPID --value) != $2 ]]"
}

# gpu_appears ADDRESS UUID: a driver takes the PCI device.
gpu_appears() {
    local gpus=/run/gpus rules=71-vgpu-host.rules
    mkdir -p "$gpus/$1" /run/udev/rules.d /run/systemd/system/vgpu-gpu@.service.d
    printf 'GPU UUID: \t %s\n' "$2" >"$gpus/$1/information"
    printf '[Service]\nEnvironment=VGPU_GPUS=%s\n' "$gpus" \
        >/run/systemd/system/vgpu-gpu@.service.d/gpus.conf
    sed 's/"nvidia"/"uio_pci_generic"/; s/0x10de/0x1234/' "/usr/lib/udev/rules.d/$rules" \
        >"/run/udev/rules.d/$rules"
    systemctl daemon-reload
    udevadm control --reload
    echo uio_pci_generic >"/sys/bus/pci/devices/$1/driver_override"
    echo "$1" >/sys/bus/pci/drivers_probe
}
