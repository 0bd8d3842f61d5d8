#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who includes whom, and which target depends on which, as layers.py allows it.

  check_layers.py includes | targets

Prints each use that is not allowed; exits 1 if there is one.
"""
import re
import subprocess
import sys
import xml.etree.ElementTree

import layers
import tree

# What an #include names, by how it begins.
HEADERS = [(re.compile(pattern), used) for pattern, used in [
    (r"guestpass/(\w+)/v1/", r"proto:\1"),
    (r"google/(protobuf|rpc|api)/|grpc/health/", "proto:google"),
    (r"absl/", "lib:absl"),
    (r"grpc(pp)?/", "lib:grpc"),
    (r"(libpq-fe|libpq|pg_config|postgres)", "lib:libpq"),
    (r"nats(/|\.h)", "lib:nats"),
    (r"openssl/", "lib:crypto"),
    (r"idn2\.h", "lib:idn2"),
    (r"utf8proc\.h", "lib:utf8proc"),
    (r"nlohmann/", "lib:json"),
    (r"curl/", "lib:curl"),
    (r"(gtest|gmock)/", "lib:gtest"),
    (r"benchmark/", "lib:benchmark"),
]]
# The compiler's and the system's own: neither a library nor ours.
SYSTEM = re.compile(r"(?:(?:sys|netinet|arpa|linux)/)?\w+(?:\.h)?$")
# Targets of other repositories.
LIBRARIES = {"googleapis": "proto:google", "grpc_proto": "proto:google", "protobuf": "proto:google"}
TEST_FILE = re.compile(
    r".*(_(test|testing|fixture|conformance)\.(h|cc)|/(fake|simulated|test)_\w+\.(h|cc)|/testing/\w+(\.(h|cc))?)$")


def used_by_include(header):
    if header.startswith(("common/", "services/", "tests/")):
        return header
    for pattern, used in HEADERS:
        match = pattern.match(header)
        if match:
            return match.expand(used)
    return None if SYSTEM.match(header) else f"lib:unknown ({header})"


def includes():
    """(path, used, is a test) of every #include."""
    for path in tree.files("*.cc", "*.h"):
        for header in re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', tree.text(path), re.M):
            used = used_by_include(header)
            if used:
                yield path, used, bool(TEST_FILE.match(path))


def used_by_label(label):
    """What a dependency's label stands for, as the table has it; None for what is no use of ours."""
    external = re.match(r"@(\w+)//", label)
    if external:
        return LIBRARIES.get(external[1], f"lib:{external[1]}")
    proto = re.match(r"//proto:(\w+)", label)
    if proto:
        return f"proto:{proto[1]}"
    return path_of(label) if re.match(r"//(common|services|tests)/", label) else None


def path_of(label):
    folder, _, name = label.removeprefix("//").partition(":")
    return f"{folder}/{name}"


def targets():
    """(path, used, is a test) of every dependency between rules of the tree."""
    rules = "kind('cc_.* rule', //common/... + //services/... + //tests/...)"
    command = ["bazel", "query", "--output=xml", "--noimplicit_deps", rules]
    query = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True)
    if query.returncode:
        sys.exit(query.stderr.strip())
    for rule in xml.etree.ElementTree.fromstring(query.stdout).iter("rule"):
        test = rule.get("class") == "cc_test" or rule.find("boolean[@name='testonly'][@value='true']") is not None
        path = path_of(rule.get("name"))
        for label in rule.findall("list[@name='deps']/label"):
            used = used_by_label(label.get("value"))
            if used:
                yield path, used, test or bool(TEST_FILE.match(path))


def cycle_in(edges):
    """A cycle among folders of common, as a list, or None."""
    graph = {}
    for path, used, test in edges:
        if path.startswith("common/") and used.startswith("common/") and not test:
            graph.setdefault(path.split("/")[1], set()).add(used.split("/")[1])
    done = set()

    def walk(folder, trail):
        if folder in trail:
            return [*trail[trail.index(folder):], folder]
        if folder in done:
            return None
        below = sorted(graph.get(folder, set()) - {folder})
        found = next(filter(None, (walk(lower, [*trail, folder]) for lower in below)), None)
        done.add(folder)
        return found

    return next(filter(None, (walk(folder, []) for folder in sorted(graph))), None)


def main():
    uses = sorted(set({"includes": includes, "targets": targets}[sys.argv[1]]()))
    if not uses:
        sys.exit("found nothing to check")
    found = [f"{path} uses {used}: {reason}" for path, used, test in uses
             if (reason := layers.why_not(path, used, test))]
    cycle = cycle_in(uses)
    if cycle:
        found.append("common goes in a circle: " + " → ".join(cycle))
    print("\n".join(found))
    sys.exit(bool(found))


main()
