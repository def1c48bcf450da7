#!/usr/bin/env bash
# tests/support/cross_libs.sh SYSTEM FOLDER: the libraries that a cross build for SYSTEM of cross.sh
# needs, as static ones, with their pkg-config files, in FOLDER. cross.sh sets the environment.
#
# From the source packages of the Debian that runs here. They are fetched once for all systems, into
# cross-sources beside FOLDER. The settings of apt stay as they are.
set -euo pipefail
system=${1:?a system of cross.sh}
prefix=$(realpath -m "${2:?folder for the libraries}")
sources=$(dirname "$prefix")/cross-sources
mkdir -p "$sources"
exec 9>"$sources/lock"
flock 9
[ ! -e "$prefix/complete" ] || exit 0

if [ "${system%-x86_64}" = windows ]; then
    host=x86_64-w64-mingw32
    cc=("$host-gcc") ar=("$host-ar")
else
    host=$ESPBACKUP_ZIG_TARGET
    cc=("$ESPBACKUP_ZIG" cc -target "$host" "-mcpu=$ESPBACKUP_ZIG_CPU") ar=("$ESPBACKUP_ZIG" ar)
fi

# get_source NAME: unpack a package as $sources/NAME.
get_source() {
    [ ! -e "$sources/$1/complete" ] || return 0
    rm -rf "${sources:?}/$1"*
    mkdir -p "$sources/parts" "$sources/lists/partial"
    cp -r /etc/apt/sources.list.d/. "$sources/parts/"
    [ ! -s /etc/apt/sources.list ] || cp /etc/apt/sources.list "$sources/parts/main.list"
    sed -i 's/^Types: deb$/Types: deb-src/' "$sources"/parts/*.sources 2>/dev/null || true
    sed -i 's/^deb /deb-src /' "$sources"/parts/*.list 2>/dev/null || true
    local apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$sources/parts"
        -o "Dir::State::lists=$sources/lists")
    [ -n "${lists_are_new:-}" ] || "${apt[@]}" update
    lists_are_new=yes
    (cd "$sources" && "${apt[@]}" source --download-only "$1")
    dpkg-source --no-check -x "$sources/$1"_*.dsc "$sources/$1" >/dev/null
    touch "$sources/$1/complete"
}

# one_file NAME VERSION HEADER SOURCE FLAGS...: a library that is one C file.
one_file() {
    "${cc[@]}" -O2 "${@:5}" -c "$4" -o "$prefix/$1.o"
    "${ar[@]}" rcs "$prefix/lib/lib$1.a" "$prefix/$1.o"
    rm "$prefix/$1.o"
    pkg_config "$1" "$2" "$3"
}

make_cjson() {
    get_source cjson
    mkdir -p "$prefix/include/cjson"
    cp "$sources/cjson/cJSON.h" "$prefix/include/cjson/"
    one_file cjson 1.7 libcjson "$sources/cjson/cJSON.c" -DCJSON_HIDE_SYMBOLS
}

make_cmocka() {
    get_source cmocka
    cp "$sources"/cmocka/include/cmocka*.h "$prefix/include/"
    printf '#define HAVE_STDINT_H 1\n#define HAVE_INTTYPES_H 1\n#define HAVE_STRINGS_H 1\n' >"$prefix/include/config.h"
    one_file cmocka 1.1.5 cmocka "$sources/cmocka/src/cmocka.c" -DHAVE_CONFIG_H -I"$prefix/include" -w
}

# objects NAME FOLDER FILE...: the library libNAME.a of such .c files. zlib takes macOS for an old one
# without fdopen, unless that is a macro.
objects() {
    mkdir "$prefix/objects"
    for file in "${@:3}"; do
        "${cc[@]}" -O2 -w -DHAVE_UNISTD_H -Dfdopen=fdopen -I"$prefix/include/$1" -c "$2/$file.c" -o "$prefix/objects/$file.o"
    done
    "${ar[@]}" rcs "$prefix/lib/lib$1.a" "$prefix"/objects/*.o
    rm -r "$prefix/objects"
}

# pkg_config NAME VERSION FILE
pkg_config() {
    printf 'Name: %s\nDescription: built for a cross build\nVersion: %s\nLibs: -L%s -l%s\nCflags: -I%s\n' \
        "$1" "$2" "$prefix/lib" "$1" "$prefix/include" >"$prefix/lib/pkgconfig/$3.pc"
}

make_zlib() {
    get_source zlib
    objects z "$sources/zlib" adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil
    cp "$sources/zlib/zlib.h" "$sources/zlib/zconf.h" "$prefix/include/"
}

# MD5 and SHA-256 alone, because the rest takes minutes.
make_nettle() {
    local version
    get_source nettle
    version=$(sed -n 's/^AC_INIT(\[nettle\], *\[\([0-9.]*\)\].*/\1/p' "$sources/nettle/configure.ac")
    mkdir "$prefix/include/nettle"
    cp "$sources"/nettle/*.h "$prefix/include/nettle/"
    echo "#define NETTLE_VERSION_MAJOR ${version%%.*}" >"$prefix/include/nettle/version.h"
    objects nettle "$sources/nettle" $(cd "$sources/nettle" && ls md5.c md5-compress.c sha256.c sha256-compress*.c write-?e32.c | sed 's/\.c$//')
    pkg_config nettle "$version" nettle
}

rm -rf "$prefix"
mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
make_cjson
make_zlib
case $system in
windows) make_cmocka ;;
static-*) make_nettle ;;
esac
touch "$prefix/complete"
