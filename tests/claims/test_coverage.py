"""The coverage table names every claim, figure, table and appendix, and no claim that is none."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from icl_repro.plugin.order import NOWHERE, place
from icl_repro.verification.coverage import FAITHFUL, NOT_COVERED, load
from icl_repro.verification.declare import declaration_of
from icl_repro.verification.standing import standing

CLAIMS = Path(__file__).parents[2] / "claims"
TABLE = load(CLAIMS / "coverage.toml")
LECTURE = "Lecture slides"
PAPER = [row for row in TABLE.rows if not row.work]

SECTIONS = ("Abstract", *(f"Section {name}" for name in ("1", "2", "3", "3.1", "3.2", "3.3", "4")),
            "Section 5", "Section 7", *(f"Appendix {name}" for name in "ABC"),
            "Appendix D.1", "Appendix D.2", *(f"Appendix {name}" for name in "EFGHI"))  # fmt: skip
"""The parts of the paper that assert results; Section 6 is related work."""
FIGURES = ("1", "2", "3a", "3b", "4a", "4b", "5a", "5b", "5c", "6", "7", "8", "9", "10", "11a",
           "11b", "11c", "12", "13", "14", "15", "16a", "16b", "16c", "17", "18")  # fmt: skip
PANELS = {
    "4a": ("circles", "triangles"),
    "6": ("first column, classes", "first column, labels", "second and third columns, classes",
          "second and third columns, labels", "fourth column"),
    "10": ("left", "right"),
    "12": ("top", "bottom"),
    "14": ("left", "right"),
    "15": ("training sequences", "relabelings", "exemplars"),
    "18": ("left", "middle", "right"),
}  # fmt: skip
"""What a row calls the panels of a figure, in brackets after it, where they have no letters."""


def module_of(path: Path) -> str:
    """The name of the module of a file with claims."""
    return ".".join(path.relative_to(CLAIMS.parent).with_suffix("").parts)


CLAIMED = {
    declaration.claim.id: declaration.claim
    for path in sorted(CLAIMS.rglob("test_*.py"))
    for value in vars(importlib.import_module(module_of(path))).values()
    if (declaration := declaration_of(value)) is not None
}


SOURCES = {name: claim.source for name, claim in CLAIMED.items()}
STANDING = {name: standing(claim.source, claim.about) for name, claim in CLAIMED.items()}


def test_every_claim_that_it_names_exists():
    assert SOURCES
    assert TABLE.unknown(SOURCES) == []


def test_every_claim_tests_a_statement_or_says_that_it_is_ours():
    assert TABLE.unnamed(SOURCES) == []


def too_generous(how: str, claims: list[str], because: str) -> str:
    """Why a row cannot say that claims test its statement as the paper did; empty if it can."""
    if how != FAITHFUL:
        return ""
    if all(STANDING[name] != "the paper" for name in claims):
        return "no claim of the paper"
    unsaid = [name for name in claims if STANDING[name] == "ours" and name not in because]
    return f"does not say what of {unsaid[0]} is ours" if unsaid else ""


def test_what_is_tested_as_the_paper_did_is_told_from_what_is_ours():
    found = {
        row.statement: why
        for row in PAPER
        if (why := too_generous(row.how, row.claims, row.because))
    }
    assert found == {}


def test_a_row_is_too_generous_if_its_claims_are_ours_or_it_does_not_say_which_are():
    paper, ours, printed = "subcircuits.match", "timing.isolated", "published.text"
    assert (STANDING[paper], STANDING[ours]) == ("the paper", "ours")
    assert too_generous(FAITHFUL, [paper, printed], "") == ""
    assert too_generous(FAITHFUL, [ours, printed], f"{ours} is ours") == "no claim of the paper"
    assert too_generous(FAITHFUL, [paper, ours], "") == f"does not say what of {ours} is ours"
    assert too_generous(FAITHFUL, [paper, ours], f"the factor of {ours} is ours") == ""
    assert too_generous("stronger", [ours], "") == ""


def test_the_parts_are_those_of_the_paper_and_then_the_lecture():
    titles = list(dict.fromkeys(row.part for row in TABLE.rows))
    assert tuple(title.partition(", ")[0] for title in titles[:-1]) == SECTIONS
    assert titles[-1].startswith(LECTURE)


def test_rows_stand_in_the_part_of_the_paper_that_they_name():
    for row in PAPER:
        section = row.part.partition(", ")[0]
        named = row.where.partition(",")[0].partition(";")[0]
        inside = named == section or named.startswith(f"{section}.")
        assert inside, row


def test_no_part_of_the_paper_is_left_out_of_the_order():
    places = [place(row.part) for row in PAPER if place(row.part) != NOWHERE]
    assert places == sorted(places)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_has_a_row(figure: str):
    assert any(names(row.where, "Figure", figure) for row in PAPER)


@pytest.mark.parametrize(
    ("figure", "panel"), [(figure, panel) for figure, panels in PANELS.items() for panel in panels]
)
def test_every_panel_has_a_row(figure: str, panel: str):
    rows = [row for row in PAPER if names(row.where, "Figure", figure)]
    assert any(panel in row.where.partition(f"{figure} (")[2] for row in rows)


@pytest.mark.parametrize("table", ["1", "2", "3"])
def test_every_table_has_a_row(table: str):
    assert any(names(row.where, "Table", table) for row in PAPER)


def names(where: str, kind: str, number: str) -> bool:
    """Whether a place names a figure or table: "Figures 3b and 4b" names both."""
    for listed in re.findall(rf"{kind}s? ((?:\d+[a-z]?(?:, | and )?)+)", where):
        if number in re.split(r", | and ", listed.strip(", ")):
            return True
    return False


def test_every_statement_of_the_lecture_about_networks_is_tested():
    lecture = [row for row in TABLE.rows if row.work]
    assert len(lecture) > 10
    assert {row.where for row in lecture if row.how == NOT_COVERED} == {"Slide “Interpretability”"}


def test_most_of_what_the_paper_states_is_tested():
    covered = [row for row in PAPER if row.how != NOT_COVERED]
    assert len(covered) > 0.7 * len(PAPER)
