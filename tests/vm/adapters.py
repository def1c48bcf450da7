"""USB serial adapters as their Linux drivers know them, each in front of a board.

Modelled: the rate that a divisor gives, the transmit FIFO (a full one holds the host up), what
FTDI adds to its bytes, and what is lost while no program has the port open. The receive FIFO has
no end while one has, because an emulated guest is late on a busy machine.
"""
import asyncio
import collections
import struct
import time

from usbip import CLASS, STALLED, VENDOR, Device, Stall, configuration, endpoint, interface

BULK, INTERRUPT = 2, 3
GATHER_S = 0.001  # a short packet waits so long for more bytes
RETURN_STEP_S = 0.01


class Adapter(Device):
    ep_in = 0x82
    tx_fifo, idle_fifo = 512, 64
    own_usb = False
    sim_options = ()

    def __init__(self, bus_id, board):
        super().__init__(bus_id)
        self.board = board
        board.on_data, board.on_lost = self.from_board, self.lost
        self.rx = bytearray()
        self.waiting_in, self.waiting_out = collections.deque(), collections.deque()
        self.others = collections.deque()  # transfers on an endpoint that never has anything to say
        self.timer = self.returning = None
        self.listening = False
        self.mute = False  # a fault: nothing of what the chip says comes through
        self.stalls = 0
        self.baud, self.dtr, self.rts = 9600, False, False
        self.tx_empty_at = 0.0
        self.bytes_in = 0
        self.at_byte = None  # (so many of bytes_in, a function): called once, when they have come

    # the cable
    async def power_on(self):
        await self.board.start()
        self.appear()

    async def power_off(self):
        """The adapter and the board share the cable."""
        if self.returning is not None:
            self.returning.cancel()
            self.returning = None
        self.unplug()
        await self.board.stop()

    def appear(self):
        self.rx.clear()
        self.dtr = self.rts = self.mute = False
        self.plug()

    def lost(self):
        """The chip has USB of its own, and was reset."""
        self.unplug()
        self.returning = asyncio.ensure_future(self.come_back())

    async def come_back(self):
        while True:
            await asyncio.sleep(RETURN_STEP_S)
            try:
                self.board.open()
            except OSError:
                continue
            self.appear()
            return

    def detached(self):
        self.waiting_in.clear()
        self.waiting_out.clear()
        self.others.clear()
        self.listening = False

    def state(self):
        return (f"{super().state()}, DTR {self.dtr:d}, RTS {self.rts:d}, {self.baud} baud, "
                f"{self.bytes_in} bytes came from the board, {len(self.rx)} are kept, "
                f"{len(self.waiting_in)} reads and {len(self.waiting_out)} writes wait"
                f"{', mute' if self.mute else ''}{f', {self.stalls} stalls' if self.stalls else ''}")

    # lines and rate
    def set_lines(self, dtr, rts):
        self.dtr, self.rts = dtr, rts
        self.board.set_lines(dtr, rts)

    def set_masked_lines(self, value):
        """Bits 0 and 1 are DTR and RTS, bits 8 and 9 say which of them change."""
        self.set_lines(bool(value & 1) if value & 0x100 else self.dtr,
                       bool(value & 2) if value & 0x200 else self.rts)

    def set_baud(self, baud):
        self.baud = baud
        self.board.set_baud(baud)

    def tx_pending(self):
        left_s = self.tx_empty_at - time.monotonic()
        return 0 if left_s <= 0 else int(left_s * self.baud / 10) + 1

    # host to chip
    def submit_out(self, urb):
        now = time.monotonic()
        self.tx_empty_at = max(now, self.tx_empty_at) + len(urb.data) * 10 / self.baud
        self.board.send(urb.data)
        wait_s = self.tx_empty_at - now - self.tx_fifo * 10 / self.baud
        self.waiting_out.append(urb)
        asyncio.get_running_loop().call_later(max(wait_s, 0), self.finish_out, urb)

    def finish_out(self, urb):
        if urb in self.waiting_out:
            self.waiting_out.remove(urb)
            urb.complete()

    # chip to host
    def from_board(self, data):
        if self.mute:
            return
        self.bytes_in += len(data)
        self.rx += data
        if not self.listening:
            del self.rx[self.idle_fifo:]
        self.pump()
        if self.at_byte is not None and self.bytes_in >= self.at_byte[0]:
            action, self.at_byte = self.at_byte[1], None
            action()

    def after_bytes(self, count, action):
        self.at_byte = (self.bytes_in + count, action)

    def submit_in(self, urb, number):
        if number != self.ep_in & 0x0F:
            self.others.append(urb)
            return
        if self.stalls > 0:
            self.stalls -= 1
            raise Stall
        self.listening = True
        self.waiting_in.append(urb)
        self.pump()

    def pump(self):
        """Full transfers go at once, a short one when nothing has come for a while."""
        while self.waiting_in and len(self.rx) >= self.waiting_in[0].length:
            self.finish_in(self.waiting_in[0].length)
        if self.waiting_in and self.rx:
            self.pump_after(GATHER_S)

    def pump_after(self, wait_s):
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(wait_s, self.on_timer)

    def on_timer(self):
        self.timer = None
        if self.waiting_in and self.rx:
            self.finish_in(min(len(self.rx), self.waiting_in[0].length))
        self.pump()

    def take(self, count):
        data = bytes(self.rx[:count])
        del self.rx[:count]
        return data

    def finish_in(self, count):
        self.waiting_in.popleft().complete(self.take(count))

    def stall_in(self):
        """A fault: the next two transfers end with a stall. Most drivers have two under way, and
        then read no more until the port is opened again."""
        self.stalls = 2
        while self.waiting_in and self.stalls > 0:
            self.stalls -= 1
            self.waiting_in.popleft().complete(status=STALLED)
        self.listening = bool(self.waiting_in)

    def cancel(self, seq):
        for queue in (self.waiting_in, self.waiting_out, self.others):
            for urb in queue:
                if urb.seq == seq:
                    queue.remove(urb)
                    self.listening = bool(self.waiting_in)
                    return True
        return False


