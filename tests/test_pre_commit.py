"""What is looked at before a commit is what continuous integration looks at, in its versions."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def hooks() -> dict[str, dict]:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local", "its own hooks would have versions of their own"
    return {hook["id"]: hook for hook in repository["hooks"]}


def test_versions_are_those_that_the_tests_are_run_with():
    exact = set((ROOT / "constraints.txt").read_text().splitlines())
    needed = [need for hook in hooks().values() for need in hook.get("additional_dependencies", ())]
    assert needed
    assert set(needed) <= exact


def test_whatever_lint_runs_is_run_before_a_commit():
    script = (ROOT / ".ci" / "run").read_text()
    lint = re.search(r"^lint\(\) \{\n(.*?)^\}", script, re.MULTILINE | re.DOTALL)
    assert lint is not None
    programs = {line.split()[0].removeprefix("$bin/") for line in lint[1].splitlines()}
    assert programs == {"ruff", "codespell", "pyright"}
    entries = {hook["entry"].split()[0].removeprefix(".venv/bin/") for hook in hooks().values()}
    assert programs <= entries


@cache
def committed() -> dict[str, bytes]:
    """What git keeps, as it is here: files by their paths."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    paths = [path for path in done.stdout.decode().split("\0") if path]
    return {path: (ROOT / path).read_bytes() for path in paths if (ROOT / path).is_file()}


def looked_at(hook: str) -> dict[str, bytes]:
    """The files that a hook is given on a clean checkout."""
    about = hooks()[hook]
    without = re.compile(about.get("exclude", "$^"))
    return {
        path: content
        for path, content in committed().items()
        if not without.search(path) and not ("text" in about.get("types", ()) and b"\0" in content)
    }


def test_spelling_finds_nothing_in_files_that_are_named_one_by_one():
    """As pre-commit does, to which what codespell leaves out by folder means nothing."""
    paths = list(looked_at("codespell"))
    assert len(paths) > 500
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_end_with_one_newline():
    endings = {path: content[-2:] for path, content in looked_at("end-of-file").items() if content}
    assert len(endings) > 400
    assert not [
        path for path, end in endings.items() if end[-1:] != b"\n" or end in (b"\n\n", b"\n")
    ]


def test_no_large_file_is_committed():
    most = re.search(r"--maxkb=(\d+)", hooks()["large-files"]["entry"])
    assert most is not None
    files = looked_at("large-files")
    assert not [path for path, content in files.items() if len(content) > int(most[1]) * 1024]
