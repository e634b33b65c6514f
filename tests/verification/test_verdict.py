"""Verdicts from trials: over seeds, over all of them at once, and what controls do to them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.verification.declare import Claim
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.margins import over_seeds
from icl_repro.verification.record import ControlVerdict, Outcome
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.verdict import judge_claim
from tests.support.trials import (
    CLAIM,
    GOOD,
    SPREAD,
    at_once,
    by_seed,
    control,
    equivalence_check,
    holding,
    judged,
    seeds_with,
    trial,
)


@pytest.mark.parametrize(
    ("held", "failed", "verdict"),
    [
        (1, 0, "consistent"),
        (0, 1, "contradicted"),
        (4, 0, "consistent"),
        (3, 1, "mixed"),
        (1, 1, "mixed"),
        (0, 4, "contradicted"),
        (5, 0, "supported"),
        (4, 1, "inconclusive"),
        (6, 1, "inconclusive"),
        (7, 1, "supported"),
        (6, 2, "inconclusive"),
        (8, 1, "supported"),
        (7, 2, "inconclusive"),
        (5, 5, "inconclusive"),
    ],
)
def test_the_verdict_over_seeds(held: int, failed: int, verdict: str):
    judgement = judged(holding(held, failed))
    assert judgement.verdict == verdict
    assert (judgement.held, judgement.judged) == (held, held + failed)
    mirrored = {"supported": "refuted", "consistent": "contradicted", "contradicted": "consistent"}
    assert judged(holding(failed, held)).verdict == mirrored.get(verdict, verdict)


def test_the_reason_is_a_plain_sentence():
    assert judged(holding(5, 0)).reason == (
        "holds on 5 of 5 seeds, so on more than half of all such networks with 95 % confidence"
    )
    assert judged(holding(0, 5)).reason == (
        "holds on 0 of 5 seeds, so on fewer than half of all such networks with 95 % confidence"
    )
    assert judged(holding(4, 1)).reason == (
        "holds on 4 of 5 seeds, which does not tell whether it holds on more than half of all such "
        "networks"
    )
    assert judged(holding(1, 0)).reason == (
        "holds on 1 of 1 seed; fewer than 5 seeds tell no more than that"
    )


def test_the_share_is_bounded_on_one_side():
    above, below = judged(holding(5, 0)), judged(holding(0, 5))
    assert (above.share.low, above.share.high) == (pytest.approx(0.05**0.2), 1)
    assert (below.share.low, below.share.high) == (0, pytest.approx(1 - 0.05**0.2))
    assert above.p_value == below.p_value == pytest.approx(1 / 32)
    assert judged(holding(4, 0)).p_value is None, "fewer than five seeds are not tested"


@given(st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_one_more_seed_that_fails_never_makes_a_claim_supported(held: int, failed: int):
    if held + failed and judged(holding(held, failed)).verdict != "supported":
        assert judged(holding(held, failed + 1)).verdict != "supported"
        assert judged(holding(failed + 1, held)).verdict != "refuted"


@given(st.integers(5, 40), st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_supported_is_where_the_exact_bound_lies_above_one_half(judged_: int, held: int):
    held = min(held, judged_)
    judgement = judged(holding(held, judged_ - held))
    assert (judgement.verdict == "supported") == (judgement.share.low > 0.5)
    assert (judgement.verdict == "refuted") == (judgement.share.high < 0.5)


def test_one_error_makes_the_claim_an_error():
    judgement = judged(seeds_with("passed", "error", "passed"))
    assert (judgement.verdict, judgement.reason) == ("error", "error!")


def test_seeds_that_are_not_judged_are_left_out_and_named():
    judgement = judged(seeds_with("passed", "passed", "not run", "not run"))
    assert (judgement.verdict, judgement.judged) == ("consistent", 2)
    assert judgement.reason.endswith("; 2 seeds not run")


@pytest.mark.parametrize(
    ("held", "failed", "undecided", "verdict"),
    [
        (5, 0, 4, "inconclusive"),
        (0, 5, 4, "inconclusive"),
        (8, 0, 1, "supported"),
        (7, 1, 1, "inconclusive"),
        (7, 0, 1, "supported"),
        (0, 7, 1, "refuted"),
        (0, 0, 9, "inconclusive"),
        (3, 3, 3, "inconclusive"),
        (4, 0, 0, "consistent"),
        (3, 0, 1, "mixed"),
        (0, 3, 1, "mixed"),
        (0, 0, 4, "inconclusive"),
        (0, 0, 1, "inconclusive"),
    ],
)
def test_an_undecided_seed_counts_against_either_verdict(
    held: int, failed: int, undecided: int, verdict: str
):
    judgement = judged(holding(held, failed, undecided))
    assert judgement.verdict == verdict
    counts = (judgement.held, judgement.judged, judgement.undecided)
    assert counts == (held, held + failed + undecided, undecided)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_what_is_decided_stays_however_the_undecided_seeds_would_come_out(
    held: int, failed: int, undecided: int
):
    if held + failed + undecided == 0:
        return
    verdict = judged(holding(held, failed, undecided)).verdict
    decided = [judged(holding(held + u, failed + undecided - u)) for u in range(undecided + 1)]
    if verdict in ("supported", "refuted"):
        assert {each.verdict for each in decided} == {verdict}


def test_share_and_p_value_count_undecided_seeds_against_it():
    above, below = judged(holding(8, 0, 1)), judged(holding(0, 8, 1))
    assert above.p_value == below.p_value == pytest.approx(10 / 2**9)
    assert (above.share, above.p_value) == (
        judged(holding(8, 1)).share,
        judged(holding(8, 1)).p_value,
    )
    assert below.share == judged(holding(1, 8)).share
    nothing = judged(holding(0, 0, 6))
    assert (nothing.share.low, nothing.share.high, nothing.p_value) == (0, 1, 1)
    assert above.reason == (
        "holds on 8 of 9 seeds and cannot be told on 1, so on more than half of all such networks "
        "with 95 % confidence"
    )


def test_nothing_judged_is_not_run_or_inconclusive_and_says_why():
    judgement = judged(seeds_with("not run"))
    assert (judgement.verdict, judgement.reason) == ("not run", "not run!")
    assert judged([]).verdict == "not run"
    judgement = judged(seeds_with("inconclusive", "not run"))
    assert (judgement.verdict, judgement.reason) == ("inconclusive", "inconclusive!")


def test_a_seed_holds_only_if_all_its_rows_do():
    assert judged([trial("passed", 5, row="a"), trial("failed", 5, row="b")]).held == 0
    assert judged([trial("passed", 5, row="a"), trial("not run", 5, row="b")]).verdict == "not run"


def test_a_claim_without_seeds_says_what_its_verdict_rests_on():
    proof = Claim("family.claim", "S.", "Section 1", rests_on="a proof")
    held, failed = judged([trial("passed")], claim=proof), judged([trial("failed")], claim=proof)
    assert (held.verdict, held.share, held.p_value) == ("supported", None, None)
    assert held.reason == "every check holds; the verdict rests on a proof"
    assert (failed.verdict, failed.reason) == (
        "refuted",
        "length does not hold; the verdict rests on a proof",
    )


# Claims over all seeds at once.


@pytest.mark.parametrize(("value", "verdict"), [(0.7, "consistent"), (0.1, "contradicted")])
@pytest.mark.parametrize("n_seeds", [1, 4])
def test_at_once_over_a_few_seeds_the_verdict_is_what_was_seen(value, verdict: str, n_seeds: int):
    for stated in (value, by_seed(*[value] * n_seeds)):
        judgement = at_once(stated, n_seeds=n_seeds)
        assert (judgement.verdict, judgement.share, judgement.p_value) == (verdict, None, None)
        assert judgement.judged == n_seeds
        assert "taken together; fewer than 5 seeds tell no more than that" in judgement.reason


def test_at_once_over_five_seeds_the_verdict_is_that_of_a_t_test_of_the_mean():
    judgement = at_once(by_seed(*SPREAD))
    assert judgement.verdict == "supported"
    assert judgement.p_value == pytest.approx(0.0162, abs=2e-4)
    assert judgement.reason == (
        "the mean over 5 seeds is 0.624, so that that of all such networks is at least 0.3 with "
        "95 % confidence (t test, one-sided, p = 0.016)"
    )
    judgement = at_once(by_seed(*SPREAD), at_most=0.3)
    assert (judgement.verdict, judgement.p_value) == ("refuted", pytest.approx(0.0162, abs=2e-4))
    assert "that of all such networks is above 0.3 with 95 % confidence" in judgement.reason


@pytest.mark.parametrize("bounds", [{"at_least": 0.5}, {"at_most": 0.5}, {"between": (0.4, 0.7)}])
def test_a_mean_that_the_seeds_do_not_tell_from_its_threshold_is_inconclusive(bounds):
    judgement = at_once(by_seed(*SPREAD), **bounds)
    assert judgement.verdict == "inconclusive"
    assert judgement.reason.startswith(
        "the mean over 5 seeds is 0.624, which does not tell whether that of all such networks is "
    )
    assert 0.05 < judgement.p_value < 0.5


def test_a_mean_is_shown_to_lie_between_or_beyond_by_two_tests():
    near = by_seed(*(0.5 + value / 100 for value in SPREAD))
    assert at_once(near, between=(0.4, 0.6)).verdict == "supported"
    judgement = at_once(near, between=(0.6, 0.7))
    assert judgement.verdict == "refuted"
    assert "networks is not between 0.6 and 0.7 with 95 % confidence" in judgement.reason


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        (0.9, "gives no values by seed, so that nothing tells how far other seeds would differ"),
        (by_seed(0.9, 0.8, 0.9, 0.8), "gives no value on seed 9"),
        (by_seed(0.9, 0.8, 0.9, 0.8, 0.9, 0.9), "gives values of seeds that are not judged"),
        (by_seed(0.9, 0.8, math.nan, 0.8, 0.9), "is not a finite number on seed 7"),
    ],
)
def test_a_claim_over_all_seeds_at_once_without_their_values_is_inconclusive(stated, why: str):
    judgement = at_once(stated)
    assert (judgement.verdict, judgement.p_value) == ("inconclusive", None)
    assert judgement.reason.endswith(f"over 5 seeds taken together, but check 1 {why}")
    assert at_once(-1.0).verdict == "inconclusive", "nor is it refuted"


def test_of_several_means_the_least_sure_decides():
    sure = by_seed(0.7, 0.71, 0.72, 0.73, 0.74)
    judgement = at_once(sure, by_seed(*SPREAD))
    assert (judgement.verdict, judgement.p_value) == ("supported", pytest.approx(0.0162, abs=2e-4))
    assert judgement.reason == (
        "check 2: the mean over 5 seeds is 0.624, so that that of all such networks is at least "
        "0.3 with 95 % confidence (t test, one-sided, p = 0.016); p = 0.016 for 2 checks together"
    )
    # To refute it one is enough, which is as many chances as there are checks.
    below = by_seed(*(0.6 - value for value in SPREAD))
    assert at_once(sure, below).p_value == pytest.approx(2 * 0.0162, abs=4e-4)
    assert at_once(sure, below).verdict == "refuted"
    assert at_once(sure, sure, sure, below).verdict == "inconclusive"


def test_a_control_counts_for_a_claim_over_all_seeds_at_once_too():
    evidence = Evidence()
    evidence.check("check 1", by_seed(*SPREAD), at_least=0.3)
    trials = [trial("passed", None, "", *evidence.evidence.checks, seeds=[5, 6, 7, 8, 9])]
    checks = over_seeds("family.claim", trials, [], Ledger())
    judgement = judged(trials, [control("does not fail", "does not fail")], checks)
    assert judgement.verdict == "inconclusive"
    assert judgement.reason.endswith("p = 0.016), but its control other does not fail")


def test_a_claim_over_all_seeds_at_once_may_say_itself_that_it_cannot_tell():
    judgement = judged([trial("inconclusive", None, "too few", seeds=[5, 6, 7, 8, 9])])
    assert (judgement.verdict, judgement.reason) == ("inconclusive", "too few")
    assert (judgement.judged, judgement.undecided) == (5, 5)


@pytest.mark.parametrize("held", [5, 0, 3, 1])
@pytest.mark.parametrize("verdict", ["does not fail", "undecided", "not run", "error"])
def test_a_control_that_does_not_fail_on_every_seed_leaves_the_claim_inconclusive(
    verdict: ControlVerdict, held: int
):
    judgement = judged(holding(held, 5 - held), [*GOOD, control(verdict, "did not run on seed 6")])
    assert judgement.verdict == "inconclusive"
    assert judgement.reason == (
        f"holds on {held} of 5 seeds, but its control other did not run on seed 6"
    )
    assert judgement.share is not None, "what was measured stays on record"


def test_no_difference_is_supported_only_if_it_is_shown():
    assert judged(holding(5, 0), checks=[equivalence_check(0.04)]).verdict == "supported"
    judgement = judged(holding(5, 0), checks=[equivalence_check(0.0612)])
    assert judgement.verdict == "inconclusive"
    assert "do not show that ratio lies within its margin (p = 0.061)" in judgement.reason
    assert judged(holding(1, 0), checks=[equivalence_check(None)]).verdict == "consistent"


def test_no_difference_is_not_shown_by_a_value_that_is_not_finite():
    check = equivalence_check(None, False, **{"5": 1.0, "6": None})
    judgement = judged(holding(8, 1), checks=[check])
    assert judgement.verdict == "inconclusive"
    assert judgement.reason.endswith(
        "but ratio is not shown to lie within its margin: it is not a finite number on seed 6"
    )


def test_the_largest_p_value_counts_where_all_tests_have_to_pass():
    assert judged(holding(9, 0), checks=[equivalence_check(0.04)]).p_value == 0.04
    assert judged(holding(5, 0), checks=[equivalence_check(0.001)]).p_value == 1 / 32
    assert judged(holding(5, 0), checks=[equivalence_check(None, False)]).p_value == 1
    assert judged(holding(0, 9), checks=[equivalence_check(0.9)]).p_value == 1 / 2**9, "refuted"


def test_runs_cut_short_give_no_verdict_but_errors_stay():
    def cut_short(outcome: Outcome) -> str:
        return judge_claim(CLAIM, [trial(outcome, 5)], GOOD, [], meaningful=False).verdict

    assert cut_short("failed") == "not meaningful"
    assert cut_short("error") == "error"
    assert cut_short("not run") == "not run"
