#!/usr/bin/env bash
# tests/support/cross.sh SYSTEM: espbackup for another processor, C library or system.
#
#   static-x86_64 static-arm64 static-armhf   build a static Linux program with musl. armhf is for every
#                                             Raspberry Pi, also the first one
#   macos-arm64 macos-x86_64                  build a program for macOS
#   windows-x86_64                            build a program for Windows
#   static     builds and tests the three of Linux
#   macos      builds the two of macOS, looks at them, and tests on Linux the branches that are not Linux's
#   windows    builds and tests a program for Windows
#
# A build of one system leaves the stripped program as build/SYSTEM/espbackup. `tests/setup.sh static` installs
# what it needs; ESPBACKUP_CACHE_DIR keeps the stubs, as for any build.
#
# A build has warnings as errors. A test looks at what the program needs to run, and runs cases of
# tests/cli/cases with it, against the simulated boards of build/dev. A case that cannot run there says
# why (`not-on:`). Programs of Windows run under Wine, in a folder of their own below build/; those of
# ARM under QEMU.
set -euo pipefail
cd "$(dirname "$0")/../.."
system=${1:?a system: see the top of tests/support/cross.sh}
folder=build/$system
python=.cache/venv/bin/python
jobs=$(($(nproc) * 3))
ESPBACKUP_ZIG=$(echo "$PWD"/.cache/zig/lib/python*/site-packages/ziglang/zig)
export ESPBACKUP_ZIG ZIG_GLOBAL_CACHE_DIR=$PWD/.cache/zig-cache

# build_system SYSTEM TYPE TESTS: TYPE is that of CMake, TESTS is ON for the unit tests that can run.
build_system() {
    local toolchain=zig
    case $1 in
    static-x86_64) export ESPBACKUP_ZIG_TARGET=x86_64-linux-musl ESPBACKUP_ZIG_CPU=baseline ;;
    static-arm64) export ESPBACKUP_ZIG_TARGET=aarch64-linux-musl ESPBACKUP_ZIG_CPU=baseline ;;
    static-armhf) export ESPBACKUP_ZIG_TARGET=arm-linux-musleabihf ESPBACKUP_ZIG_CPU=arm1176jzf_s ;;
    macos-arm64) export ESPBACKUP_ZIG_TARGET=aarch64-macos.11.0 ESPBACKUP_ZIG_CPU=baseline ;;
    macos-x86_64) export ESPBACKUP_ZIG_TARGET=x86_64-macos.11.0 ESPBACKUP_ZIG_CPU=baseline ;;
    windows | windows-x86_64) toolchain=windows ;;
    *) echo "cross: unknown system '$1'" >&2; exit 2 ;;
    esac
    export ESPBACKUP_CROSS_LIBS=$PWD/.cache/cross-$1
    mkdir -p build
    bash tests/support/cross_libs.sh "$1" "$ESPBACKUP_CROSS_LIBS" >"build/$1.log" 2>&1 &&
        cmake -S . -B "build/$1" -G Ninja --toolchain "tests/support/$toolchain.cmake" "-DCMAKE_BUILD_TYPE=$2" \
            -DCMAKE_C_COMPILER_LAUNCHER= -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "-DESPBACKUP_TESTS=$3" \
            "-DESPBACKUP_TEST_IMAGES=$PWD/build/dev/testdata" >>"build/$1.log" 2>&1 &&
        cmake --build "build/$1" -j "$(nproc)" >>"build/$1.log" 2>&1 || { tail -50 "build/$1.log"; exit 1; }
    [ $toolchain = windows ] || cp "build/$1/src/espbackup" "build/$1/espbackup"
}

try_case() {
    timeout 600 "$python" tests/support/run_case.py --system "$cases_of" --bin "$programs" --bin build/dev/tests/espsim \
        --testdata build/dev/testdata --set "FS_WITHOUT_SO=$PWD/build/dev/tests/support/libfs_without_preload.so" \
        --set "FAULTY_DISK_SO=$PWD/build/dev/tests/support/libfaulty_disk_preload.so" "$1"
}

run_one_case() {
    local name log status=0
    name=$(basename "$1" .case)
    log=$results/$name.log
    try_case "$1" >"$log" 2>&1 || status=$?
    # Wine ended a program before its first word once in some hundred runs.
    if [ "$cases_of" = windows ] && [ "$(tail -n 3 "$log" | tr -d '\n')" = '--- exit 1, stdout:--- stderr:' ]; then
        echo "$programs $1: Wine did not start the program; again"
        status=0
        try_case "$1" >"$log" 2>&1 || status=$?
    fi
    echo "$name $status" >>"$results/all"
    [ $status -eq 0 ] || [ $status -eq 77 ] || { echo "FAILED: $programs $1"; tail -40 "$log"; }
}

