#!/usr/bin/env bash
# Checks and tests, from nothing: tests/run.sh [PART...]
#
#   build      gcc build with all tests
#   unit       one layer at a time, no board
#   sim        the simulated board alone
#   cli        espbackup against simulated boards
#   interop    esptool and RFC 2217 servers against simulated boards
#   style      clang-format, clang-tidy, layers, pages of docs/ that are printed
#   asan       gcc build with AddressSanitizer and UBSan; unit, sim and cli
#   clang      clang build; unit
#   valgrind   unit tests under valgrind
#   soak       seeded runs over bad lines, and kill -9 at random moments
#   faults     each file call and allocation of espbackup fails once, and it is killed before each call
#   fuzz       each parser and the session with a board, for a short while
#   recipes    the code of docs/recipes/ with make, PlatformIO, CMake, labgrid, restic and others
#   trixie     the README's lines on a bare Debian 13, and newer compilers; needs root
#   static     static programs for x86-64, arm64 and armhf, with musl: build, and cli; ARM under QEMU
#   macos      programs for macOS: build; unit and cli of what is neither Linux's nor Windows' own
#   windows    a Windows program by mingw-w64, under Wine: build, some of unit, cli, and a COM port
#   packages   all packages, installed and used: Debian 12 and 13, pip, QEMU, Wine; needs root
#   vm         espbackup on real Linux drivers, in a virtual machine; ESPBACKUP_VM=optional skips it
#              where that cannot be had
#
# Of unit, sim, cli, interop, soak, faults and recipes, those that follow each other run side by side. In
# `all` trixie runs beside the parts behind recipes, and what it says comes last.
#
#   (none)     build unit sim cli interop
#   all        all of the above
#   quick      unit, sim, and a few of cli
#   soak-long  soak with ten times the seeds; part of nothing else. ESPBACKUP_SOAK_RUNS sets another number
#   vm-long    each case of vm with each adapter; part of nothing else
#
#   update-expected [REGEX]  rewrite the exact text of cli cases, after a wanted change
#
# A failing part does not stop the others; the end says what to run again.
set -uo pipefail
cd "$(dirname "$0")/.."
export ESPBACKUP_CACHE_DIR=$PWD/.cache # one download of the stubs for all builds

plain_parts=(build unit sim cli interop)
# Bare Debian 13 mostly waits for its packages.
beside_parts=(trixie)
all_parts=("${plain_parts[@]}" soak faults recipes beside style asan clang valgrind fuzz static macos windows packages vm)
jobs=$(nproc)
# Tests with a board wait for it most of the time, and esptool sleeps 0.2 s a command on RFC 2217.
waiting_jobs=$((jobs * 6))
fuzz_seconds=${ESPBACKUP_FUZZ_SECONDS:-5}
failed=()
again=() # commands that repeat what failed
started=$SECONDS

# build PRESET: configure and compile build/PRESET.
build() {
    cmake --preset "$1" >"build/$1.log" 2>&1 || { cat "build/$1.log"; return 1; }
    cmake --build "build/$1" -j "$jobs" >"build/$1.log" 2>&1 || { tail -50 "build/$1.log"; return 1; }
}

# run_ctest PRESET ARGUMENTS...
run_ctest() {
    local log=build/$1/Testing/Temporary/LastTestsFailed.log name
    rm -f "$log"
    ctest --test-dir "build/$1" --output-on-failure --no-tests=error "${@:2}" && return 0
    while IFS=: read -r _ name; do
        again+=("ctest --test-dir build/$1 -R '^$name\$' --output-on-failure")
    done < <(cat "$log" 2>/dev/null)
    return 1
}

# run_labels LABEL...: the tests with one of these labels, on the gcc build. Most wait for a board or
# for time, so those of several parts leave less of the machine idle.
run_labels() {
    local labels show=()
    labels=$(IFS='|'; echo "$*")
    case $labels in
    soak) show=(-V) ;; # what came of the runs
    *recipes*) bash tests/setup.sh recipes || return 1 ;;
    esac
    build dev && run_ctest dev -L "^($labels)\$" -j "$waiting_jobs" "${show[@]}"
}

our_sources() {
    git ls-files --cached --others --exclude-standard -- "$@"
}

check_format() {
    our_sources '*.[ch]' | xargs clang-format-19 --dry-run --Werror
}

part_style() {
    local status=0
    check_format || status=1
    build dev && run_ctest dev -L '^style$' -j "$jobs" || status=1
    # The compile database of the clang build: clang-tidy does not know all flags of gcc.
    # Files of other systems are not in that build: cross.sh looks at those of Windows.
    build clang && our_sources 'src/*.c' | grep -vE '_(win32|darwin)\.c$|/serial_(sysfs|rate_posix)\.c$' | xargs python3 tests/support/tidy.py build/clang || status=1
    # It is in the build that has no libserialport.
    { cmake --preset clang -B build/clang-plain -DESPBACKUP_LIBSERIALPORT=OFF -DESPBACKUP_TESTS=OFF >build/clang-plain.log 2>&1 &&
        python3 tests/support/tidy.py build/clang-plain src/transport/serial_sysfs.c; } || status=1
    return $status
}

# Without esptool's tests of the simulated board: they would double the time, and find the same.
part_asan() {
    build asan && run_ctest asan -L '^(unit|sim|cli)$' -j "$waiting_jobs"
}

part_clang() {
    build clang && run_ctest clang -L '^unit$' -j "$waiting_jobs"
}

