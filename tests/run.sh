#!/usr/bin/env bash
# All checks and tests, from nothing: tests/run.sh [PART...]
#
#   style     clang-format, layers, clang-tidy
#   dev       gcc build, all tests but the soak
#   soak      seeded runs over a bad line, kill -9 at random moments
#   asan      gcc build with AddressSanitizer and UBSan, unit, sim and cli tests
#   clang     clang build with the same warnings as errors, unit tests
#   valgrind  unit tests under valgrind
#   fuzz      each parser, for a short while
#   unit, sim, interop, cli   only the tests with that label, on the gcc build
#
# Without PART: everything but the last row, which dev covers. A failing part does not stop the
# others; the exit status tells.
set -uo pipefail
cd "$(dirname "$0")/.."
export ESPBACKUP_CACHE_DIR=$PWD/.cache # one download of the stubs for all builds

jobs=$(nproc)
all_parts=(style dev soak asan clang valgrind fuzz)
fuzz_seconds=${ESPBACKUP_FUZZ_SECONDS:-15}
failed=()
started=$SECONDS

# build PRESET: configure and compile build/PRESET.
build() {
    cmake --preset "$1" >"build/$1.log" 2>&1 || { cat "build/$1.log"; return 1; }
    cmake --build "build/$1" -j "$jobs" >"build/$1.log" 2>&1 || { tail -50 "build/$1.log"; return 1; }
}

# run_ctest PRESET ARGUMENTS...
run_ctest() {
    ctest --test-dir "build/$1" -j "$jobs" --output-on-failure --no-tests=error "${@:2}"
}

# Everything but the soak. esptool mostly sleeps on RFC 2217 (0.2 s a command), so many at once.
run_all_ctests() {
    run_ctest "$1" -LE 'soak|interop'
    local status=$?
    run_ctest "$1" -L interop -j $((jobs * 5)) && return $status
}

our_sources() {
    git ls-files --cached --others --exclude-standard -- "${@:-*.[ch]}"
}

check_format() {
    our_sources | xargs clang-format-19 --dry-run --Werror
}

check_tidy() {
    # The compile database of the clang build: clang-tidy does not know all flags of gcc.
    build clang && git ls-files --cached --others --exclude-standard -- 'src/*.c' |
        xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/clang 2>/dev/null
}

part_style() {
    check_format && bash tests/check_layers.sh && check_tidy
}

part_dev() {
    build dev && run_all_ctests dev
}

part_soak() {
    build dev && run_ctest dev -L soak -V
}

# Without esptool's tests of the simulated board: they would double the time, and find the same.
part_asan() {
    build asan && run_ctest asan -LE 'soak|interop'
}

part_clang() {
    build clang && run_ctest clang -L unit
}

under_valgrind() {
    EB_TEST_FEW_SEEDS=1 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        "$1" >"$1.valgrind" 2>&1 || { echo "$1"; tail -60 "$1.valgrind"; return 1; }
}

# Without the transport's: they are about moments, and about the name of the process that holds a
# port, and valgrind changes both; they run under AddressSanitizer.
part_valgrind() {
    export -f under_valgrind
    build dev && find build/dev/tests/unit -name 'test_*' -type f -perm -u+x ! -name test_tcp \
        ! -name test_rfc2217 ! -name test_serial_port -print0 |
        xargs -0 -P "$jobs" -I {} bash -c 'under_valgrind {}'
}

part_fuzz() {
    bash tests/fuzz/run.sh "$fuzz_seconds"
}

part_label() {
    local at_once=$jobs
    [ "$1" = interop ] && at_once=$((jobs * 5))
    build dev && run_ctest dev -L "$1" -j "$at_once"
}

run_part() {
    local begun=$SECONDS
    echo "== $1"
    case $1 in
    style | dev | soak | asan | clang | valgrind | fuzz) "part_$1" ;;
    unit | sim | interop | cli) part_label "$1" ;;
    *)
        echo "unknown part '$1'; expected: ${all_parts[*]} unit sim interop cli" >&2
        exit 2
        ;;
    esac || failed+=("$1")
    echo "== $1: $((SECONDS - begun)) s"
}

bash tests/setup.sh test || exit 1
mkdir -p build
for part in "${@:-${all_parts[@]}}"; do
    run_part "$part"
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "tests/run.sh: FAILED: ${failed[*]} ($((SECONDS - started)) s)"
    exit 1
fi
echo "tests/run.sh: everything passed ($((SECONDS - started)) s)"
