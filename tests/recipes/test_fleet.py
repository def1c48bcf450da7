"""docs/recipes/fleet.md: eight simulated boards behind labgrid's exporters, and their backups in restic."""
import contextlib
import copy
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest

import yaml

import bench

PAGE = "fleet.md"
LABGRID = bench.ROOT / ".cache/venv-recipes/bin"
HOSTS = ("bench1", "bench2")
BOARDS = 8
# A simulated board is a tty only for programs with its preload. In front of ser2net, the exporter's real one.
SER2NET = """#!{python}
import json, os, re, sys
words = sys.argv[1:]
for i, word in enumerate(words):
    found = re.search(r"/dev/sim(\\d+)", word)
    if found:
        os.environ.update(json.load(open("{folder}/tty.json"))[int(found[1])])
        words[i] = word.replace(found[0], "/dev/ttyUSB7")
os.execv("{ser2net}", ["ser2net", *words])
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.folder = pathlib.Path(cls.stack.enter_context(bench.tempfile.TemporaryDirectory(prefix="espbackup-fleet-")))
        cls.page = bench.page_files(PAGE)
        cls.programs = cls.folder / "bin"
        bench.write_files(cls.programs, {pathlib.Path(name).name: text for name, text in cls.page.items()
                                         if name.startswith("/usr/local/bin/")})
        for name in ("labgrid-client", "labgrid-coordinator", "labgrid-exporter"):
            (cls.programs / name).symlink_to(LABGRID / name)
        cls.env = bench.environment(cls.programs) | {
            "FLEET": str(cls.folder / "fleet"), "LG_COORDINATOR": f"127.0.0.1:{free_port()}",
            "RESTIC_REPOSITORY": str(cls.folder / "off-site"), "RESTIC_PASSWORD_FILE": str(cls.folder / "password"),
            "XDG_CACHE_HOME": str(cls.folder / "cache")}
        (cls.folder / "password").write_text("a password of the test")
        cls.boards = []
        for number in range(BOARDS):
            board = bench.Board(cls.folder, number, ("esp32", "esp32c3")[number % 2])
            cls.stack.callback(board.stop)
            cls.boards.append(board)
        (cls.folder / "tty.json").write_text(json.dumps([board.env for board in cls.boards]))
        ser2net = shutil.which("ser2net", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        assert ser2net, "ser2net is not installed; run tests/setup.sh"
        bench.write_files(cls.folder / "wrapped", {"ser2net": SER2NET.format(
            python=bench.sys.executable, folder=cls.folder, ser2net=ser2net)})

    @classmethod
    def start(cls, name, *command, **kinds):
        """A server of the lab, until the end."""
        log = cls.stack.enter_context(open(cls.folder / f"{name}.log", "wb"))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **kinds)
        cls.stack.callback(cls.stop, process)

    @staticmethod
    def stop(process):
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # ser2net may wait for a board that reads no more
            process.kill()
            process.wait()

    @classmethod
    def logs(cls):
        return "".join(f"\n--- {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in cls.folder.glob("*.log"))

    @classmethod
    def serve_boards(cls):
        """Coordinator, an exporter for each host with the entries of the page, and the places."""
        (cls.folder / "coordinator").mkdir()
        cls.start("coordinator", "labgrid-coordinator", "-l", cls.env["LG_COORDINATOR"], env=cls.env,
                  cwd=cls.folder / "coordinator")
        bench.wait_for_listener(int(cls.env["LG_COORDINATOR"].split(":")[1]))  # an exporter gives up without it
        entry = yaml.safe_load(cls.page["/etc/labgrid/exporter.yaml"])["esp-a1"]
        cls.places = [f"esp-{'ab'[n * len(HOSTS) // BOARDS]}{n % (BOARDS // len(HOSTS)) + 1}" for n in range(BOARDS)]
        for host in HOSTS:
            entries = {}
            for number, place in enumerate(cls.places):
                if HOSTS["ab".index(place[4])] == host:
                    entries[place] = copy.deepcopy(entry)
                    entries[place]["RawSerialPort"]["port"] = f"/dev/sim{number}"
            config = cls.folder / f"{host}.yaml"
            config.write_text(yaml.safe_dump(entries))
            env = cls.env | {"PATH": f"{cls.folder}/wrapped:{cls.env['PATH']}"}
            cls.start(host, "labgrid-exporter", "-c", cls.env["LG_COORDINATOR"], "-n", host, "--hostname",
                      "127.0.0.1", config, env=env)
        end = time.monotonic() + 20
        while (done := cls.run_words("labgrid-client", "resources")).stdout.count("NetworkSerialPort") < BOARDS:
            assert time.monotonic() < end, f"the exporters do not come up: {done}" + cls.logs()
            time.sleep(0.5)
        (cls.folder / "fleet").mkdir()
        once, = [re.findall(r"(?m)^    (.*)$", text) for text in
                 re.findall(r"(?s)once for\neach board:\n\n(.*?)\n\n", bench.page_text(PAGE))]
        for place in cls.places:
            for line in once:
                done = cls.run_line(line.replace("esp-a1", place))
                assert done.returncode == 0, (line, done.stderr)

    @classmethod
    def run_words(cls, *words, **env):
        return subprocess.run(words, cwd=cls.folder, env=cls.env | env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=900, check=False)

    @classmethod
    def run_line(cls, line, **env):
        """A line of the page, with folders of the test."""
        line = line.replace("/srv/espbackup", f"{cls.folder}/fleet").replace("/srv/drill", f"{cls.folder}/drill")
        return cls.run_words("bash", "-c", line, **env)

    def expect(self, line, status=0, **env):
        done = self.run_line(line, **env)
        self.assertEqual(done.returncode, status, f"{line}\n{done.stdout}\n{done.stderr}")
        return done

    def everywhere(self, command, **env):
        """A command at all boards at once."""
        self.expect(f"parallel --jobs 8 with-board '{{}}' {command} :::: {self.folder}/fleet/places", **env)

    def flashes(self):
        return [board.flash.read_bytes() for board in self.boards]

    def images(self, place):
        return sorted((self.folder / "fleet/boards" / place).glob("*.bin"))

    def test_the_lab(self):
        self.serve_boards()
        self.expect("restic init")
        before = self.flashes()
        self.first_night(before)
        self.boards_change()
        self.everything_comes_back_from_restic(before)
        self.somebody_has_a_place()

    def first_night(self, before):
        self.expect("fleet-backup")
        for number, place in enumerate(self.places):
            result = json.loads((self.folder / f"fleet/results/{place}.json").read_text())
            self.assertTrue(result["verified"])
            self.assertEqual(result["chip"]["macs"][0]["mac"], self.boards[number].mac)
            image, = self.images(place)
            self.assertEqual(image.read_bytes(), before[number])
            self.assertEqual(image.stat().st_mode & 0o077, 0)

    def boards_change(self):
        self.everywhere("espbackup --yes erase 0x8000 0x4000")
        firmware = self.folder / "firmware.bin"
        firmware.write_bytes(bench.random_bytes("firmware", 5000))
        self.expect("with-board esp-a1 esptool write-flash 0x10000 firmware.bin")
        self.assertEqual(self.flashes()[0][0x10000:0x10000 + 5000], firmware.read_bytes())
        for flash in self.flashes():
            self.assertEqual(flash[0x8000:0xc000], b"\xff" * 0x4000)

    def everything_comes_back_from_restic(self, before):
        kept = self.folder / "fleet-of-the-fire"
        (self.folder / "fleet/boards").rename(kept)
        commands = [line for line in bench.page_commands(PAGE) if "/srv/drill" in line]
        self.assertEqual(len(set(commands)), 5, commands)
        drill, back, check, verify, _ = dict.fromkeys(commands)
        self.assertIn("with-board esp-a1 espbackup restore latest", back)
        self.expect(drill)
        for place in self.places:
            self.expect(check.replace("esp-a1", place))
        self.expect(verify, 3)
        self.everywhere("espbackup --yes restore latest", FLEET=str(self.folder / "drill"))
        self.assertEqual(self.flashes(), before)
        self.expect(verify)
        kept.rename(self.folder / "fleet/boards")

    def somebody_has_a_place(self):
        theirs = {"LG_USERNAME": "someone"}
        (self.folder / "fleet/places").write_text("esp-a1\nesp-b2\nesp-b3\n")
        port = self.served_port("esp-b2", theirs)
        done = self.expect("fleet-backup", 1, FLEET_KEEP="1")
        self.assertRegex(done.stderr, r"no new backup:\n  esp-b2: status 75\n$")
        self.assertIn("Place esp-b2 is already acquired by", done.stderr)
        for place in ("esp-a1", "esp-b3"):  # of two images each the newest
            image, = self.images(place)
            self.assertTrue(image.with_name(image.stem + "_info.json").exists())
        origins = json.loads((self.folder / "fleet/results/esp-a1.json").read_text())["origins"]
        self.assertGreater(origins["earlier_backup"], 0)
        snapshots = json.loads(self.expect("restic snapshots --json").stdout)
        self.assertEqual(len(snapshots), 1)  # of one day the newest stays
        self.expect("restic check --read-data")
        self.expect("labgrid-client -p esp-b2 release", **theirs)
        done = self.expect(f"espbackup --json --port {port} chip-info", 4)
        self.assertIn("Connection refused", json.loads(done.stdout)["error"]["message"])

    def served_port(self, place, env):
        self.expect(f"labgrid-client -p {place} acquire", **env)
        target, = yaml.safe_load(self.expect(f"labgrid-client -p {place} env", **env).stdout)["targets"].values()
        return "rfc2217://127.0.0.1:{}".format(target["resources"][0]["NetworkSerialPort"]["port"])

    def test_units(self):
        units = {pathlib.Path(name).name: text.replace("/usr/local/bin", str(self.programs))
                 for name, text in self.page.items() if name.startswith("/etc/systemd/")}
        bench.write_files(self.folder / "units", units)
        done = self.run_words("systemd-analyze", "verify", "--man=no",
                              *(str(self.folder / "units" / name) for name in units))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_ser2net_alone(self):
        """A ser2net for each connection of the page, because a simulated board is a tty for one process."""
        ports = [free_port(), free_port()]
        parts = re.split(r"(?m)^(?=connection:)", self.page["/etc/ser2net.yaml"])[1:]
        self.assertEqual(len(parts), 2)
        line = [line for line in bench.page_commands(PAGE) if "--port" in line][0]
        for number, part in enumerate(parts):
            config = self.folder / f"ser2net{number}.yaml"
            part = part.replace(f"tcp,{4001 + number}", f"tcp,127.0.0.1,{ports[number]}")
            config.write_text("%YAML 1.1\n---\n" + re.sub(r"/dev/serial/[^,]*", bench.PORT, part))
            self.start(f"ser2net{number}", "ser2net", "-d", "-u", "-c", config,
                       env=self.env | self.boards[number].env | {"PATH": self.env["PATH"] + ":/usr/sbin"})
            line = line.replace(f"bench1:{4001 + number}", f"127.0.0.1:{ports[number]}")
            bench.wait_for_listener(ports[number])
        result = json.loads(self.expect(line).stdout)
        self.assertEqual([(self.folder / board["image"]).read_bytes() for board in result["boards"]],
                         self.flashes()[:2])
        with socket.create_connection(("127.0.0.1", ports[0])) as other:
            other.recv(1)
            done = self.expect(f"espbackup --json --port rfc2217://127.0.0.1:{ports[0]} chip-info", 4)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "port_busy")


if __name__ == "__main__":
    bench.needs("parallel", "restic", "systemd-analyze")
    bench.main()
