#!/usr/bin/env bash
# in_debian.sh ROOT: the packages in the bare Debian in ROOT: installed, used and removed. run.sh calls it by mmdebstrap.
set -euo pipefail
root=${1:?folder of a Debian}
here=$(realpath "$(dirname "$0")")
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

fail() {
    echo "packages: $*" >&2
    exit 1
}

# inside COMMAND...: what it prints is shown only if it fails.
inside() {
    chroot "$root" "$@" >"$root/tmp/log" 2>&1 </dev/null || { cat "$root/tmp/log"; fail "failed: $*"; }
}

# All files but those that apt keeps for itself.
list_files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./root \
        -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/apt -o -path './var/lib/dpkg/*-old' \) -prune -o -print | sort)
}

# try NAME COMMAND...: COMMAND is espbackup in there.
try() {
    local told
    told=$(chroot "$root" "${@:2}" --version | head -1)
    [ "$told" = "espbackup $VERSION" ] || fail "$1: --version says '$told'"
    rm -rf "$root/root/saved"
    mkdir "$root/root/saved"
    "$ESPSIM" --chip esp32 --flash "$FLASH" --tcp -- chroot "$root" "${@:2}" backup --output /root/saved/it.bin \
        >"$root/tmp/log" 2>&1 && cmp "$root/root/saved/it.bin" "$FLASH" || { cat "$root/tmp/log"; fail "$1: no backup"; }
    echo "$1: $told, and a backup"
}

# What a person at a terminal has beside the program.
check_extras() {
    inside man espbackup
    grep -qE 'espbackup +- +save the flash' "$root/tmp/log" || { head -5 "$root/tmp/log"; fail "no manual page"; }
    # The completed command is the one whose help is shown.
    python3 "$here/../support/on_terminal.py" '# ' $'espbackup res\t--help; exit' chroot "$root" env TERM=dumb \
        bash --rcfile /usr/share/bash-completion/bash_completion -i >"$root/tmp/log" 2>&1 || true
    grep -q 'Usage: espbackup restore' "$root/tmp/log" || { cat "$root/tmp/log"; fail "no completion in bash"; }
}

# check_gone BEFORE WHAT
check_gone() {
    diff <(echo "$1") <(list_files) || fail "$2 leaves files, or takes some"
}

# What is compared must not be in it from the start.
! list_files | grep -q espbackup || fail "the system has espbackup already"

cp "$DIST"/espbackup_*.deb "$DIST"/espbackup-*-linux-x86_64.tar.gz "$root/tmp/"
cp "$(command -v qemu-aarch64-static)" "$root/tmp/qemu"
before=$(list_files)

inside sh -c 'apt install --yes /tmp/espbackup_*_amd64.deb'
try "package amd64" espbackup
check_extras
# Debian 12 cannot check rules.
if chroot "$root" udevadm verify --help >/dev/null 2>&1; then
    inside udevadm verify /usr/lib/udev/rules.d/60-espbackup.rules
fi
inside apt purge --autoremove --yes espbackup
check_gone "$before" "apt purge"

# As README.md says. Empty folders stay.
list_local() {
    find "$root/usr/local" ! -type d | sort
}
local=$(list_local)
inside sh -c 'tar -xzf /tmp/espbackup-*-linux-x86_64.tar.gz -C /usr/local --strip-components=1'
try archive espbackup
check_extras
inside sh -c 'tar -tzf /tmp/espbackup-*-linux-x86_64.tar.gz | grep -v "/\$" | (cd /usr/local && cut -d / -f 2- | xargs rm)'
[ "$local" = "$(list_local)" ] || fail "the archive leaves files"

inside sh -c 'apt install --yes /tmp/espbackup_*_arm64.deb'
try "package arm64" /tmp/qemu /usr/bin/espbackup
inside apt purge --autoremove --yes espbackup
# apt keeps a C library once it is there, and what that needs.
! list_files | grep espbackup | grep -v '^\./usr/local/' || fail "apt purge leaves files"
