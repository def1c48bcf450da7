#!/usr/bin/env bash
# tests/packages/run.sh: makes all packages, and uses each as a person does.
#
# The packages of Debian in bare Debian 12 and 13 (in_debian.sh; as root), the archives as their programs can
# run: under QEMU, under Wine, and the wheels by pip and pipx. Each must tell the same version, and save a
# simulated board. Needs build/dev.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/build/packages
export DIST=$PWD/build/dist ESPSIM=$PWD/build/dev/tests/espsim/espsim
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo --preserve-env=DIST,ESPSIM,FLASH,VERSION)

step() {
    echo "-- $*"
}

fail() {
    echo "packages: $*" >&2
    exit 1
}

# try NAME COMMAND...: COMMAND is espbackup.
try() {
    local folder=$work/try-$1 told
    rm -rf "$folder"
    mkdir "$folder"
    told=$("${@:2}" --version | head -1 | tr -d '\r')
    [ "$told" = "espbackup $VERSION" ] || fail "$1: --version says '$told'"
    (cd "$folder" && "$ESPSIM" --chip esp32 --flash "$FLASH" --tcp -- "${@:2}" backup --output saved.bin >log 2>&1 &&
        cmp saved.bin "$FLASH") || { cat "$folder/log"; fail "$1: no backup"; }
    echo "$1: $told, and a backup"
}

# unpacked ARCHIVE: unpack it, and tell its folder.
unpacked() {
    local folder=$work/unpacked-${1##*-}
    mkdir "$folder"
    (cd "$folder" && cmake -E tar xf "$1")
    echo "$folder"/*
}

rm -rf "$work"
mkdir -p "$work"
export FLASH=$work/flash.bin
head -c 524288 build/dev/testdata/esp32-4mb.bin >"$FLASH"
cmake --build build/dev --target packaging
VERSION=$(build/dev/src/espbackup --version | sed -n '1s/^espbackup //p')
export VERSION

step "checksums"
(cd "$DIST" && sha256sum --quiet --check SHA256SUMS)
[ "$(wc -l <"$DIST/SHA256SUMS")" = "$(($(find "$DIST" -type f | wc -l) - 1))" ] || fail "SHA256SUMS does not list each file"

for release in bookworm trixie; do
    step "Debian: $release"
    "${as_root[@]}" mmdebstrap --quiet --variant=minbase --architectures=amd64,arm64 --include=bash-completion,man-db,udev \
        --aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io --skip=cleanup/apt --format=null \
        --customize-hook="$PWD/tests/packages/in_debian.sh" $release /dev/null
done

step "programs"
x86_64=$(unpacked "$DIST"/espbackup-*-linux-x86_64.tar.gz)
arm64=$(unpacked "$DIST"/espbackup-*-linux-arm64.tar.gz)
armhf=$(unpacked "$DIST"/espbackup-*-linux-armhf.tar.gz)
windows=$(unpacked "$DIST"/espbackup-*-windows-x86_64.zip)
try x86_64 "$x86_64/bin/espbackup"
try arm64 qemu-aarch64-static "$arm64/bin/espbackup"
try armhf qemu-arm-static -cpu arm1176 "$armhf/bin/espbackup" # as the first Raspberry Pi
export WINEPREFIX=$work/wine WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
wineboot --init >/dev/null 2>&1
wineserver --wait
try windows wine "$windows/espbackup.exe"
wineserver --wait

step "wheels"
# wheel_of PLATFORM PROGRAM: pip chooses a wheel there that has the program of the archive.
wheel_of() {
    local folder=$work/wheel-$1
    "$python" -m pip download --quiet --disable-pip-version-check --no-index --find-links "$DIST" --no-deps \
        --only-binary=:all: --platform "$1" --dest "$folder" espbackup
    (cd "$folder" && cmake -E tar xf ./*.whl)
    cmp "$folder"/*.data/scripts/espbackup* "$2"
}
python=$work/venv/bin/python
python3 -m venv "$work/venv"
"$python" -m pip install --quiet --disable-pip-version-check --no-index "$DIST"/espbackup-*_x86_64.whl
try venv "$work/venv/bin/espbackup"
wheel_of manylinux_2_17_x86_64 "$x86_64/bin/espbackup"
wheel_of musllinux_1_1_x86_64 "$x86_64/bin/espbackup"
wheel_of manylinux_2_17_aarch64 "$arm64/bin/espbackup"
wheel_of musllinux_1_1_aarch64 "$arm64/bin/espbackup"
wheel_of manylinux_2_17_armv7l "$armhf/bin/espbackup"
wheel_of linux_armv6l "$armhf/bin/espbackup"
wheel_of win_amd64 "$windows/espbackup.exe"
"$python" -m pip uninstall --quiet --yes espbackup
[ ! -e "$work/venv/bin/espbackup" ] || fail "pip uninstall leaves the program"
export PIPX_HOME=$work/pipx PIPX_BIN_DIR=$work/pipx-bin
pipx install "$DIST"/espbackup-*_x86_64.whl >"$work/pipx.log" 2>&1 || { cat "$work/pipx.log"; fail "pipx install"; }
try pipx "$PIPX_BIN_DIR/espbackup"
pipx uninstall espbackup >>"$work/pipx.log" 2>&1
[ ! -e "$PIPX_BIN_DIR/espbackup" ] || fail "pipx uninstall leaves the program"
