# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154  # the settings are run's own
# Sourced by run: the time of the checks, the table of what they found, what is kept of them.
#
#   check NAME COMMAND...     runs a check if it is wanted and there is time for it
#   left                      seconds until the budget is spent
#   at_most SECONDS [LESS]    that, or if it is less what is left but for LESS seconds
#   limited SECONDS COMMAND.. runs a command for at most so long, and for no longer than is left
#   row NAME VERDICT TEXT     a line of the table
#   finish                    prints the table, writes the archive, ends
#
# Settings: results, only, budget (0: no end), archive (a file, or empty), build (a copy of its own).
# A check that fails leaves its stack's log in $results/NAME-left.

# What finish itself may take, and the least that a check is begun with.
FINISH_S=12
LEAST_S=8
NO_END=1000000
ARCHIVE_BYTES=$((15 << 20))
LARGE=1M
rows=()
failed=0
row_at=0
scratch=

row() {
    rows+=("$(printf '%-34s %-8s %5d s  %s' "$1" "$2" $((SECONDS - row_at)) "$3")")
    row_at=$SECONDS
    [[ $2 == ok || $2 == none ]] || failed=1
    printf '== %s: %s %s\n' "$1" "$2" "$3"
}

# Of an exit status; 124 and 137 are those of what "limited" ended.
verdict_of() {
    case $1 in
    0) echo ok ;;
    124 | 137) echo timeout ;;
    *) echo FAIL ;;
    esac
}

left() {
    echo $((budget ? budget - FINISH_S - SECONDS : NO_END))
}

at_most() {
    local rest=$(($(left) - ${2:-0}))
    ((rest > 0)) || rest=1
    echo $((rest < $1 ? rest : $1))
}

# Programs that do not end at the signal (LIMIT_SIGNAL, or TERM) are killed.
limited() {
    local seconds=$1
    shift
    timeout -s "${LIMIT_SIGNAL:-TERM}" -k 5 "$(at_most "$seconds")" "$@"
}

wanted() {
    [[ -z $only || ,$only, == *,$1,* ]]
}

# What a killed script left of this build: the stack's own processes are not touched while it runs.
sweep() {
    local link program below=$build/
    [[ -z ${STACK_BROKER-} ]] || below=$build/test/
    for link in /proc/[0-9]*/exe; do
        program=$(readlink "$link" 2>/dev/null) || continue
        [[ $program != "$below"* ]] || kill -KILL "$(basename "$(dirname "$link")")" 2>/dev/null
    done
}

# keep NAME: the logs of stacks that are left in the folder of a failed check, in order of time.
keep() {
    local file number=0
    while read -r file; do
        mkdir -p "$results/$1-left"
        cp "$file" "$results/$1-left/$((++number))-$(basename "$file")"
    done < <(find "$scratch" -type f -name '*log' -size +0 -printf '%T@ %p\n' | sort -n | tail -50 | cut -d ' ' -f 2-)
}

check() {
    local name=$1 before=$failed
    shift
    wanted "$name" || return 0
    row_at=$SECONDS
    if [[ ,$answered, == *,$name,* ]]; then
        row "$name" none 'not-run: a card has answered all of them'
        return
    fi
    if (($(left) < LEAST_S)); then
        row "$name" 'not run' 'no time was left'
        return
    fi
    scratch=$(mktemp -d /tmp/vgpu-check-XXXXXX)
    chmod 755 "$scratch"
    failed=0
    "$@"
    (($(left) > 0)) || row "$name" cut "the budget of $budget s was spent"
    sweep
    ((failed == 0)) || keep "$name"
    rm -rf "$scratch"
    failed=$((failed | before))
}

# All results in one file; without the largest ones if it would be too large to carry.
write_archive() {
    [[ -n $archive ]] || return 0
    tar -C "$results" -cJf "$archive" .
    if (($(stat -c %s "$archive") > ARCHIVE_BYTES)); then
        find "$results" -type f -size +$LARGE -printf '%s %P\n' >"$results/left-out"
        cut -d ' ' -f 2- "$results/left-out" >"$results/left-out.names"
        tar -C "$results" -X "$results/left-out.names" -cJf "$archive" .
    fi
}

finish() {
    trap - EXIT
    stack_stop
    echo
    grep -v '^$' "$results/bench.log" 2>/dev/null | tail -25
    echo
    printf '%s\n' "${rows[@]}" "$SECONDS s in all" | tee "$results/table"
    write_archive
    exit "$failed"
}
