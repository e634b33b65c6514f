"""Verdicts from trials: over seeds, what controls do to them, and the correction for many."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.verification.declare import Claim, Control
from icl_repro.verification.evidence import Check, EvidenceRecord
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    ControlRecord,
    ControlVerdict,
    Equivalence,
    Outcome,
    Trial,
)
from icl_repro.verification.verdict import Judgement, correct, judge_claim, judge_control

CLAIM = Claim("family.claim", "S.", "Section 1")
CONTROL = Control("other", "S.")


def check(holds: bool = True, name: str = "length", value: float | None = 1.0) -> Check:
    return Check(name, value, "at_least", 0.5 if holds else 2.0, None, holds)


def trial(
    outcome: Outcome, seed: int | None = None, message: str = "", *checks: Check, **fields
) -> Trial:
    """A trial of a claim, whose check holds if it passes, or of a control, whose check does not."""
    stated = EvidenceRecord(list(checks) or [check(outcome == "passed")])
    return Trial(f"test[{seed}]", outcome, seed, message=message, evidence=stated, **fields)


def seeds_with(*outcomes: Outcome) -> list[Trial]:
    return [trial(outcome, seed, f"{outcome}!") for seed, outcome in enumerate(outcomes, start=5)]


def holding(held: int, failed: int) -> list[Trial]:
    return seeds_with(*["passed"] * held, *["failed"] * failed)


def control(verdict: ControlVerdict, reason: str = "because") -> ControlRecord:
    return ControlRecord("other", "", [], "", verdict, reason, [])


GOOD = [control("fails as it should")]


def judged(
    trials: Sequence[Trial],
    controls: Sequence[ControlRecord] = GOOD,
    checks: Sequence[CheckOverSeeds] = (),
    claim: Claim = CLAIM,
) -> Judgement:
    return judge_claim(claim, trials, controls, checks, meaningful=True)


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
    judgement = judged(seeds_with("passed", "passed", "not run", "inconclusive", "not run"))
    assert (judgement.verdict, judgement.judged) == ("consistent", 2)
    assert judgement.reason.endswith("; 1 seed inconclusive; 2 seeds not run")


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


@pytest.mark.parametrize(
    ("outcome", "seeds", "verdict"),
    [
        ("passed", 4, "consistent"),
        ("failed", 1, "contradicted"),
        ("passed", 5, "supported"),
        ("failed", 9, "refuted"),
    ],
)
def test_a_claim_over_all_seeds_at_once(outcome: Outcome, seeds: int, verdict: str):
    judgement = judged([trial(outcome, seeds=list(range(seeds)))])
    assert (judgement.verdict, judgement.share) == (verdict, None)
    assert "taken together" in judgement.reason
    assert ("tell no more than that" in judgement.reason) == (seeds < 5)


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


def equivalence_check(p_value: float | None) -> CheckOverSeeds:
    shown = None if p_value is None else p_value <= 0.05
    return CheckOverSeeds(
        name="ratio",
        unit="",
        direction="between",
        low=0.9,
        high=1.1,
        kind="equivalence",
        row="",
        values={},
        held=5,
        judged=5,
        published=None,
        margin=None,
        agreement=None,
        equivalence=Equivalence(0.9, 1.1, p_value, shown),
        failed_by=[],
    )


def test_no_difference_is_supported_only_if_it_is_shown():
    assert judged(holding(5, 0), checks=[equivalence_check(0.04)]).verdict == "supported"
    judgement = judged(holding(5, 0), checks=[equivalence_check(0.0612)])
    assert judgement.verdict == "inconclusive"
    assert "do not show that ratio lies within its margin (p = 0.061)" in judgement.reason
    assert judged(holding(1, 0), checks=[equivalence_check(None)]).verdict == "consistent"


def test_runs_cut_short_give_no_verdict_but_errors_stay():
    def cut_short(outcome: Outcome) -> str:
        return judge_claim(CLAIM, [trial(outcome, 5)], GOOD, [], meaningful=False).verdict

    assert cut_short("failed") == "not meaningful"
    assert cut_short("error") == "error"
    assert cut_short("not run") == "not run"


# Controls. On their trials "passed" says that they failed where they should.

FAILS, HOLDS = check(False), check(True)
NOT_FINITE = check(False, value=None)


def on_seeds(*checks: Check | None, row: str = "") -> list[Trial]:
    """Trials of a control on seeds 5, 6, ...: with that check, or not run."""
    return [
        trial("not run", seed, "no runs", row=row)
        if stated is None
        else trial("failed" if stated.holds else "passed", seed, "", stated, row=row)
        for seed, stated in enumerate(checks, start=5)
    ]


def control_judged(
    trials: Sequence[Trial], claim_trials: Sequence[Trial], control: Control = CONTROL
) -> tuple[str, str]:
    return judge_control(control, trials, claim_trials, meaningful=True)


def test_a_control_fails_on_every_seed_of_its_claim():
    assert control_judged(on_seeds(FAILS, FAILS), holding(1, 1)) == (
        "fails as it should",
        "fails on each of 2 seeds, as it should",
    )
    assert control_judged([trial("passed", None, "", FAILS)], [trial("passed")]) == (
        "fails as it should",
        "fails, as it should",
    )


def test_one_seed_on_which_it_does_not_fail_is_enough():
    verdict, reason = control_judged(on_seeds(FAILS, HOLDS, FAILS), holding(3, 0))
    assert verdict == "does not fail"
    assert reason == (
        "does not fail where it should on seed 6: length is 1, which is at least 0.5, but this "
        "control must fail that check"
    )


def test_a_control_that_ran_on_one_seed_of_five_decides_nothing():
    ran = on_seeds(FAILS, None, None, None, None)
    verdict, reason = control_judged(ran, holding(5, 0))
    assert verdict == "undecided"
    assert reason == "could not be judged on seeds 6, 7, 8 and 9: no runs"
    record = control(verdict, reason)
    assert judged(holding(5, 0), [record]).verdict == "inconclusive"
    assert control_judged(ran[:1], holding(5, 0))[0] == "undecided", "even if it was left out"


def test_a_control_that_tells_neither_way_does_not_count():
    trials = [*on_seeds(FAILS), trial("inconclusive", 6, "too close")]
    verdict, reason = control_judged(trials, holding(2, 0))
    assert (verdict, reason) == ("undecided", "could not be judged on seed 6: too close")
    assert control_judged(trials[1:], holding(2, 0))[0] == "undecided"


def test_only_the_seeds_that_the_claim_judges_count():
    claims = seeds_with("passed", "inconclusive", "not run")
    assert control_judged(on_seeds(FAILS, HOLDS, None), claims)[0] == "fails as it should"


def test_without_trials_of_the_claim_its_own_seeds_count():
    assert control_judged(on_seeds(FAILS, FAILS), [])[0] == "fails as it should"
    assert control_judged(on_seeds(FAILS, HOLDS), [])[0] == "does not fail"


def test_what_is_not_finite_fails_only_with_a_reason():
    trials = on_seeds(FAILS, NOT_FINITE)
    verdict, reason = control_judged(trials, holding(2, 0))
    assert verdict == "does not fail"
    assert "on seed 6: length is not a finite number, which counts as failed only" in reason
    never = Control("other", "S.", undefined="never gets there")
    assert control_judged(trials, holding(2, 0), never)[0] == "fails as it should"
    assert control_judged(on_seeds(FAILS, HOLDS), holding(2, 0), never)[0] == "does not fail"


def test_every_check_must_fail_unless_some_are_named():
    both = [trial("failed", 5, "", FAILS, check(True, "height"))]
    assert control_judged(both, holding(1, 0))[0] == "does not fail"
    length = Control("other", "S.", only=("length",))
    assert control_judged(both, holding(1, 0), length)[0] == "fails as it should"


def test_a_named_check_that_is_never_stated_is_an_error():
    named = Control("other", "S.", only=("lenght",))
    verdict, reason = control_judged(on_seeds(FAILS), holding(1, 0), named)
    assert verdict == "error"
    assert "no check is named 'lenght'; did you mean 'length'?" in reason


def test_a_row_that_states_no_named_check_need_not_fail():
    named = Control("other", "S.", only=("length",))
    claim_rows = [
        trial("passed", 5, "", check(name="length"), row="a"),
        trial("passed", 5, "", check(name="height"), row="b"),
    ]
    rows = [
        trial("passed", 5, "", FAILS, row="a"),
        trial("passed", 5, "", check(True, "height"), row="b"),
    ]
    assert control_judged(rows, claim_rows, named)[0] == "fails as it should"
    assert control_judged(rows[:1], claim_rows, named)[0] == "fails as it should"
    assert control_judged(rows, claim_rows)[0] == "does not fail"


def test_a_row_that_did_not_run_leaves_the_seed_open():
    claim_rows = [trial("passed", 5, row="a"), trial("passed", 5, row="b")]
    rows = [trial("passed", 5, "", FAILS, row="a"), trial("not run", 5, "left out", row="b")]
    assert control_judged(rows, claim_rows) == (
        "undecided",
        "could not be judged on seed 5: left out",
    )
    assert control_judged(rows[:1], claim_rows)[0] == "undecided"


def test_a_named_check_that_one_seed_does_not_state_leaves_it_open():
    named = Control("other", "S.", only=("length",))
    trials = [*on_seeds(FAILS), trial("passed", 6, "", check(False, "height"))]
    assert control_judged(trials, holding(2, 0), named)[0] == "undecided"


def test_an_error_of_a_control_is_told():
    trials = [*on_seeds(FAILS), trial("error", 6, "ValueError: no such thing")]
    assert control_judged(trials, holding(2, 0)) == (
        "error",
        "raised an error on seed 6: ValueError: no such thing",
    )


def test_a_control_that_did_not_run_says_why():
    assert control_judged(on_seeds(None), holding(1, 0)) == ("not run", "did not run: no runs")
    assert control_judged([], holding(1, 0)) == ("not run", "did not run")


def test_a_control_on_runs_cut_short_means_nothing():
    verdict, _ = judge_control(CONTROL, on_seeds(HOLDS), holding(1, 0), meaningful=False)
    assert verdict == "not meaningful"


# The correction for how many claims were judged.


def recorded(held: int, failed: int, id_: str = "family.claim") -> ClaimRecord:
    found = judged(holding(held, failed))
    return ClaimRecord(
        id=id_,
        family="family",
        statement="S.",
        source="",
        verdict=found.verdict,
        reason=found.reason,
        trials=[],
        controls=[],
        share=found.share,
        p_value=found.p_value,
    )


def many(*counts: tuple[int, int]) -> list[ClaimRecord]:
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
    proof = msgspec.structs.replace(recorded(5, 0, "family.proof"), share=None, p_value=None)
    (first, second), comparisons = correct([proof, recorded(5, 0)])
    assert comparisons.number == 1
    assert (first.after_correction, first.seeds_needed) == (None, None)
    assert second.after_correction == "supported"


def test_claims_of_few_seeds_are_counted_but_not_corrected():
    claims, comparisons = correct(many((1, 0), (5, 0)))
    assert comparisons.number == 2
    assert [claim.after_correction for claim in claims] == [None, "inconclusive"]
    assert [claim.seeds_needed for claim in claims] == [6, 6]


def test_no_claims_are_corrected_for_nothing():
    assert correct([]) == ([], correct([])[1])
    assert correct([])[1].number == 0
