#!/usr/bin/env python3
"""Real esptool and espbackup in turn, on the same simulated board and link, at real speed.

Prints one row a setting: medians of both, how much faster espbackup is, how much of the line it
fills, what it costs the host. The simulated line is as slow as a real one, so this takes minutes.
Every copy is compared with the flash, every written flash with the image; a wrong one ends the run
with exit 1.

  bench.py --quick                  small images and one setting: does it work, one minute
  bench.py                          the settings of the acceptance numbers: 921600 baud
  bench.py --all --repeat 3         every scenario at every rate, delay and chip: hours

Without them: --scenarios, --chips, --baud and --latency, in any combination. In docs/performance.md
is what came of one run.
"""

import argparse
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MB = 1024 * 1024
# SLIP: two delimiters, and 2 of 256 values take two bytes, on 4096-byte packets of random data.
PAYLOAD_SHARE = 4096 / (4096 * (1 + 2 / 256) + 2)
COLUMNS = ("scenario", "chip", "baud", "delay", "esptool", "espbackup", "times", "of ceiling",
           "CPU s", "CPU s", "peak MB", "peak MB", "wire MB", "wire MB")
ROM_ADDR, ROM_BYTES = 0x9000, 204800  # factory data of a board that exists
CHANGED_SHARE = 0.02


