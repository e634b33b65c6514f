"""The phrases of the report."""

from icl_repro.report.text import words
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.record import Profile
from icl_repro.verification.reported import Reported


def test_thresholds():
    assert words.bounds(80_000, None) == "≥ 80,000"
    assert words.bounds(None, 0.35) == "≤ 0.35"
    assert words.bounds(0.6, 0.85) == "0.6 to 0.85"


def test_the_paper_s_value_says_when_it_is_approximate():
    assert words.paper_value(None) == "—"
    assert words.paper_value(Reported(78_400, "Appendix C")) == "78,400"
    assert words.paper_value(Reported(253_833.0, "Figure 3a", approximate=True)) == "≈ 253,800"


def test_intervals():
    bounds = Interval(0.478, 1.0, method="Clopper-Pearson")
    assert words.interval(bounds) == "95\N{NO-BREAK SPACE}% interval 0.478 to 1 (Clopper-Pearson)"
    assert (
        words.short_interval(Interval(None, 0.5, level=0.9))
        == "not finite to 0.5 (90\N{NO-BREAK SPACE}%)"
    )
    assert words.interval(None) == words.short_interval(None) == ""


def test_ends_of_a_share_that_say_nothing_are_left_out():
    assert words.open_interval(Interval(0.549, 1.0)) == "at least 0.549"
    assert words.open_interval(Interval(0.0, 0.451)) == "at most 0.451"
    assert words.open_interval(Interval(None, 0.451)) == "at most 0.451"
    assert words.open_interval(Interval(0.2, 0.8)) == "0.2 to 0.8"
    assert words.open_interval(Interval(0.0, 1.0)) == "anything"


def test_a_run_that_was_cut_short_is_warned_of():
    warning = words.not_meaningful_warning(Profile("smoke", [5], meaningful=False))
    assert "smoke" in warning
    assert "say nothing about the paper" in warning
    assert words.not_meaningful_warning(Profile("paper", [5], meaningful=True)) == ""


def test_a_unit_stands_behind_a_name():
    assert words.shown_unit("nats", "loss") == "nats"
    assert words.shown_unit("of draws", "the loss accelerates") == "share of draws"
    assert words.shown_unit("heads", "heads with a strength of 0.25") == ""
    assert words.shown_unit("s", "losses") == "s"


def test_full_stops():
    assert words.as_full_sentence("A caption") == "A caption."
    assert words.as_full_sentence("A caption. ") == "A caption."
    assert words.as_full_sentence("") == ""
    assert words.as_heading("The loss falls.") == "The loss falls"
    assert words.as_heading("It rests. Then it falls.") == "It rests. Then it falls."


def test_references_to_the_paper_stay_on_one_line():
    assert words.unbroken("Section 3, Figure 3a") == "Section\xa03, Figure\xa03a"
    assert (
        words.unbroken("Figures 3a and 3b; Appendix F.2") == "Figures\xa03a and 3b; Appendix\xa0F.2"
    )
    assert words.unbroken("Figure out") == "Figure out"


def test_small_phrases():
    assert words.seed_list([]) == ""
    assert words.seed_list([5]) == "Seed 5"
    assert words.seed_list([5, 6, 9]) == "Seeds 5, 6 and 9"
    assert words.listed([]) == ""
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.day("2026-10-02") == "2 October 2026"
    assert words.day("last week") == "last week"
    assert words.p_value(0.03125) == "p\xa0=\xa00.031"
    assert words.family_title("toy_saddle") == "Toy saddle"
    assert words.moment("2026-11-21T11:46:12+01:00") == "21 November 2026, 10:46 UTC"
    assert words.moment("yesterday") == "yesterday"
    assert words.as_sentence("every check holds") == "Every check holds"
    assert words.as_sentence("emergence.plateau failed") == "emergence.plateau failed"
