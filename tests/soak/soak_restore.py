#!/usr/bin/env python3
"""Many seeded restores that are cut short, on bad lines, or on boards that lie about writing.

After each one the flash is compared with what was said about it: a range called new or same must hold
the image, one called old what it held before, all that lies outside must be untouched; exit 0 means
that the flash is the image, exit 4 that nothing was changed, exit 7 that the job is not finished. Then
the same command must finish the job, on the same board, as the first one left it.

  cut    the chip resets, the link is cut, the plug pulled, espbackup killed, at a random moment
  line   the same on a line that damages 1e-6 to 3e-5 of the bytes
  lying  every N-th page program does nothing

A failure prints the seed; `soak_restore.py KIND --first SEED --count 1 ...` repeats that run.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from soak import loopback

RUN_LIMIT_S = 600
SOAK_RUNS = 570  # of all kinds; ESPBACKUP_SOAK_RUNS has another number
SECTOR = 4096
OVERHEAD = 30_000  # bytes on the wire before the first change: sync, stub, digests


class Wrong(Exception):
    pass


def sectors_of(flash):
    return range(0, len(flash), SECTOR)


def contents(rng, size):
    """What the flash holds and what it shall hold: sectors that stay, change, get erased, or were."""
    old, new = (bytearray(hashlib.shake_128(rng.randbytes(16)).digest(size)) for _ in range(2))
    differing = rng.choice([0.1, 0.4, 0.9])
    blank = b"\xff" * SECTOR
    run = 0
    for start in sectors_of(old):
        if run == 0:  # neighbours often share their fate, as they do in partitions
            run, fate = rng.choice([1, 3, 12]), rng.random() < differing
            was_blank, gets_blank = rng.random() < 0.2, rng.random() < 0.2
        run -= 1
        span = slice(start, start + SECTOR)
        if was_blank:
            old[span] = blank
        if not fate:
            new[span] = old[span]
        elif gets_blank:
            new[span] = blank
    if old == new:
        new[:SECTOR] = bytes(SECTOR)
    for flash in (old, new):
        for start in sectors_of(flash):
            # By chance the start of a partition table; espbackup rightly refuses one that breaks off.
            if flash[start:start + 2] == b"\xaa\x50":
                flash[start] = 0
    return bytes(old), bytes(new)


class Board:
    """One espsim, which stays as it is between two commands. `with` ends it."""

    def __init__(self, args, folder, link, chip, seed, extra):
        self.folder = folder
        ready = folder / "ready"
        ready.unlink(missing_ok=True)
        with open(folder / "stderr.txt", "ab") as err:
            self.process = subprocess.Popen(
                [args.espsim, "--chip", chip, "--flash", "flash.bin", f"--{link}", loopback(seed),
                 "--wire", "instant",
                 "--seed", str(seed), "--ready-file", "ready", *extra],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        deadline = time.monotonic() + 100
        while not (ready.exists() and ready.read_text().strip()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Wrong("espsim does not start")
            time.sleep(0.005)
        self.address = ready.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Run:
    def __init__(self, args, seed, folder):
        self.args, self.seed, self.folder = args, seed, folder
        self.rng = random.Random(seed)
        self.old, self.new = contents(self.rng, args.flash_kb * 1024)
        (folder / "flash.bin").write_bytes(self.old)
        (folder / "image.bin").write_bytes(self.new)
        self.range = (0, len(self.new))
        self.mode, self.choice = [], []
        kind = self.rng.random()
        if kind < 0.25:
            self.take_part_only()
        elif kind < 0.5:
            self.take_odd_file()
        self.chip = self.rng.choice(["esp32", "esp32c3"])
        self.link = self.rng.choice(["tcp", "rfc2217"])
        if self.rng.random() < 0.25:
            self.mode = ["--no-stub"]
        self.changing = [s for s in sectors_of(self.old)
                         if self.old[s:s + SECTOR] != self.new[s:s + SECTOR]]

    def take_part_only(self):
        """Some sectors of the image; all around stays as it is."""
        start = self.rng.randrange(len(self.new) // 2 // SECTOR) * SECTOR
        end = self.rng.randint(start // SECTOR + 8, len(self.new) // SECTOR) * SECTOR
        part = self.old[:start] + self.new[start:end] + self.old[end:]
        if part != self.old:
            self.new, self.range = part, (start, end)
            self.choice = ["--offset", hex(start), "--size", hex(end - start)]

    def take_odd_file(self):
        """A file whose ends lie within sectors, the rest of which is to stay."""
        start = self.rng.randrange(1, len(self.new) // 2)
        end = self.rng.randrange(start + 1, min(start + 20 * SECTOR, len(self.new)))
        (self.folder / "image.bin").write_bytes(self.new[start:end])
        self.new = self.old[:start] + self.new[start:end] + self.old[end:]
        if self.new == self.old:
            self.new = self.old[:start] + bytes([self.old[start] ^ 0x5A]) + self.old[start + 1:]
            (self.folder / "image.bin").write_bytes(self.new[start:end])
        self.range = (start - start % SECTOR, end + -end % SECTOR)
        self.choice = ["--address", hex(start)]

    def flash(self):
        return (self.folder / "flash.bin").read_bytes()

    def restore(self, board, kill_at=None):
        """Returns status and output. kill_at: kill -9 once that sector is no longer what it was."""
        with open(self.folder / "stderr.txt", "ab") as err:
            child = subprocess.Popen(
                [self.args.espbackup, "--json", "--port", board.address, *self.mode, "restore",
                 "--yes", "image.bin", *self.choice],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
            if kill_at is not None:
                killer = threading.Thread(target=self.kill, args=(child, kill_at))
                killer.start()
            try:
                out, _ = child.communicate(timeout=RUN_LIMIT_S)
            except subprocess.TimeoutExpired as problem:
                child.kill()
                raise Wrong(f"still running after {RUN_LIMIT_S} s") from problem
            finally:
                if kill_at is not None:
                    killer.join()
        return child.returncode, out

    def kill(self, child, sector):
        with open(self.folder / "flash.bin", "rb") as flash:
            while child.poll() is None:
                flash.seek(sector)
                if flash.read(SECTOR) != self.old[sector:sector + SECTOR]:
                    time.sleep(self.rng.uniform(0, 0.02))
                    child.kill()
                    return
                time.sleep(0.002)

    # -- what was said, and what is ---------------------------------------------------------------

    def check_ranges(self, report, now):
        told = [False] * (len(now) // SECTOR)
        sums = {}
        for r in report["ranges"]:
            span = slice(r["addr"], r["addr"] + r["size_bytes"])
            state = r["state"]
            sums[state] = sums.get(state, 0) + r["size_bytes"]
            for start in range(span.start, span.stop, SECTOR):
                if told[start // SECTOR]:
                    raise Wrong(f"0x{start:x} is told twice")
                told[start // SECTOR] = True
            if state in ("new", "same") and now[span] != self.new[span]:
                raise Wrong(f"0x{span.start:x} + 0x{r['size_bytes']:x} is called {state} but is not "
                            "as the image")
            if state == "old" and now[span] != self.old[span]:
                raise Wrong(f"0x{span.start:x} + 0x{r['size_bytes']:x} is called old but was touched")
            if state not in ("new", "same", "old", "written", "unknown"):
                raise Wrong(f"a state '{state}'")
        start, end = (at // SECTOR for at in self.range)
        if not all(told[start:end]) or any(told[:start]) or any(told[end:]):
            raise Wrong("the ranges told are not those of the restore")
        if now[:self.range[0]] != self.old[:self.range[0]] or \
                now[self.range[1]:] != self.old[self.range[1]:]:
            raise Wrong("something outside the range was touched")
        if any(report["states"].get(state, 0) != count for state, count in sums.items()):
            raise Wrong(f"states {report['states']} are not the sums of the ranges: {sums}")

    def check_error(self, report, now):
        """The ranges that the message names are those of the list, and true."""
        message = (report.get("error") or {}).get("message")
        if not message:
            raise Wrong("an error without words")
        named = 0
        for state, ranges in re.findall(r"; (unknown|written|old|new)[^:;]*: ([^;]*)", message):
            for addr, size in re.findall(r"0x([0-9a-f]+) \+ 0x([0-9a-f]+)", ranges):
                span = slice(int(addr, 16), int(addr, 16) + int(size, 16))
                holds = {"old": self.old, "new": self.new}.get(state)
                if holds is not None and now[span] != holds[span]:
                    raise Wrong(f"0x{addr} + 0x{size} is called {state} in words: {message}")
                named += 1
        if report.get("changed") and named == 0:
            raise Wrong(f"no ranges in: {message}")

    def check(self, status, out):
        """The outcome: complete, unfinished or unchanged."""
        now = self.flash()
        try:
            report = json.loads(out)
        except ValueError as problem:
            raise Wrong(f"exit {status} without JSON: {problem}") from problem
        if report.get("ranges"):
            self.check_ranges(report, now)
        if report.get("verified", False) != (status == 0):
            raise Wrong(f"exit {status}, but verified is {report.get('verified')}")
        if status == 0:
            if now != self.new:
                raise Wrong("exit 0, and the flash is not the image")
            return "complete"
        self.check_error(report, now)
        if status == 4:
            if now != self.old or report.get("changed"):
                raise Wrong("exit 4, but the board was changed")
            return "unchanged"
        if status != 7:
            raise Wrong(f"exit {status}: {report['error']['message']}")
        if report["error"]["code"] != "unfinished" or not report["changed"] or not report["ranges"]:
            raise Wrong("exit 7 without an account of the board")
        if not any(report["states"].get(state) for state in ("old", "written", "unknown")) and \
                now != self.new:
            raise Wrong("nothing is open, but the flash is not the image")
        return "unfinished"

    def finish(self, board):
        status, out = self.restore(board)
        if status != 0:
            raise Wrong(f"the second run: exit {status}: {out[:2000]!r}")
        self.check(status, out)

    # -- the kinds --------------------------------------------------------------------------------

    def cut_options(self, cut):
        bytes_changed = sum(self.new[s:s + SECTOR] != b"\xff" * SECTOR for s in self.changing) * SECTOR
        at = self.rng.randint(2000, OVERHEAD + int(bytes_changed * 1.03))
        self.replug_s = self.rng.randint(50, 3000) / 1000
        return {
            "reset": ["--fault", f"reset@{at}"],
            "resets": ["--fault", f"reset-every={self.rng.randint(20, 200) * 1000}"],
            "hangup": ["--fault", f"hangup@{at}"],
            "replug": ["--fault", f"unplug@{at}", "--replug-ms", str(int(self.replug_s * 1000))],
            "unplug": ["--fault", f"unplug@{at}"],
            "kill": [],
        }[cut]

    def interrupted(self, extra):
        cut = self.rng.choice(["reset", "reset", "resets", "hangup", "replug", "unplug", "unplug",
                               "unplug", "kill", "kill"])
        options = self.cut_options(cut) + extra
        kill_at = self.rng.choice(self.changing) if cut == "kill" else None
        with Board(self.args, self.folder, self.link, self.chip, self.seed, options) as board:
            status, out = self.restore(board, kill_at)
            killed = status == -signal.SIGKILL
            outcome = "killed" if killed else self.check(status, out)
            if killed:
                self.check_touched()
            if cut in ("hangup", "replug") and outcome == "complete":
                self.old = self.new
                self.check(*self.restore(board))  # it may be this one that is cut
            if cut == "replug":
                time.sleep(self.replug_s)  # nobody tries again before the board is back
            if cut not in ("unplug", "resets"):
                self.finish(board)
        if cut in ("unplug", "resets"):
            with Board(self.args, self.folder, self.link, self.chip, self.seed, extra) as board:
                self.finish(board)
        return f"{cut} {outcome}"

    def check_touched(self):
        """A killed one says nothing; what need not change is as it was all the same, unless nearly
        all differs: then it is not asked about before it is written."""
        now = self.flash()
        if len(self.changing) * SECTOR > (self.range[1] - self.range[0]) // 2:
            return
        for start in set(sectors_of(now)) - set(self.changing):
            if now[start:start + SECTOR] != self.old[start:start + SECTOR]:
                raise Wrong(f"sector 0x{start:x} was touched and should not have been")

    def cut(self):
        return self.interrupted([])

    def line(self):
        rate = 10 ** self.rng.uniform(-6, -4.5)
        return self.interrupted(["--fault", f"flip={rate:.2e}"])

    def lying(self):
        every = self.rng.choice([1, 2, 3, 5, 8, 13, 16, 17, 40, 100])
        with Board(self.args, self.folder, self.link, self.chip, self.seed,
                   ["--lying-write-every", str(every)]) as board:
            outcome = self.check(*self.restore(board))
        if every == 1 and outcome == "complete" and \
                any(self.new[s:s + SECTOR] != b"\xff" * SECTOR for s in self.changing):
            raise Wrong("a flash that takes nothing cannot be complete")
        with Board(self.args, self.folder, self.link, self.chip, self.seed, []) as board:
            self.finish(board)
        return f"every {every} {outcome}"


def one(args, seed):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"espbackup-restore-{seed}-"))
    started = time.monotonic()
    try:
        outcome, wrong = getattr(Run(args, seed, folder), args.kind)(), None
    except Wrong as problem:
        outcome, wrong = "WRONG", f"{problem}\n" + \
            (folder / "stderr.txt").read_text(errors="replace")[-3000:]
    if wrong is None or not args.keep:
        shutil.rmtree(folder)
    elif args.keep:
        wrong += f"kept: {folder}\n"
    return seed, outcome, wrong, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["cut", "line", "lying"])
    parser.add_argument("--espbackup", type=os.path.abspath, required=True)
    parser.add_argument("--espsim", type=os.path.abspath, required=True)
    parser.add_argument("--count", type=int, help="how many runs")
    parser.add_argument("--share", type=int, default=1000, help="thousandths of all runs")
    parser.add_argument("--first", type=int, default=1, help="seed of the first run")
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--flash-kb", type=int, default=512)
    parser.add_argument("--keep", action="store_true", help="keep the folder of a wrong run")
    args = parser.parse_args()
    runs = int(os.environ.get("ESPBACKUP_SOAK_RUNS", SOAK_RUNS))
    args.count = args.count or max(1, runs * args.share // 1000)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in list(os.environ):
        if name.startswith(("ESPBACKUP_", "ESPTOOL_")):
            del os.environ[name]

    outcomes, failed, slowest = {}, 0, (0, 0)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        seeds = range(args.first, args.first + args.count)
        for seed, outcome, wrong, seconds in pool.map(lambda seed: one(args, seed), seeds):
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            slowest = max(slowest, (seconds, seed))
            if wrong is not None:
                failed += 1
                print(f"seed {seed}: {wrong}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())),
          f"of {args.count}; slowest: seed {slowest[1]}, {slowest[0]:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
