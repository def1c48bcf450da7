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
AGENT_PORT = 7000  # in the guest; see guest/init
# The TSC is calibrated at boot, and wrongly on a busy machine: once its seconds were 25 times too
# short. The kernel's check of its timer fails there, too.
KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on " \
    "net.ifnames=0 tsc=unstable clocksource=hpet no_timer_check"


class GuestError(Exception):
    """The virtual machine does not come up, or ends."""


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
    for script, name in (("init", "init"), ("agent", "bin/agent"), ("find_tty", "bin/find_tty")):
        shutil.copy(HERE / "guest" / script, tree / name)
        (tree / name).chmod(0o755)
    for path in libraries(program) + libraries(dfu_util):
        copy = tree / path[1:]
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o",
                    tree / "bin/attach", HERE / "guest/attach.c"], check=True)
    image = folder / "initramfs.cpio"
    with image.open("wb") as out:
        subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, check=True,
                       cwd=tree, stdout=out)
    return image


class Guest:
    def __init__(self, kernel, program, folder):
        self.kernel, self.program, self.folder = pathlib.Path(kernel), program, folder
        self.console = folder / "console.log"
        self.process = self.port = None

    async def start(self):
        """An emulated machine may fail to boot where the real one is busy: then once more."""
        initramfs = make_initramfs(self.kernel, self.program, self.folder)
        for left in reversed(range(BOOT_TRIES)):
            try:
                await self.boot(initramfs)
                return
            except GuestError as e:
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
        with contextlib.suppress(OSError, ValueError, asyncio.TimeoutError):
            return (await self.run("true", 20)).status == 0
        return False

    async def check_clock(self):
        before = time.monotonic()
        look = "cut -d ' ' -f 1 /proc/uptime"
        result = await self.run(f"{look}; sleep 2; {look}")
        host_s = time.monotonic() - before
        began, ended = map(float, result.out.split())
        if not 0.8 * host_s - 1 < ended - began < 1.2 * host_s:
            raise GuestError(f"the guest's clock counted {ended - began:.2f} s in {host_s:.2f} s")

    async def run(self, script, limit_s=300):
        """A script for the guest's shell. The limit only finds out that something hangs."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            text = script.encode()
            writer.write(b"%d\n%b" % (len(text), text))
            answer = await asyncio.wait_for(reader.read(-1), limit_s)
        finally:
            writer.close()
        head, _, said = answer.partition(b"\n")
        status, out_size, err_size = map(int, head.split())
        if len(said) != out_size + err_size:
            raise GuestError("the agent's answer is cut short")
        return Result(script, status, said[:out_size].decode(errors="replace"),
                      said[out_size:].decode(errors="replace"))

    async def stop(self):
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
