#!/usr/bin/env bash
# tests/support/windows_checks.sh FOLDER: what the Windows program of the build FOLDER has of its own.
#
# cross.sh sets WINEPREFIX, and has started the server of Wine.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$PWD/${1:?folder of the build}
export espbackup=$folder/src/espbackup.exe WINEPREFIX
espsim=$PWD/build/dev/tests/espsim/espsim

check_properties() {
    local version
    version=$(sed -n 's/^project(espbackup VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
    python3 tests/support/pe_resources.py "$espbackup" "$version"
}

# Back up into folders whose names are long, of all languages, and on a share. Run by espsim.
back_up_into_folders() {
    local part name status server=$WINEPREFIX/dosdevices/unc/server
    part=$(printf 'n%.0s' {1..100})
    mkdir -p "$server/share"
    for name in 'C:\Küche-€-😀' "C:\\$part\\$part\\$part" '\\server\share\boards' '//server/share/a/b' '\\?\C:\plain'; do
        wine "$espbackup" -d "$name" backup --full --note "$name" && wine "$espbackup" -d "$name" list --check |
            grep 'checked' || return 1
    done
    for part in "$WINEPREFIX/drive_c/Küche-€-😀" "$WINEPREFIX/drive_c/$part/$part/$part" "$server/share/boards" \
        "$server/share/a/b" "$WINEPREFIX/drive_c/plain"; do
        cmp "$part"/*.bin flash.bin || return 1
    done
    wine "$espbackup" -d 'C:\again' backup | grep 'Image  *C:\\again\\esp32c3_backup' || return 1
    # A second stream of a file, and a device, are no images.
    for name in 12:30.bin NUL 'a|b.bin'; do
        status=0
        wine "$espbackup" backup --output "$name" 2>&1 | grep 'Windows has no such names' || return 1
        wine "$espbackup" backup --output "$name" || status=$?
        [ $status -eq 2 ] || return 1
    done
    [ ! -e 12 ] || return 1
    # Nobody makes a server or a share.
    ! wine "$espbackup" -d '\\nobody\share\boards' backup || return 1
    [ ! -e "$WINEPREFIX/dosdevices/unc/nobody" ]
}

# clang-tidy, with what the build for Windows sees.
check_style() {
    git ls-files --cached --others --exclude-standard -- 'src/*_win32.c' | xargs python3 tests/support/tidy.py "$folder"
}

check_folders() {
    rm -rf "$folder/folders" "$WINEPREFIX"/drive_c/{Küche,nnn,plain,again}* "$WINEPREFIX/dosdevices/unc"
    mkdir "$folder/folders"
    head -c 131072 build/dev/testdata/esp32c3-4mb.bin >"$folder/folders/flash.bin"
    export -f back_up_into_folders
    (cd "$folder/folders" && "$espsim" --chip esp32c3 --flash flash.bin --tcp --wire instant -- \
        bash -c back_up_into_folders) >"$folder/folders.log" 2>&1 ||
        { echo "FAILED: names of folders"; cat "$folder/folders.log"; return 1; }
}

check_properties
check_style
check_folders
echo "windows: properties, manifest, style, folders"
