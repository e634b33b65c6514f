"""The correction of verdicts for how many claims were judged."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec
import pytest
from scipy import stats

from icl_repro.verification.correction import correct
from icl_repro.verification.ledger import Ledger
from icl_repro.verification.margins import over_seeds
from icl_repro.verification.record import ClaimRecord, Trial
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.seeds_needed import Needed, seeds_needed
from icl_repro.verification.verdict import Judgement
from tests.support.trials import (
    SPREAD,
    at_once,
    by_seed,
    control,
    holding,
    judged,
    trial,
)


def recorded(held: int, failed: int, undecided: int = 0, id_: str = "family.claim") -> ClaimRecord:
    return record_of(judged(holding(held, failed, undecided)), id_)


def record_of(found: Judgement, id_: str, trials: Sequence[Trial] = ()) -> ClaimRecord:
    return ClaimRecord(
        id=id_,
        family="family",
        statement="S.",
        source="",
        verdict=found.verdict,
        reason=found.reason,
        trials=list(trials),
        controls=[],
        seeds_held=found.held,
        seeds_judged=found.judged,
        seeds_undecided=found.undecided,
        share=found.share,
        p_value=found.p_value,
    )


def many(*counts: tuple[int, ...]) -> list[ClaimRecord]:
    return [recorded(*count, id_=f"family.claim{n}") for n, count in enumerate(counts)]


def test_a_single_claim_needs_no_correction():
    (claim,), comparisons = correct(many((5, 0)))
    assert (claim.after_correction, claim.seeds_needed) == ("supported", 5)
    assert claim.seeds_needed_why == "the 5 seeds judged are enough"
    assert (comparisons.number, comparisons.method, comparisons.level) == (1, "Holm", 0.05)


def test_five_seeds_support_no_claim_of_many():
    claims, comparisons = correct(many(*[(5, 0)] * 46))
    assert comparisons.number == 46
    assert {claim.verdict for claim in claims} == {"supported"}
    assert {claim.after_correction for claim in claims} == {"inconclusive"}
    # 46 / 2^10 is the first below 0.05.
    assert {claim.seeds_needed for claim in claims} == {10}
    assert claims[0].seeds_needed_why == "10 seeds in all would do, if it holds on each further one"


def test_as_many_seeds_as_are_said_to_be_needed_are_enough():
    needed = correct(many(*[(5, 0)] * 46))[0][0].seeds_needed
    assert needed is not None
    enough, _ = correct(many(*[(needed, 0)] * 46))
    too_few, _ = correct(many(*[(needed - 1, 0)] * 46))
    assert {claim.after_correction for claim in enough} == {"supported"}
    assert {claim.after_correction for claim in too_few} == {"inconclusive"}


def test_holm_corrects_the_smallest_the_most():
    # 6 of 6 has p = 1/64, which stays below 0.05 even three times over; 5 of 5 has 1/32.
    claims, _ = correct(many((20, 0), (6, 0), (0, 20)))
    assert [claim.after_correction for claim in claims] == ["supported", "supported", "refuted"]
    claims, _ = correct(many((5, 0), (6, 0), (3, 3)))
    after = [claim.after_correction for claim in claims]
    assert after == ["inconclusive", "supported", "inconclusive"]


def test_claims_without_seeds_take_no_part():
    proof = record_of(judged([trial("passed")]), "family.proof", [trial("passed")])
    (first, second), comparisons = correct([proof, recorded(5, 0)])
    assert comparisons.number == 1
    assert (first.after_correction, first.seeds_needed) == (None, None)
    assert first.seeds_needed_why == "it rests on no seeds and takes no part in the correction"
    assert second.after_correction == "supported"


def test_claims_of_few_seeds_are_counted_but_not_corrected():
    claims, comparisons = correct(many((1, 0), (5, 0)))
    assert comparisons.number == 2
    assert [claim.after_correction for claim in claims] == [None, "inconclusive"]
    assert [claim.seeds_needed for claim in claims] == [6, 6]


def test_claims_over_all_seeds_at_once_take_part():
    one = record_of(at_once(by_seed(*SPREAD)), "family.all", [trial("passed", seeds=[5, 6])])
    (alone,), comparisons = correct([one])
    assert (comparisons.number, alone.after_correction) == (1, "supported")
    claims, comparisons = correct([one, *many((6, 0), (5, 0), (3, 3))])
    assert comparisons.number == 4
    assert claims[0].after_correction == "inconclusive", "4 / 64 and 3 x 0.0162 come before"
    few = record_of(at_once(0.9, n_seeds=2), "family.few", [trial("passed", seeds=[5, 6])])
    assert correct([one, few])[1].number == 2


@pytest.mark.parametrize("verdict", ["error", "not run", "not meaningful"])
def test_claims_that_were_not_judged_take_no_part(verdict: str):
    one = record_of(at_once(by_seed(*SPREAD)), "family.all", [trial("passed", seeds=[5, 6])])
    assert correct([msgspec.structs.replace(one, verdict=verdict)])[1].number == 0


def test_undecided_seeds_count_in_the_correction():
    claims, comparisons = correct(many((7, 0, 2), (0, 0, 9)))
    assert comparisons.number == 2
    # 7 of 9 has p = 46 / 512, where 7 of 7 would have 1 / 128.
    assert [claim.after_correction for claim in claims] == ["inconclusive", "inconclusive"]


def test_each_direction_is_corrected_by_itself():
    # Joint, what is refuted would make room for what is supported: 1/32 as the last of two.
    claims, _ = correct(many((5, 0), (0, 20)))
    assert [claim.after_correction for claim in claims] == ["inconclusive", "refuted"]


def test_a_verdict_that_a_control_undermines_makes_no_room_for_others():
    undermined = judged(holding(20, 0), [control("does not fail")])
    claims, _ = correct([record_of(undermined, "family.other"), recorded(5, 0)])
    assert [claim.after_correction for claim in claims] == ["inconclusive", "inconclusive"]


def needed_of(held: int, failed: int, undecided: int = 0, comparisons: int = 43) -> Needed:
    return seeds_needed(recorded(held, failed, undecided), comparisons)


def test_a_seed_that_failed_is_made_up_for_by_further_ones():
    # One failure of n: (n + 1) / 2^n is below 0.05 / 43 from n = 14 on; two: n = 18.
    assert needed_of(4, 1) == (14, "14 seeds in all would do, if it holds on each further one")
    assert needed_of(3, 0, 2).seeds == needed_of(3, 2).seeds
    assert needed_of(1, 4) == (14, "14 seeds in all would do, if it fails on each further one")
    for against in (0, 1, 2):
        seeds = needed_of(5 - against, against).seeds
        assert seeds is not None
        total = sum(math.comb(seeds, k) for k in range(against + 1))
        fewer = sum(math.comb(seeds - 1, k) for k in range(against + 1))
        assert 43 * total / 2**seeds <= 0.05 < 43 * fewer / 2 ** (seeds - 1)


def of_means(*values: float, comparisons: int = 43, **bounds: float) -> Needed:
    """What a claim over all seeds at once needs, by its one check."""
    evidence = Evidence()
    evidence.check("length", by_seed(*values), **bounds)
    record = evidence.evidence
    seeds = list(range(5, 5 + len(values)))
    outcome = "passed" if record.holds else "failed"
    found = [trial(outcome, None, "", *record.checks, seeds=seeds)]
    checks = over_seeds("family.all", found, [], Ledger())
    one = record_of(judged(found, checks=checks), "family.all", found)
    return seeds_needed(msgspec.structs.replace(one, checks=checks), comparisons)


@pytest.mark.parametrize(
    ("bounds", "room"), [({"at_least": 0.3}, 0.324), ({"at_most": 0.3}, -0.324)]
)
def test_t_tests_are_extrapolated_with_mean_and_spread_as_they_are(bounds, room: float):
    seeds, said = of_means(*SPREAD, **bounds)
    spread = statistics.stdev(SPREAD)
    assert seeds is not None
    level = 0.05 / 43

    def p_value(n: int) -> float:
        return float(stats.t.sf(abs(room) / spread * math.sqrt(n), n - 1))

    assert p_value(seeds) <= level < p_value(seeds - 1)
    assert said == (
        f"about {seeds} seeds in all would do, if mean and spread stay as they are (extrapolated "
        "from t tests)"
    )


def test_a_mean_on_its_bound_says_that_no_number_would_do():
    assert of_means(0.2, 0.3, 0.4, 0.3, 0.3, at_least=0.3) == (
        None,
        "no number of seeds would do, as long as the mean of length is 0.3, too near or beyond "
        "what is asked: at least 0.3",
    )
    assert of_means(0.3, math.nan, 0.4, at_least=0.1).sentence == (
        "no number of seeds would do, as long as length is not a finite number on every seed"
    )


def equivalent(*values: float, margin: tuple[float, float] = (0.9, 1.1)) -> ClaimRecord:
    found = []
    for seed, value in enumerate(values, start=5):
        evidence = Evidence()
        evidence.equivalent("ratio", value, margin=margin)
        outcome = "passed" if evidence.evidence.holds else "failed"
        found.append(trial(outcome, seed, "", *evidence.evidence.checks))
    checks = over_seeds("family.claim", found, [], Ledger())
    one = record_of(judged(found, checks=checks), "family.claim", found)
    return msgspec.structs.replace(one, checks=checks)


def test_no_difference_takes_as_many_seeds_as_the_slower_of_both_tests():
    ratios = (1.0, 1.01, 0.99, 1.02, 0.98)
    easy, hard = (
        seeds_needed(equivalent(*ratios), 43),
        seeds_needed(equivalent(*ratios, margin=(0.98, 1.02)), 43),
    )
    assert easy.seeds == 10, "the count of seeds decides"
    assert hard.seeds is not None

    def p_value(n: int) -> float:
        return float(stats.t.sf(0.02 / statistics.stdev(ratios) * math.sqrt(n), n - 1))

    assert hard.seeds == max(10, next(n for n in range(2, 99) if 43 * p_value(n) <= 0.05))
    assert hard.sentence.endswith(
        "if it holds on each further one and mean and spread stay as they are (extrapolated from "
        "t tests)"
    )
    (one,), _ = correct([equivalent(1.0)])
    assert one.seeds_needed is None
    assert one.seeds_needed_why == (
        "no number of seeds would do, as one value of ratio does not tell how far others would "
        "differ"
    )


def test_no_number_of_seeds_mends_a_control_that_does_not_fail():
    weak = msgspec.structs.replace(recorded(5, 0), controls=[control("does not fail")])
    assert seeds_needed(weak, 43) == (
        None,
        "no number of seeds would do, as long as its control other does not fail where it must",
    )
    silent = needed_of(0, 0, 5)
    assert silent == (
        None,
        "no number of seeds would do, as its checks can tell neither way on any seed",
    )


@pytest.mark.parametrize("verdict", ["error", "not run", "not meaningful"])
def test_every_claim_has_a_number_or_a_reason(verdict: str):
    unjudged = msgspec.structs.replace(recorded(5, 0), verdict=verdict)
    claims, _ = correct([unjudged, *many((5, 0), (1, 4), (0, 0, 5), (1, 0))])
    assert all(claim.seeds_needed_why for claim in claims)
    assert claims[0].seeds_needed_why == f"no verdict to correct: {verdict}"


def test_no_claims_are_corrected_for_nothing():
    assert correct([]) == ([], correct([])[1])
    assert correct([])[1].number == 0