# run_cases SYSTEM NOT_ON NAMES COMMAND...: the cases whose name matches NAMES, with that command as
# espbackup, without those that cannot run on NOT_ON.
run_cases() {
    export -f run_one_case try_case
    export python programs=build/$1/programs results=$PWD/build/$1/cases cases_of=$2
    rm -rf "$programs" "$results"
    mkdir -p "$programs" "$results"
    { printf '#!/bin/sh\nexec'; printf ' "%s"' "${@:4}"; printf ' "$@"\n'; } >"$programs/espbackup"
    chmod +x "$programs/espbackup"
    ls tests/cli/cases/*.case | grep -E "/($3)\.case$" | xargs -P "$jobs" -I {} bash -c 'run_one_case {}'
    echo "$1: $(grep -c ' 0$' "$results/all") cases passed, $(grep -c ' 77$' "$results/all") cannot run there"
    ! grep -qvE ' (0|77)$' "$results/all"
}

# -- Linux --------------------------------------------------------------------------------------

# check_static SYSTEM MACHINE: a program for that machine, and one that needs no library.
check_static() {
    local program=build/$1/espbackup
    readelf -h "$program" | grep -q "Machine: *$2\$" || { echo "$1: not for $2"; return 1; }
    ! readelf -ld "$program" | grep -E 'NEEDED|INTERP' || { echo "$1: the program needs that"; return 1; }
}

# test_static SYSTEM MACHINE CASES EMULATOR...
test_static() {
    build_system "$1" Release OFF
    check_static "$1" "$2"
    run_cases "$1" musl "$3" "${@:4}" "$PWD/build/$1/espbackup"
}

# -- macOS --------------------------------------------------------------------------------------

# check_libserialport SYSTEM: what uses it where it is there compiles with its header.
check_libserialport() {
    local headers=build/$1/headers
    mkdir -p "$headers"
    cp /usr/include/libserialport.h "$headers/"
    "$ESPBACKUP_ZIG" cc -target "$ESPBACKUP_ZIG_TARGET" -std=c11 -Wall -Wextra -Wconversion -Wshadow -Werror -c -o "$headers/object" \
        -isystem "$headers" -Iinclude/base -Iinclude/transport -Isrc/base -Isrc/transport src/transport/serial_libserialport.c
}

# The branches of systems other than Linux, run on Linux: unit tests of the layers that have them, and
# the cases of ports and files. Without two: libserialport itself ends the program when a port goes away
# while it lists them on Linux, and macOS has a call of its own where test_fs_without has a link.
test_plain_posix() {
    local folder=build/plain-posix targets
    cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_COMPILE_WARNING_AS_ERROR=ON \
        -DESPBACKUP_PLAIN_POSIX=ON >"$folder.log" 2>&1 || { tail -50 "$folder.log"; return 1; }
    targets=$(basename -s .c -a tests/unit/base/test_*.c tests/unit/transport/test_*.c)
    cmake --build "$folder" -j "$(nproc)" --target espbackup $targets >>"$folder.log" 2>&1 || { tail -50 "$folder.log"; return 1; }
    ctest --test-dir "$folder" -R '^unit\.(base|transport)\.test_' -E 'test_(iokit|port_names|fs_without)' -j "$jobs" --output-on-failure \
        --no-tests=error >"$folder.log" 2>&1 || { tail -80 "$folder.log"; return 1; }
    run_cases plain-posix plain-posix '(backup_esp32_pty|chip_info|disk|file_modes|folder_unwritable|fs_without|list|output|port|restore_unplugged|unplugged|restore_esp32_stub).*' \
        "$PWD/$folder/src/espbackup"
}

test_macos() {
    local processor
    for processor in arm64 x86_64; do
        build_system "macos-$processor" Release OFF
        "$python" tests/support/mach_o.py "build/macos-$processor/espbackup" "$processor"
        check_libserialport "macos-$processor"
        echo "macos-$processor: compiled and linked, not run"
    done
    test_plain_posix
}

# -- Windows ------------------------------------------------------------------------------------

# The dynamic libraries that the program asks for.
check_dlls() {
    local found
    found=$(x86_64-w64-mingw32-objdump -p "$folder/src/espbackup.exe" | sed -n 's/.*DLL Name: //p' |
        grep -viE '^(advapi32|bcrypt|kernel32|msvcrt|setupapi|shell32|ws2_32)\.dll$' || true)
    [ -z "$found" ] || { echo "$system: the program needs: $found"; return 1; }
}

# One server for all programs, because the first to run would start it and hand it its own streams.
start_wine() {
    export WINEPREFIX=$PWD/$folder/wine WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
    rm -rf "$WINEPREFIX"
    wineboot --init >/dev/null 2>&1
    wineserver --wait
    wineserver --foreground --persistent >/dev/null 2>&1 &
    wine_server=$!
    trap 'kill "$wine_server" 2>/dev/null || true' EXIT
    wine "$folder/src/espbackup.exe" --version >/dev/null 2>&1
}

run_unit_tests() {
    local program
    for program in "$folder"/tests/unit/test_*.exe; do
        (cd "$folder" && timeout 120 wine "$OLDPWD/$program") >"$program.log" 2>&1 ||
            { echo "FAILED: $program"; tail -20 "$program.log"; return 1; }
    done
    echo "$system: $(ls "$folder"/tests/unit/test_*.exe | wc -l) unit test programs"
}

# Who listens to a program may go away before its end.
check_closed_pipe() {
    { sleep 1; wine "$folder/src/espbackup.exe" help backup 2>"$folder/pipe.err" || true; } | true
    [ ! -s "$folder/pipe.err" ] || { cat "$folder/pipe.err"; return 1; }
}

# The batch file of docs/windows.md, for a port that is there, and for one that is not.
try_batch_file() {
    local batch profile status=0
    batch=$(sed -n '/^```bat$/,/^```$/{/^```/d; s/$/\r/; p}' "$OLDPWD/docs/windows.md")
    profile=$(echo "$WINEPREFIX/drive_c/users/"[!P]*)
    export WINEPATH="Z:$OLDPWD/$folder/src"
    echo "${batch/PORT=COM3/PORT=COM12}" >found.bat
    echo "${batch/PORT=COM3/PORT=COM13}" >missing.bat
    wine cmd /c found.bat && cmp "$profile"/boards/kitchen/*.bin flash.bin || return 1
    wine cmd /c missing.bat || status=$?
    cat "$profile/boards_kitchen.log"
    [ $status -eq 4 ] && grep 'saved and verified' "$profile/boards_kitchen.log" &&
        grep 'there is no port COM13' "$profile/boards_kitchen.log" &&
        grep 'FAILED with status 4' "$profile/boards_kitchen.log"
}

# A COM port of Wine is a terminal of Linux. Its server opens it, so it must see the simulated board's
# library. Run by espsim.
try_com_port() {
    ln -sfn "$(readlink -f "$ESPSIM_TTY_PTS")" "$WINEPREFIX/dosdevices/com12"
    wineserver --foreground --persistent >/dev/null 2>&1 &
    local server=$! espbackup=(wine "$OLDPWD/$folder/src/espbackup.exe") status=0
    until "${espbackup[@]}" --version >/dev/null 2>&1; do sleep 0.1; done
    wine reg add 'HKLM\HARDWARE\DEVICEMAP\SERIALCOMM' /v Board /d COM12 /f >/dev/null 2>&1
    { "${espbackup[@]}" ports | grep COM12 && "${espbackup[@]}" -p COM12 -b 460800 backup --output com.bin &&
        cmp com.bin flash.bin && printf X | dd of=flash.bin bs=1 seek=5000 conv=notrunc status=none &&
        "${espbackup[@]}" -p '\\.\COM12' restore com.bin --yes && cmp com.bin flash.bin; } >com.log 2>&1 || status=$?
    ! "${espbackup[@]}" -p COM13 chip-info >>com.log 2>&1 || status=1
    try_batch_file >>com.log 2>&1 || status=1
    kill "$server"
    return $status
}

check_com_port() {
    kill "$wine_server"
    wait "$wine_server" 2>/dev/null || true
    export folder
    export -f try_com_port try_batch_file
    mkdir -p "$folder/com"
    head -c 262144 build/dev/testdata/esp32-4mb.bin >"$folder/com/flash.bin"
    (cd "$folder/com" && rm -f com* && ../../dev/tests/espsim/espsim --chip esp32 --flash flash.bin --pty \
        --wire instant -- bash -c 'try_com_port') || { echo "FAILED: a COM port"; cat "$folder/com/com.log"; return 1; }
    echo "$system: a COM port, a batch file"
}

case $system in
static-* | macos-* | windows-x86_64) build_system "$system" Release OFF ;;
static)
    # Through an emulator, those that go from a backup to a restore.
    arm='backup_.*_rfc2217|chip_info_.*|flash_info_.*|list_foreign|restore_(only_what_differs|parts|stopped)|verify_esptool'
    test_static static-x86_64 'Advanced Micro Devices X86-64' '.*'
    test_static static-arm64 AArch64 "$arm" qemu-aarch64-static
    test_static static-armhf ARM "$arm" qemu-arm-static -cpu arm1176
    ;;
macos) test_macos ;;
windows)
    build_system windows RelWithDebInfo ON
    check_dlls
    start_wine
    run_unit_tests
    check_closed_pipe
    bash tests/support/windows_checks.sh "$folder"
    run_cases windows windows '.*' wine "$PWD/$folder/src/espbackup.exe"
    check_com_port
    ;;
*) echo "cross: unknown system '$system'" >&2; exit 2 ;;
esac
