"""Verdicts on controls: they fail on each seed of their claim, by the same measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from icl_repro.verification.controls import differences, judge_control, unguarded
from icl_repro.verification.declare import Control
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import ClaimRecord, ControlRecord, Trial
from tests.support.trials import check, holding, seeds_with, trial

CONTROL = Control("other", "S.")

# On trials of controls "passed" says that they failed where they should.

FAILS, HOLDS = check(False), check(True)
NOT_FINITE = msgspec.structs.replace(FAILS, value=None)


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


def test_every_seed_is_named_on_which_it_does_not_fail():
    _, reason = control_judged(on_seeds(FAILS, HOLDS, HOLDS), holding(3, 0))
    assert reason == (
        "does not fail where it should on seeds 6 and 7: on seed 6, length is 1, which is at least "
        "0.5, but this control must fail that check"
    )


def test_a_control_that_ran_on_one_seed_of_five_decides_nothing():
    ran = on_seeds(FAILS, None, None, None, None)
    verdict, reason = control_judged(ran, holding(5, 0))
    assert verdict == "undecided"
    assert reason == "could not be judged on seeds 6, 7, 8 and 9: no runs"
    assert control_judged(ran[:1], holding(5, 0))[0] == "undecided", "even if it was left out"


def test_a_control_that_tells_neither_way_does_not_count():
    trials = [*on_seeds(FAILS), trial("inconclusive", 6, "too close", FAILS)]
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
    claims = [*holding(1, 0), trial("passed", 6, "", check(name="height"))]
    assert control_judged(trials, claims, named)[0] == "undecided"


# A control is the same measurement as its claim.

ONE, TWO = check(name="one"), check(name="two")
CLAIM = [trial("passed", seed, "", ONE, TWO) for seed in (5, 6, 7)]


def stating(*checks: Check, **fields: Any) -> list[Trial]:
    return [trial("passed", seed, "", *checks, **fields) for seed in (5, 6, 7)]


def test_a_control_that_states_fewer_checks_than_its_claim_is_an_error():
    fewer = stating(check(False, "one"))
    assert control_judged(fewer, CLAIM) == (
        "error",
        "does not state the check 'two' on seeds 5, 6 and 7, which its claim states there",
    )
    some = [*stating(check(False, "one"), check(False, "two"))[:2], fewer[2]]
    assert control_judged(some, CLAIM)[1] == (
        "does not state the check 'two' on seed 7, which its claim states there"
    )


def test_what_only_leaves_out_need_not_be_stated():
    fewer = stating(check(False, "one"))
    assert control_judged(fewer, CLAIM, Control("other", "S.", only=("one",)))[0] == (
        "fails as it should"
    )
    assert control_judged(fewer, CLAIM, Control("other", "S.", only=("one", "two")))[0] == "error"


@pytest.mark.parametrize(
    ("moved", "sentence"),
    [
        ({"low": 2.0}, "at least 2, not at least 0.5"),
        ({"low": None, "high": 2.0, "direction": "at_most"}, "at most 2, not at least 0.5"),
        ({"high": 0.9, "direction": "between"}, "between 0.5 and 0.9, not at least 0.5"),
    ],
)
@pytest.mark.parametrize("only", [(), ("two",)])
def test_a_control_that_moves_a_threshold_is_an_error(moved, sentence: str, only: tuple[str, ...]):
    trials = stating(check(False, "one", **moved), check(False, "two"))
    verdict, reason = control_judged(trials, CLAIM, Control("other", "S.", only=only))
    assert verdict == "error"
    assert reason == (
        f"holds 'one' to another threshold than its claim on seeds 5, 6 and 7: {sentence}"
    )


def test_another_kind_of_check_is_another_measurement():
    ends = {"high": 2.0, "direction": "between"}
    claims = stating(check(name="one", **ends, kind="equivalence"))
    (said,) = differences((), stating(check(False, "one", **ends)), claims)
    assert said.endswith(": between 0.5 and 2, not within a margin of 0.5 to 2")


def test_only_the_same_row_and_seeds_are_compared():
    claims = [
        *stating(ONE, row="a"),
        *stating(TWO, row="b"),
        trial("passed", None, "", ONE, seeds=[5, 6]),
    ]
    same = [
        *stating(check(False, "one"), row="a"),
        *stating(check(False, "two"), row="b"),
        trial("passed", None, "", check(False, "one"), seeds=[5, 6]),
    ]
    assert differences((), same, claims) == []
    assert len(differences((), stating(check(False, "one"), row="b"), claims)) == 1
    assert len(differences((), [trial("passed", None, "", TWO, seeds=[5, 6])], claims)) == 1


def test_where_either_tells_neither_way_nothing_is_compared():
    undecided = [trial("inconclusive", seed, "", ONE) for seed in (5, 6, 7)]
    assert differences((), undecided, CLAIM) == differences((), CLAIM, undecided) == []


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


# Which checks no control fails, and on which seeds.


def said(controls: dict[str, list[Trial]], claim_trials: Sequence[Trial], **more: Any) -> list[str]:
    records = [
        ControlRecord(case, "", [], "", "does not fail", "", trials)
        for case, trials in controls.items()
    ]
    claim = ClaimRecord("a.one", "a", "", "", "mixed", "", list(claim_trials), records)
    return [one.sentence for one in unguarded(claim, **more)]


def test_a_check_that_one_control_fails_on_every_seed_is_guarded():
    assert said({"no": on_seeds(HOLDS), "yes": on_seeds(FAILS)}, holding(1, 0)) == []
    assert said({"yes": on_seeds(FAILS, FAILS)}, holding(1, 1)) == []
    assert said({"yes": on_seeds(FAILS)}, seeds_with("passed", "inconclusive", "not run")) == []


def test_a_check_that_no_control_fails_is_told():
    none = ["no control fails 'length'"]
    assert said({"other": on_seeds(HOLDS, HOLDS)}, holding(2, 0)) == none
    assert said({"other": on_seeds(NOT_FINITE)}, holding(1, 0)) == none, "undefined is no failure"
    assert said({"other": []}, holding(1, 0)) == none
    assert said({"other": [trial("passed", None, "", HOLDS)]}, [trial("passed")]) == none


def test_the_seeds_are_told_on_which_the_best_control_does_not_fail():
    weak, better = on_seeds(HOLDS, HOLDS, FAILS), on_seeds(FAILS, NOT_FINITE, FAILS)
    assert said({"weak": weak, "better": better}, holding(3, 0)) == [
        "no control fails 'length' everywhere: better does not on seed 6"
    ]


def test_what_is_known_of_a_control_is_excused_there_alone():
    def on_six(case: str, name: str, beside: Trial) -> bool:
        return (case, name, beside.seed) == ("other", "length", 6)

    one, two = on_seeds(FAILS, HOLDS), on_seeds(HOLDS, HOLDS)
    assert said({"other": one}, holding(2, 0), excused=on_six) == []
    assert said({"another": one}, holding(2, 0), excused=on_six) != []
    assert said({"other": two}, holding(2, 0), excused=on_six) == [
        "no control fails 'length' everywhere: other does not on seed 5"
    ]
