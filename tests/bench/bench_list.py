#!/usr/bin/env python3
"""How long `list` takes with very many backups: medians, text and JSON."""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--espbackup", type=os.path.abspath, required=True)
    parser.add_argument("--espsim", type=os.path.abspath, required=True)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--repeat", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="espbackup-bench-") as name:
        folder = pathlib.Path(name)
        subprocess.run([args.espsim, "--flash-size", "512K", "--jedec", "ef4013", "--",
                        args.espbackup, "-q", "backup", "-d", "one"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
        image = next((folder / "one").glob("*.bin"))
        sidecar = image.with_name(image.stem + "_info.json").read_text()
        (folder / "many").mkdir()
        for i in range(args.count):
            stem = f"esp32_backup_20260101_{i:06}"
            with open(folder / "many" / f"{stem}.bin", "wb") as out:
                out.truncate(image.stat().st_size)  # takes no space on the disk
            (folder / "many" / f"{stem}_info.json").write_text(
                sidecar.replace(image.name, f"{stem}.bin"))
        for options in ([], ["--json"]):
            seconds = []
            for _ in range(args.repeat):
                started = time.monotonic()
                done = subprocess.run([args.espbackup, *options, "list", "-d", "many"], cwd=folder,
                                      check=True, stdout=subprocess.PIPE)
                seconds.append(time.monotonic() - started)
                assert done.stdout.count(b"esp32_backup_") >= args.count
            print(f"{args.count} backups{' as JSON' if options else ''}: "
                  f"{statistics.median(seconds):.3f} s (of {args.repeat}: {min(seconds):.3f} to "
                  f"{max(seconds):.3f})", flush=True)


if __name__ == "__main__":
    main()
