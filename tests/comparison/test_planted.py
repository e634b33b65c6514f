"""Drifts that are planted in a record, and named in the right place and nowhere else."""

from __future__ import annotations

import pytest

from icl_repro.comparison import UnknownKind, compare, parse_kinds
from icl_repro.verification.record import Profile, Retired, ThresholdEntry
from tests.support.planted import (
    LENGTH,
    PLATEAU,
    check_of,
    claim_of,
    measured,
    named,
    on_another_basis,
    replace,
    usual,
    with_check,
    with_claim,
    with_curve,
    with_values,
)
from tests.support.report_fixture import rich_record

RICH = rich_record()
RECORD = replace(RICH, environment=replace(RICH.environment, uncommitted_changes=False))
KNOWN = measured(PLATEAU, LENGTH, 100.0, 8)


def test_equal_records_have_nothing_to_name():
    found = compare(RECORD, replace(RECORD), spreads=KNOWN)
    assert named(found) == {}
    assert found.is_unchanged
    assert found.regressed == []
    assert found.amounts.claims == 11
    assert found.amounts.curves > 50
    assert [(one.what, one.why) for one in found.not_compared] == [
        ("claims", "not run in the old record"),
        ("values", "not finite in both records"),
    ]


def test_a_verdict():
    new = with_claim(RECORD, PLATEAU, verdict="refuted")
    found = compare(RECORD, new)
    assert named(found) == {"verdicts": [f"{PLATEAU}  supported>refuted worse"]}
    assert found.regressed == found.failing() == ["verdict"]
    back = compare(new, RECORD)
    assert named(back) == {"verdicts": [f"{PLATEAU}  refuted>supported better"]}
    assert back.regressed == []


def test_a_seed_on_which_it_holds_no_more_although_the_verdict_is_the_same():
    first, *rest = claim_of(RECORD, PLATEAU).trials
    new = with_claim(RECORD, PLATEAU, trials=[replace(first, outcome="failed"), *rest])
    (change,) = compare(RECORD, new).verdicts
    assert (change.effect, change.lost, change.gained) == ("worse", ["5"], [])
    (change,) = compare(new, RECORD).verdicts
    assert (change.effect, change.lost, change.gained) == ("better", [], ["5"])


@pytest.mark.parametrize("verdict", ["consistent", "inconclusive"])
def test_a_verdict_on_fewer_seeds_is_no_regression(verdict):
    """Where all of five hold, what one of them can tell is no more than that."""
    one_seed = claim_of(RECORD, PLATEAU).trials[:1]
    new = with_claim(RECORD, PLATEAU, trials=one_seed, verdict=verdict)
    changes = compare(RECORD, new).verdicts
    assert {change.effect for change in changes} == {"otherwise"}
    failing = [replace(one_seed[0], outcome="failed")]
    new = with_claim(RECORD, PLATEAU, trials=failing, verdict="contradicted")
    assert "worse" in {change.effect for change in compare(RECORD, new).verdicts}


def test_what_fails_on_the_edge_of_its_threshold_is_no_regression():
    """Seed 5 of circuits.order is known to lie there."""
    first, *rest = claim_of(RECORD, "circuits.order").trials
    check = replace(first.evidence.checks[0], holds=False)
    failing = replace(first, outcome="failed", evidence=replace(first.evidence, checks=[check]))
    holding = replace(first, outcome="passed")
    old = with_claim(RECORD, "circuits.order", trials=[holding, *rest])
    new = with_claim(RECORD, "circuits.order", trials=[failing, *rest])
    (change,) = compare(old, new).verdicts
    assert (change.effect, change.lost) == ("otherwise", ["5"])
    (change,) = compare(old, replace(new, findings=[])).verdicts
    assert change.effect == "worse"


def test_a_control():
    (control,) = claim_of(RECORD, PLATEAU).controls
    new = with_claim(RECORD, PLATEAU, controls=[replace(control, verdict="does not fail")])
    worse = f"{PLATEAU} untrained fails as it should>does not fail worse"
    assert named(compare(RECORD, new)) == {"verdicts": [worse]}
    gone = with_claim(RECORD, PLATEAU, controls=[])
    (change,) = compare(RECORD, gone).verdicts
    assert (change.now, change.effect, change.why) == ("", "worse", "it is gone")
    told = replace(gone, retired=[Retired(PLATEAU, "2026-01-01", True, "moved", case="untrained")])
    (change,) = compare(RECORD, told).verdicts
    assert (change.effect, change.why) == ("otherwise", "moved")


