"""docs/recipes/makefile.md with the real make, esptool and a simulated board."""
import unittest

import bench

PAGE = "makefile.md"


class Makefile(bench.Bench):
    def setUp(self):
        super().setUp()
        bench.write_files(self.folder, bench.page_files(PAGE))
        self.app = bench.random_bytes("app", 5000)
        (self.folder / "app").write_bytes(self.app)
        (self.folder / "Makefile").write_text("include espbackup.mk\nfirmware.bin: app\n\tcp app firmware.bin\n")

    def make(self, *words, **kinds):
        return self.run_at_board("make", *words, f"PORT={bench.PORT}", **kinds)

    def test_commands_of_the_page(self):
        self.assertEqual(bench.page_commands(PAGE),
                         ["make flash PORT=/dev/ttyACM0", "make restore", "make restore BACKUP=NAME"])

    def test_flash_backs_up_first_and_restore_undoes_it(self):
        self.assert_status(self.make("-j4", "flash"))
        image = self.one_backup()
        self.assert_flashed(self.app)
        self.assert_status(self.make("restore"), 2)  # nobody answers
        self.assert_flashed(self.app)
        self.assert_status(self.make("restore", f"BACKUP={image.stem}", "ESPBACKUP=espbackup --yes"))
        self.assert_flash_unchanged()

    def test_nothing_is_flashed_without_a_backup(self):
        (self.folder / "backups").write_text("a file, not a folder")
        self.assert_status(self.make("flash"), 2)
        self.assert_flash_unchanged()
        (self.folder / "backups").unlink()
        self.assert_status(self.make("-j4", "flash", board=["--fault", "unplug@100000"]), 2)
        self.assert_flash_unchanged()
        self.assertTrue(list((self.folder / "backups").glob("*.part")))

    def test_no_other_board_is_tried(self):
        done = self.run_at_board("make", "backup", "PORT=/dev/ttyUSB9")
        self.assert_status(done, 2)
        self.assertIn("Error 4", done.stderr)

    def test_the_newest_backup_is_of_another_board(self):
        self.assert_status(self.make("flash"))
        done = self.make("restore", "ESPBACKUP=espbackup --yes", board=["--mac", "24:0a:c4:00:00:77"])
        self.assert_status(done, 2)
        self.assertIn("24:0a:c4:00:00:77", done.stderr)
        self.assert_flashed(self.app)


if __name__ == "__main__":
    bench.needs("make")
    bench.main()
