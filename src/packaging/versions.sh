# What --version says, as other systems write versions. To be sourced.
# shellcheck shell=bash
#
#   here                 Debian                    Python
#   0.1.0                0.1.0                     0.1.0
#   0.1.0-123-gabcdef0   0.1.0+123.gabcdef0        0.1.0.post123+gabcdef0
#   0.1.0-gabcdef0       0.1.0~20261128.gabcdef0   0.1.0.dev20261128+gabcdef0
#   ...-dirty            ... .dirty                ... .dirty
#
# Without a tag within reach the version is one that comes, so it is less than its number.

# debian_version VERSION DAY
debian_version() {
    sed -E "s/^([0-9.]+)-([0-9]+)-g/\1+\2.g/; s/^([0-9.]+)-g/\1~$2.g/; s/^([0-9.]+)-dirty/\1+dirty/; s/-dirty/.dirty/" <<<"$1"
}

# python_version VERSION DAY
python_version() {
    sed -E "s/^([0-9.]+)-([0-9]+)-g/\1.post\2+g/; s/^([0-9.]+)-g/\1.dev$2+g/; s/^([0-9.]+)-dirty/\1+dirty/; s/-dirty/.dirty/" <<<"$1"
}
