"""What Espressif's generator makes is shown as its CSV says, and the CSV of `show` makes it again."""
import argparse
import csv
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

ARGS = None


def read_csv(path):
    """{(namespace, key): (encoding, value)}"""
    values, space = {}, None
    lines = [line for line in path.read_text().splitlines(True) if not line.startswith("#")]
    for row in csv.DictReader(lines):
        if row["type"] == "namespace":
            space = row["key"]
        else:
            values[space, row["key"]] = (row["encoding"], row["value"])
    return values


class ShowNvs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def generate(self, table, size, *more):
        out = self.folder / "made.bin"
        subprocess.run([sys.executable, "-m", "esp_idf_nvs_partition_gen", *(more or ["generate"]), table, out,
                        hex(size)], check=True, cwd=self.folder, stdout=subprocess.PIPE)
        return out

    def show(self, *args):
        done = subprocess.run([ARGS.bin / "src/espbackup", "-q", "show", *args], cwd=self.folder,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def check(self, table, size):
        image = self.generate(table, size)
        wanted = read_csv(table)
        shown = json.loads(self.show("--json", "--reveal", image))["partitions"][0]["nvs"]
        self.assertEqual(shown["invalid"] + shown["orphans"], 0)
        self.assertEqual({(v["namespace"], v["key"]): ("hex2bin" if v["type"] == "blob" else v["type"],
                                                       str(v["value"])) for v in shown["values"]}, wanted)
        again = self.folder / "again.csv"
        again.write_text(self.show("--csv", "--reveal", image))
        self.assertEqual(read_csv(again), wanted)
        image = self.generate(again, size)
        again.write_text(self.show("--csv", "--reveal", image))
        self.assertEqual(read_csv(again), wanted)

    def test_all_types(self):
        self.check(ARGS.bin / "testdata/parts/nvs-all.csv", 0x10000)

    def test_any(self):
        for seed in range(6):
            rng = random.Random(seed)
            rows = ["key,type,encoding,value"]
            for space in range(rng.randint(1, 5)):
                rows.append(f"space{space},namespace,,")
                for key in range(rng.randint(1, 40)):
                    bits = rng.choice((8, 16, 32, 64))
                    kind = rng.choice((f"u{bits}", f"i{bits}", "string", "hex2bin"))
                    low, high = (-2 ** (bits - 1), 2 ** (bits - 1) - 1) if kind[0] == "i" else (0, 2 ** bits - 1)
                    value = {"string": "s" * rng.randint(0, 300),
                             "hex2bin": rng.randbytes(rng.choice((1, 31, 32, 33, 4064, 5000))).hex()}.get(
                                 kind, rng.randint(low, high))
                    rows.append(f"k{key},data,{kind},{value}")
            table = self.folder / "table.csv"
            table.write_text("\n".join(rows) + "\n")
            with self.subTest(seed=seed):
                self.check(table, 0x80000)

    def test_encrypted(self):
        table = ARGS.bin / "testdata/parts/nvs-all.csv"
        out = self.folder / "made.bin"
        subprocess.run([sys.executable, "-m", "esp_idf_nvs_partition_gen", "encrypt", table, out, "0x10000",
                        "--keygen", "--keyfile", "keys.bin"], check=True, cwd=self.folder,
                       stdout=subprocess.PIPE)
        part = json.loads(self.show("--json", "--reveal", out))["partitions"][0]
        self.assertEqual((part["content"], part["nvs"]["readable"], part["nvs"]["count"]), ("nvs", False, 0))
        self.assertIn("encrypted", self.show(out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    ARGS, rest = parser.parse_known_args()
    ARGS.bin = ARGS.bin.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
