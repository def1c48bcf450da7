"""What the tests of docs/recipes share: the code of a page, and simulated boards on a bench.

A page names each of its files in a line of its own, before the block of code:

    `NAME`:

    ```makefile
    ...
    ```
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLASH_BYTES = 256 * 1024
PORT = "/dev/ttyUSB7"  # as a program sees the board of run_at_board()
UNREADABLE = ["--chip", "esp32s3", "--efuse", "secure-download"]  # a board that lets nobody read its flash
BIN = None


def page_text(page):
    return (ROOT / "docs/recipes" / page).read_text(encoding="utf-8")


def page_files(page):
    """{name: text} of all files that the page shows."""
    found = re.findall(r"(?ms)^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", page_text(page))
    names = [name for name, _ in found]
    assert names and len(set(names)) == len(names), f"{page}: {names}"
    return dict(found)


def page_commands(page):
    """The lines that the page tells to type: those of its indented blocks, without what follows two spaces."""
    text = (ROOT / "docs/recipes" / page).read_text(encoding="utf-8")
    text = re.sub(r"(?ms)^```.*?^```$", "", text)
    return [re.split(r"\s{2,}", line.strip())[0] for line in re.findall(r"(?m)^    (\S.*)$", text)]


def write_files(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def environment(*more_path):
    """Without what tells a port: a recipe has to say which board it means."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("ESPBACKUP_", "ESPTOOL_", "ESPSIM_", "PLATFORMIO_"))}
    env["PATH"] = os.pathsep.join([*map(str, more_path), str(BIN / "src"), str(BIN / "tests/espsim"),
                                   str(pathlib.Path(sys.executable).parent), env["PATH"]])
    env["ESPTOOL_CFGFILE"] = str(ROOT / "tests/support/esptool.cfg")
    return env


def random_bytes(seed, size=FLASH_BYTES):
    return hashlib.shake_128(repr(seed).encode()).digest(size)


class Bench(unittest.TestCase):
    """A folder, and in it the flash of one board."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="espbackup-recipe-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.flash = self.folder / "flash.bin"
        self.before = random_bytes("before")
        self.flash.write_bytes(self.before)

    def run_at_board(self, *command, env=None, cwd=None, board=(), text_in=None):
        """A command that sees the board as a USB serial adapter, /dev/ttyUSB7."""
        env = env or environment()
        return subprocess.run(
            ["espsim", "--chip", "esp32", "--flash", self.flash, "--jedec", "ef4012", "--pty", *board, "--",
             # espsim sets them, which would hide that a recipe forgets the port.
             "env", "-u", "ESPBACKUP_PORT", "-u", "ESPTOOL_PORT", *command],
            cwd=cwd or self.folder, env=env, input=text_in, capture_output=True, text=True, timeout=900,
            check=False)

    def assert_status(self, done, status=0):
        self.assertEqual(done.returncode, status, f"{done.args}\n{done.stdout}\n{done.stderr}")

    def assert_flash_unchanged(self):
        self.assertEqual(self.flash.read_bytes(), self.before)

    def assert_flashed(self, app, address=0x10000):
        """The app is at its address."""
        self.assertEqual(self.flash.read_bytes()[address:address + len(app)], app)

    def one_backup(self, folder="backups"):
        """The only image there: it has the flash as it was before."""
        image, = (self.folder / folder).glob("*.bin")
        self.assertEqual(image.read_bytes(), self.before)
        return image


class Board:
    """A board that other programs may use, as long as this object lives: `env` shows it to them."""

    def __init__(self, folder, number, chip="esp32"):
        self.flash = folder / f"flash{number}.bin"
        self.mac = f"24:0a:c4:00:00:{number:02x}"
        self.flash.write_bytes(random_bytes(number))
        ready = folder / f"board{number}.json"
        dump = "import json,os,sys; json.dump(dict(os.environ), open(sys.argv[1] + '.new', 'w')); " \
               "os.rename(sys.argv[1] + '.new', sys.argv[1])"
        self.process = subprocess.Popen(
            ["espsim", "--chip", chip, "--flash", self.flash, "--jedec", "ef4012", "--mac", self.mac, "--pty",
             "--", "sh", "-c", f'{sys.executable} -c "{dump}" {ready}; exec sleep infinity'],
            env=environment(), cwd=folder)
        while not ready.exists():
            assert self.process.poll() is None, "espsim does not start"
            time.sleep(0.02)
        board_env = json.loads(ready.read_text(encoding="utf-8"))
        self.env = {key: value for key, value in board_env.items()
                    if key.startswith("ESPSIM_TTY_") or key in ("LD_PRELOAD", "ASAN_OPTIONS")}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def wait_for_listener(port):
    """By the system's table, because a connection would take the board."""
    end = time.monotonic() + 300
    while True:
        tables = [pathlib.Path("/proc/net", name).read_text(encoding="ascii") for name in ("tcp", "tcp6")]
        if any(re.search(rf":{port:04X} 0+:0000 0A", table) for table in tables):
            return
        assert time.monotonic() < end, f"nothing listens at port {port}"
        time.sleep(0.05)


def needs(*programs):
    """What tests/setup.sh installs must be there: a test that is left out tests nothing."""
    missing = [name for name in programs if shutil.which(name) is None]
    assert not missing, f"not installed: {' '.join(missing)}; run tests/setup.sh"


def main():
    global BIN
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    args, rest = parser.parse_known_args()
    BIN = args.bin.resolve()
    os.environ["PATH"] = environment()["PATH"]
    unittest.main(module="__main__", argv=[sys.argv[0], *rest])