def test_after_correction():
    new = with_claim(RECORD, PLATEAU, after_correction="supported")
    (change,) = compare(RECORD, new).verdicts
    assert (change.effect, change.after_correction) == ("better", True)
    (change,) = compare(new, RECORD).verdicts
    assert change.effect == "worse"
    (change,) = compare(replace(new, comparisons=None), RECORD).verdicts
    assert (change.effect, change.why) == ("otherwise", "corrected for another number of claims")


def test_a_claim_that_is_gone_is_worse_and_one_that_was_left_out_is_not_compared():
    without = [claim for claim in RECORD.claims if claim.id != PLATEAU]
    found = compare(RECORD, replace(RECORD, claims=without))
    assert named(found) == {"verdicts": [f"{PLATEAU}  supported> worse"]}
    left_out = replace(RECORD, claims=without, not_selected=[PLATEAU])
    found = compare(RECORD, left_out)
    assert named(found) == {}
    assert ("claims", "not selected in the new session", [PLATEAU]) in [
        (one.what, one.why, one.names) for one in found.not_compared
    ]
    elsewhere = [claim for claim in without if claim.family != "emergence"]
    some = replace(RECORD, claims=elsewhere, command="pytest claims/test_timing.py")
    assert named(compare(RECORD, some)) == {}
    new = compare(replace(RECORD, claims=without), RECORD)
    assert named(new) == {"verdicts": [f"{PLATEAU}  >supported otherwise"]}


def test_the_value_of_one_seed():
    """No t test over five seeds shows it, but trainings of one seed do not differ as much."""
    new = with_values(RECORD, {"7": 60_000})
    found = compare(RECORD, new, spreads=KNOWN)
    assert named(found) == {"values": [f"{PLATEAU}: {LENGTH} worse"]}
    assert found.values[0].moved == ["7"]
    assert found.failing() == ["value"]
    unknown = compare(RECORD, new)
    assert named(unknown) == {"unclear": [f"{PLATEAU}: {LENGTH}"]}
    assert unknown.failing() == []


def test_a_value_that_is_no_longer_finite():
    found = compare(RECORD, with_values(RECORD, {"7": None}))
    assert named(found) == {"values": [f"{PLATEAU}: {LENGTH} worse"]}
    assert found.values[0].why == "no finite value any more on seed 7"


def test_a_curve():
    found = compare(RECORD, with_curve(RECORD, PLATEAU, 6, later=1.5))
    assert named(found) == {"curves": [f"{PLATEAU} 6 train"]}
    assert found.regressed == ["curve"]
    assert found.failing() == []
    assert found.failing(("curve",)) == ["curve"]
    assert named(compare(RECORD, with_curve(RECORD, PLATEAU, 6, later=1.01))) == {}


@pytest.mark.parametrize(
    ("low", "change", "regressed"),
    [(70_000, "looser", []), (81_000, "stricter", [])],
)
def test_a_threshold(low, change, regressed):
    entry = ThresholdEntry("ours", "2026-12-01", seen=True, at_least=low, reason="we thought again")
    history = check_of(RECORD, PLATEAU, LENGTH).thresholds
    new = with_check(RECORD, PLATEAU, LENGTH, low=low, thresholds=[*history, entry])
    found = compare(RECORD, new, spreads=KNOWN)
    assert named(found) == {"thresholds": [f"{PLATEAU}: {LENGTH} {change}"]}
    assert found.thresholds[0].why == "we thought again"
    assert found.regressed == regressed
    assert found.failing() == []


def test_a_threshold_that_is_looser_without_a_reason_is_a_regression():
    history = check_of(RECORD, PLATEAU, LENGTH).thresholds
    entry = ThresholdEntry("ours", "2026-12-01", seen=True, at_least=70_000)
    for thresholds in (history, [*history, entry]):
        new = with_check(RECORD, PLATEAU, LENGTH, low=70_000, thresholds=thresholds)
        assert compare(RECORD, new, spreads=KNOWN).regressed == ["threshold"]


@pytest.mark.parametrize(
    ("command", "gone"),
    [
        ("pytest claims/ -n auto", True),
        ("pytest -n auto --icl-store /a/store --icl-profile=standard", True),
        ("pytest claims/test_timing.py", False),
        ("pytest claims/ -k timing", False),
        ("pytest claims/ --ignore=claims/test_emergence.py", False),
    ],
)
def test_a_file_of_claims_that_is_gone_from_a_whole_session_is_worse(command, gone):
    old = replace(RECORD, command="pytest claims")
    left = [claim for claim in RECORD.claims if claim.family != "emergence"]
    found = compare(old, replace(old, claims=left, command=command))
    assert found.regressed == (["verdict"] if gone else [])
    # The same command looks at the same files, whatever it selects.
    old = replace(old, command=command)
    assert compare(old, replace(old, claims=left)).regressed == ["verdict"]


