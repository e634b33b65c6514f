"""A small suite of claims whose training is a double, for commands that collect in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from icl_repro.plugin import library
from tests.support import plugin_doubles

_INI = """
[pytest]
addopts = --strict-markers --strict-config -p no:hypothesispytest -p no:jaxtyping
filterwarnings = error
icl_paper_seeds = 5-9
icl_ledger = claims/ledger.toml
icl_coverage = claims/coverage.toml
"""

_CLAIMS = """
from icl_repro import claim, control, networks
from tests.support.plugin_doubles import Spec

def early(seed):
    return Spec("early", seed)

def late(seed):
    return Spec("late", seed)

@claim(
    "growth.early",
    source="Section 2, Figure 1",
    on=networks(early=early, late=late),
    fails_on=[
        control("The late one is not early.", id="swapped", swap={"early": "late"}),
        control("Nothing grows by less.", given={"sign": -1}, id="shrinks", only="size"),
    ],
)
def test_early(runs, evidence, sign=1):
    '''It grows early.'''
    evidence.check("size", sign * runs["early"].spec.sequences, at_least=10)

@claim("growth.sum", source="ours", rests_on="arithmetic",
       fails_on=control("N.", given={"sign": -1}, id="negative"))
def test_sum(evidence, sign=1):
    '''One and one are *two*.'''
    evidence.check("sum", sign * 2, at_least=2)

@claim("growth.late", source="Section 3", on=late, profiles=("paper",),
       fails_on=control("N.", given={"sign": -1}, id="no_late"))
def test_late(run, evidence, sign=1):
    '''It grows late.'''
    evidence.check("size", sign * run.spec.sequences, at_least=10)
"""

_LEDGER = """
[thresholds."growth.early"."size"]
history = [
  { at_least = 12, origin = "ours", date = 2026-01-01, seen = false },
  { at_least = 10, origin = "ours", date = 2026-02-01, seen = true, reason = "it was too much" },
]
[thresholds."growth.sum"."sum"]
history = [{ at_least = 2, origin = "stated in the paper", date = 2026-01-01, seen = false }]
[thresholds."growth.late"."size"]
history = [{ at_least = 10, origin = "ours", date = 2026-01-01, seen = false }]

[[findings]]
claim = "growth.early"
check = "size"
values = { 6 = 5 }
within = 0.1
date = 2026-02-02
why = "it rained"
evidence = "a look outside"

[[retired]]
claim = "growth.early"
check = "colour"
date = 2026-02-03
seen = true
why = "nobody looked"
history = [{ at_least = 1, origin = "ours", date = 2026-01-01, seen = false }]
"""

_COVERAGE = """
[[parts]]
title = "Growth"

[[parts.rows]]
where = "Section 2"
statement = "Plants grow."
how = "weaker"
because = "one plant"
claims = ["growth.early"]
"""


@pytest.fixture
def suite_of_doubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with ``claims/``, entered, where nothing heavy happens."""
    # Not pytester's: it forgets what was imported, and NumPy cannot be imported twice.
    monkeypatch.setattr(library, "engine", plugin_doubles.engine)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text(_INI)
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "test_growth.py").write_text(_CLAIMS)
    (tmp_path / "claims" / "ledger.toml").write_text(_LEDGER)
    (tmp_path / "claims" / "coverage.toml").write_text(_COVERAGE)
    yield tmp_path
    sys.modules.pop("test_growth", None)
