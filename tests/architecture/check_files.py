#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes in hand, nothing stray, nothing generated, nothing left for later. Prints what is wrong; exits 1 then."""
import re
import sys

import tree

TOP = {
    "proto", "services", "common", "tests", "bazel", "k8s", "docs", ".ci",
    "WORKSPACE", "BUILD.bazel", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "guestpass",
    ".bazelrc", ".bazelversion", ".bazelignore", ".clang-format", ".clang-tidy", ".gitignore", ".gitattributes",
    ".editorconfig", ".dockerignore",
}
# Lines, by path, the first that fits. A header carries the prose and is still read in one go.
LIMITS = [(r"services/\w+/main\.cc", 80), (r".*_test\.cc", 400), (r".*\.cc", 300), (r".*\.h", 120)]
LICENSED = (".cc", ".h", ".proto", ".py", ".sh", ".bzl")
LATER = re.compile(r"(//|#|--|/\*) *(TODO|FIXME|XXX)\b")
REGISTRY = re.compile(r"https?://[a-z.-]*(debian|golang|pypi|npmjs|crates|maven)[a-z.]*/")
GENERATED = re.compile(r"\.pb\.(h|cc)$|_pb2(_grpc)?\.py$")
VAGUE = re.compile(r"^\s*(?:class|struct)\s+\w+(Interface|Impl|Manager|Helper|Helpers|Utils?)\b", re.M)


def limit_of(path):
    return next(limit for pattern, limit in LIMITS if re.fullmatch(pattern, path))


def problems_of(path):
    if path.split("/")[0] not in TOP:
        adrs = "".join(tree.text(adr) for adr in tree.files("docs/adr"))
        if f"`{path.split('/')[0]}`" not in adrs:
            yield "stray at the top: name it in an ADR, or move it"
    if GENERATED.search(path):
        yield "generated code"
    content = tree.text(path)
    for name, pattern in (("left for later", LATER), ("names a registry's host", REGISTRY)):
        for number, line in enumerate(content.splitlines(), 1):
            if pattern.search(line):
                yield f"line {number}: {name}"
    if path.endswith(LICENSED) and "SPDX-License-Identifier: Apache-2.0" not in "".join(content.splitlines()[:2]):
        yield "no SPDX line at its top"
    if path.endswith(".h") and "#pragma once" not in content:
        yield "no #pragma once"
    if path.endswith((".h", ".cc")):
        vague = VAGUE.search(content)
        if vague:
            yield f"a name that says nothing: {vague[0].strip()}"
        lines = len(content.splitlines())
        if lines > limit_of(path):
            yield f"{lines} lines; {limit_of(path)} at most"


def main():
    found = [f"{path}: {problem}" for path in tree.files() for problem in problems_of(path)]
    print("\n".join(found))
    sys.exit(bool(found))


main()
