#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the test cases of one run, shows what failed, and ends with 'N passed, N failed'.

  count_cases.py [--lint LINT.tsv] [--events EVENTS.json --bazel-exit STATUS]

LINT.tsv has a line for each check: its outcome, a tab, its name. EVENTS.json is Bazel's build event file; the
cases are those of the test.xml files that it names. A case that was skipped or disabled has not passed.
Exits 1 if anything failed or nothing ran.
"""
import argparse
import json
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree

# GoogleTest's lines about a case that said nothing and passed.
PASSED_CASE = re.compile(r"^\[ RUN      \] (\S+)\n\[       OK \] \1.*\n", re.M)


def output_file(result, name):
    for output in result.get("testActionOutput", []):
        if output["name"] == name:
            return pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path))
    return None


def cases_of(path):
    """(name, passed) of each case in a test.xml."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        ran = case.get("status", "run") != "notrun" and case.get("result", "completed") == "completed"
        bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        yield name, ran and not bad


def count_target(label, result):
    """Passed and failed cases of one test's run (of a shard); says what failed and shows its log."""
    path = output_file(result, "test.xml")
    try:
        cases = list(cases_of(path)) if path else []
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        cases = [(f"unreadable test.xml: {error}", False)]
    failed = [name for name, passed in cases if not passed]
    if result["status"] != "PASSED" and not failed:
        failed = [f"the test as a whole: {result['status']}"]
    if failed:
        log = output_file(result, "test.log")
        print(f"\n==== {label}")
        print(PASSED_CASE.sub("", log.read_text(errors="replace")) if log and log.exists() else "no log")
        for name in failed:
            print(f"FAILED {label} {name}")
    return sum(passed for _, passed in cases), len(failed)


def count_events(path):
    passed = failed = 0
    results, expected = {}, set()
    for line in path.read_text().splitlines() if path.exists() else []:
        event = json.loads(line)
        identity = event["id"]
        if "testResult" in event and "testResult" in identity:
            key = identity["testResult"]
            results[key["label"], key.get("run"), key.get("shard")] = event["testResult"]  # the last attempt
        elif "configured" in event and event["configured"].get("testSize"):
            expected.add(identity["targetConfigured"]["label"])
    for (label, _, _), result in sorted(results.items(), key=lambda item: item[0][0]):
        if result["status"] in ("NO_STATUS", "INCOMPLETE"):
            continue
        expected.discard(label)
        target_passed, target_failed = count_target(label, result)
        print(f"{label}: {target_passed} passed" + (f", {target_failed} failed" if target_failed else ""), file=sys.stderr)
        passed += target_passed
        failed += target_failed
    for label in sorted(expected):
        print(f"FAILED {label}: did not build or did not run")
    return passed, failed + len(expected)


def count_lint(path):
    outcomes = [line.split("\t")[0] for line in path.read_text().splitlines()]
    return outcomes.count("passed"), len(outcomes) - outcomes.count("passed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lint", type=pathlib.Path)
    parser.add_argument("--events", type=pathlib.Path)
    parser.add_argument("--bazel-exit", type=int, default=0)
    args = parser.parse_args()
    passed = failed = 0
    for path, count in ((args.events, count_events), (args.lint, count_lint)):
        if path:
            more_passed, more_failed = count(path)
            passed += more_passed
            failed += more_failed
    if args.bazel_exit and not failed:
        print(f"FAILED bazel: it exited with {args.bazel_exit}, and no test says why")
        failed += 1
    if not passed + failed:
        print("FAILED: no test ran")
        failed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


main()
