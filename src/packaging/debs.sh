#!/usr/bin/env bash
# debs.sh SOURCE VERSION: the Debian packages of SOURCE, whose debian/ lacks only its changelog; beside SOURCE.
#
# Built in a Debian 12 of their own, because a package runs on the release that it was built on, and on
# later ones. That system is made as root, from nothing, once: in .cache/debian-build.
set -euo pipefail
source=$(realpath "${1:?source tree}")
version=${2:?Debian version}
cd "$(dirname "$0")/../.."
root=$PWD/.cache/debian-build
libraries=(libc6-dev libcjson-dev libserialport-dev nettle-dev pkg-config zlib1g-dev)
packages=(build-essential cmake crossbuild-essential-arm64 debhelper lintian ninja-build python3 "${libraries[@]}"
    "${libraries[@]/%/:arm64}")

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

make_root() {
    mkdir -p "$(dirname "$root")"
    exec 9>"$root.lock"
    flock 9
    [ "$(cat "$root/packages" 2>/dev/null)" != "${packages[*]}" ] || return 0
    "${as_root[@]}" rm -rf --one-file-system "$root"
    # Documents and other languages are not looked at there, and nobody waits for the disk.
    "${as_root[@]}" mmdebstrap --quiet --variant=apt --architectures=amd64,arm64 --include="$(IFS=,; echo "${packages[*]}")" \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt=force-unsafe-io bookworm "$root"
    echo "${packages[*]}" | "${as_root[@]}" tee "$root/packages" >/dev/null
}

# in_root COMMAND: with the parent of SOURCE as /mnt. The mounts are for COMMAND alone.
in_root() {
    # shellcheck disable=SC2016
    "${as_root[@]}" unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        bash -c 'mount --bind "$2" "$1/mnt" && exec chroot "$1" env -i HOME=/root PATH=/usr/sbin:/usr/bin \
            LC_ALL=C.UTF-8 "SOURCE_DATE_EPOCH=$3" DEB_BUILD_OPTIONS=noautodbgsym bash -euo pipefail -c "$4"' - \
        "$root" "$(dirname "$source")" "$SOURCE_DATE_EPOCH" "$1"
}

make_root
maintainer=$(sed -n 's/^Maintainer: //p' "$source/debian/control")
cat >"$source/debian/changelog" <<END
espbackup ($version-0upstream1) unstable; urgency=medium

  * espbackup $version; changelog.gz lists what is new.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
END
for architecture in amd64 arm64; do
    in_root "cd /mnt/source && dpkg-buildpackage --build=binary --host-arch=$architecture --no-sign"
done
# A package that lintian complains of is not one.
in_root "cd /mnt && lintian --allow-root --display-info --fail-on=error,warning,info *.changes" | tee "$source/../lintian.log"
[ ! -s "$source/../lintian.log" ]
"${as_root[@]}" chown -R "$(id -u):$(id -g)" "$(dirname "$source")"
