"""Claims that are judged in some profiles only: left out of others, and said to be."""

from __future__ import annotations

import pytest

CLAIMS = """
from icl_repro import claim, control

ONE = control("O.", given={"length": 1}, id="one")
TWO = control("T.", given={"length": 2}, id="two")

@claim("grid.coarse", source="1", rests_on="a count", fails_on=ONE)
def test_coarse(evidence, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)

@claim("grid.fine", source="1", rests_on="a count", fails_on=[ONE, TWO], profiles=["paper"])
def test_fine(evidence, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)

def test_ordinary():
    pass
"""


@pytest.fixture
def grid(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_grid=CLAIMS)
    return claims_folder


@pytest.mark.parametrize("workers", [[], ["-n2"]])
def test_a_claim_of_another_profile_is_left_out_with_its_controls(
    grid, record_of, workers: list[str]
):
    result = grid.runpytest_subprocess(*workers)
    assert result.parseoutcomes()["passed"] == 3
    record = record_of(grid)
    (claim,) = record.claims
    assert (claim.id, claim.verdict) == ("grid.coarse", "supported")
    assert record.not_selected == ["grid.fine"]


def test_in_its_profile_it_is_judged(grid, record_of):
    grid.runpytest_subprocess("--icl-profile=paper").assert_outcomes(passed=6)
    record = record_of(grid)
    assert [claim.id for claim in record.claims] == ["grid.coarse", "grid.fine"]
    assert record.not_selected == []


def test_a_selection_counts_what_the_profile_has(grid, record_of):
    grid.runpytest_subprocess("--icl-claims=grid.*").assert_outcomes(passed=2, deselected=4)
    assert [claim.id for claim in record_of(grid).claims] == ["grid.coarse"]


def test_selecting_a_claim_that_the_profile_has_not_is_refused(grid):
    result = grid.runpytest_subprocess("--icl-claims=grid.fine")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message = "'grid.fine' is judged in the paper profile only; write --icl-profile paper"
    assert message in result.stderr.str()


def test_a_profile_that_is_none(claims_folder: pytest.Pytester):
    claims_folder.makepyfile(test_grid=CLAIMS.replace('["paper"]', '["papr"]'))
    result = claims_folder.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "there is no profile 'papr'; did you mean 'paper'?" in result.stderr.str()
