"""Half-times of Section 5 and phase changes of Section 4: what is computed of a network that never
gets there, and what is set beside ours of all published seeds.
"""

import math

import numpy as np
import pytest

from claims.half_times import (
    Times,
    as_reported,
    check_middle,
    check_ratio,
    in_sequences,
    largest_share,
    outside,
    published_times,
    ratio,
)
from claims.networks.clamped import CURVES_5B, MATCH, NONE, PREVIOUS_TOKEN
from claims.networks.data_properties import BY_CLASSES, BY_LABELS, CONDITIONS, PARTS
from claims.phase_changes import check_over, known_of, over_seeds
from claims.published import SEEDS
from icl_repro import Evidence

FEWEST, _, MOST = BY_CLASSES
TIMES: Times = {(circuit, condition): 100.0 for circuit in PARTS for condition in CONDITIONS}


def only_check(evidence):
    (check,) = evidence.evidence.checks
    return check


# A circuit that is never learned.


@pytest.mark.parametrize("never", [(MOST,), (FEWEST,), (MOST, FEWEST)])
def test_how_many_times_later_something_is_cannot_be_said_if_it_never_comes(never):
    times = TIMES.copy()
    times.update({("whole", condition): math.inf for condition in never})
    assert math.isnan(ratio(times, "whole", MOST, FEWEST))
    assert math.isnan(outside(times, "whole", BY_CLASSES))
    assert math.isnan(largest_share(times, "B"))
    assert in_sequences(times, "whole", BY_CLASSES) == "never, for some of them"


def test_a_check_of_what_never_comes_fails_however_late_it_may_be():
    times = TIMES.copy()
    times["whole", MOST] = math.inf
    evidence = Evidence()
    check_ratio(evidence, times, "whole", BY_CLASSES, at_least=1.1)
    check_middle(evidence, times, "whole", BY_CLASSES)
    for check in evidence.evidence.checks:
        assert check.value is None
        assert not check.holds


@pytest.mark.parametrize("ours", [(math.inf, 100.0), (math.inf, math.inf), (100.0, math.inf)])
def test_a_ratio_of_times_of_which_one_never_comes_is_within_no_bound_from_above(ours):
    evidence = Evidence()
    check_over(evidence, "half-time over another", ours, (1.0, 2.0), "Figure 5b", at_most=1)
    assert only_check(evidence).value is None
    assert not only_check(evidence).holds


@pytest.mark.parametrize(("ours", "value"), [((math.inf, 100.0), None), ((100.0, math.inf), 0)])
def test_below_a_bound_from_below_a_time_over_one_that_never_comes_is_zero(ours, value):
    evidence = Evidence()
    check_over(evidence, "half-time over another", ours, (2.0, 1.0), "Figure 5b", at_least=1)
    assert only_check(evidence).value == value
    assert not only_check(evidence).holds


# All published seeds are set beside ours, where each of them is known.


@pytest.mark.parametrize("seed", SEEDS)
def test_half_times_of_the_same_network_agree_in_both_rows_of_figure_6(seed):
    rows = [published_times(row, ["whole", "B", "C"], seed) for row in (BY_CLASSES, BY_LABELS)]
    for circuit in PARTS:
        upper, lower = (row[circuit, FEWEST] for row in rows)
        assert upper == pytest.approx(lower, rel=1e-3)


def test_the_half_times_of_the_main_seed_are_those_that_its_figure_shows():
    shown, measured = (published_times(BY_LABELS, PARTS, seed) for seed in (None, SEEDS[0]))
    assert shown.keys() == measured.keys()
    for place, time in shown.items():
        assert measured[place] == pytest.approx(time, rel=0.015)


def test_a_check_of_half_times_has_those_of_all_seeds():
    evidence = Evidence()
    check_ratio(evidence, TIMES, "whole", BY_LABELS[:2], at_least=1.1)
    published = only_check(evidence).published
    assert published is not None
    assert published.over_seeds == pytest.approx([2.89, 1.22, 3.84, 2.71, 2.27], abs=0.005)
    assert published.value == pytest.approx(published.over_seeds[0], rel=1e-3)


def test_seeds_are_not_stated_where_one_of_them_is_not_known():
    assert as_reported(1.0, [1.0, 2.0]).over_seeds == [1.0, 2.0]
    assert as_reported(1.0, [1.0, math.nan]).over_seeds == []
    assert as_reported(1.0, [1.0, math.inf]).over_seeds == []


def test_without_a_clamp_all_seeds_are_measured_where_the_figure_goes_on():
    # In Figure 5b itself only seed 5 learns before the end.
    assert over_seeds(CURVES_5B[NONE], "half_time") == pytest.approx(
        [291e3, 794e3, 413e3, 522e3, 469e3], rel=0.005
    )
    for measure in ("half_time", "acceleration"):
        assert np.isnan(over_seeds(CURVES_5B[PREVIOUS_TOKEN], measure)[1:]).all()
    assert np.isnan(over_seeds(CURVES_5B[MATCH], "saddle")).all()


@pytest.mark.parametrize(
    ("curve_id", "measure", "only_one"),
    [
        ("fig5b.main.1", "acceleration", True),
        ("fig8.main.clamped_l1h2_pattern", "half_time", True),
        ("fig8.main.clamped_l1h6_pattern", "half_time", False),
        ("fig5b.main.1", "plateau", False),
        ("fig5b.main.1_2_layer_1", "duration", False),
    ],
)
def test_where_the_figures_of_four_seeds_end_too_early_that_is_said(curve_id, measure, only_one):
    assert known_of(curve_id, measure).startswith("published, seed 5 only") == only_one
    assert known_of(curve_id, measure) == "" or only_one
