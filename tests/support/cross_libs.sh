#!/usr/bin/env bash
# tests/support/cross_libs.sh musl|windows FOLDER: the libraries that a cross build needs, as static
# ones, with their pkg-config files, in FOLDER.
#
# From the source packages of the Debian that runs here; they are fetched once, into FOLDER.sources.
# The settings of apt stay as they are.
set -euo pipefail
kind=${1:?musl or windows}
prefix=$(realpath -m "${2:?folder for the libraries}")
sources=$prefix.sources
[ ! -e "$prefix/complete" ] || exit 0

case $kind in
musl) cc=musl-gcc ar=ar ranlib=ranlib host=x86_64-linux-musl packages=(cjson cmocka nettle zlib) ;;
windows) host=x86_64-w64-mingw32 cc=$host-gcc ar=$host-ar ranlib=$host-ranlib packages=(cjson cmocka zlib) ;;
*) echo "cross_libs: unknown kind '$kind'; expected musl or windows" >&2; exit 2 ;;
esac

# get_sources: unpack each package as $sources/NAME.
get_sources() {
    rm -rf "$sources"
    mkdir -p "$sources/parts" "$sources/lists/partial"
    cp -r /etc/apt/sources.list.d/. "$sources/parts/"
    [ ! -s /etc/apt/sources.list ] || cp /etc/apt/sources.list "$sources/parts/main.list"
    sed -i 's/^Types: deb$/Types: deb-src/' "$sources"/parts/*.sources 2>/dev/null || true
    sed -i 's/^deb /deb-src /' "$sources"/parts/*.list 2>/dev/null || true
    local apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$sources/parts"
        -o "Dir::State::lists=$sources/lists")
    "${apt[@]}" update
    (cd "$sources" && "${apt[@]}" source --download-only "${packages[@]}")
    for package in "${packages[@]}"; do
        dpkg-source --no-check -x "$sources/$package"_*.dsc "$sources/$package" >/dev/null
    done
}

# one_file NAME VERSION HEADER SOURCE FLAGS...: a library that is one C file.
one_file() {
    "$cc" -O2 "${@:5}" -c "$4" -o "$prefix/$1.o"
    "$ar" rcs "$prefix/lib/lib$1.a" "$prefix/$1.o"
    rm "$prefix/$1.o"
    printf 'Name: %s\nDescription: built for a cross build\nVersion: %s\nLibs: -L%s -l%s\nCflags: -I%s\n' \
        "$1" "$2" "$prefix/lib" "$1" "$prefix/include" >"$prefix/lib/pkgconfig/$3.pc"
}

rm -rf "$prefix"
get_sources
mkdir -p "$prefix/include/cjson" "$prefix/lib/pkgconfig"
cp "$sources/cjson/cJSON.h" "$prefix/include/cjson/"
one_file cjson 1.7 libcjson "$sources/cjson/cJSON.c" -DCJSON_HIDE_SYMBOLS
cp "$sources"/cmocka/include/cmocka*.h "$prefix/include/"
printf '#define HAVE_STDINT_H 1\n#define HAVE_INTTYPES_H 1\n#define HAVE_STRINGS_H 1\n' >"$sources/config.h"
cmocka_flags=(-DHAVE_CONFIG_H -I"$sources" -I"$prefix/include" -w)
[ "$kind" = windows ] || cmocka_flags+=(-DHAVE_SIGNAL_H -DHAVE_CLOCK_GETTIME -DHAVE_STRUCT_TIMESPEC)
one_file cmocka 1.1.5 cmocka "$sources/cmocka/src/cmocka.c" "${cmocka_flags[@]}"

(cd "$sources/zlib" && for file in adler32 compress crc32 deflate inffast inflate inftrees trees uncompr zutil; do
    "$cc" -O2 -w -DHAVE_UNISTD_H -c $file.c && "$ar" rcs "$prefix/lib/libz.a" $file.o
done)
cp "$sources/zlib/zlib.h" "$sources/zlib/zconf.h" "$prefix/include/"

if [ "$kind" = musl ]; then
    # Patched files are newer than what autoconf made of them; it is not needed.
    (cd "$sources/nettle" && touch aclocal.m4 configure config.h.in stamp-h.in && ./configure --host=$host \
        --prefix="$prefix" --libdir="$prefix/lib" CC=$cc AR=$ar RANLIB=$ranlib --disable-shared --disable-public-key \
        --disable-assembler --disable-documentation --disable-openssl && make libnettle.a nettle.pc) \
        >"$sources/nettle.log" 2>&1 || { tail -20 "$sources/nettle.log"; exit 1; }
    mkdir "$prefix/include/nettle"
    cp "$sources"/nettle/*.h "$prefix/include/nettle/"
    cp "$sources/nettle/libnettle.a" "$prefix/lib/"
    cp "$sources/nettle/nettle.pc" "$prefix/lib/pkgconfig/"
    mkdir "$prefix/kernel"
    ln -s /usr/include/linux /usr/include/asm-generic "$prefix/kernel/"
    ln -s "/usr/include/$(gcc -dumpmachine)/asm" "$prefix/kernel/asm"
fi
touch "$prefix/complete"
