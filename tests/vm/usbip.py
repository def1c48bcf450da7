"""A USB/IP server (asyncio) for USB devices that are played in Python.

The server answers an import when the device is plugged in, and closes the connection when it is
unplugged. A guest that asks again and again (guest/attach.c) therefore sees a device come and go.
Protocol: Documentation/usb/usbip_protocol.rst of Linux.
"""
import asyncio
import contextlib
import socket
import struct

FULL_SPEED = 2
STALLED, UNLINKED = -32, -104  # EPIPE and ECONNRESET of Linux
STANDARD, CLASS, VENDOR = 0x00, 0x20, 0x40  # of bmRequestType


class Stall(Exception):
    """The device does not know this request."""


class Setup:
    def __init__(self, raw):
        self.type, self.request, self.value, self.index, self.length = struct.unpack("<BBHHH", raw)
        self.kind = self.type & 0x60


class Urb:
    """One transfer: `length` bytes are wanted from the device, or `data` goes to it."""

    def __init__(self, device, seq, is_in, length):
        self.device, self.seq, self.is_in, self.length = device, seq, is_in, length
        self.data = b""

    def complete(self, data=b"", status=0):
        count = len(data) if self.is_in else len(self.data) if status == 0 else 0
        head = struct.pack(">IIIIIiiiii8x", 3, self.seq, 0, 0, 0, status, count, 0, 0, 0)
        self.device.send(head + (data if self.is_in else b""))


class Device:
    """A full-speed USB device. Subclasses say what it is, and override control, submit_in and
    submit_out."""

    vid = pid = bcd = 0
    device_class = (0, 0, 0)
    interfaces = 1
    strings = {}  # 1 maker, 2 product, 3 serial number
    config = b""

    def __init__(self, bus_id):
        self.bus_id = bus_id
        self.plugged = asyncio.Event()
        self.writer = None

    def control(self, setup, data):
        """A class or vendor request: the answer, or Stall."""
        raise Stall

    def submit_in(self, urb):
        raise Stall

    def submit_out(self, urb):
        raise Stall

    def cancel(self, seq):
        """The host takes a transfer back: whether it was still waiting."""
        return False

    def detached(self):
        """No host has the device any more."""

    def send(self, data):
        if self.writer is not None:
            self.writer.write(data)

    def plug(self):
        self.plugged.set()

    def unplug(self):
        self.plugged.clear()
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    def state(self):
        return ("unplugged" if not self.plugged.is_set() else
                "plugged in, no host has it" if self.writer is None else "a host has it")

    def standard(self, setup):
        if setup.request == 6:  # GET_DESCRIPTOR
            return self.descriptor(setup.value >> 8, setup.value & 0xFF)
        answers = {0: b"\0\0", 1: b"", 3: b"", 5: b"", 8: b"\1", 9: b"", 10: b"\0", 11: b""}
        if setup.request not in answers:
            raise Stall
        return answers[setup.request]

    def descriptor(self, kind, index):
        if kind == 1:
            numbers = [i if i in self.strings else 0 for i in (1, 2, 3)]
            return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, *self.device_class, 64, self.vid,
                               self.pid, self.bcd, *numbers, 1)
        if kind == 2:
            return self.config
        if kind == 3 and index == 0:
            return b"\x04\x03\x09\x04"
        if kind == 3 and index in self.strings:
            text = self.strings[index].encode("utf-16-le")
            return bytes([len(text) + 2, 3]) + text
        raise Stall

    def handle(self, urb, endpoint, raw_setup):
        try:
            if endpoint == 0:
                setup = Setup(raw_setup)
                standard = setup.kind == STANDARD
                answer = self.standard(setup) if standard else self.control(setup, urb.data)
                urb.complete(answer[:setup.length])
            elif urb.is_in:
                self.submit_in(urb, endpoint)
            else:
                self.submit_out(urb)
        except Stall:
            urb.complete(status=STALLED)


class Server:
    def __init__(self):
        self.devices = {}
        self.server = self.port = None

    async def start(self):
        self.server = await asyncio.start_server(self.client, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def client(self, reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        device = None
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            device = await self.accept(reader, writer)
            await self.serve(device, reader, writer)
        writer.close()
        if device is not None and device.writer in (writer, None):
            device.writer = None
            device.detached()

    async def accept(self, reader, writer):
        _, code, _, bus_id = struct.unpack(">HHI32s", await reader.readexactly(40))
        device = self.devices.get(bus_id.rstrip(b"\0").decode())
        if code != 0x8003 or device is None:
            raise ConnectionError
        hang_up = asyncio.ensure_future(reader.read(1))
        plugged = asyncio.ensure_future(device.plugged.wait())
        await asyncio.wait((hang_up, plugged), return_when=asyncio.FIRST_COMPLETED)
        if not plugged.done():
            plugged.cancel()
            raise ConnectionError
        hang_up.cancel()
        await asyncio.wait((hang_up,))
        device.unplug()
        device.plug()
        device.writer = writer
        path = b"/sys/devices/usb1/" + bus_id
        device.send(struct.pack(">HHI256s32sIIIHHHBBBBBB", 0x0111, 3, 0, path, bus_id, 1, 2,
                                FULL_SPEED, device.vid, device.pid, device.bcd,
                                *device.device_class, 1, 1, device.interfaces))
        return device

    async def serve(self, device, reader, writer):
        while True:
            head = await reader.readexactly(48)
            command, seq, _, is_in, endpoint = struct.unpack_from(">IIIII", head)
            number, length = struct.unpack_from(">Ii", head, 20)
            if command == 1:
                urb = Urb(device, seq, is_in == 1, length)
                if not urb.is_in and length > 0:
                    urb.data = await reader.readexactly(length)
                if device.writer is not writer:
                    return
                device.handle(urb, endpoint, head[40:48])
            else:
                status = UNLINKED if device.cancel(number) else 0
                device.send(struct.pack(">IIIIIi24x", 4, seq, 0, 0, 0, status))


def endpoint(address, kind, size, interval=0):
    return struct.pack("<BBBBHB", 7, 5, address, kind, size, interval)


def interface(number, endpoints, triple, name=0):
    return struct.pack("<BBBBBBBBB", 9, 4, number, 0, endpoints, *triple, name)


def configuration(interfaces, body):
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), interfaces, 1, 0, 0x80, 50) + body
