# SPDX-License-Identifier: Apache-2.0
# Made by vgpuctl completion.
_vgpuctl_names() {
    vgpuctl --json "$1" 2>/dev/null | sed -n "s/^ *\"$2\": \"\([A-Za-z0-9._-]*\)\".*/\1/p"
}

# Sets words: what may follow the words of the command line.
_vgpuctl_words() {
    words=''
    case "$*" in
    '') words='status vms gpus sessions pools vm pool gpu top logs trace doctor self-test completion version help' ;;
    vm) words='add set remove' ;;
    pool) words='set remove' ;;
    gpu) words='drain undrain' ;;
    'vms') words="$(_vgpuctl_names vms name)" ;;
    'sessions') words="$(_vgpuctl_names vms name)" ;;
    'vm set') words="$(_vgpuctl_names vms name)" ;;
    'vm remove') words="$(_vgpuctl_names vms name)" ;;
    'pool set') words="$(_vgpuctl_names pools name)" ;;
    'pool remove') words="$(_vgpuctl_names pools name)" ;;
    'gpu drain') words="$(_vgpuctl_names gpus uuid)" ;;
    'gpu undrain') words="$(_vgpuctl_names gpus uuid)" ;;
    'logs') words="$(_vgpuctl_names vms name)" ;;
    'trace') words="$(_vgpuctl_names vms name)" ;;
    'self-test') words="local $(_vgpuctl_names vms name)" ;;
    'completion') words="bash zsh" ;;
    esac
}

_vgpuctl() {
    local words typed=${COMP_WORDS[COMP_CWORD]} said=() i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] || said+=("${COMP_WORDS[i]}")
    done
    if [[ $typed == -* ]]; then
        words='--control --hostd --socket --library --once --interval --count --follow --root --json --help --version'
    else
        _vgpuctl_words ${said[@]+"${said[@]}"}
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$typed")
}
complete -F _vgpuctl vgpuctl
