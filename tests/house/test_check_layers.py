#!/usr/bin/env python3
"""Each rule of check_layers.py on small trees: it fails where it must, and nowhere else."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import check_layers  # noqa: E402

FUNCTION = 'int {name}(void)\n{{\n{body}}}\n'


def function(name, *calls):
    return FUNCTION.format(name=name, body=''.join(f'    {call}();\n' for call in calls))


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def found(self, files):
        """'RULE: PATH:LINE' of each violation in a tree of these files."""
        for path, text in files.items():
            self.write(path, text)
        return [f'{rule}: {path}:{rest.split(":")[0]}'
                for rule, path, rest in check_layers.violations(self.root)]

    def assert_found(self, files, *expected):
        self.assertEqual(sorted(self.found(files)), sorted(expected))

    def main(self):
        out = io.StringIO()
        with mock.patch.object(sys, 'argv', ['check_layers.py', str(self.root)]), \
                contextlib.redirect_stdout(out):
            return check_layers.main(), out.getvalue()


class Includes(Tree):
    def test_downwards_is_allowed(self):
        self.assert_found({
            'include/base/espbackup/err.h': '',
            'include/device/espbackup/session.h': '#include "espbackup/err.h"\n',
            'include/ops/espbackup/ops.h': '#include "spans.h"\n',
            'src/core/compare/spans.h': '#include "espbackup/session.h"\n',
            'src/core/restore/job.c': '#include "spans.h"\n',
            'src/cli/cli.c': '#include "espbackup/ops.h"\n#include <stdio.h>\n'})

    def test_private_header_of_a_higher_layer(self):
        self.assert_found({'src/wire/link.h': '', 'src/base/err.c': '\n#include "link.h"\n'},
                          'include upwards: src/base/err.c:2')

    def test_public_header_of_a_higher_layer(self):
        self.assert_found({'include/device/espbackup/session.h': '',
                           'src/format/sidecar.c': '#include "espbackup/session.h"\n'},
                          'include upwards: src/format/sidecar.c:1')

    def test_public_header_includes_a_higher_one(self):
        self.assert_found({'include/format/espbackup/image.h': '#include "espbackup/ops.h"\n',
                           'include/ops/espbackup/ops.h': ''},
                          'include upwards: include/format/espbackup/image.h:1')

    def test_rooms_beside_each_other(self):
        self.assert_found({'src/core/backup/journal.h': '',
                           'src/core/restore/job.c': '#include "journal.h"\n'},
                          'include upwards: src/core/restore/job.c:1')

    def test_ops_is_above_the_rooms(self):
        self.assert_found({'include/ops/espbackup/ops.h': '',
                           'src/core/files/find.h': '#include "espbackup/ops.h"\n'},
                          'include upwards: src/core/files/find.h:1')

    def test_angle_brackets_do_not_hide_it(self):
        self.assert_found({'src/wire/link.h': '', 'src/base/err.c': '#include <link.h>\n'},
                          'include upwards: src/base/err.c:1')

    def test_paths_and_unknown_headers(self):
        self.assert_found({'src/base/err.h': '',
                           'src/base/err.c': '#include "../base/err.h"\n#include "other.h"\n'},
                          'include upwards: src/base/err.c:1', 'include upwards: src/base/err.c:2')

    def test_unknown_layer(self):
        self.assert_found({'src/gui/window.c': '', 'include/espbackup/err.h': '',
                           'src/core/loose.c': ''},
                          'unknown layer: src/gui/window.c:gui is no layer that this script knows',
                          'unknown layer: include/espbackup/err.h:'
                          'espbackup is no layer that this script knows',
                          'unknown layer: src/core/loose.c:core is no layer that this script knows')

    def test_comments_do_not_count(self):
        self.assert_found({'src/wire/link.h': '',
                           'src/base/err.c': '/*\n#include "link.h"\n*/\n// #include "link.h"\n'})

    def test_third_party_headers(self):
        for header, owner in (('libserialport.h', 'src/transport/serial_libserialport.c'),
                              ('cjson/cJSON.h', 'src/base/json.c'),
                              ('nettle/md5.h', 'src/base/digest_nettle.c'),
                              ('zlib.h', 'src/format/ota_data.c'),
                              ('zlib.h', 'src/device/flash_write.c')):
            self.write(owner, f'#include <{header}>\n')
        self.assert_found({'src/base/other.c': '#include <zlib.h>\n'},
                          'third-party header outside its file: src/base/other.c:1')

    def test_system_headers(self):
        rule = 'header of an operating system outside its file: '
        self.assert_found({'src/base/platform_posix.c': '#include <sys/stat.h>\n',
                           'src/transport/a.c': '#include <poll.h>\n',
                           'src/transport/a_win32.c': '#include <windows.h>\n',
                           'src/base/b.c': '#include <unistd.h>\n',
                           'src/transport/c.c': '#include <windows.h>\n'},
                          rule + 'src/base/b.c:1', rule + 'src/transport/c.c:1')


class Code(Tree):
    def test_silence_below_cli(self):
        body = 'void f(void)\n{\n    %s;\n}\n'
        for call in ('printf("x")', 'puts("x")', 'exit(1)', 'abort()', 'fputs("x", stderr)'):
            with self.subTest(call):
                self.assert_found({'src/base/a.c': body % call, 'src/cli/b.c': body % call},
                                  'prints or ends the program below cli: src/base/a.c:3')

    def test_silence_allows(self):
        self.assert_found({'src/base/a.c': 'void f(char *t)\n{\n    snprintf(t, 1, "exit(");\n'
                                           '    eb_exit(1); /* printf("x") */\n}\n'})

    def test_chip_names(self):
        self.assert_found({'src/device/chips/esp32.c': 'const char *const a = "ESP32";\n',
                           'src/device/reset.c': 'const char *const b = "an ESP32-S3";\n',
                           'src/cli/help.c': 'const char *const c = "such as esp32c3";\n',
                           'src/cli/args.c': 'const char *const d = "esp8266";\n'},
                          'chip name outside src/device/chips: src/device/reset.c:1',
                          'chip name outside src/device/chips: src/cli/args.c:1')

    def test_operating_systems(self):
        text = '#ifdef __linux__\n#endif\n'
        self.assert_found({'src/base/platform_x.c': text, 'src/transport/serial.c': text,
                           'src/device/reset.c': text},
                          'operating system outside platform_* and transport: src/device/reset.c:1')

    def test_options_and_commands(self):
        text = ('const char *const a = "add --force";\nconst char *const b = "run espbackup list";\n'
                'const char *const c = "espbackup made it -- so"; /* --force, espbackup list */\n')
        self.assert_found({'src/cli/commands/cmd_list.c': text, 'src/core/files/find.c': text},
                          'option name below cli: src/core/files/find.c:1',
                          'command name below cli: src/core/files/find.c:2')

    def test_commands_have_the_names_of_their_files(self):
        self.assert_found({'src/cli/commands/cmd_flash_info.c': '',
                           'src/device/a.c': 'const char *const a = "espbackup flash-info";\n'},
                          'command name below cli: src/device/a.c:1')

    def test_mutable_statics(self):
        bad = ('static int count;', 'static const char *names[2];', 'int shared = 1;',
               'static struct {\n    int a;\n} s;', 'static int (*hook)(const int *);',
               'int f(void)\n{\n    static int calls = 0;\n    return calls++;\n}')
        for text in bad:
            with self.subTest(text):
                lines = [f'mutable static below cli: src/base/a.c:{3 if "calls" in text else 1}']
                self.assert_found({'src/base/a.c': text + '\n', 'src/cli/a_cli.c': text + '\n'},
                                  *lines)

    def test_constants_are_no_state(self):
        self.assert_found({'src/base/a.c': '''
typedef struct a {
    int b;
} a_t;
struct later;
enum { ONE, TWO };
extern const a_t elsewhere;
static int f(int x);
static const int numbers[] = {1, 2};
static const char *const names[] = {"static int x;"};
static int (*const hooks[])(const int *) = {NULL};
const struct { int c; } rows[] = {{1}};
static int f(int x)
{
    static const int more = 1;
    return x + more;
}
'''})


class Sizes(Tree):
    def test_one_name_for_one_file(self):
        self.assert_found({'src/base/err.c': '', 'tests/unit/err.c': '', 'tests/data/x/err.c': ''},
                          'two files of one name: tests/unit/err.c:0')

    def test_long_files(self):
        self.assert_found({'src/base/a.c': '\n' * 500, 'src/base/b.c': '\n' * 501,
                           'tests/unit/c.c': '\n' * 501},
                          'over 500 lines: src/base/b.c:0', 'over 500 lines: tests/unit/c.c:0')

    def test_long_functions(self):
        self.assert_found({'src/base/a.c': 'void f(void)\n{\n' + '\n' * 59 + '}\n',
                           'src/base/b.c': 'void g(void)\n{\n' + '\n' * 60 + '}\n'},
                          'function of 60 lines or more: src/base/b.c:2')


class Circles(Tree):
    RULE = 'circle of functions: '

    def test_two_files(self):
        self.assert_found({'src/base/a.c': function('eb_a', 'eb_b'),
                           'src/base/b.c': function('eb_b', 'eb_a')}, self.RULE + 'src/base/a.c:3')

    def test_through_a_third_file_and_another_layer(self):
        self.assert_found({'src/base/a.c': function('eb_a', 'eb_b'),
                           'src/base/b.c': function('eb_b', 'eb_c'),
                           'src/wire/c.c': function('eb_c', 'eb_a')}, self.RULE + 'src/base/a.c:3')

    def test_says_each_step(self):
        self.write('src/base/a.c', function('eb_a', 'eb_b'))
        self.write('src/base/b.c', function('eb_b', 'eb_a'))
        status, out = self.main()
        self.assertEqual(status, 1)
        self.assertIn('src/base/a.c:3 uses eb_b of src/base/b.c; '
                      'src/base/b.c:3 uses eb_a of src/base/a.c', out)

    def test_an_address_is_a_call(self):
        self.assert_found({'src/base/a.c': function('eb_a') +
                           'int (*const rows[])(void) = {\n    eb_b};\n',
                           'src/base/b.c': function('eb_b', 'eb_a')}, self.RULE + 'src/base/a.c:5')

    def test_so_is_one_without_braces(self):
        self.assert_found({'src/base/a.c': function('eb_a') + 'int (*const row)(void) = eb_b;\n',
                           'src/base/b.c': function('eb_b', 'eb_a')}, self.RULE + 'src/base/a.c:4')

    def test_a_header_belongs_to_its_file(self):
        self.assert_found({'src/base/a.h': 'static inline ' + function('eb_a', 'eb_b'),
                           'src/base/a.c': '#include "a.h"\n',
                           'src/base/b.c': function('eb_b', 'eb_a')}, self.RULE + 'src/base/a.h:3')

    def test_a_macro_calls_for_its_user(self):
        self.assert_found({'src/base/a.h': '#define eb_shout(x) \\\n    eb_a(x)\n',
                           'src/base/a.c': function('eb_a', 'eb_b'),
                           'src/base/b.c': function('eb_b', 'eb_shout')},
                          self.RULE + 'src/base/a.c:3')

    def test_what_is_no_call(self):
        self.assert_found({
            'src/base/a.h': 'int eb_a(void);\n',
            'src/base/a.c': '#include "a.h"\n' + function('eb_a', 'eb_b', 'help') +
                            'static ' + function('help'),
            'src/base/b.c': '/* eb_a() */\n' + function('eb_b', 'self->eb_a', 'help') +
                            'static ' + function('help') +
                            'const char *const t = "eb_a()";\n'})


class Words(Tree):
    def test_words(self):
        for word in ('proved', 'Settled', 'steady', 'strayed', 'TWIN', 'rescue', 'take it up',
                     'takes up', 'taken\n * up'):
            with self.subTest(word):
                self.assert_found({'src/base/a.h': f'/*\n * {word}\n */\n'},
                                  'forbidden word: src/base/a.h:2')

    def test_everywhere(self):
        self.assert_found({'docs/a.md': 'proved\n', 'README.md': '\nproved\n', 'tests/a.md': 'proved',
                           'src/base/twin_a.c': ''},
                          'forbidden word: docs/a.md:1', 'forbidden word: README.md:2',
                          'forbidden word: src/base/twin_a.c:0')

    def test_what_is_no_such_word(self):
        self.assert_found({'docs/a.md': 'improved, between, takes an hour, up\n'})


class Program(Tree):
    def test_prints_what_breaks_a_rule(self):
        self.write('docs/a.md', 'proved\n')
        self.assertEqual(self.main(), (1, "forbidden word: docs/a.md:1: 'proved' in: proved\n"))

    def test_is_silent_otherwise(self):
        self.write('docs/a.md', 'verified\n')
        self.assertEqual(self.main(), (0, ''))


if __name__ == '__main__':
    unittest.main()
