"""One check over all seeds, in words."""

import msgspec
import pytest

from icl_repro.report.page import render_html
from icl_repro.report.text import checks
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.evidence import EvidenceRecord
from icl_repro.verification.record import (
    Agreement,
    ConditionOverSeeds,
    Equivalence,
    Margin,
    MeanTest,
    ThresholdEntry,
)
from icl_repro.verification.reported import Reported
from tests.support.report_builders import (
    at_least,
    at_most,
    between,
    claim,
    control,
    equivalent,
    trial,
)
from tests.support.report_fixture import rich_record


def claim_of(*stated, controls=(), seeds=(5, 6, 7, 8, 9), **told):
    """A claim with one check by the values of its seeds, with what is told of it."""
    trials = [
        trial("f.c", seed, EvidenceRecord([check]))
        for seed, check in zip(seeds, stated, strict=False)
    ]
    one = claim("f.c", "", "", "supported", "", trials, controls)
    over = [msgspec.structs.replace(check, **told) for check in one.checks]
    return msgspec.structs.replace(one, checks=over)


def view_of(*stated, **more):
    (view,) = checks.check_views(claim_of(*stated, **more))
    return view


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_median_the_range_and_on_how_many_seeds_it_holds():
    view = view_of(*(at_most("distance", value, 0.2) for value in (0.1, 0.20004, 0.15)))
    assert (view.measured, view.spread) == ("0.15", "0.1 to 0.20004")
    assert (view.symbol, view.mark, view.tone) == ("~", "holds on 2 of 3", "unsure")
    assert not view.is_plain


def test_one_test_shows_its_own_interval():
    view = view_of(at_least("share", 1.0, 0.9, interval=Interval(0.832, 1.0)), seeds=[None])
    assert (view.measured, plain(view.spread)) == ("1", "0.832 to 1 (95 %)")
    assert (view.symbol, view.mark) == ("✓", "holds")


def test_values_that_are_never_finite():
    view = view_of(at_least("a", None, 0))
    assert (view.measured, view.mark) == ("not finite", "does not hold")


def test_the_margin_in_spreads_with_the_tolerance_bound_on_the_side_of_the_threshold():
    margin = Margin(0.99, 0.002, 4.5, 0.9832, knife_edge=False)
    lower = view_of(at_least("a", 0.99, 0.981), margin=margin).margin
    assert lower.parts == [
        "4.5 spreads from the threshold",
        "lower tolerance bound (normal) 0.983",
    ]
    assert plain(lower.sentence) == (
        "Mean 0.99, spread (standard deviation over seeds) 0.002; if the values are normal, at "
        "least nine of ten networks lie above 0.983, with 95 % confidence (one-sided tolerance "
        "bound)."
    )
    upper = view_of(at_most("a", 0.99, 1.0), margin=margin).margin
    assert "upper tolerance bound (normal) 0.983" in upper.parts
    near_the_top = view_of(between("a", 0.99, 0.0, 1.0), margin=margin).margin
    assert "upper tolerance bound (normal) 0.983" in near_the_top.parts


def test_a_tolerance_bound_beyond_the_threshold_says_so():
    margin = Margin(0.99, 0.002, 4.5, 0.9798, knife_edge=False)
    view = view_of(at_least("a", 0.99, 0.98), margin=margin)
    assert view.margin.parts[1] == "lower tolerance bound (normal) 0.9798, past the threshold"


def test_a_knife_s_edge_is_said_first_and_is_not_plain():
    view = view_of(at_least("a", 0.99, 0.98), margin=Margin(0.99, 0.02, 0.5, None, knife_edge=True))
    assert view.margin.parts == ["on a knife’s edge", "0.5 spreads from the threshold"]
    assert not view.is_plain


