"""What espbackup must do on real Linux drivers.

A case gets a bench, or the whole rig. It asserts an outcome, never a duration.
"""
import asyncio
import base64
import json

from electron import BASE, SIZES, Electron
from rig import KB, digest, expect, until

CASES = {}  # with each kind of adapter
OWN_USB_CASES = set()  # of them: only where the adapter is the chip's own USB
RIG_CASES = {}  # once, with all adapters plugged in and idle

MANY_SCRIPTS = 40
HALFWAY = 96 * KB  # bytes of a backup: some ranges are saved, and some are not


def case(function):
    CASES[function.__name__] = function
    return function


def own_usb_case(function):
    """For a chip that has USB of its own."""
    OWN_USB_CASES.add(function.__name__)
    return case(function)


def rig_case(function):
    RIG_CASES[function.__name__] = function
    return function


@rig_case
async def scripts(rig):
    """The rig itself: of scripts that begin at the same moment none gets lost."""
    results = await asyncio.gather(*(rig.guest.run(f"echo {i}") for i in range(MANY_SCRIPTS)))
    expect([result.out for result in results] == [f"{i}\n" for i in range(MANY_SCRIPTS)], "mixed up")


@rig_case
async def ports(rig):
    result = await rig.guest.run("espbackup --json ports")
    listed = {port["name"]: port for port in json.loads(result.out)["ports"]}
    for b in rig.benches:
        port = listed[b.tty]
        expect((port["vid"], port["pid"]) == (b.device.vid, b.device.pid), f"{b.kind}: {port}")
        expect(port["serial"] == b.device.strings.get(3, ""), f"{b.kind}: {port}")
        expect(port["kind"] == ("usb_jtag" if b.device.own_usb else "uart"), f"{b.kind}: {port}")


@rig_case
async def probe(rig):
    result = await rig.guest.run("espbackup ports --probe")
    for b in rig.benches:
        line = next((line for line in result.out.splitlines() if line.startswith(b.tty + " ")), "")
        expect(b.chip.upper() in line.replace("-", "") and b.mac in line, f"{b.kind}: {result}")
        await b.expect_app_runs()


@rig_case
async def all_boards(rig):
    result = await rig.guest.run("rm -rf /tmp/all; espbackup --port all -d /tmp/all backup")
    expect(result.status == 0, str(result))
    images = (await rig.guest.run("sha256sum /tmp/all/*.bin")).out
    for b in rig.benches:
        expect(digest(b.flash.read_bytes()) in images, f"{b.kind}: no image is its flash; {result}")
        await b.expect_app_runs()


async def dfu_mode(rig, device):
    device.power_on()
    await rig.guest.run("until dfu-util -l 2>&1 | grep -q 'Found DFU'; do sleep 0.1; done")


@rig_case
async def electron(rig):
    """Real dfu-util, and a data image for a Particle Electron."""
    async def upload(status, options=""):
        result = await rig.guest.run(f"cd /tmp/e; {options} data.bin")
        expect(result.status == status, f"exit {status} is expected: {result}")
        return result

    command = "espbackup image upload"
    device = Electron("1-7")
    before = bytes(device.flash)
    await rig.attach(device, 7)
    packed = await rig.guest.run(
        "rm -rf /tmp/e; mkdir -p /tmp/e/d; cd /tmp/e; head -c 90123 /dev/urandom >d/sound.wav; "
        "echo secret >d/ca.pem; chmod 755 .; espbackup image pack d -o data.bin >&2 && base64 data.bin")
    image = base64.b64decode(packed.out)
    expect(len(image) == 48 + 2 * 80 + 90123 + 7, str(packed))

    result = await upload(4, command)
    expect("no device in DFU mode" in result.err and "yellow" in result.err, str(result))
    await dfu_mode(rig, device)
    result = await upload(5, f"{command} --address 0x8000000")
    expect("protects" in result.err and device.flash == before, str(result))
    result = await upload(4, f"chmod 644 data.bin; su guest -c '{command} data.bin'; exit $?;")
    expect("no permission" in result.err and device.flash == before, str(result))

    device.at_written = (48 * KB, device.unplug)
    result = await upload(7, command)
    expect("not complete" in result.err and "same command" in result.err, str(result))
    await dfu_mode(rig, device)
    result = await upload(0, command)
    expect("every byte" in result.out, str(result))
    at = 0x80A0000 - BASE
    expect(device.flash[at:at + len(image)] == image, "the image is not in the sector")
    expect(device.flash[at + len(image):at + SIZES[-1]].strip(b"\xff") == b"", "the rest is not erased")
    expect(device.flash[:at] == before[:at] and device.flash[at + SIZES[-1]:] == before[at + SIZES[-1]:],
           "something else has changed")
    device.unplug()


