"""docs/recipes/before-flashing.md with real esptool and a simulated board."""
import shlex

import bench

PAGE = "before-flashing.md"


class BeforeFlashing(bench.Bench):
    def setUp(self):
        super().setUp()
        bench.write_files(self.folder, bench.page_files(PAGE))
        self.app = bench.random_bytes("app", 5000)
        (self.folder / "firmware.bin").write_bytes(self.app)

    def type_line(self, line, **kinds):
        """A line as the page shows it, with the port of the simulated board."""
        words = shlex.split(line.replace("/dev/ttyUSB0", bench.PORT))
        return self.run_at_board(*words, env=bench.environment(self.folder), **kinds)

    def esptool_line(self):
        line, = (line for line in bench.page_commands(PAGE) if " esptool " in line)
        return line

    def test_backup_then_esptool(self):
        done = self.type_line(self.esptool_line())
        self.assert_status(done)
        self.one_backup()
        self.assert_flashed(self.app)

    def test_a_failure_prints_the_way_back(self):
        done = self.type_line(f"backup-then {bench.PORT} sh -c '{self.esptool_line().split(' ', 2)[2]}; exit 9'")
        self.assert_status(done, 9)
        self.one_backup()
        self.assert_flashed(self.app)
        self.assert_status(self.type_line(done.stderr.splitlines()[-1] + " --yes"))
        self.assert_flash_unchanged()

    def test_nothing_runs_without_a_backup(self):
        done = self.type_line(self.esptool_line(), board=["--fault", "unplug@100000"])
        self.assert_status(done, 4)
        self.assertIn("did not run", done.stderr)
        self.assert_flash_unchanged()
        done = self.type_line(self.esptool_line(), board=bench.UNREADABLE)
        self.assert_status(done, 5)
        self.assert_flash_unchanged()

    def test_other_tools_have_the_port_twice(self):
        for line in bench.page_commands(PAGE):
            self.assertEqual(line.split().count("/dev/ttyUSB0"), 2, line)


if __name__ == "__main__":
    bench.needs("jq")
    bench.main()
