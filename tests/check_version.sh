#!/usr/bin/env bash
# check_version.sh CMAKE SCRIPT: what src/base/version.cmake makes of a checkout in each of its states.
set -u
cmake=$1
script=$2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES=$work
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
failed=0

# expect STATE PATTERN: the version of $work/source, an extended regular expression.
expect() {
    "$cmake" -DSOURCE_DIR="$work/source" -DVERSION=7.8.9 -DOUTPUT="$work/text.h" -P "$script" || failed=1
    grep -qE "^#define EB_VERSION \"$2\"\$" "$work/text.h" && return
    echo "$1: expected $2, got: $(cat "$work/text.h")"
    failed=1
}

repository() {
    git -C "$work/$1" -c user.name=test -c user.email=test@localhost "${@:2}" >/dev/null || exit 2
}

hash='g[0-9a-f]{7,}'
mkdir -p "$work/source"
expect 'no repository' '7\.8\.9'

repository source init -b main
echo one >"$work/source/file"
repository source add file
repository source commit -m one
expect 'no tag' "7\\.8\\.9-$hash"
echo two >"$work/source/file"
expect 'no tag, modified' "7\\.8\\.9-$hash-dirty"

repository source commit -a -m two
repository source tag v8.0.0
repository source tag nightly
expect 'a tag' '8\.0\.0'
before=$(stat -c %Y.%y "$work/text.h")
expect 'a tag again' '8\.0\.0'
[ "$before" = "$(stat -c %Y.%y "$work/text.h")" ] || { echo 'same version: the file was written again'; failed=1; }
echo three >"$work/source/file"
expect 'a tag, modified' '8\.0\.0-dirty'
repository source commit -a -m three
expect 'behind a tag' "8\\.0\\.0-1-$hash"

rm -rf "$work/source/.git"
mkdir -p "$work/outer"
mv "$work/source" "$work/outer/inner"
ln -s outer/inner "$work/source"
repository outer init -b main
repository outer add .
repository outer commit -m outer
repository outer tag v1.0.0
expect 'a folder of another repository' '7\.8\.9'
exit $failed
