"""What the report says of earlier sessions."""

import msgspec

from icl_repro.report.page import render_html
from icl_repro.report.summary import render_markdown
from icl_repro.report.text import past
from tests.support.report_fixture import rich_record

RECORD = msgspec.structs.replace(rich_record(), claims=rich_record().claims[:2])


def test_it_counts_steps_and_says_what_was_left_out():
    assert past.past_note(RECORD.past) == (
        "Beside 6 sessions before it with the same seeds, profile and basis: 4 steps in 88 "
        "quantities, 2 of them to worse. 1 session of the standard profile, seed 5, on glyphs and "
        "ours left out."
    )


def test_the_first_session_has_nothing_to_say_and_the_page_no_section():
    first = msgspec.structs.replace(RECORD.past, sessions=RECORD.past.sessions[-1:], trends=[])
    assert past.past_note(first) == past.past_note(None) == ""
    assert 'id="past"' not in render_html(msgspec.structs.replace(RECORD, past=first))
    assert 'id="past"' not in render_html(msgspec.structs.replace(RECORD, past=None))


def test_the_page_shows_trends_with_their_steps_and_commits():
    page = render_html(RECORD)
    assert 'id="past"' in page
    assert "████▁▁▁" in page
    assert (
        "0.999 → 0.9502, worse, at commit d4e5f60718 (before it c3d4e5f607); also changed: "
        "jax 0.10.1 → 0.10.2." in page
    )
    assert "supported → refuted, worse, at commit c3d4e5f607" in page
    assert "2 refuted" in page


def test_only_steps_of_this_session_are_in_the_summary():
    summary = render_markdown(RECORD)
    assert past.new_steps(RECORD.past) == [
        "race.strength: verdict: refuted → supported, better, with the commit as before "
        "(06db511c0f+)",
        "speed of training (sequences a second and worker): 1,800 → 2,400 sequences a second and "
        "worker, better, at commit 06db511c0f+ (before it c3d4e5f607); also changed: jax 0.10.1 → "
        "0.10.2",
    ]
    assert "**Steps since earlier sessions.**" in summary
    assert "d4e5f60718" not in summary
    assert "Steps since" not in render_markdown(msgspec.structs.replace(RECORD, past=None))
