"""Values paired by seed: tests against SciPy and closed forms, margins, and the correction."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from icl_repro.comparison import compare
from icl_repro.report.compared import terminal_lines
from icl_repro.report.text.compared import headline
from icl_repro.statistics.drifts import beyond_largest
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.spreads import NOT_MEASURED
from tests.support.planted import measured, replace, with_claim
from tests.support.report_builders import at_least, at_most, between, claim, control, trial
from tests.support.report_fixture import rich_record

CLAIM, CHECK = "a.one", "height"
OLD = [20.0, 22.0, 19.0, 21.0, 18.0]


def record(values, check=at_least, ends=(10.0,), controls=()):
    """A record of one claim with one check, by seeds from 5 on."""
    trials = [
        trial(CLAIM, seed, EvidenceRecord([check(CHECK, value, *ends)]))
        for seed, value in enumerate(values, start=5)
    ]
    made = claim(CLAIM, "It is high.", "Section 1", "supported", "", trials, controls)
    return replace(rich_record(), claims=[made])


def changed(old, new, spreads=NOT_MEASURED, margin=0.1):
    """The change of the one check, whether it is shown or not; None if it is the same."""
    found = compare(old, new, spreads=spreads, margin=margin)
    (change,) = [*found.values, *found.unclear] or [None]
    return change


def plus(values, differences):
    return [value + more for value, more in zip(values, differences, strict=True)]


def test_the_difference_has_the_interval_and_the_p_values_of_paired_t_tests():
    differences = [-3.0, -3.4, -2.9, -3.1, -3.3]
    new = plus(OLD, differences)
    change = changed(record(OLD), record(new))
    paired = stats.ttest_rel(new, OLD)
    interval = paired.confidence_interval(0.95)
    assert change.difference == pytest.approx(-3.14)
    assert (change.before, change.now) == (20.0, pytest.approx(16.86))
    assert change.interval.low == pytest.approx(interval.low)
    assert change.interval.high == pytest.approx(interval.high)
    # A change counts beyond what rounding does, one ten thousandth of the largest value.
    expected = 2 * stats.ttest_1samp(differences, -22e-4, alternative="less").pvalue
    assert change.p_changed == pytest.approx(expected)
    # A tenth of the distance from 20 to 10 may be lost.
    assert change.margin == pytest.approx(1.0)
    worse = stats.ttest_1samp(differences, -1.0, alternative="less").pvalue
    assert change.p_worse == pytest.approx(worse)
    assert (change.effect, change.shown, change.not_worse) == ("worse", True, False)


def test_within_the_margin_a_shown_change_is_not_worse():
    change = changed(record(OLD), record(plus(OLD, [-0.50, -0.54, -0.49, -0.51, -0.53])))
    assert (change.effect, change.shown, change.not_worse) == ("otherwise", True, True)
    wide = changed(record(OLD), record(plus(OLD, [-3.0, -3.4, -2.9, -3.1, -3.3])), margin=0.5)
    assert (wide.effect, wide.not_worse) == ("otherwise", True)


def test_more_room_is_better_and_what_may_be_chance_is_unclear():
    assert changed(record(OLD), record(plus(OLD, [3.0, 3.4, 2.9, 3.1, 3.3]))).effect == "better"
    change = changed(record(OLD), record(plus(OLD, [-9.0, 6.0, -8.0, 2.0, -1.0])))
    assert (change.effect, change.shown, change.not_worse) == ("otherwise", False, False)


@pytest.mark.parametrize(
    ("check", "ends", "sign"), [(at_most, (30.0,), 1.0), (between, (0.0, 30.0), 1.0)]
)
def test_the_bad_side_is_that_of_the_threshold(check, ends, sign):
    up, down = plus(OLD, [5.0, 5.1, 4.9, 5.2, 4.8]), plus(OLD, [-5.0, -5.1, -4.9, -5.2, -4.8])
    old = record(OLD, check, ends)
    assert changed(old, record(up, check, ends)).effect == "worse"
    assert changed(old, record(down, check, ends)).effect == "better"


def test_a_control_is_worse_where_it_comes_nearer_to_holding():
    def failing(value):
        evidence = EvidenceRecord([at_least(CHECK, value, 10.0)])
        trials = [trial(CLAIM, seed, evidence, "passed", case="other") for seed in range(5, 10)]
        return record(OLD, controls=[control("other", "Low.", "fails as it should", trials)])

    known = measured(CLAIM, CHECK, 0.01, 8, case="other")
    change = changed(failing(2.0), failing(8.0), known)
    assert (change.case, change.effect) == ("other", "worse")
    assert changed(failing(8.0), failing(2.0), known).effect == "better"


def test_one_seed_is_held_against_what_trainings_of_one_seed_differ_by():
    old, new = record([20.0]), record([19.0])
    change = changed(old, new, measured(CLAIM, CHECK, 0.01, 4))
    assert change.interval is None
    # Both are whole numbers, which are not known to more than one half.
    assert change.p_changed == pytest.approx(beyond_largest(1.0, 0.5, 4))
    assert change.p_worse == 1.0
    change = changed(record([20.5]), record([16.5]), measured(CLAIM, CHECK, 0.01, 4))
    assert change.p_worse == pytest.approx(beyond_largest(4 - 1.05, 0.01, 4, two_sided=False))
    assert (change.effect, change.shown) == ("worse", True)
    near = changed(record([20.5]), record([20.485]), measured(CLAIM, CHECK, 0.01, 4))
    assert near is None
    unknown = changed(old, new)
    assert (unknown.p_changed, unknown.shown) == (None, False)
    assert unknown.why == "one value, and how far trainings differ in it is not known"


def test_with_both_tests_each_counts_twice():
    differences = [-3.0, -3.4, -2.9, -3.1, -3.3]
    change = changed(record(OLD), record(plus(OLD, differences)), measured(CLAIM, CHECK, 50.0, 8))
    t_test = stats.ttest_1samp(differences, -1.0, alternative="less").pvalue
    assert change.p_worse == pytest.approx(2 * t_test)


def test_changes_of_single_seeds_that_cancel_are_shown():
    new = record(plus(OLD, [-0.9, 0.9, 0.0, 0.0, 0.0]))
    change = changed(record(OLD), new, measured(CLAIM, CHECK, 0.01, 8))
    assert (change.effect, change.shown, change.moved) == ("otherwise", True, ["5", "6"])
    assert change.p_changed == pytest.approx(2 * beyond_largest(0.9, 0.01, 8, 5))


def test_rounding_is_no_change():
    rounded = [value * (1 + 2e-5) for value in OLD]
    assert changed(record(OLD), record(rounded)) is None
    assert compare(record(OLD), record(rounded)).amounts.not_worse == 1


@pytest.mark.parametrize(
    ("largest", "pairs", "told"),
    [
        (0.01, 2, "larger than any of 2 known differences, as 1 of 3 is by chance"),
        (0.0, 8, "larger than any of 8 known differences, as 1 of 9 is by chance"),
        (0.0, 1, "larger than the one known difference, as every second one is by chance"),
        (None, 0, "one value, and how far trainings differ in it is not known"),
    ],
)
def test_what_no_test_can_tell_of_is_judged_by_the_margin_alone(largest, pairs, told):
    known = NOT_MEASURED if largest is None else measured(CLAIM, CHECK, largest, pairs)
    old = record([20.5])
    worse = changed(old, record([17.0]), known, margin=None)
    assert (worse.effect, worse.by_margin, worse.p_worse, worse.why) == ("worse", True, None, told)
    assert worse.lost == pytest.approx(3.5 / 10.5)
    # A tenth of the way may be lost; a quarter, where no difference is known at all.
    near = changed(old, record([19.5 if largest is not None else 18.0]), known, margin=None)
    assert (near.effect, near.shown, near.why) == ("otherwise", False, told)
    tenth = changed(old, record([18.0]), known, margin=None)
    assert tenth.effect == ("otherwise" if largest is None else "worse")
    assert changed(old, record([18.0]), known, margin=0.1).effect == "worse"
    assert changed(old, record([40.0]), known, margin=None).effect == "otherwise"
    if largest is not None:  # trainings differ as much
        as_known = measured(CLAIM, CHECK, 3.0, 2)
        assert changed(old, record([17.0]), as_known, margin=None) is None
    found = compare(old, record([17.0]), spreads=known)
    assert (found.amounts.tested, found.amounts.untested) == (0, 1)
    assert "1 value that differs could not be tested" in headline(found)
    (one,) = old.claims
    trials = [replace(one.trials[0], runs=["another"])]
    on_others = with_claim(record([17.0]), CLAIM, trials=trials)
    other = changed(old, on_others, known, margin=None)
    assert (other.effect, other.why) == ("otherwise", "it rests on other runs than before")
    # Ten known differences of trainings of one run are none of another.
    trained_alike = measured(CLAIM, CHECK, 0.1, 10)
    assert changed(old, record([17.0]), trained_alike).effect == "worse"
    assert changed(old, on_others, trained_alike).effect == "otherwise"
    # The words of a neighbour are other ones, the run is not.
    start = replace(old.profile, neighbour=1)
    assert changed(old, replace(on_others, profile=start), trained_alike).effect == "worse"
    rounded = changed(old, replace(record([17.0]), profile=start), known, margin=None)
    assert rounded.effect == "otherwise"
    elsewhere = replace(old.environment, processor="Another One")
    rounded = changed(old, replace(record([17.0]), environment=elsewhere), known, margin=None)
    assert rounded.effect == "otherwise"


@pytest.mark.parametrize("seeds", [1, 5])
def test_what_was_measured_on_one_processor_alone_is_not_worse_on_another(seeds):
    old, new = record(OLD[:seeds]), record(plus(OLD, [-3.0, -3.4, -2.9, -3.1, -3.3])[:seeds])
    here = old.environment.processor
    moved = replace(new, environment=replace(old.environment, processor="Another One"))
    alone = measured(CLAIM, CHECK, 0.1, 10, machines=[here])
    both = measured(CLAIM, CHECK, 0.1, 10, machines=[here, "Another One"])
    assert changed(old, new, alone).effect == "worse"
    assert changed(old, moved, both).effect == "worse"
    unknown = changed(old, moved, alone)
    assert unknown.effect == "otherwise"
    assert unknown.why.startswith("measured on another processor")


def test_over_seeds_of_which_nothing_is_known_all_have_to_have_fallen():
    differences = [-1.0, -9.0, -2.0, -7.0, -1.5]
    many = 40

    def of(values):
        checks = [replace(record(values).claims[0].checks[0], name=f"{n}") for n in range(many)]
        return with_claim(record(values), CLAIM, checks=checks)

    assert {one.by_margin for one in compare(of(OLD), of(plus(OLD, differences))).values} == {True}
    differences[0] = 0.5
    found = compare(of(OLD), of(plus(OLD, differences)))
    assert (found.values, len(found.unclear)) == ([], many)


def test_what_may_be_chance_is_told_whole_where_it_lost_more_than_the_margin():
    checks = [replace(record([20.0]).claims[0].checks[0], name=f"{n}") for n in range(12)]
    old = with_claim(record([20.0]), CLAIM, checks=checks)
    lost = [replace(one, values={"5": 18.0}) for one in checks[:11]]
    lines = terminal_lines(compare(old, with_claim(old, CLAIM, checks=[*lost, checks[11]])))
    assert sum("unclear" in line for line in lines) == 11


def test_so_many_values_raise_no_false_alarms():
    """The correction: the same difference that is shown of one check is not of forty."""
    differences = [-2.0, -3.9, -2.1, -3.7, -2.9]
    low = (3.0,)  # so far away that by the margin alone none is worse
    one = record(OLD, ends=low)
    assert changed(one, record(plus(OLD, differences), ends=low)).shown

    def of_many(new):
        checks = [
            replace(one.claims[0].checks[0], name=f"{CHECK} {number}", values=values)
            for number, values in enumerate([dict(new)] + [one.claims[0].checks[0].values] * 39)
        ]
        return with_claim(one, CLAIM, checks=checks)

    seeds = [str(seed) for seed in range(5, 10)]
    found = compare(of_many(zip(seeds, OLD, strict=True)),
                    of_many(zip(seeds, plus(OLD, differences), strict=True)))  # fmt: skip
    assert found.values == []
    (change,) = found.unclear
    alone = changed(one, record(plus(OLD, differences), ends=low))
    assert change.p_worse == pytest.approx(min(1, 40 * alone.p_worse))


def test_how_often_nothing_is_said_to_have_changed():
    """Both error rates of a single value, by simulation, where they are largest: at no margin."""
    rng = np.random.default_rng(0)
    effects = Counter[str]()
    drawn = 250
    for _ in range(drawn):
        new = rng.normal(OLD, 1.0).tolist()
        change = changed(record(OLD), record(new), margin=0)
        effects[change.effect if change.shown else "none"] += 1
    # As many as that come by chance once in a thousand.
    assert effects["worse"] <= stats.binom.ppf(0.999, drawn, 0.05)
    assert drawn - effects["none"] <= stats.binom.ppf(0.999, drawn, 0.075)
    assert effects["worse"] >= stats.binom.ppf(0.001, drawn, 0.05)


@pytest.mark.parametrize("margin", [-0.1, math.nan, math.inf])
def test_a_margin_is_a_share(margin):
    with pytest.raises(ValueError, match="a margin is a share of the distance"):
        compare(record(OLD), record(OLD), margin=margin)
