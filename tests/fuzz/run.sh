#!/bin/sh
# Fuzz every target for SECONDS each, starting from the committed corpus:
#     tests/fuzz/run.sh [SECONDS] [TARGET...]
# As many at once as there are processors. New inputs go to build/fuzz/corpus; a crash is left in
# build/fuzz/crashes, and the run fails. An input worth keeping is copied to tests/fuzz/corpus/TARGET,
# where every build replays it.
set -eu

seconds=${1:-60}
[ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/fuzz

mkdir -p "$root/build"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DESPBACKUP_FUZZ=ON -DESPBACKUP_SANITIZE=address,undefined,fuzzer-no-link >"$build.log" 2>&1 ||
    { cat "$build.log"; exit 1; }

if [ $# -eq 0 ]; then
    for source in "$here"/fuzz_*.c; do
        name=$(basename "$source" .c)
        set -- "$@" "${name#fuzz_}"
    done
fi
targets=
for target in "$@"; do
    mkdir -p "$build/corpus/$target" "$build/crashes"
    targets="$targets fuzz_$target"
done
# shellcheck disable=SC2086
ninja -C "$build" $targets >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }

export build here seconds
# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P "$(nproc)" -I {} sh -c '
    "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -max_len=16384 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="$build/crashes/$1-" \
        "$build/corpus/$1" "$here/corpus/$1" >"$build/$1.log" 2>&1 || { cat "$build/$1.log"; exit 1; }
    echo "$1: $(sed -n "s/^stat::number_of_executed_units: //p" "$build/$1.log") inputs in $seconds s"' - {}
