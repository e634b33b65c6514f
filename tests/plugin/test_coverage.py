"""The coverage table in a session: what is refused, and what the record and the report get."""

from __future__ import annotations

import pytest

TESTS = """
from icl_repro import claim, control

@claim("a.one", source="Section 1",
       fails_on=control("Nothing.", given={"length": 0}, id="nothing"))
def test_one(evidence, seed, length=12):
    '''It is long.'''
    evidence.check("length", length, at_least=10)
"""
TABLE = """
[[parts]]
title = "Section 1"
[[parts.rows]]
where = "Section 1"
statement = "It is long."
claims = ["a.one", "b.two"]
how = "as the paper did"
[[parts.rows]]
where = "Figure 1"
statement = "It is green."
how = "not covered"
because = "colour is not measured"
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    ini = (claims_folder.path / "pytest.ini").read_text()
    (claims_folder.path / "pytest.ini").write_text(f"{ini}\nicl_coverage = coverage.toml\n")
    (claims_folder.path / "coverage.toml").write_text(TABLE)
    two = TESTS.replace("a.one", "b.two").replace("test_one", "test_two")
    claims_folder.makepyfile(test_a=TESTS, test_b=two)
    return claims_folder


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_the_record_has_every_row_whatever_was_selected(folder, record_of, workers: list[str]):
    result = folder.runpytest_subprocess("--icl-claims=a.one", "--icl-seeds=5", ".", *workers)
    assert result.ret == 0
    record = record_of(folder)
    assert [(row.where, row.how, row.claims) for row in record.coverage] == [
        ("Section 1", "as the paper did", ["a.one", "b.two"]),
        ("Figure 1", "not covered", []),
    ]
    summary = (folder.path / "reports" / "verification.md").read_text()
    assert "✓) a.one: consistent<br>– b.two: not selected" in summary


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_a_claim_of_the_table_that_does_not_exist_is_refused(folder, workers: list[str]):
    (folder.path / "coverage.toml").write_text(TABLE.replace("b.two", "b.too"))
    result = folder.runpytest_subprocess(".", *workers)
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: the coverage table names a claim 'b.too', which does not exist; did you mean*"]
    )
    # Of the claims of another file nothing can be said.
    assert folder.runpytest_subprocess("test_a.py", "--icl-seeds=5").ret == 0


def test_a_table_that_cannot_be_read_is_refused_in_a_sentence(folder):
    (folder.path / "coverage.toml").write_text(TABLE.replace("as the paper did", "as the papers"))
    result = folder.runpytest_subprocess("test_a.py")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: *coverage.toml: row 1 of 'Section 1': how: *did you mean 'as the paper did'*"]
    )


def test_sessions_without_claims_do_not_read_it(folder):
    (folder.path / "coverage.toml").unlink()
    folder.makepyfile(test_plain="def test_plain(): pass")
    assert folder.runpytest_subprocess("test_plain.py").ret == 0
