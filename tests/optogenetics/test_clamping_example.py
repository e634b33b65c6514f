"""The tutorial on clamping: what it says of a network that is built by hand is so."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "clamping"


def test_the_tutorial_prints_what_it_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    found = doctest.testfile(str(EXAMPLE / "README.md"), module_relative=False)
    assert found.attempted > 20
    assert not found.failed
