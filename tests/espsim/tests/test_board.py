"""The board around the simulated chip: links, reset circuit, line rates, faults, the program.

Runs espsim_echo (espsim with echo_chip.c in place of the chip). Nothing here depends on how fast
this machine is; rates are measured by bench_wire.py.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import serial
from serial.tools import list_ports

ARGS = None
COMMAND = b"\x1b\x1b"  # the first one comes back
PATTERN = bytes(range(256)) * 16


class Board:
    """A running espsim_echo, its address and its report."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.report_path = pathlib.Path(self.folder.name) / "report.json"
        self.process = subprocess.Popen(
            [ARGS.espsim, "--report", str(self.report_path), *options],
            stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(100)
        self.process.stdout.close()
        report = json.loads(self.report_path.read_text())
        self.folder.cleanup()
        assert status == 0, f"espsim: exit {status}"
        return report

    def connect(self, patience_s=60):
        host, port = self.address.removeprefix("socket://").split(":")
        end = time.monotonic() + patience_s
        while True:
            try:
                return socket.create_connection((host, int(port)), 60)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)


@contextlib.contextmanager
def board(*options):
    sim = Board(*options)
    try:
        yield sim
    finally:
        if sim.process.poll() is None:
            sim.report = sim.stop()


def receive(sock, count):
    """`count` bytes, or fewer when the connection ends."""
    data = b""
    while len(data) < count:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        data += part
    return data


def comes_back(sock, text, tries=60):
    """Whether the chip echoes it; while it boots it is deaf."""
    sock.settimeout(1)
    for _ in range(tries):
        sock.sendall(text)
        with contextlib.suppress(TimeoutError):
            if receive_until(sock, text).endswith(text):
                return True
    return False


def receive_until(sock, end):
    data = b""
    while not data.endswith(end):
        part = sock.recv(65536)
        if not part:
            break
        data += part
    return data


class Tcp(unittest.TestCase):
    def test_bytes_come_back_and_clients_may_change(self):
        with board("--tcp") as sim:
            for text in (b"hello", bytes(range(0x80, 0x100)) * 500):
                with sim.connect() as sock:
                    sock.sendall(text)
                    self.assertTrue(receive(sock, len(text)).endswith(text[-5:]))
            with sim.connect() as sock:
                sock.sendall(COMMAND + b"S\x20")
                self.assertEqual(receive(sock, 1 + 0x20 * 4096), b"\x1b" + PATTERN * 0x20)
        self.assertEqual(sim.report["board"]["connections"], 3)
        self.assertEqual(sim.report["board"]["boots_download"], 1)

    def test_boot_mode(self):
        for mode, text in (("run", b"boot:RUN\r\n"), ("download", b"boot:DOWNLOAD\r\n")):
            with board("--tcp", "0", "--boot", mode, "--reset-on-connect") as sim:
                with sim.connect() as sock:
                    self.assertEqual(receive(sock, len(text)), text)
                    sock.sendall(COMMAND + b"R")
                    self.assertEqual(receive(sock, 1 + len(text)), b"\x1b" + text)
            self.assertEqual(sim.report["board"]["self_resets"], 1)

    def test_fixed_rate_of_the_bridge(self):
        with board("--tcp", "--tcp-baud", "115200") as sim:
            with sim.connect() as sock:
                sock.sendall(COMMAND + b"B" + (117000).to_bytes(4, "little"))
                self.assertEqual(receive(sock, 2), b"\x1bK")
                sock.sendall(b"near")
                self.assertEqual(receive(sock, 4), b"near")
                sock.sendall(COMMAND + b"B" + (230400).to_bytes(4, "little"))
                self.assertEqual(receive(sock, 2), b"\x1bK")
                sock.sendall(b"x" * 1000)
                self.assertGreaterEqual(len(receive(sock, 900)), 900)
        self.assertGreater(sim.report["wire"]["garbled_bytes"], 900)
        self.assertEqual(sim.report["wire"]["chip_baud_changes"], 2)

    def test_fifo_overflow_is_counted(self):
        with board("--tcp", "--wire", "real") as sim:
            with sim.connect() as sock:
                sock.sendall(COMMAND + b"W\xff" + b"a" * 300)
                self.assertEqual(receive(sock, 130), b"\x1bw" + b"a" * 128)
        self.assertEqual(sim.report["wire"]["rx_lost_bytes"], 300 - 128)


