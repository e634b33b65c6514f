"""The example of another paper: claims of one's own with the public names alone."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "another_paper"


@pytest.fixture
def copied(claims_folder: pytest.Pytester) -> pytest.Pytester:
    """The example in a folder of its own, with its own ini file."""
    for name in ("pytest.ini", "conftest.py"):
        (claims_folder.path / name).unlink()
    shutil.copytree(EXAMPLE, claims_folder.path, dirs_exist_ok=True)
    return claims_folder


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_example_has_its_verdicts_its_title_and_its_report(copied, record_of, workers: str):
    result = copied.runpytest_subprocess(workers, "-p", "no:jaxtyping", "-p", "no:hypothesispytest")
    result.assert_outcomes(passed=25)
    record = record_of(copied)
    assert {claim.id: claim.verdict for claim in record.claims} == {
        "box_muller.normal": "supported",
        "box_muller.independent": "supported",
    }
    assert record.profile.seeds == [0, 1, 2, 3, 4]
    assert record.seeds.sentence == ""
    assert record.title == "Random normal deviates from two uniform ones"
    assert record.paper.startswith("G. E. P. Box and M. E. Muller (1958)")
    page = (copied.path / "reports" / "verification.html").read_text()
    assert record.title in page
    assert "1 snapshot passed." in result.stdout.str()
    # Nothing is trained: the store remembers the seeds, and that is all.
    assert [path.name for path in (copied.path / ".icl-repro").iterdir()] == ["seeds.jsonl"]


def test_the_example_uses_the_public_names_only():
    tree = ast.parse((EXAMPLE / "test_box_muller.py").read_text())
    imported = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }
    assert {name for name in imported if name.startswith("icl_repro")} == {"icl_repro"}