def peak_kb(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def measure_child(report, command):
    """Run by espsim in place of the tool: times the tool alone, without the board."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    peak, status = 0, None
    while status is None:
        # The peak is read while it runs: what wait4 gives includes this process from before exec.
        peak = max(peak, peak_kb(child.pid))
        try:
            status = child.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            pass
    seconds = time.monotonic() - started
    times = os.times()
    pathlib.Path(report).write_text(json.dumps(
        {"seconds": seconds, "cpu_s": times.children_user + times.children_system,
         "peak_mb": peak / 1024, "status": status}))
    return status


def random_bytes(seed, size):
    return hashlib.shake_128(seed.encode()).digest(size)


def changed(image):
    """2 % of the image rewritten, as settings and a file system would: in clusters of sectors."""
    out, sector = bytearray(image), 4096
    count = max(1, round(len(image) / sector * CHANGED_SHARE))
    clusters = 4 if count >= 4 else 1
    for k in range(count):
        at = (k % clusters * 2 + 1) * len(image) // (2 * clusters) // sector * sector
        at += k // clusters * sector
        out[at:at + sector] = random_bytes(f"changed {k}", sector)
    return bytes(out)


class Setting:
    """A chip and a line, and what each scenario does on them."""

    def __init__(self, args, folder, chip, baud, latency):
        self.args, self.folder = args, folder
        self.chip, self.baud, self.latency = chip, baud, latency
        self.flash, self.image = folder / "flash.bin", folder / "image.bin"
        self.esptool_reads = {}

    def real(self, size):
        """Firmware as it is in the field; of the other chips there is only the ESP32's."""
        path = self.args.testdata / f"{self.chip}-{size}mb.bin"
        return (path if path.exists() else self.args.testdata / f"esp32-{size}mb.bin").read_bytes()

    def tool(self, command):
        """One run on a fresh board that has the bytes of flash.bin."""
        report, sim_report = self.folder / "report.json", self.folder / "sim.json"
        size = self.flash.stat().st_size
        done = subprocess.run(
            [self.args.espsim, "--chip", self.chip, "--flash", self.flash.name,
             "--jedec", f"ef40{size.bit_length() - 1:02x}", f"--{self.args.link}", "--wire", "real",
             "--latency-ms", str(self.latency), "--report", sim_report.name, "--",
             sys.executable, os.path.abspath(__file__), "--child", report.name, *command],
            cwd=self.folder, check=False, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"exit {done.returncode}: {' '.join(command)}\n{done.stderr[-2000:]}")
        result = json.loads(report.read_text())
        result["wire_mb"] = wire_bytes(sim_report) / MB
        return result

    def esptool(self, *command):
        before = ["--before", "no-reset"] if self.args.link == "tcp" else []
        return self.tool([sys.executable, "-m", "esptool", "--chip", self.chip, *before,
                          "--baud", str(self.baud), *command])

    def espbackup(self, *command):
        return self.tool([self.args.espbackup, "--quiet", "--yes", "--baud", str(self.baud), *command])

    def expect(self, path, wanted, who):
        if path.read_bytes() != wanted:
            sys.exit(f"wrong bytes after {who}: {path.name}")

    def read(self, flash, first=None):
        """Rows of both for reading `flash`; `first`: what an earlier backup found there."""
        theirs, ours = [], []
        size = len(flash)
        for _ in range(self.args.repeat):
            self.flash.write_bytes(flash)
            if first is None:
                self.image.unlink(missing_ok=True)
                theirs.append(self.esptool("read-flash", "0", str(size), self.image.name))
                self.expect(self.image, flash, "esptool")
            shutil.rmtree(self.folder / "backups", ignore_errors=True)
            if first is not None:
                self.plant_backup(first)
                self.flash.write_bytes(flash)
            ours.append(self.espbackup("backup"))
            newest = max((self.folder / "backups").glob("*.bin"), key=lambda p: p.stat().st_mtime_ns)
            self.expect(newest, flash, "espbackup")
        if first is None:
            self.esptool_reads[size] = theirs
        elif size in self.esptool_reads:
            theirs = self.esptool_reads[size]  # it sends everything, whatever is in it
        else:
            self.flash.write_bytes(flash)
            theirs = [self.esptool("read-flash", "0", str(size), self.image.name)]
        return theirs, ours, size

    def read_with_rom(self, flash, addr, size):
        """Rows of both for reading a range without a stub."""
        theirs, ours = [], []
        for _ in range(self.args.repeat):
            self.flash.write_bytes(flash)
            for rows, run in (
                    (theirs, lambda: self.esptool("--no-stub", "read-flash", hex(addr), str(size),
                                                  self.image.name)),
                    (ours, lambda: self.espbackup("--no-stub", "backup", "--offset", hex(addr),
                                                  "--size", str(size), "--output",
                                                  self.image.name))):
                self.image.unlink(missing_ok=True)
                rows.append(run())
                self.expect(self.image, flash[addr:addr + size], "a read with the ROM loader")
            self.image.with_name(f"{self.image.stem}_info.json").unlink()
        return theirs, ours, size

    def plant_backup(self, flash):
        """An earlier backup of a board with these bytes, made at once: its time does not count."""
        self.flash.write_bytes(flash)
        subprocess.run([self.args.espsim, "--chip", self.chip, "--flash", self.flash.name, "--jedec",
                        f"ef40{len(flash).bit_length() - 1:02x}", "--rfc2217", "--wire", "instant",
                        "--", self.args.espbackup, "--quiet", "backup"],
                       cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        time.sleep(1.1)  # so that the next one has a time, and a name, of its own

    def write(self, before, image, diff_with=False):
        """Rows of both for bringing a board that has `before` to `image`."""
        theirs, ours = [], []
        self.image.write_bytes(image)
        (self.folder / "before.bin").write_bytes(before)
        extra = ["--diff-with", "before.bin"] if diff_with else []
        for _ in range(self.args.repeat):
            for rows, run in (
                    (theirs, lambda: self.esptool("write-flash", "0", self.image.name, *extra)),
                    (ours, lambda: self.espbackup("restore", self.image.name, "--force"))):
                self.flash.write_bytes(before)
                rows.append(run())
                self.expect(self.flash, image, "writing")
        return theirs, ours, len(image)

    def scenario(self, name):
        small = self.args.quick
        real4 = self.real(4)[:MB] if small else self.real(4)
        random4 = random_bytes("flash", MB if small else 4 * MB)
        if name == "random-4M":
            return self.read(random4)
        if name == "real-4M":
            return self.read(real4)
        if name == "real-16M":
            return self.read(self.real(16))
        if name == "again":
            return self.read(real4, first=real4)
        if name == "again-2%":
            return self.read(changed(real4), first=real4)
        if name == "rom-200K":
            return self.read_with_rom(random_bytes("rom", 512 * 1024), ROM_ADDR, ROM_BYTES)
        if name == "restore-2%":
            return self.write(changed(real4), real4)
        if name == "restore-2%-diff":
            return self.write(changed(real4), real4, diff_with=True)
        assert name == "restore-full"
        return self.write(random4, real4)

    def row(self, name):
        theirs, ours, size = self.scenario(name)
        med = lambda rows, key: statistics.median(row[key] for row in rows)
        a, b = med(theirs, "seconds"), med(ours, "seconds")
        ceiling = size / (PAYLOAD_SHARE * self.baud / 10)
        return (name, self.chip, str(self.baud), f"{self.latency} ms", f"{a:.1f} s", f"{b:.1f} s",
                f"{a / b:.2f}", f"{100 * ceiling / b:.0f} %",
                *(f"{med(rows, key):.{digits}f}"
                  for key, digits in (("cpu_s", 2), ("peak_mb", 1), ("wire_mb", 2))
                  for rows in (theirs, ours)))


SCENARIOS = ("random-4M", "real-4M", "again", "again-2%", "real-16M", "rom-200K", "restore-2%",
             "restore-2%-diff", "restore-full")


def wire_bytes(path):
    """Both directions, from espsim's report."""
    report = json.loads(path.read_text())
    return report["wire"]["to_host_bytes"] + report["wire"]["to_chip_bytes"]


def print_row(row):
    print("| " + " | ".join(row) + " |", flush=True)


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "--child":
        return measure_child(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--espbackup", type=os.path.abspath, required=True)
    parser.add_argument("--espsim", type=os.path.abspath, required=True)
    parser.add_argument("--testdata", type=pathlib.Path, required=True)
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS, choices=SCENARIOS, metavar="NAME",
                        help=" ".join(SCENARIOS).replace("%", "%%"))
    parser.add_argument("--chips", nargs="+", default=["esp32", "esp32c3"])
    parser.add_argument("--baud", nargs="+", type=int, default=[921600])
    parser.add_argument("--latency", nargs="+", type=int, default=[2], help="milliseconds")
    parser.add_argument("--link", choices=["pty", "tcp", "rfc2217"], default="pty")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    if args.quick:
        args.chips, args.scenarios = ["esp32"], ["random-4M", "real-4M", "again", "restore-2%"]
    if args.all:
        args.chips, args.latency = ["esp32", "esp32c3", "esp8266"], [2, 16]
        args.baud = [115200, 460800, 921600, 2000000]

    with tempfile.TemporaryDirectory(prefix="espbackup-bench-") as folder:
        print("In each pair of columns esptool comes first.\n")
        print_row(COLUMNS)
        print_row(["---"] * len(COLUMNS))
        for chip, baud, latency in itertools.product(args.chips, args.baud, args.latency):
            setting = Setting(args, pathlib.Path(folder), chip, baud, latency)
            for name in args.scenarios:
                if name == "rom-200K" and chip == "esp8266":
                    continue  # its ROM cannot read the flash
                print_row(setting.row(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