class Faults(unittest.TestCase):
    def run_faults(self, seed):
        with board("--tcp", "--seed", str(seed), "--fault-dir", "to-host", "--fault",
                   "flip=1e-4,drop=1e-5,dup=1e-4,insert=1e-4") as sim:
            with sim.connect() as sock:
                sock.settimeout(3)
                sock.sendall(COMMAND + b"S\xff")
                data = b""
                with contextlib.suppress(TimeoutError):
                    data = receive_all(sock)
        return data, sim.report["faults_to_host"]

    def test_the_seed_decides(self):
        first, counts = self.run_faults(3)
        again, counts_again = self.run_faults(3)
        other, _ = self.run_faults(4)
        self.assertEqual(first, again)
        self.assertEqual(counts, counts_again)
        self.assertNotEqual(first, other)
        self.assertEqual(len(first), 1 + 255 * 4096 - counts["drops"] + counts["dups"]
                         + counts["inserts"])
        self.assertGreater(counts["flips"], 50)

    def test_reset_in_the_middle(self):
        with board("--tcp", "--fault-dir", "to-host", "--fault", "reset@5000") as sim:
            with sim.connect() as sock:
                sock.sendall(COMMAND + b"S\x02")
                data = receive_until(sock, b"boot:DOWNLOAD\r\n")
                self.assertTrue(data.endswith(b"boot:DOWNLOAD\r\n"))
                sock.sendall(b"ok")
                self.assertEqual(receive(sock, 2), b"ok")
        self.assertEqual(sim.report["faults_to_host"]["resets"], 1)
        self.assertEqual(sim.report["board"]["boots_download"], 2)

    def test_unplug_and_hangup(self):
        with board("--tcp", "--fault-dir", "to-host", "--replug-ms", "50", "--fault",
                   "hangup@5000,unplug@9000-9999") as sim:
            for _ in range(2):
                with sim.connect() as sock:
                    sock.sendall(COMMAND + b"S\x09")
                    self.assertLess(len(receive(sock, 9 * 4096)), 9 * 4096)
            with sim.connect() as sock:
                self.assertTrue(comes_back(sock, b"ok"))
        counts = sim.report["faults_to_host"]
        self.assertEqual((counts["hangups"], counts["unplugs"]), (1, 1))
        self.assertEqual(sim.report["board"]["boots_download"], 2)

    def test_limits(self):
        with board("--tcp", "--fault-dir", "to-chip", "--fault", "flip=1", "--fault-after", "10",
                   "--fault-max", "3") as sim:
            with sim.connect() as sock:
                sock.sendall(b"0" * 100)
                data = receive(sock, 100)
        self.assertEqual(data[:10] + data[13:], b"0" * 97)
        self.assertNotIn(b"0", data[10:13])
        self.assertEqual(sim.report["faults_to_chip"]["flips"], 3)


def receive_all(sock):
    data = b""
    while True:
        try:
            part = sock.recv(65536)
        except TimeoutError:
            return data
        if not part:
            return data
        data += part


def read_text(port, end, limit_s=60):
    """What comes up to `end`, without what came before the last reset."""
    data, stop = b"", time.monotonic() + limit_s
    while not data.endswith(end) and time.monotonic() < stop:
        data += port.read(port.in_waiting or 1)
    return data


def reset(port, download):
    """The classic sequence; with RFC 2217 each line change takes pyserial 50 ms."""
    port.dtr = False
    port.rts = True
    time.sleep(0.1)
    port.reset_input_buffer()
    if download:
        port.dtr = True
    port.rts = False
    time.sleep(1)  # longer than EN takes to rise, on a busy machine too
    port.dtr = False


def check_serial(case, url):
    """The same for RFC 2217 and for the pty."""
    with serial.serial_for_url(url, baudrate=115200, timeout=0.2) as port:
        reset(port, True)
        case.assertEqual(read_text(port, b"\n"), b"boot:DOWNLOAD\r\n")
        reset(port, False)
        case.assertEqual(read_text(port, b"\n"), b"boot:RUN\r\n")
        for text in (b"\xff\x00\x11\x13\xff\xff\r\n\x03\x7f", bytes(range(0xA0, 0x100)) * 30):
            port.write(text)
            case.assertEqual(read_text(port, text), text)
        port.write(COMMAND + b"B" + (921600).to_bytes(4, "little"))
        case.assertEqual(read_text(port, b"K"), b"\x1bK")
        port.write(b"garbage" * 20)
        case.assertNotIn(b"garbage", read_text(port, b"garbage", 0.5))
        port.baudrate = 921600
        port.reset_input_buffer()
        port.write(b"again")
        case.assertEqual(read_text(port, b"again")[-5:], b"again")
        case.assertTrue(port.cts)


class Rfc2217(unittest.TestCase):
    # EN waits for IO0 longer than a busy machine delays a client.
    slow_start = "--rfc2217", "--en-rise-ms", "2000"

    def test_lines_rates_and_bytes(self):
        with board(*self.slow_start) as sim:
            check_serial(self, sim.address)
        self.assertGreater(sim.report["wire"]["garbled_bytes"], 0)
        self.assertEqual(sim.report["board"]["boots_download"], 1)
        self.assertEqual(sim.report["board"]["boots_run"], 2)

    def test_reset_by_a_quick_client(self):
        """A client that does not wait for answers has let go of IO0 again 50 ms later."""
        def control(*values):
            return b"".join(bytes((255, 250, 44, 5, value, 255, 240)) for value in values)

        def into_download(sock):
            sock.sendall(control(9, 11))
            time.sleep(0.1)
            sock.sendall(control(8, 12))
            time.sleep(0.05)
            sock.sendall(control(9))
            text = b""
            try:
                while not text.partition(b"boot:")[2].count(b"\r\n"):
                    text += sock.recv(65536)
            except TimeoutError:
                pass
            return b"boot:DOWNLOAD" in text

        with board("--rfc2217") as sim:
            host, port = sim.address.removeprefix("rfc2217://").split(":")
            with socket.create_connection((host, int(port)), 60) as sock:
                sock.settimeout(1)
                sock.sendall(bytes((255, 251, 44)))
                # Like every client, more than once: on a busy machine 50 ms pass unseen.
                self.assertTrue(any(into_download(sock) for _ in range(20)))

    def test_a_hung_chip_can_be_reset(self):
        """The reset is queued behind more data than the chip takes."""
        with board(*self.slow_start) as sim:
            with serial.serial_for_url(sim.address, 115200, timeout=0.2) as port:
                port.write(COMMAND + b"H" + b"x" * 20000)
                reset(port, True)
                self.assertEqual(read_text(port, b"\n"), b"boot:DOWNLOAD\r\n")
        self.assertGreater(sim.report["wire"]["rx_lost_bytes"], 1000)


