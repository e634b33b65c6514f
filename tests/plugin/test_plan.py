"""``--icl-plan``: a session that plans and runs no test."""

from __future__ import annotations

import pytest

TESTS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def chosen(seed, runs):
    return {"third": Spec(f"after {runs['first'].text}", seed)}

NO = control("N.", given={"sign": -1}, id="negative")

@claim("a.one", source="1", on=networks(lambda seed: {"first": Spec("main", seed)}, then=chosen),
       fails_on=NO)
def test_one(runs, evidence, sign=1):
    '''S.'''
    evidence.check("length", sign * len(runs), at_least=2)

@claim("b.two", source="2", on=lambda seed: Spec("main", seed), fails_on=NO)
def test_two(run, evidence, sign=1):
    '''S.'''
    evidence.check("length", sign * 2, at_least=2)
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(test_claims=TESTS)
    return claims_folder


def trained(folder: pytest.Pytester) -> bool:
    return (folder.path / "trained.log").exists()


def test_it_tells_the_plan_of_what_was_selected_with_its_workers_and_runs_nothing(folder):
    result = folder.runpytest_subprocess("-n2", "--icl-plan", "--icl-seeds=5,6", "-k", "test_one")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "1 claim: 2 runs (shared ones once), 2,000 sequences at most.",
            "More follow that are not counted:*",
            "*1.7 minutes (0.3 to 3.3) with 2 workers*",
            "*= 4 deselected in*",
        ]
    )
    assert "b.two" not in result.stdout.str()
    assert not trained(folder)
    assert not (folder.path / "reports").exists()


def test_runs_chosen_by_stored_ones_are_counted(folder):
    folder.runpytest_subprocess("--icl-seeds=5,6", "--icl-report=none").assert_outcomes(passed=8)
    result = folder.runpytest_subprocess("--icl-plan", "--icl-seeds=5,6")
    result.stdout.fnmatch_lines(["2 claims: 4 runs (shared ones once)*", "All of them are in the*"])


def test_claims_that_cannot_be_collected_are_no_plan(folder):
    folder.makepyfile(test_broken="import no_such_module")
    result = folder.runpytest_subprocess("--icl-plan")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "= plan =" not in result.stdout.str()
    assert not trained(folder)
