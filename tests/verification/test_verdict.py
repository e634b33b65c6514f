"""Verdicts from trials: over seeds, and what the controls do to them."""

from __future__ import annotations

import pytest

from icl_repro.verification.evidence import Check, EvidenceRecord
from icl_repro.verification.record import ControlRecord, Trial
from icl_repro.verification.verdict import judge_claim, judge_control

LENGTH = EvidenceRecord([Check("length", 1.0, "at_least", 0.0, None, True)])


def trial(outcome: str, seed: int | None = None, message: str = "") -> Trial:
    return Trial(f"test[{seed}]", outcome, seed, message, evidence=LENGTH)


def over_seeds(*outcomes: str) -> list[Trial]:
    return [trial(outcome, seed, f"{outcome}!") for seed, outcome in enumerate(outcomes, start=5)]


def control(verdict: str, must_fail: str = "length") -> ControlRecord:
    return ControlRecord("family.control", "", [must_fail], verdict, [])


GOOD = [control("fails as it should")]


def judged(trials: list[Trial], controls: list[ControlRecord] | None = None, **options):
    return judge_claim(trials, GOOD if controls is None else controls, meaningful=True, **options)


@pytest.mark.parametrize(
    ("held", "failed", "verdict"),
    [
        (1, 0, "supported"),
        (0, 1, "refuted"),
        (5, 0, "supported"),
        (4, 1, "inconclusive"),
        (3, 2, "inconclusive"),
        (1, 4, "inconclusive"),
        (0, 5, "refuted"),
        # Exact intervals: 9 of 10 is (0.555, 0.997), 8 of 10 is (0.444, 0.975).
        (9, 1, "supported"),
        (8, 2, "inconclusive"),
        (2, 8, "inconclusive"),
        (1, 9, "refuted"),
    ],
)
def test_the_verdict_over_seeds(held: int, failed: int, verdict: str):
    judgement = judged(over_seeds(*["passed"] * held, *["failed"] * failed))
    assert judgement.verdict == verdict
    assert (judgement.held, judgement.judged) == (held, held + failed)
    assert judgement.share is not None
    assert f"holds on {held} of {held + failed} seed" in judgement.reason


@pytest.mark.parametrize(("outcome", "verdict"), [("passed", "supported"), ("failed", "refuted")])
def test_a_claim_without_seeds_has_no_share(outcome: str, verdict: str):
    judgement = judged([trial(outcome)])
    assert (judgement.verdict, judgement.share) == (verdict, None)


def test_one_error_makes_the_claim_an_error():
    judgement = judged(over_seeds("passed", "error", "passed"))
    assert (judgement.verdict, judgement.reason) == ("error", "error!")


def test_seeds_that_did_not_run_are_left_out_and_named():
    judgement = judged(over_seeds("passed", "passed", "not run"))
    assert (judgement.verdict, judgement.judged) == ("supported", 2)
    assert "1 not run" in judgement.reason


def test_nothing_judged_is_not_run_and_says_why():
    judgement = judged(over_seeds("not run"))
    assert (judgement.verdict, judgement.reason) == ("not run", "not run!")
    assert judged([]).verdict == "not run"


def test_a_seed_holds_only_if_all_its_trials_do():
    assert judged([trial("passed", 5), trial("failed", 5)]).held == 0
    assert judged([trial("passed", 5), trial("not run", 5)]).verdict == "not run"


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_a_control_that_does_not_fail_leaves_the_claim_inconclusive(outcome: str):
    judgement = judged([trial(outcome)], [*GOOD, control("does not fail")])
    assert judgement.verdict == "inconclusive"
    assert "family.control does not fail where it should" in judgement.reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (control("not run"), "family.control did not run"),
        (control("error"), "family.control raised an error"),
        (control("fails as it should", "height"), "has no check in common"),
    ],
)
def test_a_claim_is_not_supported_by_a_control_that_tells_nothing(bad: ControlRecord, reason: str):
    judgement = judged([trial("passed")], [bad])
    assert judgement.verdict == "inconclusive"
    assert reason in judgement.reason
    assert judged([trial("failed")], [bad]).verdict == "refuted"


def test_runs_cut_short_give_no_verdict_but_errors_stay():
    assert judge_claim([trial("failed")], GOOD, meaningful=False).verdict == "not meaningful"
    assert judge_claim([trial("error")], GOOD, meaningful=False).verdict == "error"
    assert judge_claim([trial("not run")], GOOD, meaningful=False).verdict == "not run"


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["passed", "passed"], "fails as it should"),
        (["passed", "failed"], "does not fail"),
        (["passed", "error"], "error"),
        (["not run", "not run"], "not run"),
        (["passed", "not run"], "fails as it should"),
        ([], "not run"),
    ],
)
def test_the_verdict_on_a_control(outcomes: list[str], verdict: str):
    assert judge_control(over_seeds(*outcomes), meaningful=True) == verdict


def test_a_control_on_runs_cut_short_means_nothing():
    assert judge_control(over_seeds("failed"), meaningful=False) == "not meaningful"