def test_an_edge_says_by_what_and_a_margin_that_is_not_shown_says_so():
    edge = Margin(0.99, 0.02, 1.5, None, True, "2 of 5 values lie on the threshold", "no bound")
    told = view_of(at_least("a", 0.99, 0.98), margin=edge).margin
    assert told.warning == "on a knife’s edge"
    assert told.parts == [
        "on a knife’s edge: 2 of 5 values lie on the threshold",
        "1.5 spreads from the threshold",
        "no bound",
    ]
    thin = Margin(0.99, 0.002, 2.0, 0.97, knife_edge=False, shown=False)
    told = view_of(at_least("a", 0.99, 0.98), margin=thin).margin
    assert (told.warning, told.parts[0]) == ("margin not shown", "margin not shown")
    wide = Margin(0.99, 0.002, 9.0, 0.985, knife_edge=False, shown=True)
    assert view_of(at_least("a", 0.99, 0.98), margin=wide).margin.warning == ""


def test_over_how_many_seeds_a_number_is_the_median():
    stated = [at_least("a", value, 1) for value in (104_832.4, None, 154_752.1)]
    view = view_of(*stated)
    assert (view.measured, view.spread) == ("129,800", "104,800 to 154,800")
    assert view.over == "median of 3 seeds, not finite on 1"
    assert view_of(at_least("a", 2, 1)).over == ""
    at_once = at_least("a", 2, 1, over_seeds={"5": 1.5, "6": 2.5})
    assert view_of(at_once, seeds=[None]).over == "mean of 2 seeds"


def test_values_beyond_the_threshold_and_without_any_spread():
    beyond = view_of(at_least("a", 0.5, 1), margin=Margin(0.5, 0.5, -1.0, None, knife_edge=True))
    assert beyond.margin.parts[-1] == "1 spread beyond the threshold"
    alike = view_of(at_least("a", 1, 0.5), margin=Margin(1.0, 0.0, None, None, knife_edge=False))
    assert alike.margin.parts == []
    assert alike.margin.sentence == "Mean 1, spread (standard deviation over seeds) 0."


@pytest.mark.parametrize(
    ("agrees", "symbol", "word"),
    [(True, "=", "agrees"), (False, "≠", "does not agree"), (None, "?", "cannot tell")],
)
def test_agreement_with_the_paper_is_told_apart_from_the_verdict(agrees, symbol, word):
    view = checks.agreement_view(Agreement(None, agrees, None, "the published value lies there"))
    assert (view.symbol, view.word) == (symbol, word)
    assert view.sentence == "The published value lies there."


def agreeing(*agreements):
    checks_ = [at_least(f"check {i}", 1.0, 0, published=Reported(1.0, ""))
               for i in range(len(agreements))]  # fmt: skip
    trials = [trial("f.c", seed, EvidenceRecord(checks_)) for seed in (5, 6)]
    one = claim("f.c", "", "", "supported", "", trials)
    over = [
        msgspec.structs.replace(check, agreement=Agreement(None, agrees, None, ""))
        for check, agrees in zip(one.checks, agreements, strict=True)
    ]
    return checks.agreements(checks.check_views(msgspec.structs.replace(one, checks=over)))


def test_the_agreement_of_a_whole_claim():
    assert agreeing(True) == "agrees with the published number"
    assert agreeing(False, None) == "does not agree with the published number"
    assert agreeing(True, False, True) == "agrees with 2 of 3 published numbers"
    assert agreeing(True, True) == "agrees with all of 2 published numbers"
    assert agreeing(False, False) == "agrees with none of 2 published numbers"
    assert agreeing(None, None) == "", "each check says so"


def remarks(*stated, **more):
    return [(plain(one.text), one.tone) for one in view_of(*stated, **more).remarks]


