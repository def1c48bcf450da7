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

    def run_tool(self, status, *args):
        done = subprocess.run([ARGS.bin / "src/espbackup", "-q", *args], cwd=self.folder,
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.decode()

    def show(self, *args):
        return self.run_tool(0, "show", *args)

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

    def test_diff_names_keys(self):
        """Another store, in another order."""
        (self.folder / "other.csv").write_text(
            "key,type,encoding,value\nlight,namespace,,\nname,data,string,Front porch\nnew,data,u8,1\n"
            "threshold,data,u16,513\nswitched,data,u32,10431\n"
            "calibration,data,hex2bin,00112233445566778899aabbccddee00\nwifi,namespace,,\n"
            "ssid,data,string,porch\npassword,data,string,correct-horse-battery\nchannel,data,u32,6\n")
        flash = bytearray((ARGS.bin / "testdata/esp32-4mb.bin").read_bytes())
        (self.folder / "first.bin").write_bytes(flash)
        flash[0x9000:0xD000] = self.generate("other.csv", 0x4000).read_bytes()
        (self.folder / "second.bin").write_bytes(flash)
        text = self.run_tool(3, "diff", "first.bin", "second.bin")
        self.assertRegex(text, "nvs +light +calibration +blob +changed")
        self.assertRegex(text, "nvs +wifi +channel +u8 +only in the first")
        self.assertNotIn("ssid", text)
        self.assertNotIn("correct-horse", text)
        keys = json.loads(self.run_tool(3, "--json", "diff", "first.bin", "second.bin"))["nvs_keys"]
        self.assertEqual([(key["key"], key["type"], key["change"]) for key in keys],
                         [("calibration", "blob", "changed"), ("new", "u8", "added"),
                          ("threshold", "u16", "changed"), ("channel", "u32", "added"),
                          ("channel", "u8", "removed")])
        self.assertEqual(json.loads(self.run_tool(0, "--json", "diff", "first.bin", "first.bin"))["nvs_keys"], [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    ARGS, rest = parser.parse_known_args()
    ARGS.bin = ARGS.bin.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
