#!/usr/bin/env python3
"""Many seeded backups over a bad line, and backups killed at random moments.

Every run must end in one of two ways: exit 0 and an image equal to the flash; or exit 4, a clear
error, and an unfinished file that the next run on a good line completes. There must never be a
.bin that differs from the flash.

A failure prints the seed; `soak.py --first SEED --count 1 ...` repeats that run.

With --esptool, esptool reads the same flash over the same line instead, once a seed, and what came
out is counted; nothing it does is a failure of this test.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

RUN_LIMIT_S = 600
SOAK_RUNS = 570  # of all kinds; ESPBACKUP_SOAK_RUNS has another number
KILOBYTE = 1024
SECTOR = 4096


class Wrong(Exception):
    pass


def loopback(seed):
    """An address of the seed's own: a board that went away must not come back as another one."""
    return f"127.{seed >> 16 & 0x7F}.{seed >> 8 & 0xFF}.{seed % 254 + 1}:0"


def flash_content(seed, size):
    """Random data between erased sectors, so that both ways to settle a range are used."""
    rng = random.Random(seed)
    out = bytearray(hashlib.shake_128(str(seed).encode()).digest(size))
    for start in range(0, size, 4 * KILOBYTE):
        if rng.random() < 0.25:
            out[start:start + 4 * KILOBYTE] = b"\xff" * (4 * KILOBYTE)
    return bytes(out)


def line_faults(rng, size):
    """What espsim's --fault takes, for one kind of bad line: 1e-6 to 1e-4 of the bytes are wrong,
    sometimes with pauses, sometimes with a board that resets."""
    rate = 10 ** rng.uniform(-6, -4)
    kinds = rng.sample(["flip", "drop", "dup", "insert"], rng.randint(1, 3))
    faults = [f"{kind}={rate / len(kinds):.2e}" for kind in kinds]
    if rng.random() < 0.3:
        faults += [f"stall={rng.uniform(2, 6) / size:.2e}", f"stall-ms={rng.randint(50, 700)}"]
    if rng.random() < 0.3:
        faults.append(f"reset@1000-{size}")
    if rng.random() < 0.1:
        faults.append(f"{rng.choice(['unplug', 'hangup'])}@1000-{size}")
    return ",".join(faults)


