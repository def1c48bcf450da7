#!/usr/bin/env python3
"""Run one .case file: real programs, their exit status, and what they print.

A case is a text file of `key: value` lines; `#` starts a comment, and a line that begins with a
space goes on with the line above.

  flash: esp32-4mb.bin     copy that test image to ./flash.bin
  flash: random 1M         or make one: `random`, `erased`, `zero` and a size
  needs: root | tmpfs      skip (exit 77) where that cannot be had
  not-on: SYSTEM,.. REASON skip with --system musl, windows or plain-posix, and say why
  env: NAME=VALUE          for all commands that follow
  run: COMMAND             a bash command, in a fresh folder; what follows belongs to it
  exit: 0                  its expected status (default 0)
  out: GLOB                a line of stdout must match; `out!: GLOB` none may; `out=: ` is empty
  err: GLOB                the same for stderr
  out==:                   stdout is the indented lines that follow, no more and no less
  err==:                   the same for stderr
  mask: REGEX              what varies between runs, in this case: `#` in exact text
  schema: no REASON        the command makes sidecars that espbackup did not write
  json: EXPRESSION         stdout is one JSON object, and the expression over `j` is true;
                           sha256(FILE) is at hand

What a command with --json prints fits docs/schema/output.json, and each new sidecar fits sidecar.json
there, in every case. So a new field needs a place in the schema.

Exact text has `#` for what varies in every case (MASKS below): times, rates, dates, digests, ports
of 127.0.0.1, the version; and FOLDER for the folder of the case. Of a line that is redrawn it is the
last state. Progress off a terminal comes by the clock: no exact stderr for long commands. Spaces at the end of a line do not count. After a wanted
change of words

    tests/run.sh update-expected [REGEX OF TEST NAMES]

runs the cases that have exact text and writes it anew; `git diff` then shows what users will see.
(It sets EB_UPDATE_EXPECTED, which makes this program write into the case file.)

Commands find espbackup, espsim and esptool in PATH. --set NAME=VALUE sets variables of the
environment, for a case that runs in several settings.
"""

import argparse
import difflib
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import schemas

SKIPPED = 77
SUPPORT = pathlib.Path(__file__).resolve().parent
UPDATE = "EB_UPDATE_EXPECTED" in os.environ
MASKS = [
    r"(?m)(?<=^espbackup )\d+\.\d+\.[\w.+-]*\w",
    r"\d+(\.\d+)? [KM]?B/s\b",
    r"\d+(\.\d+)? (ms|s|min)\b",
    r"\b[0-9a-f]{64}\b",
    r"(?<=127\.0\.0\.1:)\d+",
]
# As wide as they are: they stand in columns.
DATES = [
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?",
    r"(?<!\d)\d{8}[-_T]\d{4,6}(?!\d)",
]
# As the help for Windows names a port.
EXAMPLE_PORT = "--port COM3 ", "--port /dev/ttyUSB0 "
UNITS = {"K": 1024, "M": 1024 * 1024}


class Failure(Exception):
    pass


def parse(path):
    items, blank = [], 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            blank += 1
            continue
        if line.startswith("#"):
            continue
        if line[0] == " ":
            # Two columns of indentation are the case file's, not the command's.
            items[-1][2] += "\n" * (blank if items[-1][1].endswith("==") else 0)
            items[-1][2] += "\n" + (line[2:] if line.startswith("  ") else line)
            blank = 0
            continue
        blank = 0
        key, colon, value = line.partition(":")
        if not colon:
            raise Failure(f"{path}:{number}: no `key: value`")
        items.append([number, key, value.strip()])
    return items


def make_flash(value, testdata, folder):
    target = folder / "flash.bin"
    words = value.split()
    if len(words) == 1:
        shutil.copyfile(testdata / value, target)
        return
    kind, size = words[0], int(words[1][:-1]) * UNITS[words[1][-1]]
    target.write_bytes({
        "random": lambda: hashlib.shake_128(value.encode()).digest(size),
        "erased": lambda: b"\xff" * size,
        "zero": lambda: bytes(size),
    }[kind]())


def has(need):
    if need == "root":
        return os.geteuid() == 0
    if need == "tmpfs":
        return os.geteuid() == 0 and subprocess.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
            stderr=subprocess.DEVNULL, check=False).returncode == 0
    raise Failure(f"unknown need '{need}'")


def check_text(what, mode, pattern, text):
    if mode == "=":
        if text.strip():
            raise Failure(f"{what} is not empty")
        return
    matched = any(fnmatch.fnmatchcase(line, pattern) for line in text.splitlines())
    if matched != (mode != "!"):
        raise Failure(f"{what} {'has a' if matched else 'has no'} line like: {pattern}")


def masked(text, masks, folder):
    # On a terminal a line is redrawn: what stays is what counts.
    text = "\n".join(line.split("\r")[-1].replace("\x1b[K", "")
                     for line in text.replace("\r\n", "\n").split("\n"))
    text = text.replace(str(folder), "FOLDER").replace(*EXAMPLE_PORT)
    for mask in masks:
        text = re.sub(mask, "#", text)
    for mask in DATES:
        text = re.sub(mask, lambda found: "#" * len(found[0]), text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def check_exact(what, expected, actual):
    expected = expected.strip("\n")
    if expected != actual:
        diff = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual",
                                    lineterm="")
        raise Failure(f"{what} is not as expected:\n" + "\n".join(diff))


