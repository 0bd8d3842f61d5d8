# SPDX-License-Identifier: Apache-2.0
"""The project's files, as the checks beside this see them."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns):
    """Paths from the root of what git has or would take, by pattern (all without one), in order."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for path in set(listed) if (ROOT / path).is_file())


def text(path):
    return (ROOT / path).read_text(errors="replace")
