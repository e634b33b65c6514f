"""How the report is laid out: text and pictures apart, one formatter of numbers, no paper."""

import ast
import re
from pathlib import Path

import pytest

import icl_repro.report

ROOM = Path(icl_repro.report.__file__).parent
MODULES = sorted(ROOM.rglob("*.py"))
TEXTS = [*MODULES, *sorted((ROOM / "templates").iterdir())]
PAPER = re.compile(
    r"\b(induction|omniglot|layers?|plateau|phase change|transformer|clamp(s|ed|ing)?)\b(?!\()",
    re.IGNORECASE,
)


def imported(module):
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_neither_text_nor_pictures_know_of_the_other():
    for part, other in (("text", "pictures"), ("pictures", "text")):
        for module in (ROOM / part).glob("*.py"):
            names = [n for n in imported(module) if n.startswith(f"icl_repro.report.{other}")]
            assert not names, f"{module.name} imports {names}"


def test_the_report_is_drawn_from_the_record_alone():
    known = (
        "icl_repro.report",
        "icl_repro.verification",
        "icl_repro.statistics.intervals.Interval",
        "icl_repro.storage.files",
        "icl_repro.numbers",
    )
    for module in MODULES:
        rooms = [name for name in imported(module) if name.startswith(("icl_repro", "claims"))]
        assert [name for name in rooms if not name.startswith(known)] == [], module.name


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_it_knows_no_paper(path):
    assert not PAPER.search(path.read_text("utf-8"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOM)))
def test_numbers_that_are_read_come_from_the_one_formatter(module):
    """Drawings place things by numbers of their own; a date has a format, too."""
    if "pictures" in module.parts:
        return
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            assert "%" in ast.unparse(node.format_spec), ast.unparse(node)
