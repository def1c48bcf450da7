"""docs/recipes/platformio.md with the real PlatformIO Core, without network, and a simulated board.

Its core folder holds what it would fetch: SCons, and the small platform of this folder.
"""
import json
import shutil

import bench

PAGE = "platformio.md"
HERE = bench.pathlib.Path(__file__).resolve().parent
PIO = bench.ROOT / ".cache/venv-platformio/bin"
NOWHERE = "http://127.0.0.1:1"


def add_package(folder, name, version, **kinds):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".piopm").write_text(json.dumps({
        "type": kinds["type"], "name": name, "version": version,
        "spec": {"owner": "platformio", "id": None, "name": name, "requirements": None, "uri": None}}))


class PlatformIO(bench.Bench):
    def setUp(self):
        super().setUp()
        self.project, core = self.folder / "project", self.folder / "core"
        bench.write_files(self.project, bench.page_files(PAGE))
        shutil.copytree(HERE / "platform", core / "platforms/espressif32")
        add_package(core / "platforms/espressif32", "espressif32", "0.1.0", type="platform")
        scons = core / "packages/tool-scons"
        add_package(scons, "tool-scons", "4.41101.0", type="tool")
        (scons / "package.json").write_text('{"name": "tool-scons", "version": "4.41101.0"}')
        (scons / "scons.py").write_text("import SCons.Script\nSCons.Script.main()\n")
        self.app = bench.random_bytes("app", 5000)
        (self.project / "src").mkdir()
        (self.project / "src/app.bin").write_bytes(self.app)
        self.env = bench.environment() | {
            "PLATFORMIO_CORE_DIR": str(core), "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
            "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "ALL_PROXY": NOWHERE}

    def pio(self, target, *words, port=("--upload-port", bench.PORT), **kinds):
        return self.run_at_board(PIO / "pio", "run", "-t", target, *port, *words, env=self.env, cwd=self.project,
                                 **kinds)

    def set_option(self, line):
        with open(self.project / "platformio.ini", "a", encoding="utf-8") as ini:
            print(line, file=ini)

    def test_commands_of_the_page(self):
        self.assertEqual(bench.page_commands(PAGE),
                         ["pio run -t backup", "pio run -t upload", "pio run -t restore"])

    def test_backup_upload_restore(self):
        done = self.run_at_board(PIO / "pio", "run", "--list-targets", env=self.env, cwd=self.project)
        self.assertRegex(done.stdout, r"Custom +backup +Backup +Save the flash")
        self.assert_status(self.pio("backup"))
        self.one_backup("project/backups").unlink()
        self.assert_status(self.pio("upload"))
        self.one_backup("project/backups")
        self.assert_flashed(self.app)
        self.assert_status(self.pio("restore"))
        self.assert_flash_unchanged()

    def test_nothing_is_uploaded_without_a_backup(self):
        (self.project / "backups").write_text("a file, not a folder")
        for target in ("upload", "uploadfs", "erase"):
            done = self.pio(target)
            self.assert_status(done, 1)
            self.assertNotIn("write-flash", done.stdout)
            self.assert_flash_unchanged()

    def test_another_chip_is_refused(self):
        done = self.pio("upload", board=["--chip", "esp32c3"])
        self.assert_status(done, 1)
        self.assertIn("Error 5", done.stdout + done.stderr)
        self.assert_flash_unchanged()

    def test_no_other_board_is_tried(self):
        done = self.pio("backup", port=("--upload-port", "/dev/ttyUSB9"))
        self.assert_status(done, 1)
        self.assertIn("Error 4", done.stdout + done.stderr)

    def test_the_port_that_platformio_finds(self):
        self.assert_status(self.pio("upload", port=()))
        self.one_backup("project/backups")
        self.assert_flashed(self.app)

    def test_the_option_leaves_the_backup_out(self):
        self.set_option("custom_backup_before_upload = no")
        self.assert_status(self.pio("upload"))
        self.assert_flashed(self.app)
        self.assertFalse((self.project / "backups").exists())


if __name__ == "__main__":
    bench.main()
