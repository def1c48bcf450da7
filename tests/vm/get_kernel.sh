#!/usr/bin/env bash
# The kernel of the virtual machine: tests/vm/get_kernel.sh FOLDER
#
# Downloads Debian's kernel package, and unpacks the kernel and the modules that the guest loads.
# Nothing is installed, and no root is needed. A FOLDER that is there already is kept.
set -euo pipefail

folder=$1
modules=(virtio_pci virtio_net vhci-hcd ftdi_sio cp210x ch341 cdc-acm)

[ -e "$folder/vmlinuz" ] && exit 0

fail() {
    echo "vm: $*" >&2
    exit 1
}

package=$({ apt-cache depends linux-image-amd64 2>/dev/null || true; } | sed -n 's/.*Depends: //p' | head -1)
[ -n "$package" ] || fail "apt knows no kernel package linux-image-amd64; try apt-get update"
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "vm: downloading $package"
(cd "$work" && apt-get download "$package") >"$work/log" 2>&1 ||
    fail "cannot download $package: $(tail -1 "$work/log")"
mkdir "$work/unpacked" "$work/ready"
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/unpacked" --wildcards \
    './boot/vmlinuz-*' './lib/modules/*/modules.*' \
    './lib/modules/*/kernel/drivers/'{net,usb,virtio} './lib/modules/*/kernel/net/core'
version=$(basename "$work"/unpacked/lib/modules/*)
PATH=$PATH:/sbin:/usr/sbin
depmod -b "$work/unpacked" "$version"
for module in "${modules[@]}"; do
    modprobe -d "$work/unpacked" -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r path; do
    cp "$path" "$work/ready/"
    basename "$path" >>"$work/ready/order" # in which they are to be loaded
done
cp "$work/unpacked/boot/vmlinuz-$version" "$work/ready/vmlinuz"
mv -T "$work/ready" "$folder" 2>/dev/null || [ -e "$folder/vmlinuz" ] # another run was quicker
