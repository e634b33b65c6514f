"""The correction of verdicts for how many claims were judged."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from icl_repro.verification.correction import correct
from icl_repro.verification.record import ClaimRecord, Trial
from icl_repro.verification.verdict import Judgement
from tests.support.trials import (
    SPREAD,
    at_once,
    by_seed,
    control,
    equivalence_check,
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
        share=found.share,
        p_value=found.p_value,
    )


def many(*counts: tuple[int, ...]) -> list[ClaimRecord]:
    return [recorded(*count, id_=f"family.claim{n}") for n, count in enumerate(counts)]


def test_a_single_claim_needs_no_correction():
    (claim,), comparisons = correct(many((5, 0)))
    assert (claim.after_correction, claim.seeds_needed) == ("supported", 5)
    assert (comparisons.number, comparisons.method, comparisons.level) == (1, "Holm", 0.05)


def test_five_seeds_support_no_claim_of_many():
    claims, comparisons = correct(many(*[(5, 0)] * 46))
    assert comparisons.number == 46
    assert {claim.verdict for claim in claims} == {"supported"}
    assert {claim.after_correction for claim in claims} == {"inconclusive"}
    # 46 / 2^10 is the first below 0.05.
    assert {claim.seeds_needed for claim in claims} == {10}


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
    assert alone.seeds_needed is None, "no number of seeds is sure to be enough"
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


def test_how_many_seeds_are_needed_is_not_said_where_it_takes_more_than_that():
    tested = msgspec.structs.replace(recorded(9, 0), checks=[equivalence_check(0.04)])
    assert correct([tested])[0][0].seeds_needed is None


def test_no_claims_are_corrected_for_nothing():
    assert correct([]) == ([], correct([])[1])
    assert correct([])[1].number == 0
