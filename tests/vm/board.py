"""A simulated board (espsim) behind an adapter: its process, its bytes, its lines, what it logs."""
import asyncio
import ctypes
import fcntl
import os
import pathlib
import re
import signal
import socket
import struct
import time

TCSETS2 = 0x402C542B
RAW_8N1 = 0o10000 | 0o60 | 0o200 | 0o4000  # BOTHER, CS8, CREAD, CLOCAL
DTR, RTS = 2, 4


def end_with_parent():
    """For preexec_fn: the child does not outlive this program, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Board:
    """espsim --pty. The pty carries bytes and rate, espsim's socket beside it the lines."""

    def __init__(self, espsim, options, folder):
        self.command = [espsim, "--pty", "--wire", "real", "--latency-ms", "0", "--log", *options]
        self.log = pathlib.Path(folder) / "espsim.log"
        self.log.write_bytes(b"")
        self.process = self.path = None
        self.fd = -1
        self.backlog = bytearray()
        self.on_data = self.on_lost = None

    async def start(self):
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdout=asyncio.subprocess.PIPE, stderr=log,
                preexec_fn=end_with_parent)
        self.path = (await self.process.stdout.readline()).decode().strip()
        self.open()

    async def stop(self):
        self.close()
        if self.process is not None:
            self.process.terminate()
            await self.process.wait()
            self.process = None

    def open(self):
        """OSError: the chip's own port is away."""
        self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.backlog.clear()
        asyncio.get_running_loop().add_reader(self.fd, self.read)
        self.ask("O", 0)
        self.set_lines(False, False)

    def close(self):
        if self.fd >= 0:
            asyncio.get_running_loop().remove_reader(self.fd)
            asyncio.get_running_loop().remove_writer(self.fd)
            os.close(self.fd)
            self.fd = -1

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.on_data(data)
        else:
            self.lost()

    def lost(self):
        self.close()
        self.on_lost()

    def send(self, data):
        self.backlog += data
        self.flush()

    def flush(self):
        if self.fd < 0:
            return
        try:
            del self.backlog[:os.write(self.fd, self.backlog)]
        except BlockingIOError:
            pass
        except OSError:
            self.lost()
            return
        loop = asyncio.get_running_loop()
        if self.backlog:
            loop.add_writer(self.fd, self.flush)
        else:
            loop.remove_writer(self.fd)

    def set_baud(self, baud):
        if self.fd >= 0:
            settings = struct.pack("=IIIIB19xII", 0, 0, RAW_8N1, 0, 0, baud, baud)
            fcntl.ioctl(self.fd, TCSETS2, settings)

    def set_lines(self, dtr, rts):
        self.ask("S", (DTR if dtr else 0) | (RTS if rts else 0))

    def ask(self, operation, bits):
        """See tests/espsim/link/sim_fake_tty.h."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as lines:
                lines.settimeout(60)
                lines.connect(os.path.join(os.path.dirname(self.path), "lines"))
                lines.send(struct.pack("=B3xIq", ord(operation), bits, time.monotonic_ns()))
                lines.recv(4)
        except OSError:
            pass  # the board is gone, and the pty says so too

    def boots(self):
        """EN, and how the chip came up, in order."""
        return re.findall(r"EN low|EN up, .*", self.log.read_text(errors="replace"))
