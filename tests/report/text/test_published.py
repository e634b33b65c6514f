"""Our values and the published ones on one scale."""

import msgspec
import pytest

from icl_repro.report import agreement_plot
from icl_repro.report.text import published
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.record import Agreement, CheckOverSeeds, Margin
from icl_repro.verification.reported import Reported
from tests.support.report_builders import claim


def check(value=14.0, low=4.0, high=16.0, mean=10.0, spread=2.0, agrees=True, **reported):
    interval = None if low is None else Interval(low, high)
    return CheckOverSeeds(
        "length", "", "at_least", 8, None, "threshold", "", {}, 5, 5,
        Reported(value, "Figure 1", **reported),
        Margin(mean, spread, 1.0, None, False), Agreement(interval, agrees, None, ""), None, [],
    )  # fmt: skip


def of(*checks):
    return msgspec.structs.replace(claim("a.b", "S.", "", "mixed", "", []), checks=list(checks))


def points(*checks):
    return published.published_points(of(*checks))


def test_a_check_is_placed_in_spreads_from_our_mean():
    (one,) = points(check(uncertainty=1.0, over_seeds=[9.0, 18.0]))
    assert (one.low, one.high, one.at) == (-3, 3, 2)
    assert (one.from_, one.to) == (-0.5, 4)
    assert one.far == "2 spreads above our mean"
    assert (one.ours, one.theirs) == ("4 to 16", "14")


@pytest.mark.parametrize("left_out", [{"spread": 0.0}, {"low": None}, {"agrees": None}])
def test_what_has_no_scale_is_not_drawn(left_out):
    assert points(check(**left_out)) == []


def test_the_sentence_counts_what_is_not_drawn_too():
    same = msgspec.structs.replace(check(low=None), margin=Margin(14.0, 0.0, None, None, False))
    checks = [check(), check(agrees=False), same, check(low=None, agrees=None)]
    assert published.published_sentence([of(*checks)], points(*checks)) == (
        "Of 3 checks with a published value, 2 agree with it; 1 of them because all of ours are "
        "that same value; of 1 further it cannot be told."
    )
    single = of(check(low=None, agrees=None))
    assert published.published_sentence([single], []) == (
        "1 check has a published value. Whether ours agree takes two seeds or more."
    )
    assert published.published_sentence([of()], []) == ""


def test_the_picture_is_cut_at_its_edges_and_says_so():
    rows = [
        agreement_plot.PublishedRow("claim-a.b", "a.b", *points(one))
        for one in (check(), check(value=-90.0, agrees=False), check(value=99.0, agrees=False))
    ]
    strip = agreement_plot.strip("A", "family-a", rows)
    inside, below, above = strip.lanes
    assert (inside.low, inside.width, inside.at) == (31.25, 37.5, 62.5)
    assert [lane.beyond for lane in strip.lanes] == [0, -1, 1]
    assert (below.at, above.at) == (0, 100)
    assert below.title == (
        "a.b: length. Ours 4 to 16, published −90, 50 spreads below our mean: does not agree"
    )
    assert inside.y < below.y < above.y < strip.height
    assert agreement_plot.ticks()[3] == (50, "0")
