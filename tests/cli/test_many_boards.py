"""Several boards from one command: each saved on its own, one that fails harming none of the others."""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ARGS = None
FLASH_BYTES = 256 * 1024


class ManyBoards(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.flashes = []

    def board(self, *options):
        number = len(self.flashes)
        flash = self.folder / f"flash{number}.bin"
        flash.write_bytes(hashlib.shake_128(bytes([number])).digest(FLASH_BYTES))
        self.flashes.append(flash)
        process = subprocess.Popen(
            [ARGS.bin / "tests/espsim/espsim", "--rfc2217", "--chip", ("esp32", "esp32c3")[number % 2],
             "--flash", flash, "--jedec", "ef4012", "--mac", f"24:0a:c4:00:00:{number:02x}", *options],
            stdout=subprocess.PIPE, text=True)
        self.stack.callback(process.wait)
        self.stack.callback(process.terminate)
        self.stack.callback(process.stdout.close)
        return process.stdout.readline().split()[-1]

    def run_tool(self, ports, *args, command="backup"):
        env = {k: v for k, v in os.environ.items() if k not in ("ESPBACKUP_PORT", "ESPTOOL_PORT")}
        return subprocess.run(
            [ARGS.bin / "src/espbackup", *(word for port in ports for word in ("--port", port)),
             *args, *command.split()],
            cwd=self.folder, env=env, capture_output=True, text=True, timeout=600, check=False)

    def saved(self):
        return sorted(path.read_bytes() for path in (self.folder / "backups").glob("*.bin"))

    def test_each_board_is_saved(self):
        ports = [self.board() for _ in range(4)]
        done = self.run_tool(ports, "--json", "-v")
        self.assertEqual(done.returncode, 0, done.stderr)
        boards = json.loads(done.stdout)["boards"]
        self.assertEqual([board["port"] for board in boards], ports)
        for number, board in enumerate(boards):
            self.assertTrue(board["verified"])
            self.assertEqual(board["chip"]["macs"][0]["mac"], f"24:0a:c4:00:00:{number:02x}")
            self.assertEqual((self.folder / board["image"]).read_bytes(),
                             self.flashes[number].read_bytes())
        self.assertEqual(done.stderr.count("Wi-Fi passwords"), 1)
        self.assertIn(f"{ports[2]}: done: 256 KB", done.stderr)

    def test_one_that_fails_leaves_the_others_alone(self):
        ports = [self.board(), self.board("--mute-flash"), self.board(), "rfc2217://127.0.0.1:1"]
        done = self.run_tool(ports)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("2 of 4 boards failed", done.stderr)
        self.assertIn(f"{ports[1]}: warning: the flash does not answer", done.stderr)
        self.assertEqual(self.saved(), sorted(self.flashes[i].read_bytes() for i in (0, 2)))
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 5)
        self.assertIn("FAILED", lines[2])

    def test_the_next_run_resumes_one_that_vanishes(self):
        ports = [self.board(), self.board("--fault", "unplug@100000", "--fault-dir", "to-host")]
        done = self.run_tool(ports, "--json")
        self.assertEqual(done.returncode, 4, done.stderr)
        boards = json.loads(done.stdout)["boards"]
        self.assertTrue(boards[0]["verified"])
        self.assertEqual(boards[1]["error"]["code"], "port_lost")
        self.assertTrue((self.folder / boards[1]["part"]).exists())

    def test_nonsense_is_refused(self):
        for ports, args, command, words in (
                (["a", "b"], [], "erase", "takes only one --port"),
                (["a", "a"], [], "backup", "--port a is given twice"),
                (["all", "a"], [], "backup", "--port all cannot be used with another"),
                (["a", "b"], ["--output", "x.bin"], "backup", "--output names one image")):
            done = self.run_tool(ports, *args, command=command)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    ARGS, rest = parser.parse_known_args()
    ARGS.bin = ARGS.bin.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
