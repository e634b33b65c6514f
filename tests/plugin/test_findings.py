"""Claims that are known not to reproduce: the marker's field ``finding``."""

from __future__ import annotations

import pytest

TESTS = """
import pytest

@pytest.mark.claim(id="a.one", statement="S.", source="1", controls=("a.no",),
                   finding="the length is about half of what is claimed")
def test_one(evidence):
    evidence.check("length", LENGTH, at_least=10)

@pytest.mark.control(id="a.no", statement="S.", must_fail=("length",))
def test_no(evidence):
    evidence.check("length", 0, at_least=10)
"""


def judged(folder: pytest.Pytester, length: str, *args: str) -> pytest.RunResult:
    folder.makepyfile(test_claims=TESTS.replace("LENGTH", length))
    return folder.runpytest_subprocess("-rx", *args)


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_recorded_finding_is_refuted_but_does_not_turn_the_session_red(
    claims_folder, record_of, workers
):
    result = judged(claims_folder, "5", *workers)
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "refuted *a.one*",
            "*length is 5, but must be at least 10*",
            "*finding on record: the length is about half of what is claimed*",
        ]
    )
    (claim,) = record_of(claims_folder).claims
    assert (claim.verdict, claim.trials[0].outcome) == ("refuted", "failed")
    assert claim.finding == "the length is about half of what is claimed"


def test_a_recorded_finding_that_holds_after_all_is_supported(claims_folder, record_of):
    judged(claims_folder, "12").assert_outcomes(passed=2)
    assert record_of(claims_folder).claims[0].verdict == "supported"


def test_an_error_in_a_claim_with_a_finding_is_an_error(claims_folder, record_of):
    judged(claims_folder, "1 / 0").assert_outcomes(passed=1, failed=1)
    assert record_of(claims_folder).claims[0].verdict == "error"


def test_a_finding_has_to_say_something(claims_folder):
    claims_folder.makepyfile(
        test_claims=TESTS.replace("the length is about", "").replace(" half of what is claimed", "")
    )
    result = claims_folder.runpytest_subprocess()
    result.stderr.fnmatch_lines(["*field 'finding' must be a text that says something*"])
