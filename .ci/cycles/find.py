#!/usr/bin/env python3
"""Finds import cycles between files: which file names, by `crate::` or `super::`, an item of which.

cycles.py FOLDER KNOWN: prints the groups of files of FOLDER that import each other, and fails where a
file is in one that KNOWN does not list, or KNOWN lists one that is in none: the list only shrinks.
What a file takes from the module that declares it, with which it is one, does not count.
"""

import re
import sys
from pathlib import Path

TESTS = re.compile(r"^#\[cfg\((?:all\()?test\b.*\n(?:#.*\n)*mod \w+ \{", re.MULTILINE)
COMMENT = re.compile(r"//.*")
PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)*)(::\{)?")


def modules(root):
    """Each module of a package by its path, and its file."""
    found = {}
    for file in sorted(root.rglob("*.rs")):
        parts = list(file.relative_to(root).with_suffix("").parts)
        if parts[-1] in ("mod", "lib", "main"):
            parts.pop()
        if file.name != "main.rs":
            found[tuple(parts)] = file
    return found


def expand(text, start):
    """The names of a braced list that begins at `start`, nested ones joined."""
    depth, names, word = 0, [], ""
    stack = [()]
    for char in text[start:]:
        if char == "{":
            stack.append(stack[-1] + tuple(part for part in word.strip().split("::") if part))
            word = ""
        elif char in ",}":
            if word.strip():
                names.append(stack[-1] + tuple(word.strip().split(" as ")[0].split("::")))
            word = ""
            if char == "}":
                stack.pop()
                if len(stack) == 1:
                    break
        else:
            word += char
    return names


def absolute(path, module):
    """A path from the root of the package."""
    parts = path.split("::")
    base = {"crate": (), "self": module, "super": module[:-1]}[parts[0]]
    rest = parts[1:]
    while rest and rest[0] == "super":
        base, rest = base[:-1], rest[1:]
    return base + tuple(rest)


def imports(module, file, known, exports):
    text = file.read_text()
    tests = TESTS.search(text)
    text = COMMENT.sub("", text[: tests.start()] if tests else text)
    for match in PATH.finditer(text):
        base = absolute(match[1], module)
        for names in expand(text, match.end() - 1) if match[2] else [()]:
            yield resolve(base + tuple(names), known, exports)


def resolve(path, known, exports, depth=0):
    """The module in which an item is defined: through re-exports, where files do nothing else."""
    module = path
    while module not in known and module:
        module = module[:-1]
    rest = path[len(module):]
    if rest and depth < 8:
        target = exports.get(module, {}).get(rest[0])
        if target and target != path:
            return resolve(target + rest[1:], known, exports, depth + 1)
    return module


def reexports(known):
    """What each module hands on: `pub use a::{b, c}`, by name."""
    found = {}
    for module, file in known.items():
        text = COMMENT.sub("", file.read_text())
        mine = found.setdefault(module, {})
        for match in re.finditer(r"pub(?:\([\w: ]+\))? use ([\w:]+?)(::\{|;| as )", text):
            path = match[1]
            lists = expand(text, match.end() - 1) if match[2] == "::{" else [()]
            for names in lists:
                full = path.split("::") + list(names)
                if full[0] in ("crate", "self", "super"):
                    target = absolute("::".join(full), module)
                else:
                    target = module + tuple(full)
                mine[full[-1]] = target
    return found


def components(graph):
    """Strongly connected components (Tarjan 1972) of more than one file."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while not group or group[-1] != node:
                group.append(stack.pop())
                on_stack.remove(group[-1])
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return sorted(found)


def main(root, listed):
    sys.setrecursionlimit(10_000)
    root = Path(root)
    known = modules(root)
    exports = reexports(known)
    graph = {}
    for module, file in known.items():
        targets = imports(module, file, known, exports)
        graph[module] = sorted({target for target in targets if target != module[: len(target)]})
    name = lambda module: str(known[module].relative_to(root)) if module in known else "lib.rs"
    groups = components(graph)
    for group in groups:
        print("cycle:", " ".join(map(name, group)))
        for module in group:
            others = [name(other) for other in graph[module] if other in group]
            print(f"  {name(module)} -> {' '.join(others)}")
    found = {name(module) for group in groups for module in group}
    allowed = set()
    if listed:
        lines = (line.split("#")[0].strip() for line in Path(listed).read_text().splitlines())
        allowed = {line for line in lines if line}
    new, gone = sorted(found - allowed), sorted(allowed - found)
    if new:
        print(f"in an import cycle, and not in {listed}:", *new)
    if gone:
        print(f"no longer in a cycle; take them out of {listed}:", *gone)
    sys.exit(bool(new or gone))


main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
