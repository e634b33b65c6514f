"""A test that another plugin runs again counts as the first attempt that was judged came out."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("pytest_rerunfailures")

TESTS = """
from pathlib import Path
from icl_repro import claim, control

@claim("a.one", source="Section 1", rests_on="a count",
       fails_on=control("N.", given={"counted": 0}, id="short"))
def test_one(evidence, counted=1):
    '''S.'''
    log = Path(f"attempts_{counted}.log")
    attempts = len(log.read_text().split()) if log.exists() else 0
    with log.open("a") as file:
        file.write("again ")
    if BROKEN:
        raise OSError("no network")
    evidence.check("attempts", counted * attempts, at_least=2)
    evidence.curve_snapshot("line", [0, 1], [0, 1])
"""


def judged(folder: pytest.Pytester, record_of, broken: str, *args: str):
    folder.makepyfile(test_claims=TESTS.replace("BROKEN", broken))
    result = folder.runpytest_subprocess("--snapshot-update", "--junitxml=junit.xml", *args)
    (claim,) = record_of(folder).claims
    return result.parseoutcomes(), claim


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_best_of_several_attempts_is_not_taken(claims_folder, record_of, workers: str):
    outcomes, claim = judged(claims_folder, record_of, "False", "--reruns=3", workers)
    assert outcomes == {"errors": 1, "passed": 1, "rerun": 3}
    assert claim.verdict == "refuted"
    (trial,) = claim.trials
    assert trial.outcome == "failed"
    assert [check.value for check in trial.evidence.checks] == [0]
    # In the JUnit report each attempt is a test of its own, with the outcome that stands.
    suite = ET.parse(claims_folder.path / "junit.xml").getroot()
    outcomes = {
        name: {
            property_.get("value")
            for case in suite.iter("testcase")
            for property_ in case.iter("property")
            if (case.get("name"), property_.get("name")) == (name, "outcome")
        }
        for name in ("test_one", "test_one[short]")
    }
    assert outcomes == {"test_one": {"failed"}, "test_one[short]": {"passed"}}


def test_a_mark_that_repeats_a_claim_changes_nothing(claims_folder, record_of):
    marked = TESTS.replace("@claim", "@__import__('pytest').mark.flaky(reruns=5)\n@claim")
    claims_folder.makepyfile(test_claims=marked.replace("BROKEN", "False"))
    result = claims_folder.runpytest_subprocess("--snapshot-update", "-n0")
    assert (result.ret, result.parseoutcomes()["errors"]) == (1, 1)
    result.stdout.fnmatch_lines(
        ["*a.one: it is judged once, and was (failed: attempts is 0, but must be at least 2)"]
    )
    assert record_of(claims_folder).claims[0].verdict == "refuted"


def test_an_attempt_that_raises_after_it_stated_something_stands(claims_folder, record_of):
    stated = "if attempts < 2 and counted: raise RuntimeError('no')\n    evidence.curve"
    text = TESTS.replace("BROKEN", "False").replace("evidence.curve", stated)
    claims_folder.makepyfile(test_claims=text)
    result = claims_folder.runpytest_subprocess("--snapshot-update", "--reruns=5", "-n0")
    assert (result.ret, result.parseoutcomes()["errors"]) == (1, 1)
    assert record_of(claims_folder).claims[0].verdict == "error"


def test_an_attempt_that_broke_off_is_repeated(claims_folder, record_of):
    outcomes, claim = judged(claims_folder, record_of, "attempts < 2", "--reruns=3", "-n0")
    assert outcomes == {"passed": 2, "rerun": 4}
    assert claim.verdict == "supported"
    broke_off = "an earlier attempt broke off: OSError: no network"
    assert claim.trials[0].message == f"{broke_off}\n{broke_off}"
    assert [check.value for check in claim.trials[0].evidence.checks] == [2]


def test_an_error_at_last_is_an_error(claims_folder, record_of):
    outcomes, claim = judged(claims_folder, record_of, "counted", "--reruns=1", "-n0")
    assert outcomes == {"failed": 1, "passed": 1, "rerun": 1}  # its control breaks nothing
    assert claim.verdict == "error"
    said = claim.trials[0].message.splitlines()
    assert said == ["OSError: no network", "an earlier attempt broke off: OSError: no network"]