@pytest.mark.parametrize(
    ("tests", "said", "tone"),
    [
        (Equivalence(-0.1, 0.1, 0.003, True), "Shown to make no difference: on average within "
         "−0.1 to 0.1 by two one-sided tests over seeds, p = 0.003.", "good"),
        (Equivalence(-0.1, 0.1, 0.2, False), "Not shown to make no difference: two one-sided tests "
         "over seeds give p = 0.2.", "unsure"),
        (Equivalence(-0.1, 0.1, None, None), "Whether it makes no difference takes two seeds or "
         "more to test.", "none"),
    ],
)  # fmt: skip
def test_a_claim_of_no_difference_tells_how_it_was_tested(tests, said, tone):
    view = view_of(equivalent("a", 0.01, -0.1, 0.1), equivalence=tests)
    assert view.is_equivalence
    assert [(plain(one.text), one.tone) for one in view.remarks] == [(said, tone)]


def test_a_claim_of_no_difference_with_a_value_that_is_not_finite_says_so():
    tests = Equivalence(-0.1, 0.1, None, shown=False)
    (said,) = view_of(equivalent("a", 0.01, -0.1, 0.1), equivalence=tests).remarks
    assert said.text == "Not shown to make no difference: a value is not a finite number."
    assert said.tone == "unsure"


@pytest.mark.parametrize(
    ("value", "shown", "tone"), [(2, True, "good"), (0, True, "bad"), (2, False, "unsure")]
)
def test_a_mean_over_seeds_tells_its_one_sided_bound(value: float, shown: bool, tone: str):
    test = MeanTest(1.0001, 0.016, shown, "the mean over 5 seeds is at least 1 (p = 0.016)")
    (said,) = remarks(at_least("a", value, 1), mean=test, held=int(value > 1))
    assert said == (
        "The mean over 5 seeds is at least 1 (p = 0.016); one-sided 95 % bound 1.0001.",
        tone,
    )


def test_a_check_that_no_control_fails_says_so():
    weak = control("weak", "", "does not fail",
                   [trial("f.c", 5, EvidenceRecord([at_least("a", 2, 1)]))])  # fmt: skip
    assert remarks(at_least("a", 2, 1), controls=[weak]) == [
        ("No control fails this check.", "unsure")
    ]
    assert remarks(at_least("a", 2, 1)) == [], "there is no control that could"
    view = view_of(at_least("a", 2, 1), controls=[weak], failed_by=["one", "two"])
    assert (view.failed_by, view.remarks) == ("one and two", [])


def test_the_reason_of_the_ledger_why_no_control_fails_a_check_is_told():
    weak = control("weak", "", "does not fail",
                   [trial("f.c", 5, EvidenceRecord([at_least("a", 2, 1)]))])  # fmt: skip
    why = {"": "it is a proof", "8,9": "nothing is narrow"}
    assert remarks(at_least("a", 2, 1), controls=[weak], no_control=why) == [
        ("No control fails this check.", "none"),
        ("Why no control fails it: it is a proof.", "none"),
        ("Why no control fails it on seeds 8 and 9: nothing is narrow.", "none"),
    ]


def test_a_published_value_that_fails_its_own_check_says_why():
    assert remarks(at_least("a", 2, 1), published_fails="it was rounded") == [
        ("The published value itself does not meet the threshold: it was rounded.", "unsure")
    ]


def test_the_origin_of_a_threshold_with_its_changes():
    first = ThresholdEntry("ours", "2026-10-02", seen=False, at_least=1.0)
    second = ThresholdEntry("stated in the paper", "2026-10-20", seen=True, between=(0.5, 2.0),
                            reason="It is in Appendix C.", commit="482e768")  # fmt: skip
    origin = view_of(at_least("a", 2, 1), thresholds=[first]).origin
    assert origin.line == "Threshold: ours; set 2 October 2026, before any result was seen"
    assert not origin.seen
    changed = view_of(at_least("a", 2, 1), thresholds=[first, second]).origin
    assert changed.line == (
        "Threshold: stated in the paper; set 20 October 2026, when results had been seen; changed "
        "once"
    )
    assert changed.seen
    assert changed.history == [
        "2 October 2026: ≥ 1, ours, before any result was seen.",
        "20 October 2026: 0.5 to 2, stated in the paper, when results had been seen; It is in "
        "Appendix C; commit 482e768.",
    ]
    assert view_of(at_least("a", 2, 1), thresholds=[]).origin is None


