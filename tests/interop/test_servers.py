#!/usr/bin/env python3
"""espbackup through real RFC 2217 servers, in front of a simulated board.

    test_servers.py --list
    test_servers.py --bin DIR --bin DIR NAME

The server sees the board as /dev/ttyUSB7, modem lines and all (espsim --pty and its preload).
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
SUPPORT = pathlib.Path(__file__).resolve().parent.parent / "support"
FLASH_BYTES = 1 << 20
PROVED_BYTES = 128 << 10  # before a server is killed
PRELOADED = ("LD_PRELOAD", "ESPSIM_TTY_NAME", "ESPSIM_TTY_PTS", "ESPSIM_TTY_SYSFS",
             "ESPSIM_TTY_LINES")


class Failure(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failure(what)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def listens(port):
    """By the system's table: a connection would open the board's port."""
    entry = f"0100007F:{port:04X} 00000000:0000 0A"
    anywhere = f"00000000:{port:04X} 00000000:0000 0A"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        text = pathlib.Path(table).read_text(encoding="ascii")
        if entry in text or anywhere in text or f":{port:04X} " + "0" * 32 + ":0000 0A" in text:
            return True
    return False


class Server:
    """One server on the board's port; it can be killed and started again at the same address."""

    def __init__(self, kind, device):
        self.port, self.process = free_port(), None
        if kind == "ser2net":
            program = shutil.which("ser2net", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
            if program is None:
                print("ser2net is not installed; tests/setup.sh installs it")
                sys.exit(SKIPPED)
            pathlib.Path("ser2net.yaml").write_text(
                "%YAML 1.1\n---\n"
                "connection: &board\n"
                f"  accepter: telnet(rfc2217),tcp,127.0.0.1,{self.port}\n"
                f"  connector: serialdev,{device},115200n81,local\n", encoding="ascii")
            self.command = [program, "-d", "-u", "-c", "ser2net.yaml"]
        else:
            self.command = [sys.executable, "-m", "esp_rfc2217_server", "-p", str(self.port), device]

    @property
    def url(self):
        return f"rfc2217://127.0.0.1:{self.port}"

    def start(self):
        with open("server.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        end = time.monotonic() + 20
        while not listens(self.port):
            expect(self.process.poll() is None and time.monotonic() < end,
                   f"{self.command[0]} does not listen")
            time.sleep(0.02)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def serving(kind):
    server = Server(kind, os.environ["ESPBACKUP_PORT"])
    server.start()
    try:
        yield server
    finally:
        server.kill()


def start_ours(server, *arguments):
    """espbackup as on another machine: it sees nothing but the server's address."""
    env = {key: value for key, value in os.environ.items() if key not in PRELOADED}
    env["ESPBACKUP_PORT"] = server.url
    env.pop("ESPTOOL_PORT", None)
    return subprocess.Popen(["espbackup", "--json", *arguments], env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(process, status=0):
    out, err = process.communicate(timeout=600)
    expect(process.returncode == status,
           f"{process.args}: exit {process.returncode}, expected {status}\n{out}\n{err}")
    return json.loads(out)


def same_bytes(name):
    return pathlib.Path(name).read_bytes() == pathlib.Path("flash.bin").read_bytes()


def everything(kind):
    with serving(kind) as server:
        info = result_of(start_ours(server, "chip-info"))
        expect(info["chip"]["id"] == "esp32", f"chip: {info['chip']}")
        expect(info["connection"]["kind"] == "rfc2217", f"kind: {info['connection']}")
        expect(info["connection"]["baud"] == 921600, f"rate: {info['connection']}")
        backup = result_of(start_ours(server, "backup", "--output", "image.bin"))
        expect(same_bytes("image.bin"), "other bytes")
        expect(backup["verified_by"] == "chip-md5", f"verified_by: {backup['verified_by']}")


def wait_for_progress(process):
    """Until some of the flash is there, verified, and more is to come."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        expect(process.poll() is None, "espbackup ended before the server was killed")
        for journal in pathlib.Path("backups").glob("*.journal"):
            lines = journal.read_text(encoding="ascii").splitlines()
            if sum(int(line.split()[2], 16) for line in lines if line.startswith("read 0x")
                   ) >= PROVED_BYTES:
                return
        time.sleep(0.01)
    raise Failure("no progress within ten minutes")


def killed_and_back():
    """Killed in the middle and started again at once: the backup goes on by itself."""
    with serving("ser2net") as server:
        process = start_ours(server, "backup")
        wait_for_progress(process)
        server.kill()
        time.sleep(1)
        server.start()
        result_of(process)
        sidecar, = pathlib.Path("backups").glob("*_info.json")
        how = json.loads(sidecar.read_text(encoding="utf-8"))["connection"]
        expect(how["reconnects"] >= 1, f"the server was not missed: {how}")
        image, = pathlib.Path("backups").glob("*.bin")
        expect(same_bytes(image), "other bytes")


def killed_and_resumed():
    """Killed for good: exit 4 and a .part; with a new server the next backup resumes it."""
    with serving("ser2net") as server:
        process = start_ours(server, "backup")
        wait_for_progress(process)
        server.kill()
        failed = result_of(process, 4)
        expect(failed["error"]["exit"] == 4, f"error: {failed['error']}")
        expect(list(pathlib.Path("backups").glob("*.part")), "no .part")
        expect(not list(pathlib.Path("backups").glob("*.bin")), "a .bin that is not whole")
        server.start()
        done = result_of(start_ours(server, "backup"))
        expect(done["origins"]["resumed"] >= PROVED_BYTES, f"origins: {done['origins']}")
        image, = pathlib.Path("backups").glob("*.bin")
        expect(same_bytes(image), "other bytes")
        expect(not list(pathlib.Path("backups").glob("*.part")), "a .part is left")


def no_reset():
    """A board that is left in download mode is there again, and opening the port does not reset it.

    esp_rfc2217_server itself resets the board at each connection.
    """
    with serving("ser2net") as server:
        result_of(start_ours(server, "--after", "no-reset", "chip-info"))
        time.sleep(0.5)
        result_of(start_ours(server, "--before", "no-reset", "--connect-attempts", "2", "chip-info"))


# What runs, and the speed of the simulated line.
TESTS = {
    "ser2net": (lambda: everything("ser2net"), "instant"),
    "esp_rfc2217_server": (lambda: everything("esptool"), "instant"),
    "ser2net-no-reset": (no_reset, "instant"),
    "ser2net-killed-and-back": (killed_and_back, "real"),
    "ser2net-killed-and-resumed": (killed_and_resumed, "real"),
}


def outside(args):
    """Start the board, and this program again inside of it."""
    with tempfile.TemporaryDirectory(prefix="espbackup-servers-") as folder:
        flash = hashlib.shake_128(b"servers").digest(FLASH_BYTES)
        (pathlib.Path(folder) / "flash.bin").write_bytes(flash)
        env = dict(os.environ)
        env["ESPTOOL_CFGFILE"] = str(SUPPORT / "esptool.cfg")
        env["PATH"] = os.pathsep.join([*args.bin, env.get("PATH", "")])
        done = subprocess.run(
            ["espsim", "--chip", "esp32", "--flash", "flash.bin", "--pty", "--wire",
             TESTS[args.name][1], "--", sys.executable, os.path.abspath(__file__), "--inside",
             args.name], cwd=folder, env=env, check=False)
        log = pathlib.Path(folder) / "server.log"
        if done.returncode not in (0, SKIPPED) and log.exists():
            print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
        return done.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", action="append", type=os.path.abspath, default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("name", nargs="?", choices=list(TESTS))
    args = parser.parse_args()
    if args.list:
        print(";".join(TESTS))
        return 0
    if args.name is None:
        parser.error("a NAME is missing")
    if not args.inside:
        return outside(args)
    try:
        TESTS[args.name][0]()
    except Failure as failure:
        print(f"{args.name}: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
