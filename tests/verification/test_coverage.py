"""The coverage table: what its file may say, claims that do not exist, claims of no statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from icl_repro.verification.coverage import Coverage, CoverageRow, UnusableCoverage, load

TABLE = """
[[parts]]
title = "Section 1"
[[parts.rows]]
where = "Section 1, Figure 1"
statement = "It grows."
claims = ["growth.early", "growth.late"]
how = "as the paper did"
[[parts.rows]]
where = "Section 1"
statement = "It grows fast."
claims = ["growth.early"]
how = "weaker"
because = "any growth will do"

[[parts]]
title = "Appendix A"
[[parts.rows]]
where = "Appendix A"
statement = "It is green."
how = "not covered"
because = "colour is not measured"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "coverage.toml"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_rows_are_read_in_the_order_of_the_file(file: Path):
    assert load(file).rows == (
        CoverageRow(
            "Section 1",
            "Section 1, Figure 1",
            "It grows.",
            "as the paper did",
            claims=["growth.early", "growth.late"],
        ),
        CoverageRow(
            "Section 1",
            "Section 1",
            "It grows fast.",
            "weaker",
            "any growth will do",
            ["growth.early"],
        ),
        CoverageRow(
            "Appendix A", "Appendix A", "It is green.", "not covered", "colour is not measured"
        ),
    )


def test_a_part_may_be_of_another_work_than_the_paper(file: Path):
    of_slides = TABLE.replace('title = "Appendix A"', 'title = "Slides"\nwork = "the slides"')
    file.write_text(of_slides, encoding="utf-8")
    assert [row.work for row in load(file).rows] == ["", "", "the slides"]


def test_without_a_file_there_are_no_rows():
    assert load(None) == Coverage()
    assert load(None).unknown([]) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'how = "weaker"',
            'how = "weeker"',
            r"row 2 of 'Section 1': how: .* did you mean 'weaker'",
        ),
        ('how = "weaker"', "", "row 2 of 'Section 1': .*missing required field `how`"),
        ('because = "any', 'becaus = "any', "row 2 .*`becaus`; did you mean 'because'"),
        ('because = "any growth will do"', "", "row 2 of 'Section 1' is weaker and must say why"),
        ('because = "colour is not measured"', 'because = " "', "is not covered and must say why"),
        (
            'how = "not covered"',
            'how = "not covered"\nclaims = ["growth.early"]',
            r"row 1 of 'Appendix A' names claims \(growth.early\) and not covered",
        ),
        (
            'how = "not covered"',
            'how = "stronger"',
            "row 1 of 'Appendix A' names no claim, so that it is not covered: name one, or say",
        ),
        ('["growth.early"]', '["growth.early", "growth.early"]', "names growth.early twice"),
        (
            'where = "Section 1"\nstatement = "It grows fast."',
            'where = "Section 1, Figure 1"\nstatement = "It grows."',
            "row 2 of 'Section 1' says the same as row 1 of 'Section 1'",
        ),
        ('where = "Appendix A"', 'where = ""', "row 1 of 'Appendix A': where must say something"),
        ('"It is green."', '""', "row 1 of 'Appendix A': statement must say something"),
        ('title = "Appendix A"', 'title = " "', "part 2: title must say something"),
        (
            'title = "Appendix A"',
            'title = "A"\nwork = " "',
            "part 2: work must begin and end with a word",
        ),
        ('title = "Appendix A"', "", "part 2: .*missing required field `title`"),
        ("[[parts]]", "[[part]]", "unknown field `part`; did you mean 'parts'"),
        ('claims = ["growth.early"]', 'claims = "growth.early"', "claims: Expected `array`"),
        ("[[parts]]", "[[parts", "is not TOML"),
    ],
)
def test_what_a_table_may_not_say(file: Path, old: str, new: str, message: str):
    assert old in TABLE
    count = TABLE.count(old) if old == "[[parts]]" else 1
    file.write_text(TABLE.replace(old, new, count), encoding="utf-8")
    with pytest.raises(UnusableCoverage, match=message) as raised:
        load(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_table_that_is_not_there_or_not_a_text(tmp_path: Path):
    with pytest.raises(UnusableCoverage, match="there is no coverage table at"):
        load(tmp_path / "none.toml")
    with pytest.raises(UnusableCoverage, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableCoverage, match="not a text in UTF-8"):
        load(tmp_path / "binary.toml")


def test_a_claim_that_does_not_exist_names_the_nearest(file: Path):
    assert load(file).unknown(["growth.early", "growth.late"]) == []
    (problem,) = load(file).unknown(["growth.early", "growth.latest"])
    assert problem == (
        "the coverage table names a claim 'growth.late', which does not exist; did you mean "
        "'growth.latest' or 'growth.early'?"
    )


@pytest.mark.parametrize("source", ["Section 4 (ours: how it is cut)", "Ours, beyond the paper"])
def test_a_claim_without_a_row_says_that_it_is_ours(file: Path, source: str):
    sources = {"growth.early": "Section 1", "cut.even": source}
    assert load(file).unnamed(sources) == []
    (problem,) = load(file).unnamed(sources | {"cut.odd": "Section 4, yours or theirs"})
    assert problem.startswith("no row of the coverage table names cut.odd, whose source")
