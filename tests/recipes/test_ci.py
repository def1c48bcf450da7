"""docs/recipes/ci.md: the schemas of GitHub and GitLab accept it, and its steps run at a simulated board."""
import json
import subprocess

import yaml

import bench

PAGE = "ci.md"
GITHUB, GITLAB = ".github/workflows/board.yml", ".gitlab-ci.yml"


class Runner(bench.Bench):
    name = None

    def setUp(self):
        super().setUp()
        bench.write_files(self.folder, bench.page_files(PAGE))
        self.app = bench.random_bytes("app", 5000)
        (self.folder / "app").write_bytes(self.app)
        bench.write_files(self.folder, {"Makefile": "firmware.bin: app\n\tcp app firmware.bin\n"})
        self.write_test("cmp app <(dd bs=4096 skip=16 if=flash.bin status=none | head -c 5000)")

    def write_test(self, command):
        """What the project's own test does."""
        bench.write_files(self.folder, {"test-board.sh": f"#!/bin/bash\n{command}\n"})

    def recipe(self):
        return yaml.safe_load((self.folder / self.name).read_text(encoding="utf-8"))

    def check_schema(self, schema):
        done = subprocess.run([bench.ROOT / ".cache/venv-recipes/bin/check-jsonschema", "--builtin-schema",
                               schema, self.folder / self.name], capture_output=True, text=True, check=False)
        self.assert_status(done)

    def shell(self, options, text, variables, board=()):
        env = bench.environment() | {name: value.replace("/dev/ttyUSB0", bench.PORT)
                                     for name, value in variables.items()}
        ports = [f"{name}={env[name]}" for name in ("ESPBACKUP_PORT", "ESPTOOL_PORT")]
        script = self.folder / ".step"
        script.write_text(text)
        return self.run_at_board(*ports, "bash", *options, script, env=env, board=board)

    def result(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


class GitHub(Runner):
    name = GITHUB

    def job(self, board=()):
        """As the runner does it: a shell for each step, those after a failure by their `if`."""
        recipe = self.recipe()
        job, = recipe["jobs"].values()
        outcomes, failed, ran = {}, False, []
        for step in job["steps"]:
            condition = step.get("if", "success()")
            self.assertIn(condition, ("success()", "always()", "always() && steps.backup.outcome == 'success'"))
            wanted = not failed if condition == "success()" else True
            if "steps.backup" in condition:
                wanted = outcomes.get("backup") == "success"
            if not wanted or "run" not in step:
                continue
            done = self.shell(["-e"], step["run"], job["env"] | {"GITHUB_SHA": "0123abc"}, board)
            outcomes[step.get("id")] = "success" if done.returncode == 0 else "failure"
            failed = failed or done.returncode != 0
            ran.append(step["name"])
        return not failed, ran

    def test_schema(self):
        self.check_schema("vendor.github-workflows")

    def test_everything_works(self):
        self.assertEqual(self.job(), (True, ["Build", "Back up", "Flash", "Test", "Restore"]))
        self.assert_flash_unchanged()
        self.assertTrue(self.result("backup.json")["verified"])
        self.assertTrue(self.result("restore.json")["verified"])

    def test_restored_after_a_failure(self):
        self.write_test("exit 1")
        self.assertEqual(self.job(), (False, ["Build", "Back up", "Flash", "Test", "Restore"]))
        self.assert_flash_unchanged()

    def test_nothing_happens_without_a_backup(self):
        self.assertEqual(self.job(bench.UNREADABLE), (False, ["Build", "Back up"]))
        self.assert_flash_unchanged()
        self.assertEqual(self.result("backup.json")["error"]["exit"], 5)

    def test_no_image_is_uploaded(self):
        job, = self.recipe()["jobs"].values()
        paths = [line for step in job["steps"] if "upload" in step.get("uses", "")
                 for line in step["with"]["path"].split()]
        self.assertEqual(paths, ["backup.json", "restore.json"])


class GitLab(Runner):
    name = GITLAB

    def job(self, board=()):
        """As the runner does it: one shell for before_script and script, then another, always."""
        job, = self.recipe().values()
        variables = job["variables"] | {"CI_COMMIT_SHA": "0123abc"}
        done = self.shell(["-eo", "pipefail"], "\n".join(job["before_script"] + job["script"]), variables, board)
        after = self.shell(["-eo", "pipefail"], "\n".join(job["after_script"]), variables, board)
        return done.returncode == 0, after.returncode == 0

    def test_schema(self):
        self.check_schema("vendor.gitlab-ci")

    def test_everything_works(self):
        for _ in range(2):  # the second job finds what the first left
            self.assertEqual(self.job(), (True, True))
            self.assert_flash_unchanged()
        self.assertTrue(self.result("restore.json")["verified"])

    def test_restored_after_a_failure(self):
        self.write_test("exit 1")
        self.assertEqual(self.job(), (False, True))
        self.assert_flash_unchanged()

    def test_nothing_happens_without_a_backup(self):
        self.assertEqual(self.job(bench.UNREADABLE), (False, True))
        self.assert_flash_unchanged()
        self.assertFalse((self.folder / "restore.json").exists())

    def test_no_image_is_uploaded(self):
        job, = self.recipe().values()
        self.assertEqual(job["artifacts"]["paths"], ["backup.json", "restore.json"])


del Runner  # no test of its own
if __name__ == "__main__":
    bench.main()