class Pty(unittest.TestCase):
    # EN rises later than a busy machine lets RTS follow DTR.
    slow_start = "--en-rise-ms", "400"

    def run_under(self, *command, options=()):
        return subprocess.run([ARGS.espsim, "--pty", *options, "--", *command], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=600)

    def test_pyserial(self):
        done = self.run_under(sys.executable, __file__, "--child-pty", options=self.slow_start)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_libserialport(self):
        if not ARGS.tty_probe:
            self.skipTest("built without libserialport")
        done = self.run_under(ARGS.tty_probe, options=(*self.slow_start, "--usb-id", "1a86:7523",
                                                       "--usb-product", "USB Serial"))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.splitlines(), [
            "/dev/ttyUSB7 1a86:7523 USB Serial", "boot:DOWNLOAD", "boot:RUN", "echo"])

    def test_unplug(self):
        done = self.run_under(sys.executable, __file__, "--child-unplug",
                              options=("--fault", "unplug@3000", "--replug-ms", "300"))
        self.assertEqual(done.returncode, 0, done.stdout)


def child_pty():
    """Under the preload, so that the port is a USB adapter."""
    case = unittest.TestCase()
    ports = [(p.device, p.vid, p.pid, p.product) for p in list_ports.comports()]
    case.assertEqual(ports, [("/dev/ttyUSB7", 0x10C4, 0xEA60,
                              "CP2102N USB to UART Bridge Controller")])
    case.assertEqual(os.environ["ESPBACKUP_PORT"], "/dev/ttyUSB7")
    check_serial(case, "/dev/ttyUSB7")


def child_unplug():
    case = unittest.TestCase()
    with serial.Serial("/dev/ttyUSB7", 115200, timeout=2) as port:
        with case.assertRaises((serial.SerialException, OSError)):
            port.write(COMMAND + b"S\x09")
            while port.read(512):
                pass
            raise AssertionError("the line went silent, but the port stayed")
    case.assertFalse(os.path.exists("/dev/ttyUSB7"))
    case.assertEqual(list(list_ports.comports()), [])
    end = time.monotonic() + 60
    while not os.path.exists("/dev/ttyUSB7") and time.monotonic() < end:
        time.sleep(0.02)
    with serial.Serial("/dev/ttyUSB7", 115200, timeout=2) as port:
        text = b""
        for _ in range(60):  # it may still be booting, and deaf
            port.write(b"back")
            text = read_text(port, b"back", 1)
            if text.endswith(b"back"):
                break
        case.assertEqual(text[-4:], b"back")


class Program(unittest.TestCase):
    def status(self, *command):
        return subprocess.run([ARGS.espsim, *command], check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300).returncode

    def test_exit_status_is_the_commands(self):
        self.assertEqual(self.status("--", "sh", "-c", "exit 41"), 41)
        self.assertEqual(self.status("--", "sh", "-c", "kill -9 $$"), 137)
        self.assertEqual(self.status("--", "/nonexistent/program"), 127)

    def test_usage(self):
        self.assertEqual(self.status("--help"), 0)
        for bad in (["--wire", "slow"], ["--tcp", "x:y"], ["--fault", "flop=1"], ["--nothing"],
                    ["--fault", "flip=2"], ["--fault", "reset@0"], ["--latency-ms", "-1"]):
            self.assertEqual(self.status(*bad), 2, bad)

    def test_ready_file(self):
        with tempfile.TemporaryDirectory() as folder:
            ready = os.path.join(folder, "ready")
            with board("--ready-file", ready) as sim:
                self.assertEqual(pathlib.Path(ready).read_text().strip(), sim.address)


def main():
    global ARGS
    parser = argparse.ArgumentParser()
    parser.add_argument("--espsim", type=os.path.abspath)
    parser.add_argument("--tty-probe", type=os.path.abspath)
    parser.add_argument("--child-pty", action="store_true")
    parser.add_argument("--child-unplug", action="store_true")
    ARGS, rest = parser.parse_known_args()
    if ARGS.child_pty:
        return child_pty()
    if ARGS.child_unplug:
        return child_unplug()
    return unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
