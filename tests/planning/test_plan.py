"""The plan of a suite: union of runs, seeds that a verdict needs, and what is out of reach."""

from pathlib import Path

import msgspec
import pytest

from icl_repro.planning.plan import planned
from icl_repro.planning.suite import (
    PlannedClaim,
    PlannedControl,
    PlannedRun,
    Suite,
    UnknownClaim,
    matching,
)
from icl_repro.planning.table import lines
from icl_repro.planning.times import Times
from icl_repro.verification.declared import Claim, Place
from icl_repro.verification.evidence import Check, EvidenceRecord
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.record import (
    CheckOverSeeds,
    ClaimRecord,
    KnownFailure,
    Margin,
    ThresholdEntry,
    Trial,
)
from icl_repro.verification.spreads import Spread, Spreads

SEEDS = (5, 6, 7, 8, 9)
EVERY = PlannedControl("no", "N.", "other networks", runs=("c",))


def claim(id_="a.one", runs=("a",), controls=(EVERY,), judged="seed by seed", profiles=()):
    return PlannedClaim(
        claim=Claim(id_, "It holds.", "Section 1"),
        place=Place("claims/test_a.py", 3),
        file="claims/test_a.py",
        test="test_one",
        judged=judged,
        controls=tuple(controls),
        profiles=profiles,
        names={"network": list(runs)},
    )


def suite(*claims, seeds=SEEDS, ledger=None, stored=(), **fields):
    runs = {
        key: PlannedRun(key, f"run {key}", 5, 100, key, "k", "a" * (key == "c"), key in stored)
        for key in "abc"
    }
    ids = frozenset(one.id for one in claims)
    return Suite(
        claims,
        ids,
        runs,
        "steps",
        "paper",
        True,
        seeds,
        Path("store"),
        ledger or Ledger(),
        **fields,
    )


def ledger(check="size", findings=(), no_control=None, **bounds):
    entry = ThresholdEntry("ours", "2026-01-01", False, **(bounds or {"at_least": 1.0}))
    return Ledger(
        {("a.one", check): Threshold((entry,), no_control=no_control or {})}, tuple(findings)
    )


def known(seeds, case="", edge=False):
    values = {str(seed): 0.5 for seed in seeds}
    return KnownFailure("a.one", "size", values, 0.1, "2026-01-01", "it does", case=case, edge=edge)


def only(found, **more):
    (one,) = planned(found, Times([]), 2, **more).claims
    return one


def rules(found, **more):
    return [(one.rule, one.any_number) for one in only(found, **more).obstacles]


def test_runs_that_claims_share_are_counted_once_with_those_they_take_weights_from():
    found = suite(claim(runs=("a", "b")), claim("a.two", runs=("b",)), stored="b")
    plan = planned(found, Times([], {"k": 1.0}), 2)
    assert [one.cost.runs for one in plan.claims] == [3, 3]
    assert (plan.cost.runs, plan.cost.stored, plan.cost.units_to_train) == (3, 1, 200)
    assert plan.cost.to_train.likely == 200
    assert plan.makespan.likely == 200  # one waits for the other, whatever the workers


def test_seeds_and_power_alone_and_for_all_claims_that_the_profile_judges():
    found = suite(*(claim(f"a.{n}") for n in range(67)), claim("a.other", profiles=("smoke",)))
    plan = planned(found, Times([]), 1)
    assert plan.comparisons == 67
    one = plan.claims[0]
    assert (one.seeds_needed.alone, one.seeds_needed.corrected) == (5, 11)
    assert [power.truth for power in one.power] == [0.8, 0.9, 0.95, 1.0]
    assert [power.alone for power in one.power] == pytest.approx([0.8**5, 0.9**5, 0.95**5, 1])
    assert all(power.corrected == 0 for power in one.power)


def test_fewer_than_five_seeds_have_no_power():
    assert [one.alone for one in only(suite(claim(), seeds=(5, 6, 7, 8))).power] == [0] * 4


def test_a_known_failure_takes_more_seeds_and_is_out_of_reach_with_too_few():
    failing = ledger(findings=[known([6])])
    found = only(suite(claim(), ledger=failing))
    assert found.seeds_needed.alone == 8
    (obstacle,) = found.obstacles
    assert "holds on 4 of 5 seeds at most, where `supported` takes 5" in obstacle.sentence
    assert "'size' on seed 6" in obstacle.sentence
    assert not obstacle.any_number
    assert rules(suite(claim(), ledger=failing, seeds=tuple(range(5, 13)))) == []
    assert rules(suite(claim(), ledger=ledger(findings=[known([6], edge=True)]))) == []
    assert rules(suite(claim(), ledger=ledger(findings=[known([99])]))) == []


def test_what_fails_on_most_seeds_is_on_its_way_to_refuted():
    needed = only(suite(claim(), ledger=ledger(findings=[known([5, 6, 7, 8])]))).seeds_needed
    assert (needed.towards, needed.alone) == ("refuted", 8)


def test_a_control_that_is_known_not_to_fail_leaves_its_claim_open():
    failing = ledger(findings=[known([6], case="no")])
    assert rules(suite(claim(), ledger=failing)) == [("control does not fail", False)]
    on_edge = ledger(findings=[known([6], case="no", edge=True)])
    assert rules(suite(claim(), ledger=on_edge)) == []