class Case:
    """The file, and what update-expected changes in it."""

    def __init__(self, path):
        self.path, self.items = path, parse(path)
        self.masks = MASKS + [value for _, key, value in self.items if key == "mask"]
        self.blocks = {}

    def compare(self, number, key, expected, text, folder):
        actual = masked(text, self.masks, folder)
        if UPDATE:
            self.blocks[number] = actual
        else:
            check_exact(f"std{key[:3]}", expected, actual)

    def rewrite(self):
        lines = self.path.read_text().splitlines()
        for number, text in sorted(self.blocks.items(), reverse=True):
            end = number
            while end < len(lines) and (lines[end].startswith(" ") or not lines[end].strip()):
                end += 1
            while not lines[end - 1].strip():  # what separates it from the next key
                end -= 1
            lines[number:end] = ["  " + line if line else "" for line in text.splitlines()]
        new = "\n".join(lines) + "\n"
        if self.blocks and new != self.path.read_text():
            self.path.write_text(new)
            print(f"{self.path}: written anew")


def check_json(expression, text, folder):
    def sha256(name):
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()

    try:
        j = json.loads(text)
    except ValueError as error:
        raise Failure(f"stdout is not one JSON value: {error}") from error
    if not eval(expression, {"j": j, "sha256": sha256}):  # the case file is ours
        raise Failure(f"not true: {expression}\n{json.dumps(j, indent=1)[:3000]}")


def check_schemas(command, text, new_sidecars):
    problems = []
    if "espbackup" not in command:
        return
    if "--json" in command:
        try:
            value = json.loads(text)
        except ValueError:
            value = None  # other programs print too, or it is kept in a file
        if isinstance(value, dict):
            problems.append(schemas.problem("output.json", value))
    problems += [schemas.problem("sidecar.json", json.loads(path.read_text())) for path in new_sidecars]
    for text in filter(None, problems):
        raise Failure(text)


def sidecars(folder):
    return {path for path in folder.rglob("*_info.json") if path.is_file()}


def run_step(case, command, checks, env, folder):
    before = sidecars(folder)
    # Output goes to files: a board that a command leaves behind must not keep us waiting.
    with open(folder / ".out", "w+b") as out, open(folder / ".err", "w+b") as err:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                              stdout=out, stderr=err, check=False)
        raw, texts = {}, {}
        for name, handle in (("out", out), ("err", err)):
            handle.seek(0)
            # A progress line is redrawn with carriage returns.
            raw[name] = handle.read().decode("utf-8", "replace")
            texts[name] = raw[name].replace("\r", "\n")
    expected = 0
    try:
        for number, key, value in checks:
            if key == "exit":
                expected = int(value)
            elif key in ("out==", "err=="):
                case.compare(number, key, value, raw[key[:3]], folder)
            elif key.rstrip("!=") in texts:
                name = key.rstrip("!=")
                check_text(f"std{name}", key[len(name):], value, texts[name])
            elif key == "json":
                check_json(value, texts["out"], folder)
            elif key == "schema":
                pass
            else:
                raise Failure(f"unknown key '{key}'")
        if done.returncode != expected:
            raise Failure(f"exit {done.returncode}, expected {expected}")
        if not any(key == "schema" for _, key, _ in checks):
            check_schemas(command, texts["out"], sidecars(folder) - before)
    except Failure as failure:
        raise Failure(f"$ {command}\n{failure}\n--- exit {done.returncode}, stdout:\n"
                      f"{texts['out'][-6000:]}--- stderr:\n{texts['err'][-6000:]}") from failure


def run_case(args, env, folder):
    steps, case = [], Case(args.case)
    for item in case.items:
        _, key, value = item
        if key == "mask":
            continue
        if key == "not-on":
            systems, _, reason = value.partition(" ")
            if args.system in systems.split(","):
                print(f"not on {args.system}: {reason}")
                return SKIPPED
            continue
        if steps and key not in ("run", "env", "flash", "needs"):
            steps[-1][1].append(item)
        elif key == "run":
            steps.append((value, [], dict(env)))
        elif key == "env":
            name, _, content = value.partition("=")
            env[name] = content
        elif key == "flash":
            make_flash(os.path.expandvars(value), args.testdata, folder)
        elif key == "needs":
            if not has(value):
                print(f"skipped: needs {value}")
                return SKIPPED
        else:
            raise Failure(f"'{key}' before the first run")
    if not steps:
        raise Failure("runs nothing")
    for command, checks, step_env in steps:
        run_step(case, command, checks, step_env, folder)
    case.rewrite()
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", type=pathlib.Path)
    parser.add_argument("--bin", action="append", default=[], help="folder for PATH")
    parser.add_argument("--testdata", type=pathlib.Path, required=True)
    parser.add_argument("--system", help="what espbackup is built for, if not this system")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    args = parser.parse_args()
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("ESPBACKUP_", "ESPTOOL_", "NO_COLOR"))}
    env.update(LC_ALL="C.UTF-8", TZ="UTC", TESTDATA=str(args.testdata.resolve()),
               SUPPORT=str(SUPPORT), PYTHON=sys.executable, ESPTOOL_CFGFILE=str(SUPPORT / "esptool.cfg"),
               # Root without its powers meets the file modes that anyone else does.
               UNPRIVILEGED="setpriv --inh-caps=-all --bounding-set=-all" if os.geteuid() == 0
               else "",
               ESPTOOL=shlex.join([sys.executable, "-m", "esptool"]))
    env["PATH"] = os.pathsep.join([*map(os.path.abspath, args.bin), env["PATH"]])
    for setting in args.set:
        name, _, value = setting.partition("=")
        env[name] = os.environ[name] = value
    with tempfile.TemporaryDirectory(prefix="espbackup-case-") as folder:
        # Root runs some cases as another user, who must be able to look in here.
        os.chmod(folder, 0o755)
        try:
            return run_case(args, env, pathlib.Path(folder))
        except Failure as failure:
            print(failure)
            return 1


if __name__ == "__main__":
    sys.exit(main())
