"""The guest, the adapters that are plugged into it, and what a case asks of both."""
import asyncio
import hashlib
import json
import pathlib
import random
import time

from adapters import KINDS
from board import Board
from guest import Guest
from usbip import Server

KB = 1024
FLASH_BYTES = 256 * KB
USED_BYTES = 160 * KB
PATIENCE_S = 180  # until something counts as never happening; nothing is expected to take so long
LOOK_S = 0.02


class Failure(Exception):
    """A case does not find what it expects."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


async def until(condition, text):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        expect(time.monotonic() < deadline, f"never: {text}")
        await asyncio.sleep(LOOK_S)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Bench:
    """One adapter in its socket of the guest, and the board behind it."""

    def __init__(self, rig, kind, number):
        self.rig, self.kind, self.socket = rig, kind, number
        self.adapter_class = KINDS[kind]
        self.chip = "esp32c3" if self.adapter_class.own_usb else "esp32"
        self.mac = f"24:0a:c4:12:34:{0x10 * number:02x}"
        self.folder = rig.folder / kind
        self.folder.mkdir()
        self.flash = self.folder / "flash.bin"
        self.fill_flash()
        options = [*self.adapter_class.sim_options, "--chip", self.chip, "--mac", self.mac,
                   "--flash", str(self.flash)]
        self.board = Board(rig.espsim, options, self.folder)
        self.device = self.adapter_class(f"1-{number}", self.board)
        self.tty = None
        self.dir = f"/tmp/{kind}"
        self.said = []
        self.task = None  # the run of espbackup that was started last

    def fill_flash(self):
        data = bytearray(random.Random(self.socket).randbytes(USED_BYTES))
        data[0x1000 if self.chip == "esp32" else 0] = 0xE9  # an image that starts
        self.flash.write_bytes(data.ljust(FLASH_BYTES, b"\xff"))

    async def attach(self):
        self.rig.server.devices[self.device.bus_id] = self.device
        await self.rig.guest.run(f"attach 10.0.2.2 {self.rig.server.port} {self.device.bus_id} "
                                 f"{self.socket} >/dev/null 2>&1 & mkdir -p {self.dir}")
        await self.plug()

    async def plug(self):
        await self.device.power_on()
        await self.wait_for_tty()

    async def unplug(self):
        await self.device.power_off()

    async def wait_for_tty(self):
        """Its name may be another one now."""
        self.tty = (await self.sh(f"find_tty {self.socket}")).out.strip()

    async def sh(self, script):
        result = await self.rig.guest.run(f"cd {self.dir}; {script}")
        self.said.append(str(result))
        return result

    def start(self, arguments):
        """A task: espbackup with this port. Its process can be signalled."""
        script = f"echo $$ >pid; exec espbackup -p {self.tty} {arguments}"
        self.task = asyncio.ensure_future(self.sh(script))
        return self.task

    async def run(self, arguments, status=0):
        result = await self.start(arguments)
        expect(result.status == status, f"exit {result.status} instead of {status}: {result.err}")
        return result

    async def signal(self, name):
        await self.sh(f"kill -{name} $(cat pid)")

    async def hold(self):
        """Another program, sleep, has the port open."""
        await self.sh(f"sleep 1000 <{self.tty} >/dev/null 2>&1 & echo $! >holder; "
                      "until grep -q sleep /proc/$!/comm; do usleep 10000; done")

    async def release(self):
        await self.sh("kill $(cat holder)")

    async def after_bytes(self, count, then_silent=False):
        """When so many more bytes have come from the board, in the run that is under way; then
        nothing comes, if so wanted."""
        came = asyncio.Event()

        def action():
            self.device.mute = then_silent
            came.set()

        self.device.after_bytes(count, action)
        await until(lambda: came.is_set() or self.task.done(), f"{count} bytes come from the board")
        if not came.is_set():
            raise Failure(f"the run ends before {count} bytes: {self.task.result()}")

    async def backup_stopped_at(self, count, action):
        """A backup is under way. After so many bytes the board falls silent; then the action
        happens. The backup's task."""
        await self.sh("rm -rf backups")
        task = self.start("--json backup --full")
        await self.after_bytes(count, then_silent=True)
        await action()
        return task

    def state(self):
        """What this side knows, for a case that fails."""
        log = self.board.log.read_text(errors="replace").splitlines()
        return "\n".join([f"{self.kind} in socket {self.socket}: {self.device.state()}",
                          f"boots: {self.board.boots()[-5:]}", *log[-5:]])

    async def expect_image(self):
        image = (await self.sh("sha256sum backups/*.bin")).out.split(" ")[0]
        expect(image == digest(self.flash.read_bytes()), "the image is not the flash")

    async def expect_resumed(self):
        """The next run continues what is there."""
        result = json.loads((await self.run("--json backup --full")).out)
        expect(result["origins"]["resumed"] > 0, f"nothing is resumed: {result['origins']}")
        await self.expect_image()

    async def expect_app_runs(self):
        if not self.device.plugged.is_set():
            await self.wait_for_tty()
        await until(lambda: "high: run" in self.board.boots()[-1],
                    f"the board runs its app; its boots: {self.board.boots()[-3:]}")


class Rig:
    """async with Rig(...): the guest is up, and all kinds of adapters are plugged in."""

    def __init__(self, kernel, build, kinds, folder):
        self.folder = pathlib.Path(folder)
        self.espsim = str(build / "tests/espsim/espsim")
        self.server = Server()
        self.guest = Guest(kernel, build / "src/espbackup", self.folder)
        self.benches = [Bench(self, kind, number) for number, kind in enumerate(kinds)]

    async def __aenter__(self):
        try:
            await self.server.start()
            await self.guest.start()
            for bench in self.benches:
                await bench.attach()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *exc):
        await self.stop()

    async def attach(self, device, socket):
        """A device that is no adapter; it comes when it is plugged in."""
        self.server.devices[device.bus_id] = device
        await self.guest.run(f"attach 10.0.2.2 {self.server.port} {device.bus_id} {socket} "
                             ">/dev/null 2>&1 &")

    async def stop(self):
        await self.guest.stop()
        for bench in self.benches:
            await bench.unplug()
