"""docs/recipes/esp-idf.md with CMake, esptool and a simulated board; a small file stands for ESP-IDF."""
import bench

PAGE = "esp-idf.md"
# What a project of ESP-IDF gets from it: IDF_TARGET, and targets that flash the board at ESPPORT.
PROJECT_CMAKE = """
set(IDF_TARGET esp32)
foreach(target flash app-flash bootloader-flash partition-table-flash)
    add_custom_target(${target} USES_TERMINAL VERBATIM
        COMMAND sh -c "esptool --port $ESPPORT write-flash 0x10000 '${CMAKE_SOURCE_DIR}/app.bin'")
endforeach()
"""


class EspIdf(bench.Bench):
    generator = "Ninja"

    def setUp(self):
        super().setUp()
        self.project, idf = self.folder / "project", self.folder / "idf"
        bench.write_files(self.project, bench.page_files(PAGE))
        bench.write_files(idf, {"tools/cmake/project.cmake": PROJECT_CMAKE})
        self.app = bench.random_bytes("app", 5000)
        (self.project / "app.bin").write_bytes(self.app)
        self.env = bench.environment() | {"IDF_PATH": str(idf)}
        # Without languages CMake needs no compiler; ESP-IDF's project() brings its own.
        listing = self.project / "CMakeLists.txt"
        listing.write_text(listing.read_text().replace("project(app)", "project(app NONE)"))
        self.configure()

    def configure(self, *words):
        self.assert_status(self.run_here("cmake", "-B", "build", "-G", self.generator, *words))

    def run_here(self, *command, **kinds):
        return self.run_at_board(*command, env=self.env, cwd=self.project, **kinds)

    def target(self, name, **kinds):
        return self.run_here("env", f"ESPPORT={bench.PORT}", "cmake", "--build", "build", "--target", name, **kinds)

    def test_backup_and_flash(self):
        self.assert_status(self.target("backup"))
        self.one_backup("project/backups").unlink()
        self.assert_status(self.target("flash"))
        image = self.one_backup("project/backups")
        self.assert_flashed(self.app)
        line = [line for line in bench.page_commands(PAGE) if "restore" in line][0]
        self.assert_status(self.run_here(*line.replace("/dev/ttyUSB0", bench.PORT).split(), "--yes"))
        self.assert_flash_unchanged()
        image.unlink()

    def test_nothing_is_flashed_without_a_backup(self):
        (self.project / "backups").write_text("a file, not a folder")
        for name in ("flash", "app-flash"):
            done = self.target(name)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("There is no verified backup: espbackup ended with status 1", done.stdout + done.stderr)
            self.assert_flash_unchanged()

    def test_another_chip_is_refused(self):
        done = self.target("flash", board=["--chip", "esp32c3"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("status 5", done.stdout + done.stderr)
        self.assert_flash_unchanged()

    def test_the_option_leaves_the_backup_out(self):
        self.configure("-DESPBACKUP_BEFORE_FLASH=OFF")
        self.assert_status(self.target("flash"))
        self.assert_flashed(self.app)
        self.assertFalse((self.project / "backups").exists())

    def test_no_other_board_is_tried(self):
        done = self.run_here("env", "ESPPORT=/dev/ttyUSB9", "cmake", "--build", "build", "--target", "backup")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("status 4", done.stdout + done.stderr)

    def test_without_espport_espbackup_finds_the_port(self):
        self.assert_status(self.run_here("cmake", "--build", "build", "--target", "backup"))
        self.one_backup("project/backups")


class WithMake(EspIdf):
    generator = "Unix Makefiles"


if __name__ == "__main__":
    bench.needs("cmake", "ninja", "make")
    bench.main()
