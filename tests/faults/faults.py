#!/usr/bin/env python3
"""Each file call of espbackup fails once, and the program is killed once before each. With --kind nomem
each allocation fails once instead.

A scenario is a folder and a command. A first run counts the file calls. Then, for each call and each
kind of fault, the command runs with that fault, and once more without. Whatever fails:

  - no .bin differs from what the board held, or lacks its sidecar
  - a backup that was there is as it was; --force leaves the old image or the new one, each whole
  - exit 0, and "verified", are said only of what is true; any other exit comes with words
  - the board has its old bytes outside of what was to be changed
  - the next run ends well

A failure prints the command that repeats it.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

RUN_LIMIT_S = 120
FLASH_BYTES = 0x10000
KINDS = ("eio", "enospc", "short", "kill")
NO_MEMORY = "nomem"
NO_SPACE = {"open", "create", "mkdir", "write", "pwrite", "pwrite64", "posix_fallocate", "posix_fallocate64",
            "ftruncate", "ftruncate64", "rename", "renameat2", "link", "linkat", "fsync", "fdatasync"}
PARTS = {"read", "write", "pread", "pread64", "pwrite", "pwrite64"}
# Of many calls in a row that are alike, these many are tried.
ALIKE_MAX = 4


class Wrong(Exception):
    pass


def entry(label, addr, size):
    return struct.pack("<2sBBII16sI", b"\xaa\x50", 1, 2, addr, size, label, 0)


def flash_content(seed):
    out = bytearray(random.Random(seed).randbytes(FLASH_BYTES))
    table = entry(b"nvs", 0x9000, 0x2000) + entry(b"storage", 0xB000, 0x3000)
    table += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()
    out[0x8000:0x9000] = table.ljust(0x1000, b"\xff")
    out[0xE000:] = b"\xff" * (FLASH_BYTES - 0xE000)
    return bytes(out)


OLD, NOW = flash_content(1), None
NOW = bytearray(OLD)
NOW[0x9000:0x9100] = random.Random(2).randbytes(0x100)
NOW = bytes(NOW)


class Run:
    """One folder: flash.bin of the board, and work/, where the command runs."""

    def __init__(self, tools, folder):
        self.tools, self.folder, self.work = tools, folder, folder / "work"

    def espbackup(self, args, board=True, fault=None, log=None):
        command = []
        if board:
            command = [self.tools.espsim, "--chip", "esp32", "--tcp", "--boot", "download", "--wire", "instant",
                       "--flash", "flash.bin", "--"]
        environment = [f"LD_PRELOAD={self.tools.preload}"]
        if fault is not None:
            environment += [f"EB_FAULT_AT={fault[0]}", f"EB_FAULT_KIND={fault[1]}"]
        if log is not None:
            environment += [f"EB_FAULT_LOG={log}"]
        if log is not None and fault is None and self.tools.kind == NO_MEMORY:
            environment += [f"EB_FAULT_KIND={NO_MEMORY}"]
        command += ["env", "-C", str(self.work), *environment, self.tools.espbackup, "--json", *args]
        with open(self.folder / "stderr.txt", "ab") as err:
            try:
                done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=err, check=False, timeout=RUN_LIMIT_S)
            except subprocess.TimeoutExpired as problem:
                raise Wrong(f"still running after {RUN_LIMIT_S} s") from problem
        return done

    def flash(self):
        return (self.folder / "flash.bin").read_bytes()


def sidecar_of(image):
    path = image.with_name(image.stem + "_info.json")
    if not path.exists():
        raise Wrong(f"{image.name} has no sidecar")
    return json.loads(path.read_text())


def check_image(image, boards):
    """A .bin is what a board held, and its sidecar says so."""
    sidecar, content = sidecar_of(image), image.read_bytes()
    start = sidecar["range"]["addr"]
    if not any(board[start:start + len(content)] == content for board in boards) or not content:
        raise Wrong(f"{image.name} is not what the board held")
    if sidecar["file"]["sha256"] != hashlib.sha256(content).hexdigest():
        raise Wrong(f"{image.name} has a sidecar of something else")


class Scenario:
    board = True
    makes = 1  # images that a run that ends well leaves, beside those that were there
    args = ()  # the command
    boards = (NOW,)  # what images may hold

    def prepare(self, run):
        (run.folder / "flash.bin").write_bytes(NOW)

    def changed(self):
        """Bytes of the flash that may differ after a run that failed."""
        return range(0)

    def wanted(self):
        return NOW

    def check(self, run, before, done, faulty):
        images = {path for path in run.work.rglob("*.bin")}
        for image in images:
            name = image.relative_to(run.work)
            if name not in before:
                check_image(image, self.boards)
        for name, content in before.items():
            path = run.work / name
            if name.suffix != ".bin" and not name.name.endswith("_info.json"):
                continue
            if not path.exists():
                raise Wrong(f"{name} is gone")
            if path.read_bytes() != content:
                raise Wrong(f"{name} is not as it was")
        self.check_board(run, done)
        self.check_words(done, faulty)
        if done.returncode == 0 and len(images) - sum(name.suffix == ".bin" for name in before) < self.makes:
            raise Wrong("exit 0 without an image")

    def check_board(self, run, done):
        flash, may = run.flash(), self.changed()
        if done.returncode == 0 and flash != self.wanted():
            raise Wrong("exit 0, and the board does not hold what it should")
        for at, byte in enumerate(flash):
            if byte != NOW[at] and at not in may:
                raise Wrong(f"the board was changed at 0x{at:x}")

    def check_words(self, done, faulty):
        if done.returncode < 0 or done.returncode >= 128:
            if not (faulty == "kill" and done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)):
                raise Wrong(f"ended with status {done.returncode}")
            return
        if faulty == NO_MEMORY and not done.stdout and done.returncode != 0:
            return  # not even for the JSON
        try:
            result = json.loads(done.stdout)
        except ValueError as problem:
            raise Wrong(f"exit {done.returncode} without JSON") from problem
        if done.returncode != 0 and not result.get("error", {}).get("message"):
            raise Wrong(f"exit {done.returncode} without words")
        if done.returncode != 0 and result.get("verified") is True and faulty != NO_MEMORY:
            raise Wrong("verified, and failed")  # without memory for the words it may be

    def next_args(self, _run):
        return self.args

    def left_over(self, run, faulty):
        names = [path.name for path in run.work.rglob("*") if path.is_file()]
        over = [name for name in names if name.endswith((".part", ".journal", ".sector"))]
        if faulty != "kill":
            over += [name for name in names if ".tmp" in name]
        if over:
            raise Wrong(f"the next run leaves {' '.join(over)}")


class Info(Scenario):
    args = ("chip-info",)
    makes = 0


class Backup(Scenario):
    args = ("backup",)


class Again(Backup):
    """Of a board that changed since its last backup."""

    def prepare(self, run):
        (run.folder / "flash.bin").write_bytes(OLD)
        if run.espbackup(["backup"]).returncode != 0:
            raise Wrong("no backup to begin with")
        super().prepare(run)


class Resume(Backup):
    def prepare(self, run):
        super().prepare(run)
        log = run.folder / "log"
        run.espbackup(["backup"], fault=(0, "none"), log=log)
        writes = [line.split()[0] for line in log.read_text().splitlines() if line.split()[1] == "pwrite"]
        shutil.rmtree(run.work)
        run.work.mkdir()
        run.espbackup(["backup"], fault=(writes[len(writes) // 2], "kill"))
        if not list(run.work.rglob("*.part")):
            raise Wrong("nothing to resume")


class Replace(Backup):
    args = ("backup", "--output", "image.bin", "--force")
    boards = (NOW, OLD)  # the old image has another name for a while

    def prepare(self, run):
        (run.folder / "flash.bin").write_bytes(OLD)
        if run.espbackup(["backup", "--output", "image.bin"]).returncode != 0:
            raise Wrong("no backup to begin with")
        super().prepare(run)

    def check(self, run, before, done, faulty):
        images = list(run.work.rglob("*.bin"))
        for image in images:
            check_image(image, self.boards)
        held = [image.read_bytes() for image in images]
        if OLD not in held and NOW not in held:
            raise Wrong("neither the old image nor the new one is there")
        if done.returncode == 0 and (run.work / "image.bin").read_bytes() != NOW:
            raise Wrong("exit 0 without the new image")
        self.check_board(run, done)
        self.check_words(done, faulty)


class Partitions(Scenario):
    args = ("backup-partition", "nvs", "storage")
    makes = 2


class Extract(Partitions):
    args = ("backup-partition", "--from", "image.bin", "nvs", "storage")
    board = False

    def prepare(self, run):
        super().prepare(run)
        if run.espbackup(["backup", "--output", "image.bin"]).returncode != 0:
            raise Wrong("no backup to begin with")


class Restore(Scenario):
    """Of a file that begins and ends within sectors."""
    args = ("restore", "--yes", "--address", "0xb400", "new")
    makes = 0
    NEW = random.Random(3).randbytes(0x1800)

    def prepare(self, run):
        super().prepare(run)
        (run.work / "new").write_bytes(self.NEW)

    def changed(self):
        return range(0xB000, 0xD000)

    def wanted(self):
        return NOW[:0xB400] + self.NEW + NOW[0xB400 + len(self.NEW):]


class BackupFirst(Restore):
    args = ("restore", "--yes", "--backup-first", "--address", "0xb400", "new")
    makes = 1

    def next_args(self, run):
        """A backup of a board that is half changed is no use, and refused."""
        if run.flash() == NOW:
            return self.args
        self.makes = 0
        return Restore.args


class Verify(Scenario):
    args = ("verify", "image.bin")
    makes = 0

    def prepare(self, run):
        super().prepare(run)
        if run.espbackup(["backup", "--output", "image.bin"]).returncode != 0:
            raise Wrong("no backup to begin with")


class VerifyOther(Verify):
    """Of a board that holds something else: it must not be called the same."""

    def prepare(self, run):
        super().prepare(run)
        (run.folder / "flash.bin").write_bytes(OLD)

    def check(self, run, before, done, faulty):
        self.check_words(done, faulty)
        if done.returncode == 0:
            raise Wrong("exit 0, and the board differs")

    def finished(self, done):
        return done.returncode == 3


class List(Scenario):
    args = ("list", "--check", "--dir", ".")
    board = False
    makes = 0

    def prepare(self, run):
        super().prepare(run)
        for name in ("good.bin", "rotten.bin"):
            if run.espbackup(["backup", "--output", name]).returncode != 0:
                raise Wrong("no backup to begin with")
        (run.work / "rotten.bin").write_bytes(OLD)

    def check(self, run, before, done, faulty):
        if done.returncode == 0:
            raise Wrong("exit 0, and a backup is damaged")
        self.check_words(done, faulty)
        if done.stdout and faulty != "kill":
            states = {each["name"]: each["state"] for each in json.loads(done.stdout).get("backups", [])}
            if states.get("rotten.bin", "bad_hash") in ("checked", "complete"):
                raise Wrong("the damaged backup is called checked")
            if states.get("good.bin", "checked").startswith("bad_"):
                raise Wrong(f"the good backup is called {states['good.bin']}")

    def finished(self, done):
        return done.returncode == 6


SCENARIOS = {cls.__name__.lower(): cls for cls in (Info, Backup, Again, Resume, Replace, Partitions, Extract, Restore,
                                                    BackupFirst, Verify, VerifyOther, List)}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Campaign:
    def __init__(self, tools, base):
        self.tools, self.base = tools, base
        self.templates = {}

    def template(self, name):
        scenario = SCENARIOS[name]()
        folder = self.base / f"{name}-template"
        (folder / "work").mkdir(parents=True)
        run = Run(self.tools, folder)
        scenario.prepare(run)
        return folder

    def count(self, name):
        """The file calls of a run without faults, as (number, call)."""
        scenario, folder = SCENARIOS[name](), self.base / f"{name}-count"
        shutil.copytree(self.templates[name], folder)
        log = folder / "calls"
        done = Run(self.tools, folder).espbackup(scenario.args, scenario.board, log=log)
        finished = getattr(scenario, "finished", lambda done: done.returncode == 0)
        if not finished(done):
            raise Wrong(f"{name} fails without a fault: {done.stdout.decode()}")
        lines = log.read_text().splitlines() if log.exists() else []  # chip-info needs no file
        return [line.split()[:2] for line in lines]

    def one(self, job):
        name, at, kind, call = job
        scenario, folder = SCENARIOS[name](), self.base / f"{name}-{at}-{kind}"
        shutil.copytree(self.templates[name], folder)
        run, wrong = Run(self.tools, folder), None
        before = contents(run.work)
        try:
            done = run.espbackup(scenario.args, scenario.board, fault=(at, kind))
            if done.returncode != 0 and "espbackup: " not in (folder / "stderr.txt").read_text() and kind != "kill":
                raise Wrong(f"exit {done.returncode} without words")
            scenario.check(run, before, done, kind)
            left = contents(run.work)
            done = run.espbackup(scenario.next_args(run), scenario.board)
            finished = getattr(scenario, "finished", lambda done: done.returncode == 0)
            if not finished(done):
                raise Wrong(f"the next run ends with {done.returncode}")
            scenario.check(run, {**before, **{k: v for k, v in left.items() if k.suffix == ".bin"}}, done, None)
            if scenario.makes > 0 or scenario.args == Replace.args:  # a run that saves nothing tidies nothing up
                scenario.left_over(run, kind)
        except Wrong as problem:
            wrong = f"{problem}\n" + (folder / "stderr.txt").read_text(errors="replace")[-1500:]
        if wrong is None or not self.tools.keep:
            shutil.rmtree(folder)
        return job, wrong


def jobs_of(name, calls, everything):
    """Faults to try; of calls in a row that are alike only some, unless everything is wanted."""
    jobs, at = [], 0
    if calls and calls[-1][1] == "malloc":
        return [(name, number, NO_MEMORY, "malloc") for number in range(1, int(calls[-1][0]) + 1)]
    while at < len(calls):
        end = at
        while end < len(calls) and calls[end][1] == calls[at][1]:
            end += 1
        alike = calls[at:end]
        if len(alike) > ALIKE_MAX and not everything:
            step = len(alike) / (ALIKE_MAX - 1)
            alike = [alike[min(int(i * step), len(alike) - 1)] for i in range(ALIKE_MAX)]
        for number, call in alike:
            for kind in KINDS:
                if (kind != "enospc" or call in NO_SPACE) and (kind != "short" or call in PARTS):
                    jobs.append((name, int(number), kind, call))
        at = end
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--espbackup", type=os.path.abspath, required=True)
    parser.add_argument("--espsim", type=os.path.abspath, required=True)
    parser.add_argument("--preload", type=os.path.abspath, required=True)
    parser.add_argument("--scenario", choices=SCENARIOS, action="append", help="only this one")
    parser.add_argument("--at", type=int, help="only the call of that number")
    parser.add_argument("--kind", choices=(*KINDS, NO_MEMORY), help="only faults of that kind")
    parser.add_argument("--all", action="store_true", help="each call, also of many that are alike")
    parser.add_argument("--share", type=float, default=1, help="that part of the faults, by seed; ESPBACKUP_FAULTS_SHARE overrides it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 2))
    parser.add_argument("--keep", action="store_true", help="keep the folders of failures")
    args = parser.parse_args()
    args.share = float(os.environ.get("ESPBACKUP_FAULTS_SHARE", args.share))
    for name in list(os.environ):
        if name.startswith(("ESPBACKUP_", "ESPTOOL_")):
            del os.environ[name]

    base = pathlib.Path(tempfile.mkdtemp(prefix="espbackup-faults-", dir="/dev/shm"
                                         if os.access("/dev/shm", os.W_OK) else None))
    campaign, failed, tried = Campaign(args, base), 0, collections.Counter()
    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            names = args.scenario or list(SCENARIOS)
            campaign.templates = dict(zip(names, pool.map(campaign.template, names)))
            jobs = [job for name, calls in zip(names, pool.map(campaign.count, names))
                    for job in jobs_of(name, calls, args.all or args.at is not None)]
            jobs = [job for job in jobs if args.at in (None, job[1]) and args.kind in (None, job[2])]
            rng = random.Random(args.seed)
            jobs = [job for job in jobs if rng.random() < args.share]
            for (name, at, kind, call), wrong in pool.map(campaign.one, jobs):
                tried[name] += 1
                if wrong is not None:
                    failed += 1
                    print(f"--scenario {name} --at {at} --kind {kind} ({call}): {wrong}", flush=True)
    finally:
        if not args.keep:
            shutil.rmtree(base)
    print(", ".join(f"{name} {count}" for name, count in tried.items()), f"faults; {failed} failed")
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
