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

@pytest.mark.claim(id="{0}.one", statement="S.", source="{1}", controls=("{0}.no",))
def test_{0}_one(evidence):
    evidence.check("length", 9, at_least=8)

@pytest.mark.control(id="{0}.no", statement="S.", must_fail=("length",))
def test_{0}_no(evidence):
    evidence.check("length", 1, at_least=8)
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
    result = folder.runpytest_subprocess("--collect-only", "-q")
    collected = [line for line in result.stdout.lines if "::" in line]
    assert collected == [
        "test_d.py::test_ordinary",
        "test_c.py::test_c_one",
        "test_c.py::test_c_no",
        "test_b.py::test_b_one",
        "test_b.py::test_b_no",
        "test_a.py::test_a_one",
        "test_a.py::test_a_no",
    ]


@pytest.mark.parametrize("workers", [["-p", "no:xdist"], ["-n2"]])
def test_the_record_has_them_in_the_papers_order(folder, record_of, workers):
    folder.runpytest_subprocess(*workers).assert_outcomes(passed=7)
    assert [claim.id for claim in record_of(folder).claims] == ["c.one", "b.one", "a.one"]
