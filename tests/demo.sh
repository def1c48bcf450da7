#!/usr/bin/env bash
# Build espbackup and back up a simulated ESP32 that runs real firmware. Needs no board.
#
# The backup stays in build/demo/backups for you to look at.
set -euo pipefail
cd "$(dirname "$0")/.."
export ESPBACKUP_CACHE_DIR=$PWD/.cache # one download of the stubs for all builds

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\033[1m' plain=$'\033[0m'
fi

show() {
    printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@"
}

bash tests/setup.sh demo
echo "Building ..."
mkdir -p build
{
    # The README's build lines leave the tests out of this folder.
    cmake --preset release -DESPBACKUP_TESTS=ON &&
        cmake --build build/release --target espbackup espsim testdata
} >build/demo.log 2>&1 || {
    tail -30 build/demo.log >&2
    echo "demo: the build failed; all of its output is in build/demo.log" >&2
    exit 1
}

# A board of our own each time: the flash is a copy of the test image.
rm -rf build/demo
mkdir build/demo
cp build/release/testdata/esp32-4mb.bin build/demo/flash.bin
export PATH=$PWD/build/release:$PWD/build/release/src:$PWD/build/release/tests/espsim:$PATH
cd build/demo

echo "A simulated ESP32 with 4 MB of flash, on a line as slow as a real one at 921600 baud."
# espsim sets ESPBACKUP_PORT; on a real board espbackup finds the port by itself.
show espsim --chip esp32 --flash flash.bin --rfc2217 --wire real -- espbackup backup
show espsim --chip esp32 --flash flash.bin --rfc2217 --wire real -- espbackup flash-info
show espbackup list

cmp backups/esp32_backup_*.bin flash.bin
echo
echo "The backup is equal to the board's flash, byte for byte: build/demo/backups"
