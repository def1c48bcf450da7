#!/usr/bin/env bash
# tests/support/cross.sh musl|windows: espbackup for another C library or system.
#
# Builds it with warnings as errors, looks at what it needs to run, and runs unit tests and the cases
# of tests/cli/cases against the simulated boards of build/dev. A case that cannot run there says why
# (`not-on:`). Programs of Windows run under Wine, in a folder of their own below build/.
set -euo pipefail
cd "$(dirname "$0")/../.."
system=${1:?musl or windows}
folder=build/$system
python=.cache/venv/bin/python
export ESPBACKUP_CROSS_LIBS=$PWD/.cache/cross-$system
jobs=$(($(nproc) * 3))

# The unit tests of musl run as those of this system do; cmocka is built for Windows only.
tests=OFF
[ "$system" = musl ] || tests=ON

mkdir -p build
bash tests/support/cross_libs.sh "$system" "$ESPBACKUP_CROSS_LIBS" >"build/$system.log" 2>&1 &&
    cmake -S . -B "$folder" -G Ninja --toolchain "tests/support/$system.cmake" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DESPBACKUP_TESTS=$tests "-DESPBACKUP_TEST_IMAGES=$PWD/build/dev/testdata" >>"build/$system.log" 2>&1 &&
    cmake --build "$folder" -j "$(nproc)" >>"build/$system.log" 2>&1 || { tail -50 "build/$system.log"; exit 1; }

# as_programs FOLDER: a folder for PATH, with what runs espbackup.
as_programs() {
    rm -rf "$1"
    mkdir -p "$1"
    if [ "$system" = musl ]; then
        ln -s "$PWD/$folder/src/espbackup" "$1/espbackup"
    else
        printf '#!/bin/sh\nexec wine "%s" "$@"\n' "$PWD/$folder/src/espbackup.exe" >"$1/espbackup"
        chmod +x "$1/espbackup"
    fi
}

# The dynamic libraries that the program asks for.
check_libraries() {
    local found
    if [ "$system" = musl ]; then
        found=$(readelf -d "$folder/src/espbackup" | grep NEEDED || true)
    else
        found=$(x86_64-w64-mingw32-objdump -p "$folder/src/espbackup.exe" | sed -n 's/.*DLL Name: //p' |
            grep -viE '^(advapi32|bcrypt|kernel32|msvcrt|setupapi|shell32|ws2_32)\.dll$' || true)
    fi
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

run_one_case() {
    local name log status=0
    name=$(basename "$1" .case)
    log=$results/$name.log
    timeout 600 "$python" tests/support/run_case.py --system "$system" --bin "$folder/programs" --bin build/dev/tests/espsim \
        --testdata build/dev/testdata --set "FS_WITHOUT_SO=$PWD/build/dev/tests/support/libfs_without_preload.so" \
        --set "FAULTY_DISK_SO=$PWD/build/dev/tests/support/libfaulty_disk_preload.so" "$1" >"$log" 2>&1 || status=$?
    echo "$name $status" >>"$results/all"
    [ $status -eq 0 ] || [ $status -eq 77 ] || { echo "FAILED: $system $1"; tail -40 "$log"; }
}

run_cases() {
    export -f run_one_case
    export system folder python results=$PWD/$folder/cases
    rm -rf "$results"
    mkdir -p "$results"
    printf '%s\n' tests/cli/cases/*.case | xargs -P "$jobs" -I {} bash -c 'run_one_case {}'
    echo "$system: $(grep -c ' 0$' "$results/all") cases passed, $(grep -c ' 77$' "$results/all") cannot run there"
    ! grep -qvE ' (0|77)$' "$results/all"
}

# Who listens to a program may go away before its end.
check_closed_pipe() {
    { sleep 1; wine "$folder/src/espbackup.exe" help backup 2>"$folder/pipe.err" || true; } | true
    [ ! -s "$folder/pipe.err" ] || { cat "$folder/pipe.err"; return 1; }
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
    kill "$server"
    return $status
}

check_com_port() {
    kill "$wine_server"
    wait "$wine_server" 2>/dev/null || true
    export folder
    export -f try_com_port
    mkdir -p "$folder/com"
    head -c 262144 build/dev/testdata/esp32-4mb.bin >"$folder/com/flash.bin"
    (cd "$folder/com" && rm -f com* && ../../dev/tests/espsim/espsim --chip esp32 --flash flash.bin --pty \
        --wire instant -- bash -c 'try_com_port') || { echo "FAILED: a COM port"; cat "$folder/com/com.log"; return 1; }
    echo "$system: a COM port"
}

check_libraries
if [ "$system" = windows ]; then
    start_wine
    run_unit_tests
    check_closed_pipe
fi
as_programs "$folder/programs"
run_cases
[ "$system" = musl ] || check_com_port
