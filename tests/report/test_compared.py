"""A comparison in words: the first line, the tables, and the section of the report."""

from __future__ import annotations

import re

import pytest

from icl_repro.comparison import compare
from icl_repro.report.compared import (
    render_comparison_html,
    render_comparison_markdown,
    terminal_lines,
)
from icl_repro.report.page import render_html
from icl_repro.report.summary import render_markdown
from icl_repro.report.text.compared import headline, how
from icl_repro.verification.record import Profile
from tests.support.planted import (
    LENGTH,
    PLATEAU,
    claim_of,
    measured,
    on_another_basis,
    replace,
    usual,
    with_claim,
    with_curve,
    with_values,
)
from tests.support.report_fixture import rich_record

RECORD = replace(rich_record(), claims=rich_record().claims[:2])
KNOWN = measured(PLATEAU, LENGTH, 100.0, 8)
SINCE = "since the record of 21 November 2026, 10:46 UTC (commit 06db511c0f)"


@pytest.mark.parametrize(
    ("new", "fail_on", "told"),
    [
        (RECORD, ("verdict",), f"Nothing changed {SINCE}: 2 claims, 2 controls"),
        (
            with_values(RECORD, {"7": 60_000}),
            ("verdict", "value"),
            f"Regressed in value {SINCE}: 1 value worse ({PLATEAU}).",
        ),
        (
            with_values(RECORD, {"7": 60_000}),
            ("verdict",),
            f"No regression in verdict {SINCE}: 1 value worse ({PLATEAU}).",
        ),
        (
            with_curve(RECORD, PLATEAU, 6, later=1.5),
            ("verdict", "value"),
            f"No regression in verdict or value {SINCE}: 1 curve drifted.",
        ),
        (
            with_curve(with_claim(RECORD, PLATEAU, verdict="refuted"), PLATEAU, 6, later=1.5),
            ("verdict", "curve"),
            f"Regressed in verdict and curve {SINCE}: 1 claim worse ({PLATEAU}); 1 curve drifted.",
        ),
        (
            with_claim(RECORD, PLATEAU, verdict="refuted"),
            (),
            f"Compared with {SINCE.removeprefix('since ')}: 1 claim worse ({PLATEAU}).",
        ),
        (
            replace(RECORD, profile=Profile("smoke", [5], meaningful=False)),
            ("verdict",),
            f"Nothing could be compared with {SINCE.removeprefix('since ')}: the smoke profile of "
            "the new record cuts runs short.",
        ),
        (
            replace(RECORD, training=replace(RECORD.training, seconds=9_950.5)),
            ("verdict",),
            f"No regression in verdict {SINCE}: training takes 2.5 times as long.",
        ),
    ],
)
def test_the_first_line_says_what_came_of_it(new, fail_on, told):
    found = compare(RECORD, new, spreads=KNOWN, fail_on=fail_on)
    assert headline(found).startswith(told)
    assert terminal_lines(found)[0] == headline(found)
    assert render_comparison_markdown(found).startswith("**")


def test_what_nobody_looked_at_is_said_before_what_did_not_change():
    old = replace(RECORD, claims=rich_record().claims)
    others = [claim.id for claim in old.claims[2:]]
    told = headline(compare(old, replace(RECORD, not_selected=others), spreads=KNOWN))
    amount = len(old.claims)
    assert told.startswith(
        f"Only 2 of {amount} claims were compared with {SINCE.removeprefix('since ')}; among them "
        "nothing "
    )


def test_verdicts_on_other_seeds_do_not_stand_before_what_happened():
    one_seed = claim_of(RECORD, PLATEAU).trials[:1]
    others = with_claim(RECORD, PLATEAU, trials=one_seed, verdict="consistent")
    lines = terminal_lines(compare(RECORD, others, spreads=KNOWN))
    assert "1 verdict on other seeds" in lines[0]
    assert "otherwise" not in lines[0]
    assert "Verdicts" not in lines
    at = lines.index("Verdicts on other seeds")
    assert lines[at + 1].endswith(f"{PLATEAU}: supported -> consistent")


def test_a_value_tells_its_numbers_in_every_document():
    new = with_values(RECORD, {"7": 60_000})
    found = compare(RECORD, new, spreads=KNOWN)
    page, text = render_comparison_html(found, RECORD, new), "\n".join(terminal_lines(found))
    for told in (text, page, render_comparison_markdown(found)):
        plain = " ".join(told.replace("&lt;", "<").split())
        assert "101,900" in plain
        assert "93,520" in plain
        assert "Means over 5 seeds; difference −8,380 (95" in plain
        assert "Moved on seed 7." in plain
        assert "It must be at least 80,000; margin 2,190." in plain
        assert "Trainings of one seed differ by as much as 100 (8 pairs compared)" in plain
        assert "both corrected" in plain


def test_how_false_alarms_are_kept_down_is_said():
    found = compare(RECORD, RECORD, spreads=KNOWN)
    told = " ".join(how(found))
    assert "corrected by Benjamini and Hochberg’s method" in told
    assert "10 % of the distance from the old mean to the threshold" in told
    assert "How values were compared" in render_comparison_markdown(found)


def test_what_could_not_be_compared_is_listed_and_warned_of():
    found = compare(usual(RECORD), on_another_basis(RECORD))
    lines = terminal_lines(found)
    assert lines[1].startswith("warning: the runs are not the same ones (as usual; now other draw")
    assert "  2 curves: the runs of the records are not the same ones" in lines
    assert "different exemplars" in lines[0]


def test_a_drifted_curve_is_drawn_as_it_was_and_as_it_is():
    new = with_curve(RECORD, PLATEAU, 6, later=1.5)
    page = render_comparison_html(compare(RECORD, new), RECORD, new)
    figure = page.partition('<section id="curves">')[2]
    assert figure.count('<svg class="plot"') == 1
    legend = figure.partition('class="legend"')[2].partition("</ul>")[0]
    assert re.findall(r"<span>(before|now)</span>", legend) == ["before", "now"]


def test_the_report_tells_what_changed_since_the_record_it_was_compared_with():
    order = "circuits.order"
    old = replace(RECORD, claims=[claim_of(rich_record(), order)])
    worse = with_claim(old, order, verdict="contradicted")
    record = replace(worse, compared=compare(old, worse))
    page = render_html(record)
    assert f'<a href="#compared">Regressed in verdict {SINCE}' in page
    section = page.partition('<section id="compared" data-folds>')[2].partition("</section>")[0]
    assert f'<a class="mono" href="#claim-{order}">{order}</a>' in section
    assert 'id="compared"' not in render_html(old)
    first, *_ = render_markdown(record).splitlines()
    assert first.startswith("**Only 1 of at least 6 claims was selected. Regressed in ")
    assert f"verdict {SINCE}" in first
    assert first.endswith("The one claim is contradicted.**")


def test_what_a_record_holds_is_shown_as_text():
    reason = "<b>because</b>"
    controls = [replace(claim_of(RECORD, PLATEAU).controls[0], verdict="error", reason=reason)]
    new = with_claim(RECORD, PLATEAU, controls=controls)
    found = compare(RECORD, new)
    assert reason not in render_comparison_html(found, RECORD, new)
    assert reason not in render_comparison_markdown(found)
