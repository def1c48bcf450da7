#!/usr/bin/env bash
# tests/support/trixie.sh FOLDER: the README's lines on a bare Debian 13, and newer compilers.
#
# Makes the system from nothing in FOLDER (mmdebstrap, so as root), and removes it at the end. The
# README's build lines and tests/demo.sh run there as they stand. Then gcc 14 builds each build type and
# with a packager's flags, gcc 13 and clang 19 build two types, all with warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(realpath -m "${1:?folder for the system}")

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

remove_root() {
    "${as_root[@]}" rm -rf --one-file-system "$root"
}
trap remove_root EXIT

# in_root COMMAND: in a mount namespace of its own, so that nothing stays mounted.
in_root() {
    "${as_root[@]}" unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        chroot "$root" "${trust[@]}" bash -euo pipefail -c "$1"
}

step() {
    echo "-- $*"
}

step "bare Debian 13"
remove_root
mkdir -p "$(dirname "$root")"
"${as_root[@]}" mmdebstrap --quiet --variant=minbase --skip=cleanup/apt --aptopt='Acquire::Languages "none"' \
    --aptopt='APT::Get::Assume-Yes "true"' trixie "$root"
# The network as this machine has it: names, and who signs for a proxy.
"${as_root[@]}" cp /etc/resolv.conf "$root/etc/resolv.conf"
trust=()
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    "${as_root[@]}" cp /etc/ssl/certs/ca-certificates.crt "$root/trust.crt"
    trust=(env SSL_CERT_FILE=/trust.crt PIP_CERT=/trust.crt REQUESTS_CA_BUNDLE=/trust.crt)
fi
git ls-files --cached --others --exclude-standard |
    "${as_root[@]}" tar --create --files-from=- --ignore-failed-read |
    "${as_root[@]}" tar --extract --one-top-level="$root/src" --no-same-owner

step "the README's build lines"
# The indented block below the heading, up to the next paragraph.
lines=$(awk '/^## /{inside = $0 == "## Build"} inside && /^    /' README.md)
[ -n "$lines" ] || { echo "no build lines in README.md" >&2; exit 1; }
in_root "cd /src; $lines" >"$root/readme.log" 2>&1 || { tail -30 "$root/readme.log"; exit 1; }
in_root "espbackup --version; espbackup chip-info --help >/dev/null"
if grep "No stub files" "$root/readme.log"; then
    exit 1 # pip should have brought them
fi

step "tests/demo.sh"
in_root 'cd /src; tests/demo.sh </dev/null' >"$root/demo.log" 2>&1 || { tail -30 "$root/demo.log"; exit 1; }
tail -1 "$root/demo.log"

step "compilers"
in_root 'apt-get install --no-install-recommends gcc-13 clang-19 dpkg-dev' >"$root/apt.log" 2>&1 ||
    { tail -30 "$root/apt.log"; exit 1; }
# build COMPILER TYPE FLAGS...
build='build() {
    rm -rf /build
    { CC=$1 CFLAGS=${*:3} cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=$2 -DESPBACKUP_TESTS=OFF \
        -DCMAKE_COMPILE_WARNING_AS_ERROR=ON && cmake --build /build; } >/build.log 2>&1 ||
        { tail -40 /build.log; echo "FAILED: $*"; return 1; }
    echo "built: $*"
}
export ESPBACKUP_CACHE_DIR=/src/.cache
'
for type in Release RelWithDebInfo MinSizeRel Debug; do
    in_root "$build build gcc $type"
done
for compiler in gcc-13 clang-19; do
    for type in Release Debug; do
        in_root "$build build $compiler $type"
    done
done
in_root "$build build gcc None \$(dpkg-buildflags --get CFLAGS) \$(dpkg-buildflags --get CPPFLAGS) -flto=auto"
