"""What is looked at before a commit is what continuous integration looks at, in its versions."""

from __future__ import annotations

import re
from pathlib import Path

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
