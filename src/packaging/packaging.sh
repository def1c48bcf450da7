#!/usr/bin/env bash
# packaging.sh ESPBACKUP STUBS MIME_DB: all packages of this source tree, in build/dist. The build's target
# `packaging` runs it.
#
# ESPBACKUP is a program of this tree that runs here: it tells its version. STUBS is the folder of the stubs
# and their licences, MIME_DB the db.json of mime-db.
set -euo pipefail
program=$(realpath "${1:?a built espbackup}")
stubs=${2:?no stubs: packages are not made without them}
mime_db=${3:?no MIME types: packages are not made without them}
cd "$(dirname "$0")/../.."
here=src/packaging
work=$PWD/build/packaging
dist=$PWD/build/dist
source $here/versions.sh

read -r _ version < <("$program" --version | head -1)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
day=$(date -d "@$SOURCE_DATE_EPOCH" +%Y%m%d)

step() {
    echo "-- $*"
}

# quietly LOG COMMAND...: what it prints is shown only if it fails.
quietly() {
    "${@:2}" >"$work/$1.log" 2>&1 || { tail -40 "$work/$1.log"; echo "packaging: all of that: $work/$1.log"; exit 1; }
}

# same_time FOLDER: all files are as old as the commit, so that the same source gives the same packages.
same_time() {
    find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

make_debs() {
    local debian=$work/source/debian
    mkdir "$work/source"
    git ls-files --cached --others --exclude-standard -- ':!tests' ':!.ci' |
        tar --create --files-from=- --ignore-failed-read | tar --extract -C "$work/source"
    cp -r $here/debian "$debian"
    cp -rL "$stubs" "$debian/stubs"
    mkdir "$debian/mime"
    cp -L "$mime_db" "$debian/mime/db.json"
    echo "$version" >"$debian/version"
    quietly debs bash $here/debs.sh "$work/source" "$(debian_version "$version" "$day")"
    mv "$work"/*.deb "$dist/"
}

# add_licences SYSTEM FOLDER
add_licences() {
    local sources=.cache/cross-sources libraries=(cjson zlib) zig name
    mkdir -p "$2"
    cp LICENSE $here/licences/README.txt $here/licences/mime-db.txt "$2/"
    for name in APACHE MIT; do
        cp -L "$stubs/LICENSE-$name" "$2/esp-flasher-stub-$name.txt"
    done
    if [ "$1" = windows-x86_64 ]; then
        cp /usr/share/doc/mingw-w64-common/copyright "$2/mingw-w64.txt"
    else
        libraries+=(nettle)
        zig=$(echo .cache/zig/lib/python*/site-packages/ziglang)
        cp "$zig/lib/libc/musl/COPYRIGHT" "$2/musl.txt"
        cp "$zig/LICENSE" "$2/zig.txt"
        for name in GPL-2 GPL-3 LGPL-3; do
            cp /usr/share/common-licenses/$name "$2/$name.txt"
        done
    fi
    for name in "${libraries[@]}"; do
        cp "$sources/$name/debian/copyright" "$2/$name.txt"
    done
    chmod -R u=rwX,go=rX "$2"
}

# add_documents FOLDER: README.md and what it refers to.
add_documents() {
    mkdir -p "$1/docs"
    cp README.md "$1/"
    cp -r docs/*.md docs/*.svg docs/recipes "$1/docs/"
    chmod -R u=rwX,go=rX "$1"
}

# An archive for Linux is a tree to unpack into /usr/local.
make_tarball() { # SYSTEM NAME
    local tree=$work/$2
    cmake --install "build/$1" --prefix "$tree" >/dev/null
    add_documents "$tree/share/doc/espbackup"
    add_licences "$1" "$tree/share/doc/espbackup/licences"
    same_time "$tree"
    tar --create --sort=name --owner=0 --group=0 --numeric-owner -C "$work" "$2" | gzip -9n >"$dist/$2.tar.gz"
}

make_zip() { # SYSTEM NAME
    local tree=$work/$2
    add_documents "$tree"
    cp "build/$1/src/espbackup.exe" src/cli/completion/espbackup.ps1 "$tree/"
    add_licences "$1" "$tree/licences"
    same_time "$tree"
    (cd "$work" && find "$2" -type f | sort >zip.list && cmake -E tar cf "$dist/$2.zip" --format=zip --files-from=zip.list)
}

# make_wheel SYSTEM PROGRAM TAG...: pip puts the program beside its python, and pipx shows the man page too.
make_wheel() {
    local name tree tag
    name=espbackup-$(python_version "$version" "$day")
    tree=$work/wheel-$1/$name
    install -D -t "$tree/$name.data/scripts" "build/$1/src/$2"
    install -D -m 644 -t "$tree/$name.data/data/share/man/man1" docs/espbackup.1
    add_licences "$1" "$tree/$name.dist-info/licenses"
    printf '%s\n' 'Metadata-Version: 2.1' 'Name: espbackup' "Version: ${name#*-}" 'License: MIT' \
        'Summary: Save, verify and restore the flash of Espressif boards' >"$tree/$name.dist-info/METADATA"
    printf '%s\n' 'Wheel-Version: 1.0' 'Generator: espbackup packaging' 'Root-Is-Purelib: false' >"$tree/$name.dist-info/WHEEL"
    for tag in "${@:3}"; do
        echo "Tag: py3-none-$tag" >>"$tree/$name.dist-info/WHEEL"
    done
    # Debian's python has it: python3-wheel.
    quietly "wheel-$1" /usr/bin/python3 -m wheel pack "$tree" --dest-dir "$dist"
}

rm -rf "$work" "$dist"
mkdir -p "$work" "$dist"
step "espbackup $version"
step "Debian packages: amd64, arm64"
make_debs
for system in static-x86_64 static-arm64 static-armhf windows-x86_64; do
    step "program: $system"
    quietly "$system" bash tests/support/cross.sh "$system"
done
step "archives and wheels"
for machine in x86_64 arm64 armhf; do
    make_tarball "static-$machine" "espbackup-$version-linux-$machine"
done
make_zip windows-x86_64 "espbackup-$version-windows-x86_64"
# A program without a dynamic library runs with each C library.
make_wheel static-x86_64 espbackup manylinux_2_17_x86_64 musllinux_1_1_x86_64
make_wheel static-arm64 espbackup manylinux_2_17_aarch64 musllinux_1_1_aarch64
make_wheel static-armhf espbackup linux_armv6l manylinux_2_17_armv7l musllinux_1_1_armv7l
make_wheel windows-x86_64 espbackup.exe win_amd64
(cd "$dist" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
step "$(find "$dist" -type f | wc -l) files in $dist"
case $version in
*-dirty) echo "packaging: this source has changes that are not committed" ;;
esac
