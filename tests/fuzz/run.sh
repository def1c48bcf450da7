#!/bin/sh
# Fuzz every target for SECONDS each, starting from the committed corpus:
#     tests/fuzz/run.sh [SECONDS] [TARGET...]
# New inputs go to build/fuzz/corpus; a crash is left in build/fuzz/crashes and ends the run. An
# input worth keeping is copied to tests/fuzz/corpus/TARGET, where every build replays it.
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
for target in "$@"; do
    ninja -C "$build" -j2 "fuzz_$target" >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
    mkdir -p "$build/corpus/$target" "$build/crashes"
    echo "== $target, $seconds s"
    "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 \
        -max_len=16384 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$build/crashes/$target-" \
        "$build/corpus/$target" "$here/corpus/$target"
done