under_valgrind() {
    EB_TEST_FEW_SEEDS=1 valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        "$1" >"$1.valgrind" 2>&1 || {
        echo "FAILED: valgrind --leak-check=full $1"
        grep -vE '^\[ +(RUN|OK) ' "$1.valgrind" | tail -60
        return 1
    }
}

# Without the transport's: they are about moments, and about the name of the process that holds a
# port, and valgrind changes both; they run under AddressSanitizer.
part_valgrind() {
    export -f under_valgrind
    # From ctest, because old programs may lie around in the build folder.
    build dev && ctest --test-dir build/dev -N -V -R '^unit\.' | sed -n 's/^.*Test command: //p' | tr -d '"' |
        grep '/test_[a-z0-9_]*$' | grep -vE '/test_(tcp|rfc2217|serial_port)$' |
        xargs -P "$jobs" -I {} bash -c 'under_valgrind {}'
}

part_fuzz() {
    bash tests/fuzz/run.sh "$fuzz_seconds"
}

part_trixie() {
    bash tests/support/trixie.sh build/trixie
}

# part_vm [--all]: cases that fail say how to run them again.
part_vm() {
    if ! bash tests/setup.sh vm; then
        [ "${ESPBACKUP_VM:-}" = optional ] || return 1
        echo "vm: SKIPPED, because the virtual machine cannot be had"
        return 0
    fi
    build dev && python3 tests/vm/run.py "$@"
}

part_packages() {
    bash tests/setup.sh packages && build dev && bash tests/packages/run.sh
}

# part_cross SYSTEM
part_cross() {
    bash tests/setup.sh "$1" && build dev && bash tests/support/cross.sh "$1"
}

# run_part PART...: several only where they are labels of the gcc build.
run_part() {
    local begun=$SECONDS status=0
    echo "== $*"
    case $1 in
    build) build dev ;;
    unit | sim | cli | interop | soak | faults | recipes) run_labels "$@" ;;
    quick) run_labels unit sim quick ;;
    soak-long) ESPBACKUP_SOAK_RUNS=${ESPBACKUP_SOAK_RUNS:-5700} run_labels soak ;;
    vm-long) part_vm --all ;;
    static | macos | windows) part_cross "$1" ;;
    *) "part_$1" ;;
    esac || status=1
    echo "== $*: $((SECONDS - begun)) s"
    if [ $status -ne 0 ]; then
        failed+=("$@")
        again+=("tests/run.sh $*")
    fi
}

# start_beside: a process group of its own, so that all of it ends with this script.
start_beside() {
    rm -f build/beside.*
    set -m
    {
        failed=() again=()
        for part in "${beside_parts[@]}"; do run_part "$part"; done
        printf '%s\n' "${failed[@]}" >build/beside.failed
        printf '%s\n' "${again[@]}" >build/beside.again
    } >build/beside.log 2>&1 </dev/null &
    beside=$!
    set +m
    trap 'kill -- "-$beside" 2>/dev/null' EXIT
}

finish_beside() {
    local more
    wait "$beside"
    trap - EXIT
    cat build/beside.log
    mapfile -t more < <(grep . build/beside.failed || [ -e build/beside.failed ] || echo beside)
    failed+=("${more[@]}")
    mapfile -t more < <(grep . build/beside.again)
    again+=("${more[@]}")
}

# update_expected [REGEX]: see support/run_case.py.
update_expected() {
    local cases
    cases=$(grep -lE '^(out|err)==:' tests/cli/cases/*.case | xargs -n 1 basename -s .case |
        sed 's/^/cli./' | grep -E -- "${1:-.}" | paste -sd '|') || { echo "no such case: ${1:-}"; return 1; }
    build dev && EB_UPDATE_EXPECTED=1 run_ctest dev -R "^($cases)\$" -j "$waiting_jobs"
    local status=$?
    git diff --stat -- tests/cli/cases
    return $status
}

if [ "${1:-}" = update-expected ]; then
    mkdir -p build
    update_expected "${2:-}"
    exit
fi

parts=()
for part in "${@:-plain}"; do
    case $part in
    plain) parts+=("${plain_parts[@]}") ;;
    all) parts+=("${all_parts[@]}") ;;
    build | unit | sim | cli | interop | style | asan | clang | valgrind | soak | faults | fuzz | recipes | trixie | packages | \
        static | macos | windows | vm | quick | soak-long | vm-long)
        parts+=("$part") ;;
    *)
        echo "unknown part '$part'; expected: quick all ${all_parts[*]/beside/${beside_parts[*]}} soak-long vm-long" >&2
        exit 2
        ;;
    esac
done
bash tests/setup.sh test || exit 1
mkdir -p build
labels=() beside=
for part in "${parts[@]}" end; do
    case $part in
    unit | sim | cli | interop | soak | faults | recipes) labels+=("$part") ;;
    *)
        [ ${#labels[@]} -eq 0 ] || run_part "${labels[@]}"
        labels=()
        case $part in
        beside) start_beside ;;
        end) [ -z "$beside" ] || finish_beside ;;
        *) run_part "$part" ;;
        esac
        ;;
    esac
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "Run again:"
    printf '  %s\n' "${again[@]}"
    echo "tests/run.sh: FAILED: ${failed[*]} ($((SECONDS - started)) s)"
    exit 1
fi
echo "tests/run.sh: everything passed ($((SECONDS - started)) s)"
