#!/usr/bin/env bash
# Make this machine ready: tests/setup.sh build|demo|test|recipes|vm|static|macos|windows|packages
#
#   build   what the program itself needs
#   demo    also the tools that make the test image
#   test    also what the checks and tests need (default)
#   recipes also the tools of other people that docs/recipes/ is about
#   static  also a compiler for other processors, into .cache/zig, and QEMU to run their programs
#   macos   also that compiler
#   windows also a compiler for Windows programs, and Wine
#   packages also what makes and tries packages: both of these, and Python's tools
#   vm      also a virtual machine; its kernel goes into .cache/vm
#
# Does nothing when everything is there. Packages come from apt (as root or through sudo); Python
# tools go into .cache/venv and .cache/venv-*, which git ignores.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-test}

build_packages=(gcc cmake ninja-build pkg-config libc6-dev libserialport-dev libcjson-dev
    zlib1g-dev nettle-dev)
# gcc for Xtensa and clang + lld for RISC-V make the firmware of the test images.
demo_packages=(libcmocka-dev python3 gcc-xtensa-lx106 clang lld)
test_packages=(build-essential clang-format-19 clang-tidy libclang-rt-dev valgrind git ser2net mmdebstrap mtools
    bash-completion zsh fish)
recipes_packages=(make jq parallel restic systemd)
static_packages=(qemu-user-static dpkg-dev)
windows_packages=(gcc-mingw-w64-x86-64-win32 wine wine64 dpkg-dev)
packages_packages=("${static_packages[@]}" "${windows_packages[@]}" mingw-w64-common pipx python3-wheel)
vm_packages=(qemu-system-x86 busybox-static cpio kmod dfu-util)

fail() {
    echo "setup: $*" >&2
    exit 1
}

packages=("${build_packages[@]}")
case $mode in
build) ;;
demo) packages+=("${demo_packages[@]}") ;;
test) packages+=("${demo_packages[@]}" "${test_packages[@]}") ;;
vm) packages+=("${demo_packages[@]}" "${test_packages[@]}" "${vm_packages[@]}") ;;
recipes) packages+=("${demo_packages[@]}" "${test_packages[@]}" "${recipes_packages[@]}") ;;
static) packages+=("${demo_packages[@]}" "${test_packages[@]}" "${static_packages[@]}") ;;
macos) packages+=("${demo_packages[@]}" "${test_packages[@]}" dpkg-dev) ;;
windows) packages+=("${demo_packages[@]}" "${test_packages[@]}" "${windows_packages[@]}") ;;
packages) packages+=("${demo_packages[@]}" "${test_packages[@]}" "${packages_packages[@]}") ;;
*) fail "unknown mode '$mode'; expected build, demo, test, recipes, vm, static, macos, windows or packages" ;;
esac
python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip) # the build takes the stubs from a Python package
if [ "$mode" != build ]; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
    command -v npm >/dev/null || packages+=(node-mime) # has the MIME types, which the build else asks npm for
fi

if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not Debian; make sure that these are installed: ${packages[*]}" >&2
else
    missing=()
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
            missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        echo "setup: installing ${missing[*]}"
        if [ "$(id -u)" = 0 ]; then
            as_root=()
        elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
            as_root=(sudo)
        else
            fail "these packages are missing; as root run: apt-get install ${missing[*]}"
        fi
        log=$(mktemp)
        if ! { "${as_root[@]}" apt-get update &&
            DEBIAN_FRONTEND=noninteractive "${as_root[@]}" \
                apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 \
            </dev/null; then
            tail -20 "$log" >&2
            fail "apt-get could not install: ${missing[*]} (all of its output: $log)"
        fi
        rm -f "$log"
    fi
fi

[ "$mode" = build ] && exit 0

# python_tools FOLDER REQUIREMENTS: a stamp inside the folder tells a finished one from one that was interrupted.
python_tools() {
    local venv=$1 wanted
    wanted=$(sha256sum <"$2")
    [ "$(cat "$venv/.requirements" 2>/dev/null)" != "$wanted" ] || return 0
    echo "setup: Python tools into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$2"
    echo "$wanted" >"$venv/.requirements"
}

python_tools .cache/venv tests/requirements.txt
if [ "$mode" = recipes ]; then
    python_tools .cache/venv-recipes tests/recipes/requirements.txt
    python_tools .cache/venv-platformio tests/recipes/platformio.txt
fi
case $mode in static | macos | packages) python_tools .cache/zig tests/requirements-zig.txt ;; esac
[ "$mode" != vm ] || bash tests/vm/get_kernel.sh .cache/vm
