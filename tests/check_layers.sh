#!/bin/sh
# check_layers.sh [ROOT]: the rules of the house that a compiler does not check. Prints each line that
# breaks one, and exits with 1 if there is any. docs/architecture.md says what the rules are for.
set -u
LC_ALL=C
export LC_ALL
cd "${1:-$(dirname "$0")/..}" || exit 2
bad=$(mktemp) && plain=$(mktemp -d) || exit 2
trap 'rm -rf "$bad" "$plain"' EXIT

say() { # RULE: puts it in front of each line read
    sed "s|^|$1: |" >>"$bad"
}

c_files() {
    find "$@" -type f \( -name '*.c' -o -name '*.h' \) ! -path 'tests/data/*' | sort
}

# FILE:LINE:TEXT of all C files given, without comments (strings are kept).
code_of() {
    awk '
    FNR == 1 { in_comment = 0 }
    {
        out = ""; quote = ""
        n = length($0)
        for (i = 1; i <= n; i++) {
            c = substr($0, i, 1); two = substr($0, i, 2)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; i++ }
            } else if (quote != "") {
                out = out c
                if (c == "\\") { i++; out = out substr($0, i, 1) }
                else if (c == quote) quote = ""
            } else if (two == "/*") { in_comment = 1; i++ }
            else if (two == "//") break
            else {
                if (c == "\"" || c == "\047") quote = c
                out = out c
            }
        }
        if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
    }' "$@"
}

code_of $(c_files src include) >"$plain/code"
# The same with the content of strings taken out, for rules about calls.
sed 's/"\([^"\\]\|\\.\)*"/""/g' "$plain/code" >"$plain/calls"

# -- one way down ------------------------------------------------------------------------------
may_see() { # the layers whose private headers a layer may include
    case $1 in
    stubs) echo none ;;
    base) echo 'base' ;;
    transport) echo 'transport base' ;;
    wire) echo 'wire transport base' ;;
    device) echo 'device wire transport base' ;;
    format) echo 'format base' ;;
    core/retry) echo "core/retry $(may_see device)" ;;
    core/layout) echo "core/layout format $(may_see core/retry)" ;;
    core/files) echo "core/files $(may_see core/layout)" ;;
    core/compare) echo "core/compare $(may_see core/files)" ;;
    core/backup) echo "core/backup $(may_see core/compare)" ;;
    core/restore) echo "core/restore $(may_see core/compare)" ;;
    core/ops) echo "core/ops core/restore $(may_see core/backup)" ;;
    cli) echo "cli $(may_see core/ops)" ;;
    esac
}

# src/core/retry/retry.h lies in core/retry, src/device/chips/esp32.c in device.
layer_of='function layer_of(path, p, n) {
    n = split(path, p, "/")
    return p[2] == "core" && p[3] !~ /\.[ch]$/ ? "core/" p[3] : p[2]
}'
c_files src | grep '\.h$' |
    awk "$layer_of"'{ n = split($0, p, "/"); print layer_of($0), p[n] }' >"$plain/headers"
grep '^src/' "$plain/code" | grep '^[^:]*:[0-9]*:[ ]*#[ ]*include[ ]*"' >"$plain/includes"

for layer in $(c_files src | awk "$layer_of"'{ print layer_of($0) }' | sort -u); do
    seen=" $(may_see "$layer") "
    [ "$seen" = "  " ] && echo "src/$layer is no layer that this script knows" | say layers && continue
    awk -v layer="$layer" -v seen="$seen" -v headers="$plain/headers" "$layer_of"'
        BEGIN { while ((getline line < headers) > 0) { split(line, h, " "); owner[h[2]] = h[1] } }
        {
            file = $0; sub(/:.*/, "", file)
            if (layer_of(file) != layer) next
            name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
            if (name ~ /^espbackup\//) next
            n = split(name, p, "/"); base = p[n]
            if (name ~ /\.\./) print $0 "   (path with ..)"
            else if (!(base in owner)) print $0 "   (in no layer)"
            else if (index(seen, " " owner[base] " ") == 0) print $0 "   (" owner[base] ")"
        }' "$plain/includes" | say 'include upwards'
done

# -- third-party headers in one file each ------------------------------------------------------
only_in() { # HEADER-PATTERN FILES-PATTERN
    grep "#[ ]*include[ ]*[<\"]$1" "$plain/code" | grep -v "^\($2\):" \
        | say 'third-party header outside its file'
}
only_in 'libserialport' 'src/transport/transport_serial\.c'
only_in 'cjson/\|cJSON' 'src/base/json\.c'
only_in 'openssl/' 'src/base/digest\.c'
# CRC-32 of OTA data; deflate to the chip.
only_in 'zlib' 'src/format/ota_data\.c\|src/device/flash_write\.c'

# -- a silent core -----------------------------------------------------------------------------
grep -v '^src/cli/' "$plain/calls" \
    | grep '[^a-zA-Z0-9_]\(v\{0,1\}printf\|puts\|putchar\|perror\|exit\|_exit\|_Exit\|quick_exit\|abort\|assert\)[ ]*(\|[^a-zA-Z0-9_]\(stdout\|stderr\)\([^a-zA-Z0-9_]\|$\)' \
    | say 'prints or ends the program below cli'

# -- chip names in their rows only -------------------------------------------------------------
# What decides by chip is in its row. The command line may name one as an example in a sentence.
grep -v '^src/device/chips/' "$plain/code" | grep '"[^"]*[eE][sS][pP]\(32\|8266\)[^"]*"' \
    | grep -v '^src/cli/[^"]*"[^"]* [eE][sS][pP]\(32\|8266\)[^"]*"' \
    | say 'chip name outside src/device/chips'

# -- operating systems in their files only -----------------------------------------------------
grep -v '^src/base/platform_\|^src/transport/' "$plain/code" \
    | grep '#[ ]*\(if\|ifdef\|ifndef\|elif\).*\(__linux__\|__APPLE__\|_WIN32\|__CYGWIN__\|__unix__\|BSD__\)' \
    | say 'operating system outside platform_* and transport'

# -- names, lengths ----------------------------------------------------------------------------
c_files src include tests \
    | awk '{ n = split($0, p, "/"); if (p[n] in at) print at[p[n]] " and " $0; else at[p[n]] = $0 }' \
    | say 'two files of one name'
c_files src include tests | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 }' \
    | say 'over 500 lines'
c_files src | xargs awk '
    FNR == 1 { start = 0 }
    /^{/ { start = FNR }
    /^}/ { if (start && FNR - start >= 61) print FILENAME ":" start ": " FNR - start - 1; start = 0 }' \
    | say 'function of 60 lines or more'

cat "$bad"
[ ! -s "$bad" ]
