# bash completion of espbackup. What may stand at the cursor, `espbackup __complete` says; here words
# are taken from bash and handed back to it.

# A word as bash will hand it over, without quotes and backslashes: $plain. A quote that is still open:
# $quote, at $quote_at.
_espbackup_plain() {
    local char i
    plain='' quote='' quote_at=0
    for ((i = 0; i < ${#1}; i++)); do
        char=${1:i:1}
        if [[ $quote && $char == "$quote" ]]; then
            quote=''
        elif [[ ! $quote && $char == [\"\'] ]]; then
            quote=$char quote_at=$i
        elif [[ $char == \\ && $quote != \' ]]; then
            ((++i))
            char=${1:i:1}
            [[ $quote && $char != [\$\`\"\\] ]] && plain+=\\
            plain+=$char
        else
            plain+=$char
        fi
    done
}

# The words before the cursor, into $words, and so much of the cursor's word as stands before it, into
# $current. COMP_WORDS cannot serve as they are: bash cuts words at COMP_WORDBREAKS too.
_espbackup_words() {
    local line=${COMP_LINE:0:COMP_POINT} word='' i plain quote quote_at
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if [[ $line == [[:blank:]]* ]]; then
            _espbackup_plain "$word"
            [[ $word ]] && words+=("$plain")
            word=''
            line=${line#"${line%%[![:blank:]]*}"}
        fi
        ((i == COMP_CWORD)) && break
        word+=${COMP_WORDS[i]}
        line=${line#"${COMP_WORDS[i]}"}
    done
    current=$word$line
}

# How much of the word at the cursor bash keeps: up to a quote that is open, else to the last break,
# which is kept too unless it is an @.
_espbackup_kept() {
    kept=$quote_at
    [[ $quote ]] && return
    for ((kept = ${#current}; kept > 0; kept--)); do
        if [[ ${current:kept-1:1} == [:=@] && $COMP_WORDBREAKS == *"${current:kept-1:1}"* && ${current:0:kept} != *\\? ]]; then
            [[ ${current:kept-1:1} == @ ]] && ((kept--))
            return
        fi
    done
}

_espbackup() {
    local program words=() current plain quote quote_at kept open typed format=escaped answer files noglob=
    program=$(type -P -- "$1") || program=espbackup
    _espbackup_words
    _espbackup_plain "$current"
    _espbackup_kept
    typed=$plain open=$quote
    [[ $open ]] && format=words
    _espbackup_plain "${current:0:kept}"
    typed=${typed:${#plain}}

    answer=$("$program" __complete "$format" "${words[@]:1}" "=$plain" "=$typed" 2>/dev/null)
    files=${answer##*$'\n'}
    # One candidate a line: far faster than mapfile and loops.
    local IFS=$'\n'
    [[ $- == *f* ]] || noglob=no
    set -f
    COMPREPLY=(${answer%"$files"})
    [[ $noglob ]] && set +f

    case $files in
    ':files ') compopt -o default ;;
    ':folders ') compopt -o dirnames ;;
    ':files '* | ':folders '*) # "-oFILE": bash would look for a file "-oFILE"
        local prefix=${files#* } action=file value
        [[ $files == :folders* ]] && action=directory
        while read -r value; do
            [[ $open ]] || printf -v value %q "$value"
            COMPREPLY+=("$value")
        done < <(compgen -P "$prefix" -A "$action" -- "${typed#"$prefix"}")
        ;;
    esac 2>/dev/null
    # The rest of an address or a path is still to be typed.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o nosort -F _espbackup espbackup 2>/dev/null || complete -F _espbackup espbackup
