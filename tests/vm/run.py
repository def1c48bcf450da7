#!/usr/bin/env python3
"""espbackup on real Linux drivers, in a virtual machine: run.py [--all] [KIND.CASE...]

KIND.CASE is for example cp2102n.backup, 'ch340.*', '*.unplug' or rig.probe; without, what SHORT
names runs, and with --all everything. Exit 1 when a case fails.
"""
import argparse
import asyncio
import fnmatch
import pathlib
import shutil
import sys
import time
import traceback

from adapters import KINDS
from cases import CASES, OWN_USB_CASES, RIG_CASES
from guest import GuestError, Hung
from rig import Rig

# Each case at least once, and with each adapter what depends on its driver.
SHORT = ("rig.*", "*.ctrl_c_connecting", "*.failed_connect", "*.stall", "*.replug",
         "ft232r.restore", "cp2102n.busy_on_return", "cp2102c.ctrl_c", "ch340.held", "ch340.denied",
         "jtag.chip_info", "jtag.backup", "jtag.unplug", "jtag.ctrl_c", "jtag.boot_loop")


async def run_case(name, function, subject, benches, failed):
    for b in benches:
        b.said.clear()
    began = time.monotonic()
    why = None
    try:
        await function(subject)
    except GuestError:
        raise
    except Exception as e:  # a fault of the case itself, too
        why = e
    took_s = time.monotonic() - began
    print(f"{'FAILED' if why else 'ok    '} {name:28} {took_s:6.1f} s", flush=True)
    if why is not None:
        failed.append(name)
        print("".join(traceback.format_exception(why)[-2:]))
        for b in benches:
            print(*(f"  | {line}" for line in tail(b)), sep="\n", flush=True)
        await recover(benches)


def tail(bench):
    """What the guest said last in this case, and what this side knows."""
    return "\n".join(bench.said)[-3000:].splitlines() + bench.state().splitlines()


async def recover(benches):
    """After a failed case: nothing of it may be left for the next one."""
    for b in benches:
        b.device.at_byte = None
        if b.task is not None:
            b.task.cancel()
            await asyncio.wait((b.task,))
        await b.sh("kill -CONT $(cat pid); kill -9 $(cat pid holder); true")
        await b.unplug()
        b.fill_flash()
        await b.plug()


async def run_bench(bench, wanted, failed):
    left = [name for name in CASES if f"{bench.kind}.{name}" in wanted]
    try:
        while left:
            name = f"{bench.kind}.{left[0]}"
            await run_case(name, CASES[left.pop(0)], bench, [bench], failed)
    except Hung as e:
        print(f"FAILED {bench.kind}: it does not come back after {name}, so its other cases do not "
              f"run\n{e}", flush=True)
        failed += [f"{bench.kind}.{name}" for name in left]


async def run_all(args, wanted):
    folder = pathlib.Path(args.build).resolve().parent / "vm"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    failed = []
    kinds = [kind for kind in KINDS if any(name.startswith(f"{kind}.") for name in wanted) or
             any(name.startswith("rig.") for name in wanted)]
    async with Rig(pathlib.Path(args.kernel), pathlib.Path(args.build), kinds, folder) as rig:
        print(f"guest is up after {time.monotonic() - began:.1f} s", flush=True)
        for name, function in RIG_CASES.items():
            if f"rig.{name}" in wanted:
                await run_case(f"rig.{name}", function, rig, rig.benches, failed)
        await asyncio.gather(*(run_bench(b, wanted, failed) for b in rig.benches))
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default=".cache/vm", help="made by get_kernel.sh")
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("patterns", nargs="*")
    args = parser.parse_args()
    names = [f"rig.{name}" for name in RIG_CASES]
    names += [f"{kind}.{name}" for kind in KINDS for name in CASES
              if KINDS[kind].own_usb or name not in OWN_USB_CASES]
    patterns = args.patterns or (["*"] if args.all else SHORT)
    wanted = [name for name in names if any(fnmatch.fnmatch(name, p) for p in patterns)]
    if not wanted:
        sys.exit(f"no such case: {' '.join(patterns)}")
    began = time.monotonic()
    try:
        failed = asyncio.run(run_all(args, wanted))
    except (GuestError, Hung) as e:  # outside of a case
        sys.exit(f"vm: {e}")
    good = len(wanted) - len(failed)
    print(f"{good} of {len(wanted)} cases passed in {time.monotonic() - began:.0f} s")
    if failed:
        print("Run again:")
        for name in failed:
            print(f"  python3 tests/vm/run.py '{name}'")
        sys.exit(1)


if __name__ == "__main__":
    main()
