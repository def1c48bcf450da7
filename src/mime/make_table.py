#!/usr/bin/env python3
"""make_table.py DB_JSON: rows {"ending", "type"}, for C, by the rules of mime-types 2.1.35.

Types of one ending compete in the order of the file. A later one replaces an earlier one unless its source ranks
lower, or the same while the earlier one is an application type. application/octet-stream always gives way.
"""
import json
import pathlib
import sys

RANK = {"nginx": 0, "apache": 1, None: 2, "iana": 3}


def keeps(db, first, second):
    """Whether `first` keeps an ending that `second` claims too."""
    if first == "application/octet-stream":
        return False
    before, after = (RANK[db[kind].get("source")] for kind in (first, second))
    return before > after or (before == after and first.startswith("application/"))


def main():
    db = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    types = {}
    for kind, facts in db.items():
        for ending in facts.get("extensions", []):
            if ending not in types or not keeps(db, types[ending], kind):
                types[ending] = kind
    for ending, kind in sorted(types.items()):
        print(f"    {{{json.dumps(ending)}, {json.dumps(kind)}}},")


main()