def test_a_check_that_no_control_has_to_fail_is_named():
    other = claim(controls=[PlannedControl("no", "N.", "", only=("length",))])
    assert rules(suite(other, ledger=ledger())) == [("no control fails the check", True)]
    assert rules(suite(other, ledger=ledger(no_control={"": "a proof"}))) == []


@pytest.mark.parametrize(("differ", "expected"), [(0.3, True), (0.1, False)])
def test_a_margin_no_wider_than_rounding_is_met_by_no_number_of_seeds(differ, expected):
    spreads = Spreads({("a.one", "", "size"): Spread("a.one", "", "size", differ, 3, [0])})
    found = rules(suite(claim(), ledger=ledger(margin=(-0.1, 0.1)), spreads=spreads))
    assert found == [("rounding is wider than the bounds", True)] * expected


def record(values, low=None, high=None, limits=(None, None), judged_over=(), held=5):
    mean = sum(values) / len(values)
    spread = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    direction = "between" if None not in (low, high) else "at_most" if low is None else "at_least"
    check = Check("size", values[0], direction, low, high, True, limits=limits)
    over_seeds = CheckOverSeeds(
        name="size",
        unit="",
        direction=direction,
        low=low,
        high=high,
        kind="threshold",
        row="",
        values=dict(zip(map(str, SEEDS), values, strict=True)),
        held=held,
        judged=5,
        published=None,
        margin=Margin(mean, spread, None, None, False),
        agreement=None,
        equivalence=None,
        failed_by=[],
    )
    trial = Trial("t", "passed", evidence=EvidenceRecord(checks=[check]), seeds=list(judged_over))
    return {
        "a.one": ClaimRecord(
            id="a.one",
            family="a",
            statement="",
            source="",
            verdict="supported",
            reason="",
            trials=[trial],
            controls=[],
            checks=[over_seeds],
            seeds_held=5,
            seeds_judged=5,
        )
    }


@pytest.mark.parametrize(
    ("measured", "rule"),
    [
        (record([1, 2, 3, 4, 5], low=2.9, high=3.1), "seeds differ by more than the bounds"),
        (record([1, 2, 3, 4, 5], low=4, held=2), "most networks lie outside"),
        (record([0.7, 0.8, 0.8, 0.8, 0.9], low=1.1, limits=(0, 1)), "beyond what the quantity can"),
    ],
)
def test_what_a_record_measured_shows_thresholds_that_no_seeds_would_meet(measured, rule):
    found = rules(suite(claim()), records=measured)
    assert any(name.startswith(rule) and any_number for name, any_number in found)
    assert rules(suite(claim()), records=record([1, 2, 3, 4, 5], low=-9)) == []


def test_one_value_far_off_does_not_put_a_threshold_out_of_reach():
    assert rules(suite(claim()), records=record([1, 1, 1, 1, 90], high=2, held=4)) == []


def test_a_mean_on_the_limit_of_its_quantity_cannot_be_shown():
    measured = record([0.8, 0.9, 0.9, 0.8, 0.9], low=1.0, limits=(0, 1), judged_over=SEEDS)
    found = rules(suite(claim(judged="over all seeds")), records=measured)
    assert ("on the limit of the quantity", True) in found


def test_a_record_gives_a_claim_over_all_seeds_its_own_power_and_number():
    measured = record([1.0, 2.0, 3.0, 4.0, 5.0], low=0.0, judged_over=SEEDS)
    found = only(suite(claim(judged="over all seeds")), records=measured)
    assert found.measured_power.truth == pytest.approx(3 / 2.5**0.5)
    assert 0.9 < found.measured_power.alone < 1
    assert found.seeds_needed.alone == 5
    assert only(suite(claim(judged="over all seeds"))).seeds_needed.alone is None


def test_the_plan_survives_json_and_its_text_says_what_counts():
    found = suite(claim(), claim("b.two", judged="without seeds", runs=(), controls=()), stored="a")
    plan = planned(found, Times([], {"k": 1.0}), 2)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=type(plan)) == plan
    text = "\n".join(lines(plan))
    assert "2 claims: 2 runs (shared ones once), 200 steps at most" in text
    assert "1 of them is in the store; 1 run to train, 100 steps at most" in text
    assert "33 %    59 %    77 %   100 %" in text
    assert max(map(len, text.splitlines())) <= 110


def test_a_pattern_that_matches_nothing_names_the_nearest():
    claims = [claim(), claim("a.two", profiles=("smoke",))]
    assert [one.id for one in matching(["a.*"], claims, "paper")] == ["a.one"]
    assert [one.id for one in matching([], claims)] == ["a.one", "a.two"]
    with pytest.raises(UnknownClaim, match=r"no claim matches 'a.on'; did you mean 'a.one'"):
        matching(["a.on"], claims)
    with pytest.raises(UnknownClaim, match="judged in the smoke profile only; add --profile smoke"):
        matching(["a.two"], claims, "paper")
    with pytest.raises(UnknownClaim, match=r"'no' is a control of a.one"):
        matching(["no"], claims)
