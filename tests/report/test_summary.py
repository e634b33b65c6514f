"""The Markdown summary."""

import re

import msgspec

from icl_repro.report import write_markdown
from icl_repro.report.summary import render_markdown
from icl_repro.verification.record import Profile
from tests.support.report_fixture import long_record, rich_record


def table(markdown, start):
    """The lines of the table that starts so; none where there is none."""
    return (start + markdown.partition(start)[2].partition("\n\n")[0]).splitlines()


def rows(markdown):
    """The cells of the table of claims."""
    lines = [line for line in table(markdown, "| Verdict") if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]


def test_it_tells_the_outcome_and_every_claim(tmp_path):
    record = rich_record()
    write_markdown(record, tmp_path / "out" / "verification.md")
    text = (tmp_path / "out" / "verification.md").read_text("utf-8")
    assert text.startswith(
        "**12 of at least 15 claims were selected. Of 12 claims, 4 are supported (of 2 tested over "
        "seeds none after correction for 10 comparisons), 1 is consistent, 1 is refuted"
    )
    assert len(rows(text)) == 12
    assert {len(row) for row in rows(text)} == {6}
    assert "≥ 80,000" in rows(text)[0][4]
    distance = "~ distance of half-rise and half-fall: 0.175 (0.172 to 0.20004; median of 5 seeds)"
    assert f"{distance}, holds on 4 of 5" in rows(text)[2][3]
    assert "“Measured” is the median over seeds, with the lowest and the highest behind it" in text
    assert "“Agrees” means that" in text
    assert "“On a knife’s edge” means that" in text
    assert "“Margin not shown” means that" in text
    assert rows(text)[0][0].startswith(" ✓ **supported**<br>Holds on 5 of 5 seeds, so on more than")
    assert "after correction (Holm, 10 comparisons): inconclusive" in rows(text)[0][0]
    assert "agrees with 1 of 2 published numbers" in rows(text)[0][0]
    assert "– **not run**<br>Run missing from the store" in rows(text)[4][0]
    assert "3 further checks, all of which hold" in rows(text)[5][3]
    assert ", on a knife’s edge" in rows(text)[6][3]
    assert "2 further claims were not selected" in text
    assert "profile paper · seeds 5, 6, 7, 8 and 9 · 28 runs trained, 7 reused" in text
    assert render_markdown(record) == text


def test_it_tells_how_to_read_the_verdicts_and_what_is_known_not_to_hold():
    text = render_markdown(rich_record())
    assert "- Seeds 8 and 9 were added after seeds 5, 6 and 7 had been judged" in text
    assert "**Known not to hold.** 3 checks are known not to hold; 1 of them" in text
    known, _, edges = text.partition("**On the edge of their threshold.** 1 check is on the edge")
    assert "circuits.order" not in known.partition("**Known not to hold.**")[2]
    assert (
        "- circuits.order: half-time with both clamped over that with one. Seed 5: 1.02, now 1.02 "
        "(holds, on its edge); Seed 6: 1.9, now 1.9 (fails, off its edge). Its bound is 1; "
        "trainings of one seed differ by as much as 0.04 (3 pairs compared)."
    ) in edges.replace("\\_", "_")
    assert (
        "- emergence.induction\\_strength: distance of half-rise and half-fall. Seed 7: 0.20004 "
        "(as known). The spread over seeds" in text
    )
    assert "- emergence.final\\_accuracy, control shuffled: accuracy over all" in text


def test_it_tells_what_the_paper_states_and_what_tests_it():
    text = render_markdown(rich_record())
    assert "<details><summary>Of 4 statements, figures and tables of the paper, 3 are" in text
    lines = table(text, "| | In the paper")[2:]
    assert [re.split(r" \| ", line)[0] for line in lines] == ["| 1", "| 2", "| 3", "| 4"]
    assert "? emergence.final\\_accuracy: inconclusive" in lines[0]
    assert "– wiring.previous\\_token: not selected | Weaker<br>One held-out set" in lines[1]
    assert lines[2].endswith("| It hesitates. | | Not covered<br>Not yet. |")
    one = [claim for claim in rich_record().claims if claim.id == "emergence.plateau"]
    few = render_markdown(msgspec.structs.replace(rich_record(), claims=one))
    assert "| 1 |" not in few, "claims that were not selected have no lines"
    assert "emergence.induction" not in few
    without = render_markdown(msgspec.structs.replace(rich_record(), coverage=[]))
    assert "In the paper | Statement" not in without


def test_it_fits_a_comment_with_what_does_not_hold_first():
    text = render_markdown(long_record(40))
    assert len(text) < 60_000
    assert "\n\nAll" not in text
    told = [row[0] for row in rows(text)]
    assert told
    assert not any("supported" in one.partition("<br>")[0] for one in told)
    for noun in ("claims", "checks", "statements"):
        assert re.search(rf"^[\d,]+ further {noun} stand in verification.html\.$", text, re.M)


def test_a_smoke_run_is_marked():
    record = msgspec.structs.replace(rich_record(), profile=Profile("smoke", [5], meaningful=False))
    assert "> **Warning:** This was a run of the smoke profile" in render_markdown(record)


def test_a_session_without_claims():
    text = render_markdown(msgspec.structs.replace(rich_record(), claims=[]))
    assert "**No claim was selected, so nothing was verified.**" in text
    assert not rows(text)


def test_hostile_text_adds_no_cells_and_no_lines():
    hostile = 'x | y\n| z | <script>alert(1)</script> `"\n'
    record = rich_record()
    claim = msgspec.structs.replace(
        record.claims[0], id=hostile, statement=hostile, source=hostile, reason=hostile
    )
    plain = render_markdown(record)
    text = render_markdown(
        msgspec.structs.replace(
            record, claims=[claim, *record.claims[1:]], title=hostile, paper=hostile
        )
    )
    assert len(text.splitlines()) == len(plain.splitlines())
    assert {len(row) for row in rows(text)} == {6}
    assert "<script" not in text


def test_what_is_red_comes_first_and_leaves_room_for_the_rest():
    record = msgspec.structs.replace(
        rich_record(), red=[f"a.one: why {i} " * 20 for i in range(50)]
    )
    text = render_markdown(record)
    assert text.startswith("**The session is red for 50 reasons. 12 of at least 15 claims were ")
    first, *others = filter(None, text.partition("\n# ")[0].splitlines()[2:])
    assert first.startswith("- a.one: why 0 ")
    assert re.fullmatch(r"- \d+ further reasons: see the log of the session", others[-1])
    assert len(text) < len(render_markdown(rich_record())) + 3_200
