#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/behaviour.md has every rule once, each with tests that the tree has, or with what it comes with.

A row is | id | rule | proof |. The proof names tests in backticks (a TEST's second word, or the stem of a test
script), or begins with "comes with". Prints what is wrong; exits 1 then.
"""
import pathlib
import re
import sys

import tree

DOC = "docs/behaviour.md"
RULES = {"M": 15, "C": 6, "G": 11, "I": 23, "E": 6, "P": 12, "A": 10}
TEST = re.compile(
    r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)|RC_GTEST_(?:FIXTURE_)?PROP\(\s*\w+,\s*(\w+)|^\s*(?:async )?def (test_\w+)",
    re.M)


def tests_of_the_tree():
    found = {name for path in tree.files("*.cc", "*.h", "*.py") for names in TEST.findall(tree.text(path)) for name in names}
    scripts = {pathlib.PurePath(path).stem for path in tree.files("*test*") if path.endswith((".py", ".sh"))}
    return (found | scripts) - {""}


def rows():
    """(id, proof) of each row of the table."""
    for line in tree.text(DOC).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3 and re.fullmatch(r"[A-Z]\d+", cells[0]):
            yield cells[0], cells[2]


def problems():
    wanted = {f"{letter}{number}" for letter, last in RULES.items() for number in range(1, last + 1)}
    tests = tests_of_the_tree()
    seen = set()
    for rule, proof in rows():
        if rule not in wanted or rule in seen:
            yield f"{rule}: " + ("twice" if rule in seen else "no such rule")
        seen.add(rule)
        named = re.findall(r"`([^`]+)`", proof)
        if not named and not re.match(r"comes with \w", proof):
            yield f"{rule}: neither a test nor what it comes with"
        yield from (f"{rule}: the tree has no test {name}" for name in named if name not in tests)
    for rule in sorted(wanted - seen, key=lambda rule: (rule[0], int(rule[1:]))):
        yield f"{rule}: missing"


def main():
    found = list(problems())
    print("\n".join(f"{DOC}: {problem}" for problem in found))
    sys.exit(bool(found))


main()
