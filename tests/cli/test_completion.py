"""TAB in real shells: bash with and without its package of completions, zsh and fish.

What may stand at the cursor, test_completion.c tests. Here it passes through each shell, with what the
shell takes for its own: quotes, blanks, colons.
"""
import argparse
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest

ARGS = None
SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = pathlib.Path("/usr/share/bash-completion/bash_completion")
BACKUPS = ["esp32_backup_20261121_101500", "my first backup", "a:b=c@d", "two'quotes", "price $5"]

# What is typed, and what TAB makes of it in bash and zsh.
SAME = {
    "espbackup rest": "espbackup restore ",
    "espbackup restore esp": "espbackup restore esp32_backup_20261121_101500 ",
    "espbackup restore my": r"espbackup restore my\ first\ backup ",
    r"espbackup restore my\ f": r"espbackup restore my\ first\ backup ",
    'espbackup restore "my': 'espbackup restore "my first backup" ',
    "espbackup restore 'my f": "espbackup restore 'my first backup' ",
    "espbackup restore tw": r"espbackup restore two\'quotes ",
    "espbackup restore pr": r"espbackup restore price\ \$5 ",
    "espbackup restore a": "espbackup restore a:b=c@d ",
    "espbackup restore a:": "espbackup restore a:b=c@d ",
    "espbackup restore a:b=": "espbackup restore a:b=c@d ",
    "espbackup restore a:b=c@": "espbackup restore a:b=c@d ",
    "espbackup restore fir": "espbackup restore firmware.bin ",  # a path
    "espbackup --port=soc": "espbackup --port=socket://",
    "espbackup --port soc": "espbackup --port socket://",
    "espbackup --port rfc2217:": "espbackup --port rfc2217://",
    "espbackup --port=socket://host:4000 --by": "espbackup --port=socket://host:4000 --by",
    "espbackup --port=rfc2217://host:4000 rest": "espbackup --port=rfc2217://host:4000 restore ",
    "espbackup --port socket://[::1]:4000 rest": "espbackup --port socket://[::1]:4000 restore ",
    "espbackup backup --output fir": "espbackup backup --output firmware.bin ",
    "espbackup backup --output=fir": "espbackup backup --output=firmware.bin ",
    "espbackup backup -ofir": "espbackup backup -ofirmware.bin ",
    "espbackup --dir my": r"espbackup --dir my\ dir/",
    "espbackup --dir=my": r"espbackup --dir=my\ dir/",
    "espbackup --dir my\\ dir restore b": r"espbackup --dir my\ dir restore big\ one ",
    "espbackup --dir 'my dir' restore b": r"espbackup --dir 'my dir' restore big\ one ",
    "espbackup --dir=~/w/my\\ dir restore b": r"espbackup --dir=~/w/my\ dir restore big\ one ",
    "espbackup erase nv": "espbackup erase nvs ",
    "espbackup show latest nv": "espbackup show latest nvs ",
    "espbackup show my\\ first\\ backup odd": r"espbackup show my\ first\ backup odd\ name ",
    "espbackup image pac": "espbackup image pack ",
    "espbackup completion po": "espbackup completion powershell ",
    "./tool/espbackup rest": "./tool/espbackup restore ",
    "~/w/tool/espbackup rest": "~/w/tool/espbackup restore ",
    "FOO=1 espbackup rest": "FOO=1 espbackup restore ",
    "true; espbackup rest": "true; espbackup restore ",
}


def image(label):
    """A flash with one partition."""
    entry = bytes([0xAA, 0x50, 1, 2, 0, 0x90, 0, 0, 0, 0x60, 0, 0]) + label.encode().ljust(20, b"\0")
    return b"\xff" * 0x8000 + entry + b"\xff" * (0x1000 - len(entry))


