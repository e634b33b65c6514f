"""Checks over seeds: margins, agreement with the paper, equivalence, and what fails them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_repro.statistics.intervals import tolerance_factor
from icl_repro.verification.ledger import Ledger, Threshold
from icl_repro.verification.margins import agreement, margin, over_seeds
from icl_repro.verification.record import CheckOverSeeds, ControlRecord, ThresholdEntry, Trial
from icl_repro.verification.recorder import Evidence
from icl_repro.verification.reported import Reported

FIVE = [1.1, 1.9, 3.0, 4.1, 4.9]
SPREAD = math.sqrt(2.41)


def trials(
    values: list[float], *, name: str = "length", first: int | None = 5, row: str = "", **fields
) -> list[Trial]:
    """A trial a value, from that seed on."""
    found = []
    for at, value in enumerate(values):
        evidence = Evidence()
        if "margin" in fields:
            evidence.equivalent(name, value, **fields)
        else:
            evidence.check(name, value, **{"at_least": 0, **fields})
        outcome = "passed" if evidence.evidence.holds else "failed"
        seed = None if first is None else first + at
        found.append(Trial("t", outcome, seed, row=row, evidence=evidence.evidence))
    return found


def control(id_: str, found: list[Trial]) -> ControlRecord:
    return ControlRecord(id_, "", [], "", "fails as it should", "", found)


def single(found: list[Trial], controls: list[ControlRecord] | None = None) -> CheckOverSeeds:
    (check,) = over_seeds("family.claim", found, controls or [], Ledger())
    return check


def test_a_check_is_followed_over_seeds():
    check = single(trials([1.0, -1.0, math.nan], unit="steps"))
    assert (check.name, check.unit, check.direction, check.low) == (
        "length",
        "steps",
        "at_least",
        0,
    )
    assert check.values == {"5": 1, "6": -1, "7": None}
    assert (check.held, check.judged) == (1, 3)
    assert (check.published, check.agreement, check.equivalence) == (None, None, None)


def test_a_check_without_seeds_has_one_value():
    assert single(trials([1.0], first=None)).values == {"": 1}


def test_checks_come_in_order_with_their_rows_and_without_those_not_judged():
    found = [
        *trials([1.0], row="b", name="second"),
        *trials([1.0], row="a"),
        Trial("t", "inconclusive", 6, evidence=trials([9.0])[0].evidence),
    ]
    checks = over_seeds("family.claim", found, [], Ledger())
    assert [(check.name, check.row, check.judged) for check in checks] == [
        ("second", "b", 1),
        ("length", "a", 1),
    ]


def test_the_margin_is_in_units_of_the_spread():
    found = margin(FIVE, 0.0, None)
    assert (found.mean, found.spread) == (3, pytest.approx(SPREAD))
    assert found.distance == pytest.approx(3 / SPREAD)
    # Five values, 90 % of networks, 95 % confidence: 3.407 spreads, as in the tables.
    assert found.tolerance_bound == pytest.approx(3 - 3.4066 * SPREAD, abs=1e-3)
    assert not found.knife_edge


def test_the_bound_looks_towards_the_nearest_threshold():
    below = margin(FIVE, None, 5.0)
    assert below.distance == pytest.approx(2 / SPREAD)
    assert below.tolerance_bound == pytest.approx(3 + tolerance_factor(5) * SPREAD)
    between = margin(FIVE, 0.0, 5.0)
    assert between == below
    assert margin(FIVE, 2.5, 9.0).distance == pytest.approx(0.5 / SPREAD)


def test_a_mean_beyond_its_threshold_has_a_negative_distance():
    assert margin(FIVE, 4.0, None).distance == pytest.approx(-1 / SPREAD)
    assert margin(FIVE, None, 2.0).distance == pytest.approx(-1 / SPREAD)


@pytest.mark.parametrize(
    ("low", "edge"), [(1.5, True), (1.4, False), (3.0, True), (4.5, True), (9.0, False)]
)
def test_a_knifes_edge_is_within_one_spread_on_either_side(low: float, edge: bool):
    assert margin(FIVE, low, None).knife_edge is edge


def test_too_few_values_have_no_spread():
    one, none = margin([2.0], 0.0, None), margin([], 0.0, None)
    assert (one.mean, one.spread, one.distance, one.tolerance_bound) == (2, None, None, None)
    assert (none.mean, none.knife_edge) == (None, False)


def test_values_that_are_all_the_same_are_on_no_edge():
    found = margin([1.0, 1.0, 1.0], 1.0, None)
    assert (found.spread, found.distance, found.tolerance_bound) == (0, None, None)
    assert found.no_bound == "all values are the same: no normal bound"
    assert not found.knife_edge


def test_values_on_the_bound_are_on_an_edge_wherever_the_mean_lies():
    # Two of five counts would fail if they were one less; their mean is 1.1 spreads away.
    found = margin([8.0, 7.0, 8.0, 7.0, 8.0], 7.0, None)
    assert found.distance == pytest.approx(0.6 / math.sqrt(0.3))
    assert (found.knife_edge, found.because) == (True, "2 of 5 values lie on the threshold")
    assert not margin([8.0, 7.0, 8.0, 7.0, 8.0], 6.0, None).knife_edge


def test_a_value_that_is_as_good_as_on_the_bound_is_on_an_edge():
    low = 1.1 - 0.1 * SPREAD
    near = margin(FIVE, low + 1e-6, None)
    assert near.because == "1 of 5 values lies within a tenth of a spread of the threshold"
    assert not margin(FIVE, low - 1e-6, None).knife_edge
    both = margin(FIVE, 3.0, None).because
    assert both == (
        "the mean lies less than one spread from the threshold and 1 of 5 values lies on the "
        "threshold"
    )


def test_a_margin_is_shown_if_the_tolerance_bound_holds_too():
    low = 3 - tolerance_factor(5) * SPREAD
    shown, not_shown = margin(FIVE, low - 1e-6, None), margin(FIVE, low + 1e-6, None)
    assert (shown.shown, shown.not_shown) == (True, False)
    assert (not_shown.shown, not_shown.not_shown, not_shown.knife_edge) == (False, True, False)
    assert margin(FIVE, None, 6 - low - 1e-6).shown is False, "towards the other end alike"
    edge, beyond = margin(FIVE, 2.5, None), margin(FIVE, 9.0, None)
    assert (edge.not_shown, beyond.not_shown) == (False, False), "they say so themselves"
    assert margin([1.0], 0.0, None).not_shown is False


def test_counts_have_no_normal_bound():
    found = margin([7.0, 6.0, 7.0, 7.0, 6.0], 3.0, None)
    assert (found.tolerance_bound, found.shown) == (None, None)
    assert found.no_bound == "values are counts: no normal bound"
    assert margin([7.0, 6.5, 7.0, 7.0, 6.0], 3.0, None).no_bound == ""
    assert margin([100.0, 200.0, 300.0], 3.0, None).no_bound == "", "large ones are as continuous"


def test_the_tolerance_bound_is_cut_where_the_quantity_ends():
    assert margin([0.9, 0.95, 0.99], None, 0.5, (0, 1)).tolerance_bound == 1
    assert margin([0.9, 0.95, 0.99], None, 0.5).tolerance_bound > 1
    assert margin(FIVE, 0.5, None, (0, None)).tolerance_bound == 0


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=8),
    st.floats(-100, 100),
    st.floats(0.01, 100),
)
@settings(max_examples=50, deadline=None)
def test_another_unit_changes_no_distance(values: list[float], low: float, unit: float):
    before, after = margin(values, low, None), margin([v * unit for v in values], low * unit, None)
    if before.spread and before.spread > 1e-6:
        assert after.distance == pytest.approx(before.distance, rel=1e-6, abs=1e-6)


def test_the_published_value_agrees_if_one_more_of_ours_could_be_it():
    # One more value lies within t(0.975; 4) spreads times sqrt(1 + 1/5).
    reach = 2.7764 * SPREAD * math.sqrt(1.2)
    near = agreement(FIVE, Reported(3 + 0.99 * reach, "Figure 3"))
    far = agreement(FIVE, Reported(3 + 1.01 * reach, "Figure 3"))
    assert (near.agrees, far.agrees) == (True, False)
    assert near.prediction.high == pytest.approx(3 + reach, abs=1e-3)
    assert "lies in the interval in which one more network of ours would lie" in near.sentence
    assert "lies outside the interval" in far.sentence
    assert near.sentence.endswith(", −1.72 to 7.72 (prediction, Student's t)")
    assert "with 95 % probability" in near.sentence
    assert near.p_value is None


def test_the_interval_ends_where_the_quantity_does():
    ours = [0.99990, 0.99995, 0.99999, 0.99996, 0.99997]
    free, cut = (
        agreement(ours, Reported(1.0, "Figure 3"), ends) for ends in ((None, None), (0, 1))
    )
    assert free.prediction.high > 1
    assert (cut.prediction.low, cut.prediction.high) == (free.prediction.low, 1)
    assert cut.prediction.method == "prediction, Student's t, cut at 1"
    assert cut.agrees
    assert cut.sentence.endswith("0.99985 to 1 (prediction, Student's t, cut at 1)")


def test_the_last_digit_that_is_printed_counts_as_half_known():
    ours = [0.99997, 0.99998, 0.99999, 0.99998, 0.99998]
    # One more lies above 0.99998 less t(0.975; 4) times 0.00000707 times sqrt(1.2), or 0.999958.
    exact = agreement(ours, Reported(0.9999, "Section 3", True), (0, 1))
    printed = agreement(ours, Reported(0.9999, "Section 3", True, uncertainty=5e-5), (0, 1))
    assert (exact.agrees, printed.agrees) == (False, False)
    finer = agreement(ours, Reported(0.9999, "Section 3", True, uncertainty=6e-5), (0, 1))
    assert finer.agrees
    assert "about 0.9999 ± 0.00006" in finer.sentence.replace("6 × 10⁻⁵", "0.00006")


def test_counts_have_whole_numbers_as_ends():
    found = agreement([7.0, 6.0, 7.0, 7.0, 6.0], Reported(5.0, "Figure 3"), (0, 8))
    # 6.6 less 2.776 times 0.548 times 1.095 is 4.93; the other end, 8.27, is cut at 8.
    assert (found.prediction.low, found.prediction.high) == (4, 8)
    assert found.prediction.method == "prediction, Student's t, widened to whole numbers, cut at 8"


def test_values_that_are_all_the_same_agree_with_that_value_alone():
    alike = agreement([2.0, 2.0, 2.0], Reported(2.0, "Figure 3"))
    other = agreement([2.0, 2.0, 2.0], Reported(3.0, "Figure 3"))
    assert (alike.agrees, alike.prediction) == (True, None)
    assert alike.sentence == "the published value, 2, is what all 3 networks of ours have"
    assert (other.agrees, other.prediction) == (False, None)
    assert other.sentence == "the published value, 3, is not what all 3 networks of ours have, 2"


def test_one_value_agrees_only_if_it_is_the_published_one():
    exact = agreement([78_400.0], Reported(78_400.0, "Appendix C"))
    assert (exact.prediction, exact.agrees) == (None, True)
    assert exact.sentence == "the published value, 78,400, is the same as ours, to the last digit"
    assert agreement([78_401.0], Reported(78_400.0, "Appendix C")).agrees is None


def test_one_value_cannot_tell_whether_it_agrees():
    found = agreement([1.0], Reported(1.0, "Figure 3", approximate=True))
    assert (found.prediction, found.agrees, found.p_value) == (None, None, None)
    assert found.sentence == (
        "1 value of ours cannot tell whether the published value, about 1, agrees: it takes two"
    )


def test_two_sets_of_five_are_compared_exactly():
    apart = agreement(FIVE, Reported(13.0, "Figure 3", over_seeds=[11.1, 12, 13, 14, 15]))
    alike = agreement(FIVE, Reported(3.0, "Figure 3", over_seeds=FIVE))
    assert apart.p_value == pytest.approx(2 / 252)
    assert apart.sentence.endswith(
        "the means of our 5 values and of the 5 published ones differ (permutation test, "
        "two-sided, p = 0.0079)"
    )
    assert alike.p_value == 1
    assert "are not shown to differ" in alike.sentence


def test_published_values_of_single_seeds_are_set_beside_ours_together():
    found = [
        trial
        for seed, (value, paper) in enumerate(zip(FIVE, [1.0, 2, 2, 3, 2], strict=True), start=5)
        for trial in trials([value], first=seed, published=Reported(paper, "Figure 3"))
    ]
    check = single(found)
    assert check.published == Reported(2.0, "Figure 3", over_seeds=[1, 2, 2, 3, 2])
    assert check.agreement is not None
    assert check.agreement.p_value is not None
    once = single(trials(FIVE, published=Reported(2.0, "Figure 3")))
    assert once.published == Reported(2.0, "Figure 3")


def test_no_difference_is_tested_over_seeds():
    values = [0.98, 1.0, 1.02, 0.99, 1.01]
    narrow = single(trials(values, margin=(0.99, 1.01))).equivalence
    wide = single(trials(values, margin=(0.9, 1.1))).equivalence
    assert (narrow.low, narrow.high, narrow.shown) == (0.99, 1.01, False)
    assert wide.shown
    # Both sides are 0.1 away, in units of the error of the mean: t with four degrees.
    t = 0.1 / (math.sqrt(0.00025) / math.sqrt(5))
    closed = 0.5 * (1 - t / math.sqrt(t**2 + 4) * (1 + 2 / (t**2 + 4)))
    assert wide.p_value == pytest.approx(closed, rel=1e-6)
    assert single(trials([1.0], margin=(0.9, 1.1))).equivalence.p_value is None


def test_no_difference_is_not_shown_by_the_finite_values_alone():
    values = [0.98, 1.0, 1.02, 0.99, 1.01]
    tested = single(trials([*values, math.nan], margin=(0.9, 1.1))).equivalence
    assert (tested.p_value, tested.shown) == (None, False)
    assert single(trials([math.nan], margin=(0.9, 1.1))).equivalence.shown is False


def at_once(values: dict[int, float] | float, **bounds) -> CheckOverSeeds:
    evidence = Evidence()
    if "margin" in bounds:
        evidence.equivalent("length", values, **bounds)
    else:
        evidence.check("length", values, **bounds)
    outcome = "passed" if evidence.evidence.holds else "failed"
    return single([Trial("t", outcome, seeds=[5, 6], evidence=evidence.evidence)])


def test_values_by_seed_are_followed_like_those_of_each_seed():
    values = dict(enumerate(FIVE, start=5))
    check = at_once(values, at_least=0.0, published=Reported(3.0, "Figure 3", over_seeds=FIVE))
    assert check.values == dict(zip("56789", FIVE, strict=True))
    assert check.margin == margin(FIVE, 0.0, None, of_mean=check.mean)
    assert check.agreement == agreement(FIVE, Reported(3.0, "Figure 3", over_seeds=FIVE))
    assert (check.held, check.judged) == (1, 1)


@pytest.mark.parametrize(
    ("bounds", "end", "said"),
    [
        ({"at_least": 0.5}, "low", "is at least 0.5 with 95 % confidence"),
        ({"at_most": 6}, "high", "is at most 6 with 95 % confidence"),
        ({"at_least": 6}, "high", "is below 6 with 95 % confidence"),
        ({"at_most": 0.5}, "low", "is above 0.5 with 95 % confidence"),
        ({"between": (0.5, 9)}, "low", "is between 0.5 and 9 with 95 % confidence"),
        ({"margin": (0.5, 9)}, "low", "is within a margin of 0.5 to 9 with 95 % confidence"),
        ({"between": (6, 9)}, "high", "is not between 6 and 9 with 95 % confidence"),
    ],
)
def test_a_mean_over_seeds_has_a_bound_towards_its_threshold(bounds, end: str, said: str):
    check = at_once(dict(enumerate(FIVE, start=5)), **bounds)
    # t(0.95; 4) is 2.1318.
    reach = 2.1318 * SPREAD / math.sqrt(5)
    assert check.mean.bound == pytest.approx(3 - reach if end == "low" else 3 + reach, abs=1e-3)
    assert check.mean.shown
    assert said in check.mean.sentence
    assert check.equivalence is None


def test_a_mean_is_shown_as_soon_as_its_bound_is_on_its_side():
    values = dict(enumerate(FIVE, start=5))
    bound = at_once(values, at_least=0.0).mean.bound
    assert at_once(values, at_least=bound - 1e-6).mean.shown
    near = at_once(values, at_least=bound + 1e-6).mean
    assert (near.shown, near.p_value) == (False, pytest.approx(0.05, abs=1e-5))
    assert near.sentence.startswith("the mean over 5 seeds is 3, which does not tell whether that")


def test_a_mean_is_on_an_edge_if_its_test_does_not_tell_the_side():
    values = dict(enumerate(FIVE, start=5))
    far, near = at_once(values, at_least=1.4), at_once(values, at_least=2.9)
    assert (far.margin.knife_edge, near.margin.knife_edge) == (False, True)
    assert near.margin.because == "the t test does not tell on which side the mean lies"
    assert (far.mean.shown, near.mean.shown) == (True, False)
    # With 1.4 the mean lies 1.03 spreads away, but 2.3 errors of the mean.
    assert far.margin.shown is None


def test_there_is_nothing_to_tell_of_a_mean_without_finite_values_by_seed():
    for values in (3.0, {5: 3.0}, {5: 3.0, 6: 2.0, 7: math.nan}):
        assert at_once(values, at_least=0.0).mean is None


def test_a_check_knows_the_controls_that_fail_it_everywhere():
    claim = trials([1.0, 1.0])
    never = trials([math.nan, -1.0])
    check = single(
        claim,
        [
            control("both", trials([-1.0, -2.0])),
            control("one", trials([-1.0, 2.0])),
            control("not_finite", never),
            control("other_check", trials([-1.0], name="height")),
            control("did_not_run", [Trial("t", "not run", 5)]),
        ],
    )
    assert check.failed_by == ["both"]


def test_thresholds_come_with_their_history():
    entry = ThresholdEntry("ours", "2026-10-02", False, at_least=0.0)
    known = {("family.claim", "length"): Threshold((entry,), published_fails="one seed")}
    (check,) = over_seeds("family.claim", trials([1.0]), [], Ledger(known, configured=True))
    assert (check.thresholds, check.published_fails) == ([entry], "one seed")