def test_an_entry_with_the_same_bounds_amends_a_threshold():
    first = ThresholdEntry("ours", "2026-10-02", seen=False, between=(0, 1))
    control = ThresholdEntry("ours", "2026-10-20", seen=True, between=(0, 1), reason="A control.")
    margin = ThresholdEntry("ours", "2026-10-21", seen=True, margin=(0, 1), reason="A margin.")
    amended = view_of(at_least("a", 2, 1), thresholds=[first, control]).origin
    assert amended.line == (
        "Threshold: ours; set 20 October 2026, when results had been seen; amended once"
    )
    both = view_of(at_least("a", 2, 1), thresholds=[first, control, control, margin]).origin
    assert both.line.endswith("; changed once; amended twice")


def test_an_overview_shows_what_is_not_plain_before_the_rest():
    stated = [at_least(f"check {i}", 0 if i == 8 else 2, 1) for i in range(9)]
    one = claim("f.c", "", "", "refuted", "", [trial("f.c", 5, EvidenceRecord(stated))])
    brief, more = checks.in_brief(checks.check_views(one))
    assert [view.name for view in brief] == ["check 0", "check 1", "check 2", "check 3", "check 8"]
    assert more == "4 further checks, all of which hold"
    few, more = checks.in_brief(checks.check_views(one)[:6])
    assert (len(few), more) == (6, "")


def test_a_check_of_which_the_record_tells_nothing_more_is_still_shown():
    one = msgspec.structs.replace(claim_of(at_least("a", 2, 1)), checks=[])
    (view,) = checks.check_views(one)
    assert (view.measured, view.margin, view.origin, view.remarks) == ("2", None, None, [])


LIGHT = ConditionOverSeeds(
    name="light",
    unit="lux",
    direction="at_least",
    low=0.5,
    high=None,
    row="",
    values={"5": 0.4, "6": 0.6, "7": None},
    met=["6"],
    thresholds=[ThresholdEntry("ours", "2026-10-02", False, at_least=0.5)],
)


def test_on_what_condition_a_claim_can_be_judged():
    one = msgspec.structs.replace(claim_of(at_least("a", 1, 0)), conditions=[LIGHT])
    (said,) = checks.condition_sentences(one)
    assert plain(said).startswith(
        "It can be judged where light is ≥ 0.5 lux: 0.4 on seed 5, 0.6 on seed 6, not finite on "
        "seed 7, which leaves seeds 5 and 7 open. Threshold: ours; set 2 October 2026,"
    )
    record = msgspec.structs.replace(rich_record(), claims=[one], findings=[])
    assert "It can be judged where light is" in render_html(record)


def test_a_condition_that_is_met_leaves_nothing_open():
    met = msgspec.structs.replace(LIGHT, values={"": 6}, met=[""], unit="", thresholds=[], row="r")
    one = msgspec.structs.replace(claim_of(at_least("a", 1, 0)), conditions=[met])
    assert checks.condition_sentences(one) == ["r: It can be judged where light is ≥ 0.5: 6."]
    unmet = msgspec.structs.replace(met, met=[])
    (said,) = checks.condition_sentences(msgspec.structs.replace(one, conditions=[unmet]))
    assert said.endswith(": 6, which leaves it open.")


def test_what_the_line_of_the_origin_says_is_not_said_again():
    only = ThresholdEntry("ours", "2026-10-02", seen=False, at_least=1)
    assert view_of(at_least("a", 2, 1), thresholds=[only]).origin.history == []
    told = msgspec.structs.replace(only, reason="so that both count.", commit="1234567")
    history = view_of(at_least("a", 2, 1), thresholds=[told]).origin.history
    assert history == ["So that both count; commit 1234567"]
