"""Claims that are judged in some profiles only: left out of others, and said to be."""

from __future__ import annotations

import pytest

CLAIMS = """
import pytest

@pytest.mark.claim(id="grid.coarse", statement="S.", source="1", controls=("grid.both",))
def test_coarse(evidence):
    evidence.check("length", 9, at_least=8)

@pytest.mark.claim(id="grid.fine", statement="S.", source="1", controls=("grid.both", "grid.one"),
    profiles=("paper",))
def test_fine(evidence):
    evidence.check("length", 9, at_least=8)

@pytest.mark.control(id="grid.both", statement="S.", must_fail=("length",))
def test_both(evidence):
    evidence.check("length", 1, at_least=8)

@pytest.mark.control(id="grid.one", statement="S.", must_fail=("length",))
def test_one(evidence):
    evidence.check("length", 1, at_least=8)

def test_ordinary():
    pass
"""


@pytest.fixture
def grid(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_grid=CLAIMS)
    return claims_folder


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_claim_of_another_profile_is_left_out_with_the_controls_of_its_own(
    grid, record_of, workers: list[str]
):
    grid.runpytest_subprocess(*workers)
    record = record_of(grid)
    (claim,) = record.claims
    assert (claim.id, claim.verdict) == ("grid.coarse", "supported")
    assert [control.id for control in claim.controls] == ["grid.both"]
    assert record.not_selected == ["grid.fine"]


def test_ordinary_tests_have_no_profile(grid):
    grid.runpytest_subprocess().assert_outcomes(passed=3, deselected=2)


def test_in_its_profile_it_is_judged(grid, record_of):
    grid.runpytest_subprocess("--icl-profile=paper").assert_outcomes(passed=5)
    record = record_of(grid)
    assert [claim.id for claim in record.claims] == ["grid.coarse", "grid.fine"]
    assert record.not_selected == []


def test_a_selection_counts_what_the_profile_has(grid, record_of):
    grid.runpytest_subprocess("--icl-claims=grid.*").assert_outcomes(passed=2, deselected=3)
    assert [claim.id for claim in record_of(grid).claims] == ["grid.coarse"]


def test_selecting_a_claim_that_the_profile_has_not_is_refused(grid):
    result = grid.runpytest_subprocess("--icl-claims=grid.fine")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message = "'grid.fine' is judged in the paper profile only; write --icl-profile paper"
    assert message in result.stderr.str()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('("papr",)', "field 'profiles' names 'papr', which is no profile; did you mean 'paper'?"),
        ('"paper"', "field 'profiles' must be a tuple of names; write profiles=('paper',)"),
        ("()", "field 'profiles' must name at least one"),
    ],
)
def test_profiles_that_are_none(claims_folder: pytest.Pytester, value: str, message: str):
    claims_folder.makepyfile(test_grid=CLAIMS.replace('("paper",)', value))
    result = claims_folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_a_control_has_no_profile_of_its_own(claims_folder: pytest.Pytester):
    text = CLAIMS.replace('id="grid.one"', 'id="grid.one", profiles=("paper",)')
    claims_folder.makepyfile(test_grid=text)
    result = claims_folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "unknown field 'profiles'" in result.stderr.str()
