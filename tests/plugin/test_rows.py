"""Rows of a claim with networks of their own, and those for which it has no meaning."""

from __future__ import annotations

import pytest

CLAIMS = """
import pytest
from icl_repro import claim, control, networks, networks_by_row
from tests.support.plugin_doubles import Spec

ROWS = {
    row: networks(main=lambda seed, row=row: Spec(row, seed), other=lambda seed: Spec("other", 9))
    for row in ("wet", "dry")
}

@claim(
    "growth.long",
    source="1",
    on=networks_by_row(ROWS),
    fails_on=control("S.", swap={"main": "other"}, id="other"),
)
@pytest.mark.parametrize("row", [*ROWS])
def test_long(row, runs, evidence):
    '''S.'''
    evidence.check(f"length, {row}", len(runs["main"].spec.name), between=(3, 4))

@claim(
    "growth.wide",
    source="1",
    profiles=["matrix"],
    on=networks_by_row({"wet": ROWS["wet"]}),
    not_for={"dry": "nothing grows there"},
    fails_on=control("S.", swap={"main": "other"}, id="other"),
)
@pytest.mark.parametrize("row", ["wet"])
def test_wide(row, runs, evidence):
    '''S.'''
    evidence.check(f"width, {row}", len(runs["main"].spec.name), between=(3, 4))
"""
MATRIX = "--icl-profile=matrix"


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=CLAIMS)
    return claims_folder


def test_a_row_reads_its_own_networks_and_no_others(folder, record_of):
    folder.runpytest_subprocess().assert_outcomes(passed=4, deselected=2)
    record = record_of(folder)
    (claim,) = record.claims
    assert record.not_selected == ["growth.wide"]
    assert [len(trial.runs) for trial in claim.trials] == [1, 1]
    assert claim.trials[0].runs != claim.trials[1].runs
    trained = (folder.path / "trained.log").read_text().splitlines()
    assert sorted(line.split()[0] for line in trained) == ["dry", "other", "wet"]


def test_the_matrix_judges_what_names_it_on_three_seeds_and_says_what_has_no_meaning(
    folder, record_of
):
    folder.runpytest_subprocess(MATRIX).assert_outcomes(passed=6, deselected=12)
    record = record_of(folder)
    (claim,) = record.claims
    assert (claim.id, claim.verdict) == ("growth.wide", "consistent")
    assert claim.not_for == {"dry": "nothing grows there"}
    assert record.profile.seeds == [0, 1, 2]
    assert record.not_selected == ["growth.long"]


def test_a_claim_that_the_matrix_does_not_judge_is_judged_in_the_others(folder):
    result = folder.runpytest_subprocess(MATRIX, "--icl-claims=growth.long")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is judged in the smoke or standard or paper profile only*"])


def test_a_row_without_networks_is_an_error_with_the_nearest(folder, record_of):
    folder.makepyfile(
        test_claims=CLAIMS.replace('parametrize("row", ["wet"])', 'parametrize("row", ["weet"])')
    )
    folder.runpytest_subprocess(MATRIX)
    (claim,) = record_of(folder).claims
    assert claim.verdict in ("error", "not run")
    assert "there are no networks of the row 'weet'" in claim.reason