class Soak:
    def __init__(self, args):
        self.args = args

    def on_board(self, sim_options, seed, chip, program, wire="instant"):
        return [self.args.espsim, "--chip", chip, "--flash", "flash.bin", "--wire", wire,
                "--seed", str(seed), *sim_options, "--", *program]

    def command(self, sim_options, seed, chip, wire="instant"):
        return self.on_board(sim_options, seed, chip,
                             [self.args.espbackup, "--json", "backup", "--dir", "backups"], wire)

    def erased_by_the_line(self, folder, content, status):
        """A flipped bit makes READ_FLASH an ERASE_FLASH. Nobody can prevent that; what was read
        before must be safe all the same."""
        erased = b"\xff" * len(content)
        if (folder / "flash.bin").read_bytes() != erased:
            return False
        for path in (folder / "backups").glob("*.bin"):
            sidecar = json.loads(path.with_name(path.stem + "_info.json").read_text())
            # Erased before the first byte was read, it is copied as it is, with a warning.
            origins = sidecar["origins"]
            as_it_is = path.read_bytes() == erased and \
                origins["erased"] + origins["read"] == len(content)
            if status != 0 or not (as_it_is or path.read_bytes() == content):
                raise Wrong(f"{path.name} of an erased board")
        for path in (folder / "backups").glob("*.part"):
            kept = path.read_bytes()
            for at in range(0, len(kept), SECTOR):
                sector = kept[at:at + SECTOR]
                # Not read yet, or read: nothing that was read is gone.
                if sector != content[at:at + SECTOR] and sector.strip(sector[:1]):
                    raise Wrong(f"{path.name} holds something else at 0x{at:x}")
        return True

    def check_images(self, folder, content):
        images = sorted((folder / "backups").glob("*.bin"))
        for image in images:
            if image.read_bytes() != content:
                raise Wrong(f"{image.name} differs from the flash")
            sidecar = image.with_name(image.stem + "_info.json")
            if not sidecar.exists():
                raise Wrong(f"{image.name} has no sidecar")
            json.loads(sidecar.read_text())
        if (folder / "flash.bin").read_bytes() != content:
            raise Wrong("the flash itself changed")
        return len(images)

    def check_failure(self, done):
        try:
            error = json.loads(done.stdout)["error"]
            message = error["message"]
        except (ValueError, KeyError, TypeError) as problem:
            raise Wrong(f"exit {done.returncode} without an error in JSON: {problem}") from problem
        if done.returncode != 4:
            raise Wrong(f"exit {done.returncode}, expected 0 or 4: {message}")
        if not message:
            raise Wrong("an error without words")

    def finish_on_good_line(self, folder, content, link, seed, chip):
        left = list((folder / "backups").glob("*.part"))
        done = self.run(self.command([link, loopback(seed)], seed, chip), folder)
        if done.returncode != 0:
            raise Wrong(f"the next run on a good line: exit {done.returncode}")
        if self.check_images(folder, content) != 1:
            raise Wrong("the next run left no image")
        if list((folder / "backups").glob("*.part")):
            raise Wrong("the next run left the .part of the first one behind")
        if left and json.loads(done.stdout)["origins"]["resumed"] == 0:
            return "restarted"
        return "resumed" if left else "fresh"

    def run(self, command, folder):
        with open(folder / "stderr.txt", "ab") as err:
            try:
                return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=err, check=False,
                                      timeout=RUN_LIMIT_S)
            except subprocess.TimeoutExpired as problem:
                raise Wrong(f"still running after {RUN_LIMIT_S} s") from problem

    def faults(self, rng, content):
        if not self.args.requests:
            return ["--fault", line_faults(rng, len(content))]
        # After the stub is loaded: a flipped address in a request gives well-formed, wrong answers.
        return ["--fault-dir", "to-chip", "--fault-after", "8200",
                "--fault", f"flip={10 ** rng.uniform(-3.3, -2.3):.2e}"]

    def fault_run(self, seed, folder):
        rng = random.Random(seed)
        content = flash_content(seed, self.args.flash_kb * KILOBYTE)
        (folder / "flash.bin").write_bytes(content)
        chip = rng.choice(["esp32", "esp32c3"])
        link = rng.choice(["--tcp", "--rfc2217"])
        options = [link, loopback(seed), *self.faults(rng, content)]
        if self.args.esptool:
            return self.esptool_run(folder, content, options, seed, chip)
        done = self.run(self.command(options, seed, chip), folder)
        if self.args.requests and self.erased_by_the_line(folder, content, done.returncode):
            if done.returncode != 0:
                self.check_failure(done)
            return "erased by the line"
        images = self.check_images(folder, content)
        if done.returncode == 0:
            if images != 1:
                raise Wrong("exit 0 without an image")
            return "complete"
        self.check_failure(done)
        return self.finish_on_good_line(folder, content, link, seed, chip)

    def esptool_run(self, folder, content, options, seed, chip):
        # Plain TCP has no modem lines, and its espsim waits in the ROM bootloader already.
        before = ["--before", "no-reset"] if "--tcp" in options else []
        program = [sys.executable, "-m", "esptool", *before, "read-flash", "0", str(len(content)),
                   "read.bin"]
        try:
            done = self.run(self.on_board(options, seed, chip, program), folder)
        except Wrong:
            return f"still running after {RUN_LIMIT_S} s"
        read = folder / "read.bin"
        kept = read.read_bytes() if read.exists() else b""
        if (folder / "flash.bin").read_bytes() != content:
            return "the flash itself changed"
        if done.returncode == 0:
            return "complete" if kept == content else "exit 0 with another image"
        return "failed, a file is left" if kept else "failed, nothing is left"

    def kill_run(self, seed, folder):
        rng = random.Random(seed)
        content = flash_content(seed, self.args.flash_kb * KILOBYTE)
        (folder / "flash.bin").write_bytes(content)
        chip, link = rng.choice(["esp32", "esp32c3"]), rng.choice(["--tcp", "--rfc2217"])
        # A real line is slow enough that a moment can be chosen at all.
        command = self.command([link, loopback(seed)], seed, chip, wire="real")
        at = command.index("--") + 1
        killer = ["timeout", "-s", "KILL", f"{rng.uniform(0.1, 8):.3f}"]
        self.run(command[:at] + killer + command[at:], folder)
        if self.check_images(folder, content) == 1:
            return "complete"
        return self.finish_on_good_line(folder, content, link, seed, chip)

    def one(self, seed):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"espbackup-soak-{seed}-"))
        started = time.monotonic()
        try:
            kind = self.kill_run if self.args.kill else self.fault_run
            outcome, wrong = kind(seed, folder), None
        except Wrong as problem:
            outcome, wrong = "WRONG", f"{problem}\n" + \
                (folder / "stderr.txt").read_text(errors="replace")[-3000:]
        if wrong is None or not self.args.keep:
            shutil.rmtree(folder)
        return seed, outcome, wrong, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--espbackup", type=os.path.abspath, required=True)
    parser.add_argument("--espsim", type=os.path.abspath, required=True)
    parser.add_argument("--count", type=int, help="how many runs")
    parser.add_argument("--share", type=int, default=1000, help="thousandths of all runs")
    parser.add_argument("--first", type=int, default=1, help="seed of the first run")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--flash-kb", type=int, default=512)
    parser.add_argument("--kill", action="store_true", help="kill -9 instead of a bad line")
    parser.add_argument("--requests", action="store_true",
                        help="damage only what goes to the board")
    parser.add_argument("--esptool", action="store_true",
                        help="count what esptool makes of the same line")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a wrong run")
    args = parser.parse_args()
    runs = int(os.environ.get("ESPBACKUP_SOAK_RUNS", SOAK_RUNS))
    args.count = args.count or max(1, runs * args.share // 1000)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in list(os.environ):
        if name.startswith(("ESPBACKUP_", "ESPTOOL_")):
            del os.environ[name]

    soak, outcomes, failed, slowest = Soak(args), {}, 0, (0, 0)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for seed, outcome, wrong, seconds in pool.map(soak.one,
                                                      range(args.first, args.first + args.count)):
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
