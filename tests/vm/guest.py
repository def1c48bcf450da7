"""The virtual machine: a Debian kernel in QEMU, without KVM and without a disk.

Its initramfs holds busybox, the drivers, guest/ and the program under test with its libraries.
"""
import asyncio
import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import time

from board import end_with_parent

HERE = pathlib.Path(__file__).parent
BOOT_TRIES = 3
BOOT_S = 240
START_S = 60  # until the agent has a script; nothing is expected to take so long
SCRIPT_S = 180  # until a script counts as never ending
AGENT_PORT = 7000  # in the guest; see guest/init
# The TSC is calibrated at boot, and wrongly on a busy machine: once its seconds were 25 times too
# short. The kernel's check of its timer fails there, too.
KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on " \
    "net.ifnames=0 tsc=unstable clocksource=hpet no_timer_check"


class GuestError(Exception):
    """The virtual machine does not come up, or ends."""


class Hung(Exception):
    """A script does not end. The text has what the guest looked like."""


# What a guest can say about a script that does not end.
LOOK = """dmesg | grep -v 'unlink->seqnum\\|urb->status' | tail -25
grep -v ' 004 000 ' /sys/devices/platform/vhci_hcd.0/status
ls -l /dev/ttyUSB* /dev/ttyACM* 2>&1
ps -o pid,pgid,stat,args | grep -v ' \\['
for process in $(ps -o pid,pgid | awk '$2 == %d {print $1}'); do
    echo "process $process:"
    tail -n +1 /proc/$process/wchan /proc/$process/stack
    ls -l /proc/$process/fd
done"""


class Result:
    def __init__(self, script, status, out, err):
        self.script, self.status, self.out, self.err = script, status, out, err

    def __str__(self):
        return f"$ {self.script}\n{self.out}{self.err}[exit {self.status}]"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def libraries(program):
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def make_initramfs(kernel, program, folder):
    tree = folder / "initramfs"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "bin").mkdir(parents=True)
    shutil.copytree(kernel, tree / "modules", ignore=shutil.ignore_patterns("vmlinuz"))
    shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
    shutil.copy(program, tree / "bin/espbackup")
    dfu_util = shutil.which("dfu-util")
    shutil.copy(dfu_util, tree / "bin/dfu-util")
    for script, name in (("init", "init"), ("find_tty", "bin/find_tty")):
        shutil.copy(HERE / "guest" / script, tree / name)
        (tree / name).chmod(0o755)
    for path in libraries(program) + libraries(dfu_util):
        copy = tree / path[1:]
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for name in ("agent", "attach"):
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o",
                        tree / "bin" / name, HERE / f"guest/{name}.c"], check=True)
    image = folder / "initramfs.cpio"
    with image.open("wb") as out:
        subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, check=True,
                       cwd=tree, stdout=out)
    return image


class Agent:
    """async with Agent(guest): a connection for one script, which ends with it."""

    def __init__(self, guest):
        self.guest = guest
        self.reader = self.writer = None
        self.shell = None  # the number of its process

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        if self.writer is not None:
            self.writer.close()

    async def numbers(self, limit_s):
        """A line of the agent. QEMU is late with the end of a connection, so nothing waits for
        that."""
        line = await asyncio.wait_for(self.reader.readline(), limit_s)
        if not line.endswith(b"\n"):
            raise GuestError("the agent hangs up")
        return map(int, line.split())

    async def run(self, script, limit_s):
        text = script.encode()
        async with self.guest.starting:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.guest.port)
            self.writer.write(b"%d\n%b" % (len(text), text))
            self.shell, = await self.numbers(START_S)
        status, *sizes = await self.numbers(limit_s)
        out, err = [await asyncio.wait_for(self.reader.readexactly(n), START_S) for n in sizes]
        return Result(script, status, out.decode(errors="replace"), err.decode(errors="replace"))


class Guest:
    def __init__(self, kernel, program, folder):
        self.kernel, self.program, self.folder = pathlib.Path(kernel), program, folder
        self.console = folder / "console.log"
        self.process = self.port = None
        # QEMU's network listens with a queue of one, and loses more connections at a time.
        self.starting = asyncio.Lock()

    async def start(self):
        """An emulated machine may fail to boot where the real one is busy: then once more."""
        initramfs = make_initramfs(self.kernel, self.program, self.folder)
        for left in reversed(range(BOOT_TRIES)):
            try:
                await self.boot(initramfs)
                return
            except (GuestError, Hung) as e:
                await self.stop()
                if left == 0:
                    raise
                print(f"guest: {e}; once more", flush=True)

    async def boot(self, initramfs):
        self.port = free_port()
        with (self.folder / "qemu.log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                "qemu-system-x86_64", "-accel", "tcg", "-m", "256", "-nodefaults",
                "-display", "none", "-no-reboot", "-serial", f"file:{self.console}",
                "-kernel", self.kernel / "vmlinuz", "-initrd", initramfs, "-append", KERNEL_OPTIONS,
                "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{self.port}-:{AGENT_PORT}",
                "-device", "virtio-net-pci,netdev=n,romfile=", stdin=asyncio.subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=end_with_parent)
        deadline = time.monotonic() + BOOT_S
        while not await self.answers():
            if self.process.returncode is not None:
                said = (self.folder / "qemu.log").read_text().strip()
                raise GuestError(f"QEMU ended: {said[-300:]}")
            if time.monotonic() > deadline:
                raise GuestError(f"the guest does not come up, see {self.console}")
            await asyncio.sleep(0.1)
        await self.check_clock()

    async def answers(self):
        with contextlib.suppress(OSError, GuestError, asyncio.TimeoutError):
            async with Agent(self) as agent:
                return (await agent.run("true", START_S)).status == 0
        return False

    async def check_clock(self):
        before = time.monotonic()
        look = "cut -d ' ' -f 1 /proc/uptime"
        result = await self.run(f"{look}; sleep 2; {look}")
        host_s = time.monotonic() - before
        began, ended = map(float, result.out.split())
        if not 0.8 * host_s - 1 < ended - began < 1.2 * host_s:
            raise GuestError(f"the guest's clock counted {ended - began:.2f} s in {host_s:.2f} s")

    async def run(self, script):
        """A script for the guest's shell."""
        async with Agent(self) as agent:
            try:
                return await agent.run(script, SCRIPT_S)
            except asyncio.TimeoutError:
                what = f"process {agent.shell} does not end" if agent.shell else "it does not start"
                raise Hung(f"$ {script}\n{what}\n{await self.look(agent.shell)}") from None

    async def look(self, shell=None):
        """What the guest says of itself, and of all that a shell has started."""
        async with Agent(self) as agent:
            try:
                return (await agent.run(LOOK % (shell or -1), SCRIPT_S)).out
            except asyncio.TimeoutError:
                raise GuestError(f"the guest answers no more, see {self.console}") from None

    async def stop(self):
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