@case
async def chip_info(b):
    info = json.loads((await b.run("--json chip-info")).out)
    expect(info["chip"]["id"] == b.chip, f"{info['chip']}")
    expect(info["chip"]["macs"][0]["mac"] == b.mac, f"{info['chip']}")
    await b.expect_app_runs()


@case
async def backup(b):
    await b.sh("rm -rf backups")
    await b.run("backup --full")
    await b.expect_image()
    await b.expect_app_runs()


@case
async def restore(b):
    """What changed while the board was away is put back."""
    wanted = b.flash.read_bytes()
    await b.sh("rm -rf backups")
    await b.run("backup")
    await b.unplug()
    b.flash.write_bytes(wanted[:32 * KB] + bytes(64 * KB) + wanted[96 * KB:])
    await b.plug()
    await b.run("verify latest", status=3)
    await b.run("restore latest --yes")
    await b.expect_app_runs()
    await b.unplug()
    changed = b.flash.read_bytes() != wanted
    b.flash.write_bytes(wanted)
    await b.plug()
    expect(not changed, "the flash is not what it was")


@case
async def held(b):
    await b.hold()
    result = await b.start("chip-info")
    await b.release()
    expect(result.status == 4 and "sleep" in result.err, f"not told who holds the port: {result}")
    await b.run("chip-info")


@case
async def denied(b):
    await b.sh(f"chgrp dialout {b.tty}; chmod 660 {b.tty}")
    result = await b.sh(f"su -s /bin/sh -c 'espbackup -p {b.tty} chip-info' guest")
    expect(result.status == 4 and "dialout" in result.err, f"not told of the group: {result}")


@case
async def unplug(b):
    task = await b.backup_stopped_at(HALFWAY, b.unplug)
    result = await task
    expect(result.status == 4 and b.tty in result.err, f"{result}")
    await b.plug()
    await b.expect_resumed()
    await b.expect_app_runs()


@case
async def replug(b):
    """The same run goes on when the board is back."""
    async def pull_and_plug():
        await b.unplug()
        await b.sh(f"while [ -e {b.tty} ]; do usleep 10000; done")
        await b.plug()

    result = await (await b.backup_stopped_at(HALFWAY, pull_and_plug))
    expect(result.status == 0, str(result))
    await b.expect_image()
    await b.expect_app_runs()


@case
async def busy_on_return(b):
    """The port is back, but another program was quicker."""
    async def pull_and_take():
        await b.unplug()
        await b.sh(f"while [ -e {b.tty} ]; do usleep 10000; done")
        await b.signal("STOP")
        await b.plug()
        await b.hold()
        await b.signal("CONT")

    result = await (await b.backup_stopped_at(HALFWAY, pull_and_take))
    await b.release()
    expect(result.status == 4 and "sleep" in result.err and "came back" in result.err,
           f"not told who holds the port: {result}")
    await b.expect_resumed()


@case
async def ctrl_c(b):
    """At any moment: from the first byte of the ROM to the middle of the flash."""
    for count in (1, 100, 600, HALFWAY):
        await b.sh("rm -rf backups")
        task = b.start("backup --full")
        await b.after_bytes(count)
        await b.signal("INT")
        result = await task
        through = count == HALFWAY and result.status == 0  # before the signal came
        expect(result.status == 130 or through, f"after {count} bytes: {result}")
        await b.expect_app_runs()
    if not through:
        await b.expect_resumed()


@case
async def ctrl_c_connecting(b):
    """In an attempt that gets no answer, with the chip in download mode."""
    b.device.mute = True
    task = b.start("chip-info")
    await until(lambda: "download" in b.board.boots()[-1], "the chip is in download mode")
    await b.signal("INT")
    result = await task
    b.device.mute = False
    expect(result.status == 130, str(result))
    await b.expect_app_runs()


@case
async def failed_connect(b):
    b.device.mute = True
    result = await b.start("chip-info")
    b.device.mute = False
    expect(result.status == 4 and "nothing answers" in result.err, str(result))
    await b.expect_app_runs()


@own_usb_case
async def boot_loop(b):
    """An empty flash: the chip restarts again and again, and takes its port away each time. It
    takes longer here than in tests/cli, because a busy guest finds the port late."""
    wanted = b.flash.read_bytes()
    await b.sh("rm -rf backups")
    await b.run("backup")
    await b.unplug()
    b.flash.write_bytes(b"\xff" * len(wanted))
    await b.device.power_on()
    for _ in range(3):
        await b.run("chip-info")
    await b.run("restore latest --yes")
    await b.expect_app_runs()
    await b.unplug()
    restored = b.flash.read_bytes() == wanted
    await b.plug()
    expect(restored, "the flash is not what it was")


@case
async def stall(b):
    """The driver reads no more until the port is opened again."""
    await b.sh("rm -rf backups")
    task = b.start("backup --full")
    b.device.after_bytes(HALFWAY, b.device.stall_in)
    result = await task
    expect(result.status == 0, str(result))
    await b.expect_image()
    await b.expect_app_runs()
