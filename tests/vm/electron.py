"""A Particle Electron in DFU mode: DFU 1.1 with the extensions of ST (AN3156).

Commands in block 0 set an address or erase a sector; blocks from 2 on are read and written from that
address on. The flash is one: writing clears bits only. As on the device only part of it may be changed.
"""
import struct

from usbip import CLASS, Device, Stall, configuration, interface

DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT = 1, 2, 3, 4, 5, 6
IDLE, SYNC, BUSY, DOWNLOADING, UPLOADING, FAULT = 2, 3, 4, 5, 9, 10
FINE, WRITE_FAULT, ADDRESS_FAULT, STALLED_FAULT = 0, 3, 8, 15
SET_ADDRESS, ERASE = 0x21, 0x41

KB = 1024
BASE = 0x08000000
BLOCK = 4096
# Sectors; bits of the letter say what a host may do: 1 read, 2 erase, 4 write.
LAYOUT = "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg"
SIZES = [16 * KB] * 4 + [64 * KB] + [128 * KB] * 7
PROTECTED = 3 * 16 * KB
POLL_MS = 1


class Electron(Device):
    vid, pid, bcd = 0x2B04, 0xD00A, 0x0200
    strings = {1: "Particle", 2: "Electron DFU Mode", 3: "350043000151353432393339", 4: LAYOUT}
    config = configuration(1, interface(0, 0, (0xFE, 1, 2), 4)
                           + struct.pack("<BBBHHH", 9, 0x21, 0x0B, 255, BLOCK, 0x011A))

    def __init__(self, bus_id):
        super().__init__(bus_id)
        self.flash = bytearray(b"\x5a" * sum(SIZES))
        self.state, self.status, self.address = IDLE, FINE, BASE
        self.pending = None  # what a block asks for; it is done when the host asks how it went
        self.written = 0
        self.at_written = None  # (so many bytes, a function): called once, when they are written

    def power_on(self):
        self.state, self.status, self.pending = IDLE, FINE, None
        self.plug()

    def control(self, setup, data):
        if setup.kind != CLASS:
            raise Stall
        if setup.request == DNLOAD:
            return self.download(setup.value, data)
        if setup.request == UPLOAD:
            return self.upload(setup.value, setup.length)
        if setup.request == GETSTATUS:
            return self.tell()
        if setup.request in (CLRSTATUS, ABORT):
            self.state, self.status = IDLE, FINE
            return b""
        if setup.request == GETSTATE:
            return bytes([self.state])
        raise Stall

    def refuse(self, status):
        self.state, self.status = FAULT, status

    def download(self, block, data):
        if self.state not in (IDLE, DOWNLOADING) or not data or block == 1:
            self.refuse(STALLED_FAULT)
            raise Stall
        self.pending = (block, data)
        self.state = SYNC
        return b""

    def tell(self):
        if self.state == SYNC:
            answer = struct.pack("<BHBBB", FINE, POLL_MS, 0, BUSY, 0)
            self.state = DOWNLOADING
            self.work(*self.pending)
            return answer
        return struct.pack("<BHBBB", self.status, 0, 0, self.state, 0)

    def work(self, block, data):
        if block == 0 and len(data) == 5 and data[0] == SET_ADDRESS:
            self.address = struct.unpack("<I", data[1:])[0]
        elif block == 0 and len(data) == 5 and data[0] == ERASE:
            self.erase(struct.unpack("<I", data[1:])[0] - BASE)
        elif block >= 2:
            self.write(self.address + (block - 2) * BLOCK - BASE, data)
        else:
            self.refuse(STALLED_FAULT)

    def erase(self, at):
        start = 0
        for size in SIZES:
            if start <= at < start + size and start >= PROTECTED:
                self.flash[start:start + size] = b"\xff" * size
                return
            start += size
        self.refuse(ADDRESS_FAULT)

    def write(self, at, data):
        if at < PROTECTED or at + len(data) > len(self.flash):
            self.refuse(ADDRESS_FAULT)
            return
        for i, byte in enumerate(data):
            self.flash[at + i] &= byte
        if self.flash[at:at + len(data)] != data:
            self.refuse(WRITE_FAULT)
        self.written += len(data)
        if self.at_written is not None and self.written >= self.at_written[0]:
            action, self.at_written = self.at_written[1], None
            action()

    def upload(self, block, length):
        at = self.address + (block - 2) * BLOCK - BASE
        if self.state not in (IDLE, UPLOADING) or block < 2 or not 0 <= at < len(self.flash):
            self.refuse(STALLED_FAULT)
            raise Stall
        self.state = UPLOADING
        return bytes(self.flash[at:at + length])