def test_a_test_that_is_gone_although_the_verdict_stayed_is_told():
    first, *rest = claim_of(RECORD, PLATEAU).trials
    found = compare(RECORD, with_claim(RECORD, PLATEAU, trials=rest))
    assert ("tests", "gone in the new record", [f"{PLATEAU}, seed {first.seed}"]) in [
        (one.what, one.why, one.names) for one in found.not_compared
    ]


def test_a_check_that_is_gone_or_new():
    checks = claim_of(RECORD, PLATEAU).checks
    without = with_claim(RECORD, PLATEAU, checks=checks[1:])
    assert named(compare(RECORD, without)) == {"thresholds": [f"{PLATEAU}: {LENGTH} removed"]}
    assert named(compare(without, RECORD)) == {"thresholds": [f"{PLATEAU}: {LENGTH} added"]}


def test_the_speed():
    slow = replace(RECORD, training=replace(RECORD.training, seconds=2 * RECORD.training.seconds))
    found = compare(RECORD, slow)
    assert named(found) == {"speed": ["worse 2"]}
    assert (found.regressed, found.failing()) == (["speed"], [])
    assert named(compare(slow, RECORD)) == {"speed": ["better 0.5"]}


def test_speed_on_another_processor_is_told_and_does_not_count():
    other = replace(
        RECORD,
        training=replace(RECORD.training, seconds=2 * RECORD.training.seconds),
        environment=replace(RECORD.environment, processor="Another One"),
    )
    found = compare(RECORD, other)
    assert set(named(found)) == {"speed", "facts", "warnings"}
    assert found.speed is not None
    assert found.speed.counts is False
    assert found.regressed == []
    assert "the processors differ" in found.warnings[0]


def test_the_version_of_a_package():
    packages = RECORD.environment.packages | {"jax": "0.11.0"}
    new = replace(RECORD, environment=replace(RECORD.environment, packages=packages))
    found = compare(RECORD, new)
    assert named(found) == {"facts": ["jax 0.10.2>0.11.0"], "warnings": ["versions differ: jax"]}
    assert found.is_unchanged


def test_what_runs_are_made_from():
    found = compare(usual(RECORD), on_another_basis(RECORD))
    assert set(named(found)) == {"facts", "warnings"}
    assert named(found)["facts"] == ["exemplars drawn characters>other drawings"]
    assert "the runs are not the same ones" in found.warnings[0]
    assert found.amounts.curves == 0
    assert "curves" in [one.what for one in found.not_compared]
    moved = on_another_basis(with_values(RECORD, {"7": 60_000}))
    # How far trainings of one seed differ says nothing of other runs.
    found = compare(usual(RECORD), moved, spreads=KNOWN)
    assert [one.check for one in found.unclear] == [LENGTH]


def test_seeds_that_only_one_record_has():
    values = check_of(RECORD, PLATEAU, LENGTH).values
    fewer = {seed: value for seed, value in values.items() if seed != "9"}
    found = compare(RECORD, with_check(RECORD, PLATEAU, LENGTH, values=fewer))
    assert named(found) == {}
    assert ("values", "seed 9 only in the old record", [f"{PLATEAU}: {LENGTH}"]) in [
        (one.what, one.why, one.names) for one in found.not_compared
    ]


def test_sessions_that_cut_runs_short_are_not_compared():
    new = with_claim(RECORD, PLATEAU, verdict="refuted")
    smoke = replace(new, profile=Profile("smoke", [5], meaningful=False))
    found = compare(RECORD, smoke)
    assert found.regressed == []
    assert (found.amounts.claims, found.amounts.values, found.amounts.curves) == (0, 0, 0)
    assert found.not_compared[0].why == "the smoke profile of the new record cuts runs short"


def test_kinds_are_read_and_what_is_none_is_told_the_nearest():
    assert parse_kinds("value, verdict") == ("verdict", "value")
    assert parse_kinds("none") == ()
    with pytest.raises(UnknownKind, match="'none' stands by itself"):
        parse_kinds("none,verdict")
    with pytest.raises(UnknownKind, match=r"'values' is nothing that can .* did you mean 'value'"):
        parse_kinds("verdict,values")
