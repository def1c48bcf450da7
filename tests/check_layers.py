#!/usr/bin/env python3
"""check_layers.py [ROOT]: the rules of the house that a compiler does not check.

Prints each line that breaks a rule and exits with 1 if there is any. docs/architecture.md says why
the rules exist.
"""

import bisect
import collections
import pathlib
import re
import sys

# -- the layers ----------------------------------------------------------------------------------

# Each layer, and each room of core, with those directly below it. It sees these, all that they see,
# and itself.
BELOW = {
    'base': [],
    'transport': ['base'],
    'wire': ['transport'],
    'device': ['wire'],
    'format': ['base'],
    'core/retry': ['device'],
    'core/layout': ['core/retry', 'format'],
    'core/files': ['core/layout'],
    'core/compare': ['core/files'],
    'core/backup': ['core/compare'],
    'core/restore': ['core/compare'],
    'core/ops': ['core/backup', 'core/restore'],
    'cli': ['core/ops'],
}
ROOMS = [layer for layer in BELOW if layer.startswith('core/')]

# Third-party header: the files that may include it.
THIRD_PARTY = {
    r'libserialport': ['src/transport/serial_libserialport.c'],
    r'cjson/|cJSON': ['src/base/json.c'],
    r'nettle/': ['src/base/digest_nettle.c'],
    r'CommonCrypto/': ['src/base/digest_darwin.c'],
    r'zlib': ['src/format/app_image.c', 'src/format/content.c', 'src/format/core_dump.c',
              'src/format/data_image.c', 'src/format/file_system.c', 'src/format/nvs.c',
              'src/format/ota_data.c', 'src/device/flash_write.c'],
}

# Headers of an operating system, and where they may be included: a file or the start of its name.
SYSTEM_HEADERS = {
    r'(?:unistd|fcntl|dirent|poll|termios|grp|pwd|netdb|libgen)\.h|(?:sys|netinet|arpa|linux|asm)/':
        ('src/base/platform_posix.c', 'src/base/child_posix.c', 'src/transport/', 'src/cli/term/streams_posix.c'),
    r'(?:windows|win\w+2?|ws2tcpip|bcrypt|setupapi|cfgmgr32|aclapi|sddl|io|shellapi)\.h': (),
}

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 59

FORBIDDEN_WORDS = re.compile(
    r'(?<!im)proved|settle|steady|stray|twin|rescue|take[sn]?(?:\s+\*)?\s+(?:it(?:\s+\*)?\s+)?up',
    re.IGNORECASE)


def sees(layer):
    """The layers whose headers a layer may include."""
    seen = {layer}
    for below in BELOW[layer]:
        seen |= sees(below)
    return seen


def layer_of(path):
    """src/core/retry/retry.c is in core/retry, include/base/espbackup/err.h in base."""
    parts = path.split('/')
    if parts[0] == 'include':
        return 'core/ops' if parts[1] == 'ops' else parts[1]
    return 'core/' + parts[2] if parts[1] == 'core' and len(parts) > 3 else parts[1]


def is_below_cli(source):
    return layer_of(source.path) != 'cli'


# -- C source ------------------------------------------------------------------------------------

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def without_comments(text, keep_strings):
    """The same text, line for line, without comments; strings are emptied unless kept."""
    def replaced(match):
        token = match.group()
        if token.startswith('/'):
            return ' ' + '\n' * token.count('\n')
        return token if keep_strings else token[0] * 2
    return TOKEN.sub(replaced, text)