def bulk_pair(ep_in, ep_out, size=64):
    return endpoint(ep_in, BULK, size) + endpoint(ep_out, BULK, size)


class Ft232r(Adapter):
    vid, pid, bcd = 0x0403, 0x6001, 0x0600
    strings = {1: "FTDI", 2: "FT232R USB UART", 3: "A50285BI"}
    ep_in = 0x81
    tx_fifo, idle_fifo = 256, 128
    config = configuration(1, interface(0, 2, (0xFF, 0xFF, 0xFF), 2) + bulk_pair(0x81, 0x02))
    EIGHTHS = (0, 4, 2, 1, 3, 5, 6, 7)  # of the divisor, by its code

    def __init__(self, *args):
        super().__init__(*args)
        self.latency_ms = 16
        self.packet_at = 0.0

    def control(self, setup, data):
        if setup.kind != VENDOR:
            raise Stall
        if setup.request == 0 and setup.value in (0, 1):  # reset; purge the receive buffer
            self.rx.clear()
        elif setup.request == 1:
            self.set_masked_lines(setup.value)
        elif setup.request == 3:
            code = setup.value | (setup.index & 1) << 16
            eighths = (code & 0x3FFF) * 8 + self.EIGHTHS[code >> 14]
            self.set_baud({0: 3000000, 1: 2000000}.get(code) or 24000000 // eighths)
        elif setup.request == 5:
            return self.status()
        elif setup.request == 9:
            self.latency_ms = setup.value or 1
        elif setup.request == 0x0A:
            return bytes([self.latency_ms])
        elif setup.request == 0x90:  # EEPROM
            return b"\0\0"
        elif setup.request not in (0, 2, 4, 6, 7, 0x0B):
            raise Stall
        return b""

    def status(self):
        """Two bytes in front of each packet: modem lines, and whether the transmitter is empty."""
        return bytes([0x01, 0x60 if self.tx_pending() == 0 else 0x00])

    def pump(self):
        """As many full packets as fit; a short one, or only the status, when the latency timer
        ends."""
        while self.waiting_in and len(self.rx) >= 62:
            packets = min(len(self.rx) // 62, self.waiting_in[0].length // 64)
            self.finish_packets([self.take(62) for _ in range(packets)])
        if self.waiting_in:
            self.pump_after(max(0.0, self.packet_at + self.latency_ms / 1000 - time.monotonic()))

    def on_timer(self):
        self.timer = None
        quiet_s = time.monotonic() - self.packet_at
        if self.waiting_in and quiet_s >= self.latency_ms / 1000 - GATHER_S:
            self.finish_packets([self.take(62)])
        self.pump()

    def finish_packets(self, packets):
        self.packet_at = time.monotonic()
        self.waiting_in.popleft().complete(b"".join(self.status() + packet for packet in packets))


class Cp2102n(Adapter):
    vid, pid, bcd = 0x10C4, 0xEA60, 0x0100
    strings = {1: "Silicon Labs", 2: "CP2102N USB to UART Bridge Controller",
               3: "8c5f0d3a9a2aec11a1d2c8f7e2b5c6d1"}
    idle_fifo = 0
    config = configuration(1, interface(0, 2, (0xFF, 0, 0), 2) + bulk_pair(0x82, 0x02))
    PART, VERSION, CONFIG = 0x370B, 0x0010, 0x000E

    def __init__(self, *args):
        super().__init__(*args)
        self.flow = bytes(16)

    def control(self, setup, data):
        if setup.kind != VENDOR:
            raise Stall
        if setup.request == 0x00:  # the interface is enabled, or disabled
            self.rx.clear()
            self.listening = bool(setup.value)
        elif setup.request == 0x1E:
            self.set_baud(struct.unpack("<I", data)[0])
        elif setup.request == 0x07:
            self.set_masked_lines(setup.value)
        elif setup.request == 0x12 and setup.value & 0x0A:  # purge
            self.rx.clear()
        elif setup.request == 0x13:
            self.set_flow(data)
        elif setup.request not in (0x03, 0x05, 0x06, 0x09, 0x0C, 0x12, 0x15, 0x19):
            return self.tell(setup)
        return b""

    def set_flow(self, data):
        """The lines are part of the flow control; modes 0 and 1 release and assert them."""
        self.flow = data
        control, replace = struct.unpack_from("<II", data)
        lines = bool(control & 3), bool(replace >> 6 & 3)
        if lines != (self.dtr, self.rts):
            self.set_lines(*lines)

    def tell(self, setup):
        answers = {
            0x04: lambda: struct.pack("<H", 0x0800),  # 8N1
            0x08: lambda: bytes([self.dtr | self.rts << 1]),
            0x10: lambda: struct.pack("<IIIIBBB", 0, 0, len(self.rx), self.tx_pending(), 0, 0, 0),
            0x14: lambda: self.flow,
            0x1D: lambda: struct.pack("<I", self.baud),
        }
        vendor = {self.PART: b"\x20", self.VERSION: b"\1\0\x08",
                  self.CONFIG: struct.pack("<HB675x", 678, 1)}
        if setup.request == 0xFF and setup.value in vendor:
            return vendor[setup.value]
        if setup.request not in answers:
            raise Stall
        return answers[setup.request]()


class Ch340(Adapter):
    vid, pid, bcd = 0x1A86, 0x7523, 0x0264
    strings = {2: "USB Serial"}  # no maker, no serial number
    tx_fifo, idle_fifo = 128, 32
    config = configuration(1, interface(0, 3, (0xFF, 1, 2)) + bulk_pair(0x82, 0x02, 32) +
                           endpoint(0x81, INTERRUPT, 8, 1))

    def control(self, setup, data):
        if setup.kind != VENDOR:
            raise Stall
        if setup.request == 0x5F:  # version
            return b"\x31\0"
        if setup.request == 0x95 and setup.value == 0x0706:  # modem lines
            return b"\xff\xee"
        if setup.request == 0x95 and setup.value != 0x05:  # register 5: this kind has no break
            return b"\0\0"
        if setup.request == 0xA1:  # begin anew
            self.rx.clear()
        elif setup.request == 0x9A and setup.value == 0x1312:
            scale = setup.index & 7
            clock = 48000000 >> 12 - 3 * (scale & 3) - (scale >> 2)
            self.set_baud(clock // (0x100 - (setup.index >> 8)))
        elif setup.request == 0xA4:
            self.set_lines(not setup.value & 0x20, not setup.value & 0x40)
        elif setup.request != 0x9A:
            raise Stall
        return b""


CDC_FUNCTIONS = bytes([5, 0x24, 0, 0x10, 1, 4, 0x24, 2, 2, 5, 0x24, 6, 0, 1, 5, 0x24, 1, 0, 1])


def cdc_interfaces(ep_in, ep_out):
    return (bytes([8, 11, 0, 2, 2, 2, 0, 0]) + interface(0, 1, (2, 2, 0)) + CDC_FUNCTIONS +
            endpoint(0x87, INTERRUPT, 64, 1) + interface(1, 2, (0x0A, 2, 0)) +
            bulk_pair(ep_in, ep_out))


class CdcAdapter(Adapter):
    device_class = (0xEF, 2, 1)

    def __init__(self, *args):
        super().__init__(*args)
        self.coding = struct.pack("<IBBB", 9600, 0, 0, 8)

    def control(self, setup, data):
        if setup.kind != CLASS:
            raise Stall
        if setup.request == 0x20:
            self.coding = data
            self.set_baud(struct.unpack_from("<I", data)[0])
        elif setup.request == 0x21:
            return self.coding
        elif setup.request == 0x22:
            self.set_lines(bool(setup.value & 1), bool(setup.value & 2))
        elif setup.request != 0x23:
            raise Stall
        return b""


class Cp2102c(CdcAdapter):
    """A CDC device. espsim plays its flow control, which cannot be switched off."""
    vid, pid, bcd = 0x10C4, 0xEA64, 0x0100
    strings = {1: "Silicon Labs", 2: "CP2102C USB to UART Bridge Controller", 3: "a1b2c3d4e5f60718"}
    interfaces = 2
    config = configuration(2, cdc_interfaces(0x82, 0x02))
    sim_options = ("--cp2102c",)


class UsbSerialJtag(CdcAdapter):
    vid, pid, bcd = 0x303A, 0x1001, 0x0101
    strings = {1: "Espressif", 2: "USB JTAG/serial debug unit", 3: "7C:DF:A1:00:00:01"}
    interfaces = 3
    ep_in = 0x81
    tx_fifo = 64
    own_usb = True
    config = configuration(3, cdc_interfaces(0x81, 0x01) + interface(2, 2, (0xFF, 0xFF, 1)) +
                           bulk_pair(0x83, 0x02))
    # The guest takes its own time until the port is there, and more on a busy machine.
    sim_options = ("--usb-jtag", "--usb-back-ms", "10", "--boot-watchdog-ms", "4000")

    def set_baud(self, baud):
        """A rate means nothing to it."""
        self.baud = 12000000


KINDS = {"ft232r": Ft232r, "cp2102n": Cp2102n, "cp2102c": Cp2102c, "ch340": Ch340,
         "jtag": UsbSerialJtag}
