"""Subtests would keep from the verdict what fails in them: a claim cannot take them."""

from __future__ import annotations

import pytest

TESTS = """
import pytest
from icl_repro import claim, control

@pytest.fixture
def parts(subtests):
    return subtests

@claim("a.one", source="Section 1", rests_on="a count",
       fails_on=control("N.", given={"length": 1}, id="short"))
def test_one(evidence, TAKEN, length=9):
    '''S.'''
    evidence.check("length", length, at_least=8)
    if length > 1:
        with HOW.test():
            INSIDE

def test_ordinary(subtests):
    with subtests.test():
        pass
"""


def run(folder: pytest.Pytester, taken: str, how: str, inside: str) -> pytest.RunResult:
    text = TESTS.replace("TAKEN", taken).replace("HOW", how).replace("INSIDE", inside)
    folder.makepyfile(test_claims=text)
    return folder.runpytest_subprocess("-p", "no:xdist")


@pytest.mark.parametrize("taken", ["subtests", "parts"])
def test_a_claim_that_takes_subtests_is_refused(claims_folder, taken: str):
    result = run(claims_folder, taken, taken, "assert False")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "test_claims.py:8: test_one takes 'subtests', in which a failure would not count; state "
        "what must hold with evidence.check"
    ) in result.stderr.str()


@pytest.mark.parametrize("wanted", ["subtests", "parts"])
def test_a_claim_that_asks_for_subtests_while_it_runs_is_an_error(
    claims_folder, record_of, wanted: str
):
    asked = f"request.getfixturevalue('{wanted}')"
    result = run(claims_folder, "request", asked, "assert False")
    assert (result.ret, result.parseoutcomes()["failed"]) == (1, 1)
    result.stdout.fnmatch_lines(["*a.one: takes 'subtests', in which a failure would not count; *"])
    (claim,) = record_of(claims_folder).claims
    assert claim.verdict == "error"


@pytest.mark.parametrize("inside", ["assert False", "pytest.skip('')", "pytest.xfail('')", "pass"])
def test_a_subtest_that_came_otherwise_is_an_error(claims_folder, record_of, inside: str):
    """As pytest makes a report for each, a claim that has one is found out however it got it."""
    made = (
        "__import__('_pytest.subtests').subtests.Subtests("
        "request.node.ihook, __import__('contextlib').nullcontext, request, _ispytest=True)"
    )
    result = run(claims_folder, "request", made, inside)
    assert result.ret == 1
    (claim,) = record_of(claims_folder).claims
    assert claim.verdict == "error"
