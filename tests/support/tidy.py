#!/usr/bin/env python3
"""Run clang-tidy over files, side by side: tidy.py BUILD FILE...

BUILD is a folder with compile_commands.json of clang. A file that passed is not looked at again
until what the compiler sees of it, or .clang-tidy, changes.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys


def preprocessed(entry):
    """With comments, because NOLINT is one."""
    command = shlex.split(entry["command"])
    at = command.index("-o")
    command = [word for word in command[:at] + command[at + 2:] if word != "-c"]
    return subprocess.run([*command, "-E", "-C", "-o", "-"], cwd=entry["directory"],
                          stdout=subprocess.PIPE, check=True).stdout


def check(path, entry, build, salt):
    """What clang-tidy has to say, or None."""
    passed = build / "tidy" / hashlib.sha256(salt + preprocessed(entry)).hexdigest()
    if passed.exists():
        return None
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build / "tidy", path], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode != 0:
        return f"{done.stdout}clang-tidy -p {build}/tidy {path}"
    passed.touch()
    return None


def main():
    build, paths = pathlib.Path(sys.argv[1]), sys.argv[2:]
    database = json.loads((build / "compile_commands.json").read_text())
    entries = {}
    for entry in database:
        entries.setdefault(os.path.realpath(os.path.join(entry["directory"], entry["file"])), entry)
    missing = [path for path in paths if os.path.realpath(path) not in entries]
    if missing:
        sys.exit(f"not in {build}/compile_commands.json: {' '.join(missing)}")
    (build / "tidy").mkdir(exist_ok=True)
    # Files that the tests compile once more stand in the database twice, and would be looked at twice.
    (build / "tidy/compile_commands.json").write_text(json.dumps(list(entries.values())))
    salt = pathlib.Path(".clang-tidy").read_bytes() + subprocess.run(
        ["clang-tidy", "--version"], stdout=subprocess.PIPE, check=True).stdout
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = [text for text in pool.map(
            lambda path: check(path, entries[os.path.realpath(path)], build, salt), paths) if text]
    print("\n".join(said), end="\n" if said else "")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
