
# What stands behind `pynba run` and its options is a command with arguments of its own.
_pynba_run() {
    local at=2 dashes=
    while [[ $at -lt $COMP_CWORD ]]; do
        case "${COMP_WORDS[at]}" in
            --) dashes=1; at=$((at + 1)); break ;;
            # Bash ends words there as well: `--name=x`, `-t a=b`, `host:30002`.
            OPTIONS)
                at=$((at + 1))
                if [[ ${COMP_WORDS[at]} == = ]]; then at=$((at + 1)); fi
                at=$((at + 1))
                ;;
            =|:) at=$((at + 2)) ;;
            -*) at=$((at + 1)) ;;
            *) break ;;
        esac
    done
    if [[ ${COMP_WORDS[1]} != run || $at -gt $COMP_CWORD ]]; then
        _pynba "$@"
    elif [[ $at -lt $COMP_CWORD ]]; then
        # Nothing of ours: files, or what bash-completion knows of the command.
        COMPREPLY=()
        if declare -F _command_offset > /dev/null; then _command_offset "$at"; fi
    elif [[ -n $dashes || $2 == [^-]* ]]; then
        COMPREPLY=( $(compgen -c -- "$2") )
    else
        _pynba "$@"
    fi
}

complete -F _pynba_run -o bashdefault -o default pynba
