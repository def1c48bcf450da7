"""The commands that `show` prints for a file system: each is run, and brings the files back."""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

from littlefs import LittleFS

ARGS = None
STORAGE, SIZE = 0x2d0000, 0x100000
FILES = {"notes.txt": b"hello\n", "data.bin": random.Random(1).randbytes(30000), "empty": b""}


class ShowCommands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = os.pathsep.join([str(ARGS.bin / "src"), str(pathlib.Path(sys.executable).parent),
                                     os.environ["PATH"]])

    def run_line(self, *words):
        done = subprocess.run(words, cwd=self.folder, env={**os.environ, "PATH": self.path},
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, (words, done.stdout, done.stderr))
        return done.stdout.decode()

    def check(self, image, tool):
        """The lines behind "To read it:", with real names in place of those in capitals."""
        flash = bytearray((ARGS.bin / "testdata/esp32-4mb.bin").read_bytes())
        flash[STORAGE:STORAGE + SIZE] = image.ljust(SIZE, b"\xff")
        (self.folder / "flash.bin").write_bytes(flash)
        names = {"NAME": "storage", "BACKUP": "flash.bin", "FILE": "part.bin", "FOLDER": "out"}
        text = self.run_line("espbackup", "show", "flash.bin", "storage")
        lines = text.split("To read it:\n")[1].strip().splitlines()
        self.assertEqual(len(lines), 2)
        self.assertIn(tool, lines[1])
        (self.folder / "out").mkdir()
        for line in lines:
            self.run_line(*[names.get(word, word) for word in line.split()])
        got = {path.name: path.read_bytes() for path in (self.folder / "out").rglob("*") if path.is_file()}
        self.assertEqual(got, FILES)

    def test_littlefs(self):
        for block in (4096, 512):
            with self.subTest(block=block):
                fs = LittleFS(block_size=block, block_count=SIZE // block)
                for name, content in FILES.items():
                    with fs.open(name, "wb") as file:
                        file.write(content)
                self.check(bytes(fs.context.buffer), f"littlefs-python extract --block-size {block}")
                for path in (self.folder / "out").iterdir():
                    path.unlink()
                (self.folder / "out").rmdir()
                for path in self.folder.glob("part*"):
                    path.unlink()

    def test_fat(self):
        self.run_line("mformat", "-C", "-i", "fat.img", "-T", str(SIZE // 512), "-h", "1", "-s", "1", "::")
        for name, content in FILES.items():
            (self.folder / name).write_bytes(content)
            self.run_line("mcopy", "-i", "fat.img", name, "::/")
        self.check((self.folder / "fat.img").read_bytes(), "mcopy -s -i FILE ::/ FOLDER")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    ARGS, rest = parser.parse_known_args()
    ARGS.bin = ARGS.bin.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