class Terminal:
    """A shell on a terminal of its own, in the folder."""

    def __init__(self, argv, env, folder):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(argv[0], argv, env)

    def send(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern):
        """What the pattern matches in what comes; all before it is forgotten."""
        deadline = time.monotonic() + 120
        while (found := re.search(pattern, self.seen)) is None:
            ready = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.seen[-3000:]!r}")
            self.seen += os.read(self.fd, 65536)
        self.seen = self.seen[found.end():]
        return found

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.folder = self.home / "w"
        for path in ("backups", "my dir", "tool"):
            (self.folder / path).mkdir(parents=True)
        for name in BACKUPS:
            (self.folder / "backups" / f"{name}.bin").write_bytes(
                image("odd name" if " " in name else "nvs"))
        (self.folder / "my dir/big one.bin").touch()
        (self.folder / "firmware.bin").touch()
        shutil.copy(ARGS.bin / "src/espbackup", self.folder / "tool")
        self.env = {"PATH": f"{ARGS.bin / 'src'}:{os.environ['PATH']}", "HOME": str(self.home), "TERM": "dumb",
                    "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null", "XDG_CONFIG_HOME": str(self.home),
                    "XDG_DATA_HOME": str(self.home)}
        self.env.update({key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")})
        for shell in ("bash", "zsh", "fish", "powershell"):
            (self.home / shell).write_bytes(self.run_tool("completion", shell))
        self.before = self.files()

    def files(self):
        return sorted(self.folder.rglob("*"))

    def run_tool(self, *args):
        done = subprocess.run([ARGS.bin / "src/espbackup", *args], cwd=self.folder, env=self.env,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def start(self, argv, setup):
        """A shell that shows its line, between < and >, at Ctrl-G, and empties it at Ctrl-U."""
        terminal = Terminal(argv, self.env, self.folder)
        self.addCleanup(terminal.close)
        # Quotes keep the echo of this line from being the answer.
        terminal.send(f"{setup}\necho 'READ'Y\n")
        terminal.until(rb"READY\r")
        return terminal

    def check(self, terminal, cases):
        for typed, expected in cases.items():
            with self.subTest(typed=typed):
                terminal.send(f"{typed}\t\x07")
                shown = terminal.until(rb"(?s)(.*)<([^<>]*)>\r?\n")
                terminal.send("\x15")
                self.assertEqual(shown[2].decode(), expected)
                self.assertNotIn(b"espbackup:", shown[1].replace(typed.encode(), b""))  # a message
        self.assertEqual(self.files(), self.before)

    # -- bash ------------------------------------------------------------------------------------

    BASH = ("bind 'set enable-bracketed-paste off'\n"
            "show() { printf '<%s>\\n' \"$READLINE_LINE\"; }\nbind -x '\"\\C-g\": show'\n")

    def start_bash(self, *setup):
        return self.start(["bash", "--norc", "--noprofile", "-i"], self.BASH + "\n".join(setup))

    def test_bash(self):
        terminal = self.start_bash("source ~/bash")
        self.check(terminal, {
            **SAME,
            "espbackup backup --output \"my dir/b": 'espbackup backup --output "my dir/big one.bin" ',
            "espbackup backup --output=\"my dir/b": 'espbackup backup --output="my dir/big one.bin" ',
        })

    def test_bash_with_its_package(self):
        """The package finds the script by itself, in a folder of the user."""
        place = self.home / "bash-completion/completions"
        place.mkdir(parents=True)
        (self.home / "bash").rename(place / "espbackup")
        self.check(self.start_bash(f"source {PACKAGE}"), SAME)

    def test_bash_with_other_breaks(self):
        terminal = self.start_bash("source ~/bash", "COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=@]}")
        # Names of files bash then finds only where a word of their own begins.
        self.check(terminal, {typed: line for typed, line in SAME.items() if "=fir" not in typed and "=my" not in typed})

    def test_bash_keeps_its_options(self):
        terminal = self.start_bash("source ~/bash", "set -f -u")
        self.check(terminal, {typed: SAME[typed] for typed in ("espbackup rest", "espbackup restore my")})
        terminal.send("echo \"<$->\"\n")
        self.assertIn(b"f", terminal.until(rb"\n<([a-zA-Z]*)>")[1])

    # -- zsh -------------------------------------------------------------------------------------

    ZSH = ("show() { printf '\\n<%s>\\n' \"$BUFFER\"; BUFFER=''; }; zle -N show; bindkey '^G' show\n"
           "autoload -Uz compinit; compinit -D -u\n")

    CASES_OF_ZSH = {
        **SAME,
        "espbackup backup --output \"my dir/b": 'espbackup backup --output "my dir/big one.bin" ',
    }

    def test_zsh(self):
        self.check(self.start(["zsh", "-f", "-i"], self.ZSH + "source ~/zsh"), self.CASES_OF_ZSH)

    def test_zsh_with_a_file_in_fpath(self):
        (self.home / "functions").mkdir()
        (self.home / "zsh").rename(self.home / "functions/_espbackup")
        self.check(self.start(["zsh", "-f", "-i"], "fpath+=~/functions\n" + self.ZSH), self.CASES_OF_ZSH)

    # -- fish ------------------------------------------------------------------------------------

    def fish(self, typed):
        done = subprocess.run(["fish", "--no-config", "-c", "source ~/fish; complete -C $argv[1]", "--", typed],
                              cwd=self.folder, env=self.env, capture_output=True, check=False)
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode().splitlines()

    def test_fish(self):
        cases = {
            "espbackup rest": ["restore\twrite a backup to the board, only where it differs"],
            "espbackup restore my": ["my first backup"],
            'espbackup restore "my': ["my first backup"],
            "espbackup restore 'my f": ["my first backup"],
            r"espbackup restore my\ f": ["my first backup"],
            "espbackup restore a:": ["a:b=c@d"],
            "espbackup restore tw": ["two'quotes"],
            "espbackup restore fir": ["firmware.bin"],
            "espbackup --port=soc": ["--port=socket://\tHOST:PORT, raw TCP"],
            "espbackup --port rfc2217:": ["rfc2217://\tHOST:PORT, a serial port of another computer"],
            "espbackup backup --output=fir": ["--output=firmware.bin"],
            "espbackup backup -ofir": ["-ofirmware.bin"],
            "espbackup --dir my": ["my dir/\tDirectory"],
            "espbackup --dir 'my dir' restore b": ["big one"],
            "espbackup --dir ~/w/my\\ dir restore b": ["big one"],
            "espbackup show my\\ first\\ backup o": ["odd name\tdata/nvs, 24 KB at 0x9000"],
            "espbackup show latest nv": ["nvs\tdata/nvs, 24 KB at 0x9000"],
            "./tool/espbackup --after h": ["hard-reset\tdefault"],
            "./tool/espbackup --after=h": ["--after=hard-reset\tdefault"],
        }
        for typed, expected in cases.items():
            with self.subTest(typed=typed):
                self.assertEqual(self.fish(typed), expected)
        self.assertEqual(self.fish("espbackup restore ")[:2],
                         ["latest\tthe newest complete backup of a whole flash", BACKUPS[0]])
        self.assertEqual(self.files(), self.before)

    # -- all -------------------------------------------------------------------------------------

    def test_a_command_has_every_shell(self):
        for shell in ("bash", "zsh", "fish", "powershell"):
            self.assertIn(b"__complete", (self.home / shell).read_bytes())

    def test_nothing_is_said_when_the_program_fails(self):
        """The scripts stay silent, whatever the program says or does."""
        (self.folder / "tool/espbackup").write_text("#!/bin/sh\necho espbackup: broken >&2\nexit 1\n")
        case = {"./tool/espbackup rest": "./tool/espbackup rest"}
        self.check(self.start_bash("source ~/bash"), case)
        self.check(self.start(["zsh", "-f", "-i"], self.ZSH + "source ~/zsh"), case)
        self.assertEqual(self.fish("./tool/espbackup rest"), [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    ARGS, rest = parser.parse_known_args()
    ARGS.bin = ARGS.bin.resolve()
    unittest.main(argv=["test_completion.py", *rest])
