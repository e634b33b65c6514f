"""The coverage table in words: counts, verdicts beside statements, and claims of no statement."""

import msgspec

from icl_repro.report.text.coverage import by_claim, coverage_note, parts, unnamed
from icl_repro.verification.coverage import CoverageRow
from tests.support.report_fixture import rich_record


def with_rows(*rows):
    return msgspec.structs.replace(rich_record(), coverage=list(rows))


def row(how, claims=(), part="Part"):
    return CoverageRow(part, f"Section {how}", "It grows", how, "for a reason", list(claims))


def test_rows_are_numbered_through_all_parts():
    table = parts(rich_record())
    assert [part.title for part in table] == ["Section 3, Emergence", "Appendix B"]
    assert [part.tally for part in table] == ["2 of 3 tested", "1 of 1 tested"]
    assert [one.number for part in table for one in part.statements] == [1, 2, 3, 4]
    assert [one.is_covered for one in table[0].statements] == [True, True, False]
    assert table[0].statements[2].statement == "It hesitates."


def test_beside_each_claim_stands_its_verdict_or_that_it_has_none():
    table = parts(rich_record())
    verdicts = [(c.id, c.verdict) for p in table for one in p.statements for c in one.claims]
    assert verdicts == [
        ("emergence.final_accuracy", "inconclusive"),
        ("emergence.generalisation", "refuted"),
        ("wiring.previous_token", "not selected"),
        ("emergence.final_accuracy", "inconclusive"),
        ("of.another_file", "not in this session"),
    ]


def test_each_claim_knows_its_statements():
    found = by_claim(parts(rich_record()))
    assert [one.number for one in found["emergence.final_accuracy"]] == [1, 4]
    assert "toy.unknown" not in found


def test_the_note_counts_by_how_faithfully():
    assert coverage_note(with_rows()) == ""
    assert coverage_note(with_rows(row("not covered"))) == (
        "Of 1 statement, figure or table of the paper, 0 are tested by claims; 1 not, and each "
        "says why."
    )
    rows = [row("stronger", ["a.b"]), row("as the paper did", ["a.b"])]
    assert coverage_note(with_rows(*rows)) == (
        "Of 2 statements, figures and tables of the paper, 2 are tested by claims (1 as the paper "
        "did and 1 stronger)."
    )


def test_what_another_work_states_is_counted_apart():
    rows = [row("stronger", ["a.b"]), row("not covered")]
    slides = [msgspec.structs.replace(one, work="the slides") for one in rows]
    assert coverage_note(with_rows(*rows, slides[1])) == (
        "Of 2 statements, figures and tables of the paper, 1 is tested by claims (1 stronger); 1 "
        "not, and each says why. Of 1 statement, figure or table of the slides, 0 are tested by "
        "claims; 1 not, and each says why."
    )


def test_claims_of_no_statement_are_those_of_the_session_that_no_row_names():
    record = rich_record()
    everywhere = row("weaker", [claim.id for claim in record.claims[1:]])
    assert [one.id for one in unnamed(with_rows(everywhere))] == [record.claims[0].id]
    assert unnamed(with_rows()) == []
