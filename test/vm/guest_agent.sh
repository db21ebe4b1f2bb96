#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# Serves the host's commands on the second serial port, any number at once.
#
#   host: put ID BASE64     appends to the script of a job; answered, so that no buffer overflows
#         start ID          runs it in the background, in a process group of its own
#         kill ID SIGNAL    to all processes of the job's group
#         off               powers the guest off
#   guest: ready BOOT       once, at the start, with the kernel's id of this boot
#          put ID           the line was taken
#          done ID STATUS LENGTH WRITTEN, a line break, the first LENGTH of WRITTEN bytes of output
# Scripts are run by $AGENT_SHELL, or busybox.
PORT=/dev/ttyS1
OUTPUT_MAX=262144
JOBS=/run/jobs

mkdir -p "$JOBS"
stty -F "$PORT" raw -echo
exec 7>"$PORT"
# One line in a pipe is the right to write to the port.
mkfifo "$JOBS/turn"
exec 8<>"$JOBS/turn"
echo >&8

answer_put() { # ID
    read -r turn <&8
    echo "put $1" >&7
    echo "$turn" >&8
}

report() { # FOLDER STATUS
    head -c "$OUTPUT_MAX" "$1/out" >"$1/answer"
    read -r turn <&8
    echo "done ${1##*/} $2 $(wc -c <"$1/answer") $(wc -c <"$1/out")" >&7
    cat "$1/answer" >&7
    echo "$turn" >&8
    rm -r "$1"
}

run() { # FOLDER
    setsid ${AGENT_SHELL:-sh} "$1/script" </dev/null >"$1/out" 2>&1 7>&- 8>&- &
    echo $! >"$1/pid"
    wait $!
    report "$1" $?
}

# The job may be so young that its group does not exist yet, or just ending.
signal() { # FOLDER SIGNAL
    until [ ! -e "$1" ] || kill -s "$2" -- "-$(cat "$1/pid")"; do
        usleep 5000
    done 2>/dev/null
}

serve() {
    while read -r verb id rest; do
        case $verb in
        put)
            mkdir -p "$JOBS/$id"
            echo "$rest" | base64 -d >>"$JOBS/$id/script"
            answer_put "$id"
            ;;
        start) run "$JOBS/$id" & ;;
        kill) signal "$JOBS/$id" "$rest" & ;;
        off) poweroff -f ;;
        esac
    done
}

echo "ready $(cat /proc/sys/kernel/random/boot_id)" >&7
# A child's end makes the shell's "read" forget the part of a line that it has; this one has no
# children and passes on whole lines.
while read -r line; do
    echo "$line"
done <"$PORT" | serve
