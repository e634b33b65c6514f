"""The examples of other papers: claims of one's own with the public names alone."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("-p", "no:jaxtyping", "-p", "no:hypothesispytest")


def copied(folder: pytest.Pytester, example: str) -> pytest.Pytester:
    """An example in a folder of its own, with its own ini file."""
    for name in ("pytest.ini", "conftest.py"):
        (folder.path / name).unlink()
    shutil.copytree(EXAMPLES / example, folder.path, dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_box_and_muller_have_their_verdicts_their_title_and_their_report(
    claims_folder, record_of, workers: str
):
    folder = copied(claims_folder, "another_paper")
    result = folder.runpytest_subprocess(workers, *QUICK)
    result.assert_outcomes(passed=25)
    record = record_of(folder)
    assert {claim.id: claim.verdict for claim in record.claims} == {
        "box_muller.normal": "supported",
        "box_muller.independent": "supported",
    }
    assert record.profile.seeds == [0, 1, 2, 3, 4]
    assert record.seeds.sentence == ""
    assert record.title == "Random normal deviates from two uniform ones"
    assert record.paper.startswith("G. E. P. Box and M. E. Muller (1958)")
    page = (folder.path / "reports" / "verification.html").read_text()
    assert record.title in page
    assert "1 snapshot passed." in result.stdout.str()
    # Nothing is trained: the store remembers the seeds, and that is all.
    assert [path.name for path in (folder.path / ".icl-repro").iterdir()] == ["seeds.jsonl"]


def test_training_of_ones_own_is_judged_with_its_control(claims_folder, record_of):
    folder = copied(claims_folder, "double_descent")
    folder.runpytest_subprocess("-n0", *QUICK).assert_outcomes(passed=10)
    (claim,) = record_of(folder).claims
    assert (claim.id, claim.verdict) == ("double_descent.peak", "supported")
    (control,) = claim.controls
    assert len(control.trials) == 5
    assert [figure.name for figure in claim.trials[0].evidence.figures] == ["descent"]
    # Nothing of the package trains.
    assert [path.name for path in (folder.path / ".icl-repro").iterdir()] == ["seeds.jsonl"]


@pytest.mark.parametrize(
    "example",
    sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/test_*.py")),
)
def test_examples_use_the_public_names_only(example: str):
    tree = ast.parse((EXAMPLES / example).read_text())
    imported = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {name for name in imported if name.startswith("icl_repro")} == {"icl_repro"}