class Source:
    """One C file: its text, its code, and its code without the content of strings."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(encoding='utf-8', errors='replace')
        self.code = without_comments(self.text, keep_strings=True).split('\n')
        self.bare = without_comments(self.text, keep_strings=False)

    def find(self, pattern, lines=None):
        """(number, line) of each line of code, or of the lines given, that the pattern is in."""
        return [(number, line) for number, line in enumerate(lines or self.code, 1)
                if re.search(pattern, line)]

    def strings(self):
        """(number, text) of each string; an include has none."""
        return [(number, string) for number, line in enumerate(self.code, 1)
                if not re.match(r'\s*#\s*include', line) for string in STRING.findall(line)]


# An item at the top level of a file: a declaration, or a function with its body.
Item = collections.namedtuple('Item', 'head head_line body body_line end')


def top_items(bare):
    """The items of a file, without preprocessor lines; end is '{' of a function, ';' otherwise."""
    code = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', lambda m: '\n' * m.group().count('\n'), bare,
                  flags=re.MULTILINE)
    line_starts = [m.end() for m in re.finditer('^', code, re.MULTILINE)]

    def line_at(offset):
        return bisect.bisect(line_starts, offset)

    items = []
    start = at = 0
    while (found := re.compile(r'[;{]').search(code, at)) is not None:
        depth = end = 0
        if found.group() == '{':
            for brace in re.compile('[{}]').finditer(code, found.start()):
                depth += 1 if brace.group() == '{' else -1
                end = brace.end()
                if depth == 0:
                    break
        head = code[start:found.start()]
        is_function = found.group() == '{' and re.search(r'\)\s*$', head)
        if found.group() == '{' and not is_function:  # an initializer, or a type
            at = end
            semicolon = code.find(';', end)
            end = len(code) if semicolon < 0 else semicolon + 1
        elif found.group() == ';':
            end = found.end()
        first = start + len(head) - len(head.lstrip())
        items.append(Item(head, line_at(first), code[found.start():end], line_at(found.start()),
                          '{' if is_function else ';'))
        start = at = end
    return items


def defined_function(item):
    """The name that a function definition gives."""
    names = re.findall(r'\b(\w+)\s*\(', item.head)
    names = [name for name in names if name not in ('__attribute__', 'format', 'EB_PRINTF')]
    return names[0] if names else ''


# -- the rules -----------------------------------------------------------------------------------
# Each is a generator of (rule, path, rest of the line to print).

def at(source, number, line, why=''):
    return source.path, f'{number}: {line.strip()}' + (f'   ({why})' if why else '')


def check_includes(files):
    """One way down: a file includes headers only of its own layer and of those below."""
    owner = {s.path.split('/')[-1]: layer_of(s.path) for s in files if s.path.endswith('.h')}
    for source in files:
        layer = layer_of(source.path)
        if layer not in BELOW:
            yield 'unknown layer', source.path, f'{layer} is no layer that this script knows'
            continue
        seen = sees(layer)
        for number, line in source.find(r'^\s*#\s*include'):
            match = re.search(r'include\s*(["<])([^">]*)', line)
            if match is None:
                yield 'include upwards', *at(source, number, line, 'not a name')
                continue
            quote, name = match.groups()
            base = name.split('/')[-1]
            if quote == '<' and not (name.startswith('espbackup/') or name in owner):
                continue
            if '..' in name.split('/'):
                yield 'include upwards', *at(source, number, line, 'path with ..')
            elif base not in owner:
                yield 'include upwards', *at(source, number, line, 'in no layer')
            elif owner[base] not in seen:
                yield 'include upwards', *at(source, number, line, owner[base])


def check_third_party(files):
    for source in files:
        for header, allowed in THIRD_PARTY.items():
            if source.path not in allowed:
                for number, line in source.find(rf'#\s*include\s*[<"](?:{header})'):
                    yield 'third-party header outside its file', *at(source, number, line)


def check_system_headers(files):
    """What is asked of an operating system stands in few files; Windows has its own."""
    for source in files:
        for header, allowed in SYSTEM_HEADERS.items():
            if source.path.startswith(allowed) or source.path.endswith(('_win32.c', '_win32.h')):
                continue
            for number, line in source.find(rf'#\s*include\s*<(?:{header})'):
                yield 'header of an operating system outside its file', *at(source, number, line)


def check_silence(files):
    """Only cli prints, and only main ends the program."""
    calls = (r'\b(?:v?printf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort|assert)\s*\('
             r'|\b(?:stdout|stderr)\b')
    for source in filter(is_below_cli, files):
        for number, line in source.find(calls, source.bare.split('\n')):
            yield 'prints or ends the program below cli', *at(source, number, line)


def check_chip_names(files):
    """The row of a chip decides, not its name; a sentence of the command line may name one."""
    for source in files:
        if source.path.startswith('src/device/chips/'):
            continue
        names = r'(?i)esp(?:32|8266)' if is_below_cli(source) else r'(?i)(?<! )esp(?:32|8266)'
        for number, string in source.strings():
            if re.search(names, string):
                yield 'chip name outside src/device/chips', *at(source, number, f'"{string}"')


def check_systems(files):
    systems = (r'#\s*(?:if|ifdef|ifndef|elif)\b.*'
               r'(?:__linux__|__APPLE__|_WIN32|__CYGWIN__|__unix__|BSD__)')
    for source in files:
        if not source.path.startswith(('src/base/platform_', 'src/transport/', 'include/transport/')):
            for number, line in source.find(systems):
                yield 'operating system outside platform_* and transport', *at(source, number, line)


def check_command_line(files):
    """Only cli knows what its options and commands are called."""
    commands = [re.sub(r'.*/cmd_(\w+)\.c$', r'\1', s.path).replace('_', '-')
                for s in files if '/cmd_' in s.path and s.path.endswith('.c')]
    command = re.compile(r'\bespbackup (?:%s)\b' % '|'.join(commands or ['.^']))
    for source in filter(is_below_cli, files):
        for number, string in source.strings():
            if re.search(r'(?<!-)--[a-z]', string):
                yield 'option name below cli', *at(source, number, f'"{string}"')
            elif command.search(string):
                yield 'command name below cli', *at(source, number, f'"{string}"')


def is_variable(declaration):
    """Whether a declaration makes an object that can change."""
    if re.match(r'\s*(typedef|extern|_Static_assert)\b|\s*(struct|enum|union)(\s+\w+)?\s*$',
                declaration):
        return False
    is_function = '(' in declaration and '(*' not in declaration
    declarator = declaration.split(')(')[0]  # of a pointer to a function: without its parameters
    constant = re.search(r'\bconst\b', declarator[declarator.rfind('*') + 1:])
    return declaration.strip() != '' and not is_function and constant is None


def check_statics(files):
    """State belongs to a session or an operation: two boards are worked on at once."""
    for source in filter(is_below_cli, files):
        for item in top_items(source.bare):
            if item.end == '{':
                found = [(item.body_line + item.body.count('\n', 0, match.start()), match.group())
                         for match in re.finditer(r'\bstatic\b[^;={]*', item.body)]
            else:
                found = [(item.head_line, item.head.split('=')[0])]
            for number, declaration in found:
                if is_variable(declaration):
                    yield 'mutable static below cli', source.path, \
                        f'{number}: {" ".join(declaration.split())}'


def check_words(texts):
    """House words: comments, identifiers, messages and docs say one word for each thing."""
    for path, text in texts:
        for match in FORBIDDEN_WORDS.finditer(path):
            yield 'forbidden word', path, f'0: {match.group()} in the name of the file'
        for match in FORBIDDEN_WORDS.finditer(text):
            number = text.count('\n', 0, match.start()) + 1
            line = text.split('\n')[number - 1].strip()
            yield 'forbidden word', path, f'{number}: {match.group()!r} in: {line}'


def check_sizes(files, src):
    first = {}
    for source in files:
        name = source.path.split('/')[-1]
        if name in first:
            yield 'two files of one name', source.path, f'0: {first[name]}'
        first[name] = source.path
        if source.text.count('\n') > MAX_FILE_LINES:
            yield f'over {MAX_FILE_LINES} lines', source.path, f'0: {source.text.count(chr(10))}'
    for source in src:
        start = 0
        for number, line in enumerate(source.text.split('\n'), 1):
            if line.startswith('{'):
                start = number
            elif line.startswith('}') and start:
                if number - start - 1 > MAX_FUNCTION_LINES:
                    yield 'function of 60 lines or more', source.path, \
                        f'{start}: {number - start - 1}'
                start = 0


# -- circles of functions ------------------------------------------------------------------------

def unit_of(path):
    """A header belongs to the .c of its name: session.h and session.c are one unit."""
    return path.split('/')[-1].rsplit('.', 1)[0]


def call_graph(files):
    """{unit: {unit it calls: an example}}; to take the address of a function is a call too."""
    owner = {}
    bodies = []
    for source in files:
        local = set()
        code = []
        for item in top_items(source.bare):
            if item.end == '{':
                name = defined_function(item)
                if re.search(r'\bstatic\b', item.head) and source.path.endswith('.c'):
                    local.add(name)
                else:
                    owner[name] = source
                code.append((item.body_line, item.body))
            elif source.path.endswith('.c'):  # what a variable begins with
                code.append((item.head_line, item.head.partition('=')[2]))
                code.append((item.body_line, item.body))
        bodies.append((source, local, code))
    for source in files:  # a macro of a header that calls a function stands for it
        for name, body in re.findall(r'^[ \t]*#[ \t]*define[ \t]+(\w+)\([^)]*\)((?:\\\n|[^\n])*)',
                                     source.bare, re.MULTILINE):
            for used in re.findall(r'\b\w+\b', body):
                if used in owner and source.path.endswith('.h'):
                    owner.setdefault(name, owner[used])

    graph = collections.defaultdict(dict)
    for source, local, code in bodies:
        for first_line, body in code:
            for match in re.finditer(r'(?<!\.)(?<!->)\b[A-Za-z_]\w*\b', body):
                name = match.group()
                if name in local or name not in owner:
                    continue
                caller, called = unit_of(source.path), unit_of(owner[name].path)
                if caller != called and called not in graph[caller]:
                    number = first_line + body.count('\n', 0, match.start())
                    graph[caller][called] = \
                        (source.path, number, f'{name} of {owner[name].path}')
    return graph


def shortest_way(graph, start, goal):
    """The units from start to goal, both included, by the fewest calls; None: there is no way."""
    ways = collections.deque([[start]])
    been = {start}
    while ways:
        way = ways.popleft()
        for called in sorted(graph.get(way[-1], {})):
            if called == goal:
                return way + [called]
            if called not in been:
                been.add(called)
                ways.append(way + [called])
    return None


def check_circles(files):
    """No circle of calls between files. One line for each circle, with a call for each step."""
    graph = call_graph(files)
    told = set()
    for unit in sorted(graph):
        circle = shortest_way(graph, unit, unit)
        if circle is None or frozenset(circle) in told:
            continue
        told.add(frozenset(circle))
        calls = [graph[caller][called] for caller, called in zip(circle, circle[1:])]
        steps = '; '.join(f'{path}:{number} uses {use}' for path, number, use in calls)
        yield 'circle of functions', calls[0][0], f'{calls[0][1]}: {steps}'


# -- all of it -----------------------------------------------------------------------------------

def c_files(root, *folders):
    return [Source(root, path.relative_to(root).as_posix())
            for folder in folders for path in sorted((root / folder).rglob('*.[ch]'))
            if 'data' not in path.relative_to(root).parts[:2]]


def prose(root):
    """(path, text) of what people read: code, docs, README."""
    paths = [path for folder in ('src', 'include', 'docs')
             for path in sorted((root / folder).rglob('*')) if path.is_file()]
    return [(path.relative_to(root).as_posix(), path.read_text(encoding='utf-8', errors='replace'))
            for path in paths + sorted(root.glob('README.md'))]


def violations(root):
    ours = c_files(root, 'src', 'include')
    yield from check_includes(ours)
    yield from check_third_party(ours)
    yield from check_system_headers(ours)
    yield from check_silence(ours)
    yield from check_chip_names(ours)
    yield from check_systems(ours)
    yield from check_command_line(ours)
    yield from check_statics(ours)
    yield from check_circles(ours)
    yield from check_sizes(ours + c_files(root, 'tests'), c_files(root, 'src'))
    yield from check_words(prose(root))


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    bad = 0
    for rule, path, rest in violations(root):
        bad += 1
        print(f'{rule}: {path}:{rest}')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
