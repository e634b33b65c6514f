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
    assert one.seeds == [-0.5, 4]
    assert one.far == "2 spreads above our mean"
    assert (one.ours, one.theirs) == ("4 to 16", "14")


def test_the_caption_says_which_published_value_the_mark_is():
    mean = check(value=14.0, over_seeds=[12.0, 16.0])
    main = check(value=12.0, over_seeds=[12.0, 16.0])
    several = "of 2 checks with several published seeds, the mean of these in 1 and the one value"
    assert several in published.caption(points(mean, main, check()))
    assert "the mean where several seeds are published" in published.caption(points(mean))
    assert "the mean" not in published.caption(points(main)).replace("the mean of our seeds", "")
    assert "last digit is known" in published.caption(points(check()))


@pytest.mark.parametrize(
    ("spreads", "told"),
    [(-0.001, "on our mean"), (0, "on our mean"), (-1, "1 spread below our mean")],
)
def test_a_published_value_on_our_mean_is_on_neither_side(spreads, told):
    assert published.far(spreads) == told


def test_the_numbers_of_the_picture_end_no_script():
    named = msgspec.structs.replace(check(over_seeds=[13.0, 15.0]), name="</script>")
    row = agreement_plot.PublishedRow("claim-a.b", "a.b", *points(named))
    text = agreement_plot.numbers([row])
    assert "<" not in text
    assert msgspec.json.decode(text)[1][1:] == [
        "</script>", "", 10, 2, 4, 16, 14, 13, 15, "yes"
    ]  # fmt: skip


@pytest.mark.parametrize("left_out", [{"spread": 0.0}, {"low": None}, {"agrees": None}])
def test_what_has_no_scale_is_not_drawn(left_out):
    assert points(check(**left_out)) == []


def test_the_sentence_counts_what_is_not_drawn_too():
    same = msgspec.structs.replace(check(low=None), margin=Margin(14.0, 0.0, None, None, False))
    checks = [check(), check(agrees=False), same, check(low=None, agrees=None)]
    assert published.published_sentence([of(*checks)], points(*checks)) == (
        "Of 3 checks with a published value, 2 agree with it; 2 are drawn below, and 1 is not, as "
        "all of ours are one same value, which leaves no scale (1 of these agree); of 1 further it "
        "cannot be told."
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
