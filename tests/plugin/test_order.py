"""Claims come in the paper's order, whatever their files are called."""

from __future__ import annotations

import itertools

import pytest

from icl_repro.plugin.order import place

IN_ORDER = [
    "Section 2",
    "Section 3, Figure 3a",
    "Sections 3.1 and 4",
    "Section 3.2, Appendix I, Figure 18",
    "Section 3.10",
    "Section 4",
    "Appendices B and C",
    "Appendix D.1.1, Figure 7",
    "Appendix D.2; Section 4.2",
    "Appendix H, Table 2",
    "Figure 9",
]


@pytest.mark.parametrize(("earlier", "later"), list(itertools.pairwise(IN_ORDER)))
def test_sections_come_before_appendices_and_those_before_the_rest(earlier, later):
    assert place(earlier) < place(later)


CLAIM = """
import pytest
from icl_repro import claim, control

@claim("{0}.one", source="{1}", rests_on="a count",
       fails_on=control("Too short.", given={{"length": 1}}, id="short"))
@pytest.mark.parametrize("row", ["first", "second"])
def test_{0}(evidence, row, length=9):
    '''The {0} is long.'''
    evidence.check(f"length of the {{row}}", length, at_least=8)
"""


@pytest.fixture
def folder(claims_folder: pytest.Pytester) -> pytest.Pytester:
    claims_folder.makepyfile(
        test_a=CLAIM.format("a", "Appendix A"),
        test_b=CLAIM.format("b", "Section 4, Figure 1"),
        test_c=CLAIM.format("c", "Section 3.2"),
        test_d="def test_ordinary(): pass",
    )
    return claims_folder


def test_tests_are_collected_in_the_papers_order(folder):
    result = folder.runpytest_subprocess("--collect-only", "-q", "-k", "first or ordinary")
    collected = [line for line in result.stdout.lines if "::" in line]
    assert collected == [
        "test_d.py::test_ordinary",
        "test_c.py::test_c[first]",
        "test_c.py::test_c[short-first]",
        "test_b.py::test_b[first]",
        "test_b.py::test_b[short-first]",
        "test_a.py::test_a[first]",
        "test_a.py::test_a[short-first]",
    ]


def test_collecting_only_writes_the_contents_of_the_paper(folder):
    result = folder.runpytest_subprocess("--collect-only", "-o", "icl_paper=A. Author (2024)")
    lines = result.stdout.lines
    start = lines.index("A. Author (2024)")
    assert lines[start : start + 18] == [
        "A. Author (2024)",
        "",
        "Section 3.2",
        "  c.one: The c is long.",
        "      rows: first, second",
        "      1 control: short",
        "",
        "Section 4, Figure 1",
        "  b.one: The b is long.",
        "      rows: first, second",
        "      1 control: short",
        "",
        "Appendix A",
        "  a.one: The a is long.",
        "      rows: first, second",
        "      1 control: short",
        "",
        "3 claims, 12 tests of them",
    ]


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_the_record_has_them_in_the_papers_order(folder, record_of, workers):
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=13)
    assert [claim.id for claim in record_of(folder).claims] == ["c.one", "b.one", "a.one"]
