#!/usr/bin/env python3
"""Real esptool and espbackup in turn, on the same simulated board and link, at real speed.

Prints one row a setting: medians of both, how much faster espbackup is, how much of the line it
fills, what it costs the host. Takes minutes: the simulated line is as slow as a real one. Every image
is compared with the flash; a wrong one ends the run with exit 1.

  bench.py --quick                       one small setting, to see that it works
  bench.py --baud 921600 --latency 2 16  the settings of the acceptance numbers
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
COLUMNS = ("image", "chip", "baud", "latency", "esptool", "espbackup", "ratio", "of ceiling",
           "CPU s", "CPU s", "peak MB", "peak MB", "wire MB", "wire MB")


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


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder

    def run(self, chip, link, latency, command, image):
        """One run on a fresh board; returns what was measured and checks the bytes."""
        report, sim_report = self.folder / "report.json", self.folder / "sim.json"
        image.unlink(missing_ok=True)
        done = subprocess.run(
            [self.args.espsim, "--chip", chip, "--flash", "flash.bin", f"--{link}", "--wire", "real",
             "--latency-ms", str(latency), "--report", sim_report.name, "--",
             sys.executable, os.path.abspath(__file__), "--child", report.name, *command],
            cwd=self.folder, check=False, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"exit {done.returncode}: {' '.join(command)}\n{done.stderr[-2000:]}")
        if image.read_bytes() != (self.folder / "flash.bin").read_bytes():
            sys.exit(f"wrong bytes: {' '.join(command)}")
        result = json.loads(report.read_text())
        result["wire_mb"] = wire_bytes(sim_report) / MB
        return result

    def setting(self, name, chip, baud, latency):
        ours, theirs = [], []
        image = self.folder / "image.bin"
        no_reset = ["--before", "no-reset"] if self.args.link == "tcp" else []
        for _ in range(self.args.repeat):
            theirs.append(self.run(chip, self.args.link, latency, [
                sys.executable, "-m", "esptool", "--chip", chip, *no_reset, "--baud", str(baud),
                "read-flash", "0", "ALL", image.name], image))
            shutil.rmtree(self.folder / "backups", ignore_errors=True)
            ours.append(self.run(chip, self.args.link, latency, [
                self.args.espbackup, "--quiet", "--baud", str(baud), "backup", "--output", image.name,
                "--force"], image))
        size = (self.folder / "flash.bin").stat().st_size
        med = lambda rows, key: statistics.median(row[key] for row in rows)
        a, b = med(theirs, "seconds"), med(ours, "seconds")
        ceiling = size / (PAYLOAD_SHARE * baud / 10)
        return (name, chip, str(baud), f"{latency} ms", f"{a:.1f} s", f"{b:.1f} s", f"{a / b:.2f}",
                f"{100 * ceiling / b:.0f} %", *(f"{med(rows, key):.{digits}f}"
                for key, digits in (("cpu_s", 2), ("peak_mb", 1), ("wire_mb", 2))
                for rows in (theirs, ours)))


def wire_bytes(path):
    """Both directions, from espsim's report."""
    report = json.loads(path.read_text())
    return report["wire"]["to_host_bytes"] + report["wire"]["to_chip_bytes"]


def make_flash(name, testdata, target):
    if name.startswith("random-"):
        size = int(name[len("random-"):-1]) * MB
        target.write_bytes(hashlib.shake_128(name.encode()).digest(size))
    else:
        shutil.copyfile(testdata / f"{name}.bin", target)


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
    parser.add_argument("--images", nargs="+", default=["random-4M"],
                        help="random-NM, or a test image such as esp32-4mb")
    parser.add_argument("--chips", nargs="+", default=["esp32", "esp32c3"])
    parser.add_argument("--baud", nargs="+", type=int, default=[921600])
    parser.add_argument("--latency", nargs="+", type=int, default=[2, 16], help="milliseconds")
    parser.add_argument("--link", choices=["tcp", "rfc2217"], default="tcp")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    if args.quick:
        args.images, args.chips, args.latency, args.repeat = ["random-1M"], ["esp32"], [2], 1

    with tempfile.TemporaryDirectory(prefix="espbackup-bench-") as folder:
        bench = Bench(args, pathlib.Path(folder))
        print("In each pair of columns esptool comes first.\n")
        print_row(COLUMNS)
        print_row(["---"] * len(COLUMNS))
        for image, chip in itertools.product(args.images, args.chips):
            make_flash(image, args.testdata, bench.folder / "flash.bin")
            for baud, latency in itertools.product(args.baud, args.latency):
                print_row(bench.setting(image, chip, baud, latency))
    return 0


if __name__ == "__main__":
    sys.exit(main())
