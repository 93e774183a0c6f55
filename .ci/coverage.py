"""Adds up what llvm-cov reports of several machines, for the core alone, and says what no test reaches.

coverage.py LINES BRANCHES REPORT...: the least shares in per cent, and reports without their endings, .lcov and .json.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
ELSEWHERE = re.compile(r"runtime/|fleet/likeness\.rs")
TESTS = re.compile(r"^#\[cfg\((all\()?test\b.*\n(?:#.*\n)*mod \w+ \{", re.MULTILINE)


def part_of_the_core(path):
    """The path within src, where it is the core's."""
    path = Path(path).resolve()
    if not path.is_relative_to(SOURCE):
        return None
    inner = str(path.relative_to(SOURCE))
    return None if ELSEWHERE.match(inner) else inner


def without_tests(file, known={}):
    """How many lines there are before a file's own tests."""
    if file not in known:
        text = (SOURCE / file).read_text()
        tests = TESTS.search(text)
        known[file] = text[: tests.start() if tests else len(text)].count("\n")
    return known[file]


def lines_of(report, counts):
    file = None
    for record in Path(report + ".lcov").read_text().splitlines():
        what, _, rest = record.partition(":")
        if what == "SF":
            file = part_of_the_core(rest)
        elif what == "DA" and file:
            line, count = map(int, rest.split(",")[:2])
            if line <= without_tests(file):
                counts[file, line] += count


def branches_of(report, counts):
    """Each way that can be taken, by where it begins."""
    for data in json.loads(Path(report + ".json").read_text())["data"][0]["files"]:
        file = part_of_the_core(data["filename"])
        if not file:
            continue
        for line, column, _, _, taken, passed, *_ in data["branches"]:
            if line <= without_tests(file):
                counts[file, line, column, "taken"] += taken
                counts[file, line, column, "passed by"] += passed


def share(counts):
    return 100 * sum(count > 0 for count in counts.values()) / len(counts)


def main(least_lines, least_branches, *reports):
    lines, branches = Counter(), Counter()
    for report in reports:
        lines_of(report, lines)
        branches_of(report, branches)
    for place, count in sorted({**lines, **branches}.items(), key=lambda item: item[0][:2]):
        if not count:
            print("never reached: src/" + ":".join(map(str, place)))
    enough = True
    for what, counts, least in (("lines", lines, least_lines), ("branches", branches, least_branches)):
        print(f"{share(counts):.2f} % of {len(counts)} {what}, at least {least}")
        enough &= share(counts) >= float(least)
    return 0 if enough else 1


sys.exit(main(*sys.argv[1:]))
