#!/usr/bin/env python3
"""Check that files and links named in README.md and docs/ exist: check_paths.py [ROOT].

A path in backticks is looked for from the root, from src/ and from tests/, a name alone anywhere. Names
with capitals or a star stand for many files. A line `NAME`: shows a file of the reader's.
"""

import pathlib
import re
import sys

ENDINGS = (".c", ".h", ".py", ".sh", ".cmake", ".case", ".md", ".txt", ".1")
FOLDERS = ("src", "include", "tests", "docs")
MADE = ("build/", "backups/")  # not in the source tree


def files_of(root):
    found = {path.relative_to(root).as_posix() for folder in FOLDERS for path in (root / folder).rglob("*")}
    return found | {path.name for path in root.iterdir()}


def names_in(text):
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    readers = re.findall(r"(?m)^`([^`\s]+)`:$", text)
    for name in re.findall(r"`([^`\s]+)`", text):
        if name in readers:
            continue
        stem = name.replace("README", "").replace("CMakeLists", "").replace("CMakePresets", "")
        if name.startswith(("/", "-", "$", ".") + MADE) or "://" in name or re.search(r"[A-Z*:<>=,{(]", stem):
            continue
        if name.endswith(ENDINGS) or name.endswith("/") or name.startswith(tuple(f + "/" for f in FOLDERS)):
            yield name


def exists(name, files):
    name = name.rstrip("/").replace("[ch]", "h")
    if "/" not in name:
        return name in files or any(path.endswith("/" + name) for path in files)
    # core/retry is in src/, cases of a folder may be named from tests/.
    return any(prefix + name in files for prefix in ("", "src/", "tests/"))


def anchors_of(text):
    titles = re.findall(r"(?m)^#+ (.*)$", text)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    files = files_of(root)
    missing = []
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        text = page.read_text()
        missing += [f"{page.name}: {name}" for name in names_in(text) if not exists(name, files)]
        for link, hash_anchor, anchor in re.findall(r"\]\(([^)#:]*)(#([^)]*))?\)", text):
            target = page.parent / link if link else page
            if not target.exists() or (anchor and anchor not in anchors_of(target.read_text())):
                missing.append(f"{page.name}: link to {link}{hash_anchor}")
    print("\n".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
