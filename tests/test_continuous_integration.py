"""Continuous integration: the workflow is sound, and every step of it can be run anywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from icl_repro.training.provenance import source_and_libraries

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "verify.yml"
BIN = Path(sys.executable).parent
LINTERS = {
    "actionlint": [WORKFLOW],
    "zizmor": [
        "--offline",
        "--persona=pedantic",
        "--config",
        ROOT / ".github/zizmor.yml",
        WORKFLOW,
    ],
    "check-jsonschema": ["--builtin-schema", "vendor.github-workflows", WORKFLOW],
}
PYTEST = "pytest claims/ -n auto"
SUBSET = "pytest tests/storage tests/verification tests/cli tests/optogenetics -n auto"
PIP = "pip install --quiet --disable-pip-version-check"
EXTRAS = ("h5", "omniglot", "distributed", "test", "benchmarks", "docs")
PARTS = {
    "install": "pip install --quiet --disable-pip-version-check -c constraints.txt -e .[test]",
    "extras": "pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt "
    "-e .[omniglot]",
    "lint": "ruff check .\nruff format --check .\ncodespell\npyright",
    "docs": "pip install --quiet --disable-pip-version-check -c constraints.txt -e .[docs]\n"
    "mkdocs build --quiet --strict",
    "tests": "pytest tests/ -n auto",
    "published_runs": "pytest tests/training/test_published_run.py -n auto",
    "package": "\n".join(
        [
            "python -m build --outdir dist",
            f"{PIP} -c constraints.txt dist/*.whl",
            *(f"{PIP} --dry-run -c constraints.txt dist/*.whl[{extra}]" for extra in EXTRAS),
            "pytest --quiet --icl-plan",
            "pytest --quiet",
            "icl-repro --help",
            "icl-repro report reports/verification.json",
        ]
    ),
    "subset": SUBSET,
    "lowest": "\n".join(
        [
            f"{PIP} -c .venv-lowest/lowest.txt -e .[h5] beartype hypothesis pyyaml",
            SUBSET,
            *(f"{PIP} --dry-run -c .venv-lowest/{extra}.txt -e .[{extra}]" for extra in EXTRAS[1:]),
        ]
    ),
    "claims": PYTEST,
    "compare": "icl-repro compare reports/reference.json reports/verification.json "
    "--fail-on verdict,value,threshold --markdown reports/compare.md",
    "compare_five": "icl-repro compare reports/paper.json.gz reports/five_seeds/verification.json "
    "--fail-on verdict,value,threshold --markdown reports/five_seeds/compare.md",
    "steps": "icl-repro history reports/history.jsonl --steps --fail-on-step",
    "five_seeds": f"{PYTEST} --icl-profile paper --icl-report=reports/five_seeds "
    "--icl-history=reports/history.jsonl",
    "faults": f"{PYTEST} --icl-faults=all --icl-report=reports/faults --icl-history=none",
}
"""What each part of .ci/run calls; `fingerprint` and `summary` are run as they are."""


def jobs() -> dict[str, dict]:
    return yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]


def run_steps() -> Iterator[tuple[str, str]]:
    for name, job in jobs().items():
        yield from ((name, step["run"]) for step in job["steps"] if "run" in step)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with .ci/run in it, in which every program only writes down how it was called."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "reports").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("pip", "ruff", "codespell", "pyright", "mkdocs", "pytest", "icl-repro"):
        double(programs / name)
    (tmp_path / "examples" / "another_paper").mkdir(parents=True)
    double(tmp_path / "path" / "apt-get")
    program(tmp_path / "path" / "python3", MAKE_ENVIRONMENT.format(programs=programs))
    program(programs / "python", PYTHON.format(python=sys.executable))
    return tmp_path


MAKE_ENVIRONMENT = """
for folder; do true; done
[ "$folder" = .venv ] || {{ mkdir -p "$folder/bin"; cp {programs}/* "$folder/bin"; }}
"""
PYTHON = """
case "$*" in
"-m build"*) echo "python $*" >> "$CALLS" ;;
*) exec "{python}" "$@" ;;
esac
"""


def double(path: Path, status: int = 0) -> None:
    program(path, f'echo "$(basename "$0") $*" >> "$CALLS"\nexit {status}\n')


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)


def carry_out(clone: Path, step: str) -> tuple[int, str, str]:
    """Run a step as GitHub does; gives its status, what it printed, and which calls it made."""
    (clone / "calls").write_text("")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step],
        cwd=clone,
        env={
            "PATH": f"{clone / 'path'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "CALLS": str(clone / "calls"),
            "TMPDIR": str(clone),
            "GITHUB_OUTPUT": str(clone / "output"),
            "GITHUB_STEP_SUMMARY": str(clone / "step_summary"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    calls = [call.strip() for call in (clone / "calls").read_text().splitlines()]
    told = [call for call in calls if not call.startswith(("python3 ", "apt-get "))]
    outside = re.compile(rf"{re.escape(str(clone))}/icl-repro-outside\.\w+")
    return done.returncode, done.stdout + done.stderr, outside.sub("OUTSIDE", "\n".join(told))


@pytest.mark.parametrize("linter", LINTERS)
def test_linters_of_workflows_find_nothing(linter: str):
    program = shutil.which(linter, path=f"{BIN}:{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{linter} is not installed")
    done = subprocess.run(
        [program, *map(str, LINTERS[linter])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_step_is_a_part_of_the_script_that_runs_anywhere():
    known = {*PARTS, "fingerprint", "summary"}
    for job, step in run_steps():
        found = re.fullmatch(r'\.ci/run ([a-z_ ]+?)(?: >> "\$GITHUB_\w+")?', step)
        assert found, f"{job}: {step}"
        assert set(found[1].split()) <= known
    assert known - {"fingerprint", "summary"} == {
        part for _, step in run_steps() for part in step.split()[1:] if part in PARTS
    }, "and none is forgotten"


@pytest.mark.parametrize("step", sorted({step for _, step in run_steps()}))
def test_every_step_runs_as_it_is_written(clone: Path, step: str):
    (clone / "reports" / "verification.md").write_text("**Out.**\n\n# Outcome\n")
    (clone / "reports" / "compare.md").write_text("# What changed\n")
    (clone / "reports" / "history.jsonl").write_text("")
    status, printed, calls = carry_out(clone, step)
    assert status == 0, printed
    assert calls == "\n".join(PARTS[part] for part in step.split() if part in PARTS)
    if "GITHUB_OUTPUT" in step:
        assert (clone / "output").read_text() == f"fingerprint={source_and_libraries()}\n"
    if "GITHUB_STEP_SUMMARY" in step:
        summary = (clone / "step_summary").read_text()
        assert summary == "**Out.**\n\n\n# What changed\n\n# Outcome\n\n"


def test_without_a_part_all_that_a_clean_clone_needs_is_run_in_order(clone: Path):
    status, printed, calls = carry_out(clone, "bash .ci/run")
    assert status == 0, printed
    asked = (
        "install",
        "extras",
        "lint",
        "docs",
        "tests",
        "published_runs",
        "claims",
        "compare",
    )
    assert calls == "\n".join(PARTS[part] for part in asked)


@pytest.mark.parametrize(
    ("program", "step"), [("ruff", "lint"), ("pytest", "claims compare"), ("icl-repro", "compare")]
)
def test_what_fails_in_a_part_fails_the_step_and_ends_it(clone: Path, program: str, step: str):
    double(clone / ".venv" / "bin" / program, status=3)
    status, _, calls = carry_out(clone, f".ci/run {step}")
    assert status == 3
    assert len(calls.splitlines()) == 1


def test_without_torchvision_nothing_goes_on(clone: Path):
    double(clone / ".venv" / "bin" / "pip", status=1)
    status, _, _ = carry_out(clone, ".ci/run extras lint")
    assert status == 1


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_of_the_package_outside(clone: Path, fails: bool):
    if fails:
        double(clone / ".venv" / "bin" / "icl-repro", status=3)
    status, _, _ = carry_out(clone, ".ci/run package")
    assert status == (3 if fails else 0)
    assert not list(clone.glob("icl-repro-outside.*"))


def test_a_summary_without_a_report_says_so(clone: Path):
    status, printed, _ = carry_out(clone, ".ci/run summary")
    assert (status, printed) == (0, "No report was written; the log of an earlier step says why.\n")


def test_a_summary_begins_with_what_is_red_and_has_all_there_is(clone: Path):
    reports = clone / "reports"
    (reports / "verification.md").write_text("**Red.**\n\n- why\n\n# Title\n\n# All\n", "utf-8")
    (reports / "compare.md").write_text("**Worse.**\n\n# What\n", "utf-8")
    (reports / "faults").mkdir()
    (reports / "faults" / "verification.md").write_text("**Caught.**\n\n# Faults\n", "utf-8")
    status, printed, _ = carry_out(clone, ".ci/run summary")
    assert status == 0
    assert [line for line in printed.splitlines() if line] == [
        *("**Red.**", "- why", "**Worse.**", "# What", "# Title", "# All"),
        *("**Caught.**", "# Faults"),
    ]


def test_without_a_history_there_is_no_step(clone: Path):
    status, printed, calls = carry_out(clone, ".ci/run steps")
    assert (status, printed, calls) == (0, "There is no history of sessions yet.\n", "")


def test_each_job_keeps_a_history_of_its_own():
    for job in ("claims", "five_seeds"):
        kept = [s["with"] for s in jobs()[job]["steps"] if "history" in str(s.get("with"))]
        restored, saved = (one for one in kept if one["path"] == "reports/history.jsonl")
        assert restored["restore-keys"] == f"history-{job}-"
        assert saved["key"] == restored["key"]
        assert saved["key"].startswith(restored["restore-keys"])


@pytest.mark.parametrize("parts", ["tset", "lint tset"])
def test_a_part_that_there_is_not_is_told_before_anything_is_run(clone: Path, parts: str):
    status, printed, calls = carry_out(clone, f".ci/run {parts}")
    assert (status, calls) == (2, "")
    assert printed.startswith("there is no part tset; choose from install extras lint docs")


def test_jobs_have_the_least_permissions_an_end_and_steps_that_exist():
    workflow = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in jobs().items():
        assert job["timeout-minutes"] <= 360, name
        assert "permissions" not in job, name
        ids = {step["id"] for step in job["steps"] if "id" in step}
        assert set(re.findall(r"steps\.(\w+)\.", yaml.safe_dump(job))) <= ids, name


def test_reports_that_are_kept_are_those_of_the_session_alone():
    """With what is committed among them, a session that wrote nothing would go unnoticed."""
    listed = subprocess.run(
        ["git", "ls-files", "reports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    for name in ("claims", "five_seeds", "faults"):
        [kept] = [step["with"] for step in jobs()[name]["steps"] if step.get("name") == "Report"]
        everything, *without = kept["path"].split()
        assert (everything, kept["if-no-files-found"]) == ("reports/**", "error")
        # In fnmatch a star stands for slashes, too; reports/faults.* is no less strict for that.
        left = [pattern.removeprefix("!").replace("**", "*") for pattern in without]
        for path in listed.stdout.split():
            assert any(fnmatch(path, pattern) for pattern in left), f"{name} keeps {path}"


def test_networks_are_restored_by_what_decides_a_run():
    for name in ("claims", "five_seeds", "faults"):
        steps = {step.get("id"): step for step in jobs()[name]["steps"]}
        assert steps["decides"]["run"] == '.ci/run fingerprint >> "$GITHUB_OUTPUT"'
        asked = steps["networks"]["with"]
        decides = "${{ steps.decides.outputs.fingerprint }}"
        keys = [asked["key"], *asked["restore-keys"].split("\n")]
        assert all(decides in key for key in keys if key)
        assert asked["path"] == ".icl-repro"


def test_the_oldest_versions_are_those_of_the_project(clone: Path):
    assert carry_out(clone, ".ci/run lowest")[0] == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert set(EXTRAS) == set(extras)
    asked = {"lowest": [*project["dependencies"], *extras["h5"]]}
    asked |= {name: extras[name] for name in EXTRAS if name != "h5"}
    for name, needs in asked.items():
        exact = (clone / ".venv-lowest" / f"{name}.txt").read_text().split()
        assert len(exact) == len(needs)
        for one, need in zip(exact, needs, strict=True):
            package, _, version = one.partition("==")
            assert re.match(rf"{package}(\[\w+\])?>={re.escape(version)}(,|$)", need)
