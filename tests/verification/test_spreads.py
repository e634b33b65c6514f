"""How far trainings of one seed differ: the file that says so."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from icl_repro.verification.spreads import (
    NOT_MEASURED,
    Source,
    Spread,
    UnusableSpreads,
    load,
    write,
)

SOURCES = [Source("a processor", 0, "2026-01-02T03:04:05+00:00", "abc1234", [5]),
           Source("a processor", 1, "2026-01-02T03:05:05+00:00", None, [5])]  # fmt: skip
SPREADS = [Spread("a.one", "", "length", 0.25, 2, [0, 1]),
           Spread("a.one", "short", "length", 0.0, 1, [0, 1])]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spread.json"


def test_what_is_written_is_read_a_line_for_each(path: Path):
    write(path, SOURCES, SPREADS)
    spreads = load(path)
    assert spreads.of("a.one", "", "length") == SPREADS[0]
    assert spreads.of("a.one", "short", "length") == SPREADS[1]
    assert spreads.of("a.one", "", "width") is None
    assert len(path.read_text().splitlines()) == 11
    assert load(None) is NOT_MEASURED
    assert NOT_MEASURED.of("a.one", "", "length") is None


def test_nothing_measured_is_a_file_too(path: Path):
    write(path, [], [])
    assert load(path) == NOT_MEASURED


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pairs": 0}, "spread 1 (a.one, 'length') must have a difference of 0 or more, in 1 pair "
                       "or more, not 0.25 in 0"),
        ({"largest": -1.0}, "in 1 pair or more, not -1.0 in 2"),
        ({"sources": [0, 2]}, "spread 1 (a.one, 'length') names source 2, but there are 2, counted "
                              "from 0"),
        ({"case": "short"}, "spread 2 (a.one, 'length') is there twice"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(path: Path, changed: dict, message: str):
    write(path, SOURCES, [msgspec.structs.replace(SPREADS[0], **changed), SPREADS[1]])
    with pytest.raises(UnusableSpreads) as said:
        load(path)
    assert str(said.value).startswith(f"{path}: ")
    assert str(said.value).endswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no file of measured spreads: "),
        ("\udcff", "is no file of measured spreads: "),
        ("[]", "is no file of measured spreads: Expected `object`, got `array`"),
        ('{"format": 1, "sources": []}', "missing required field `spreads`"),
        ('{"format": 1, "sources": [], "spreads": [], "more": 1}', "unknown field `more`"),
        ('{"format": 2, "sources": [], "spreads": []}', "has format 2, but this release reads 1"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(path: Path, content: str, message: str):
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UnusableSpreads, match=message) as said:
        load(path)
    assert str(path) in str(said.value)
    assert "\n" not in str(said.value)


def test_a_file_that_is_not_there(path: Path):
    with pytest.raises(UnusableSpreads, match="there is no file of measured spreads at"):
        load(path)
    path.mkdir()
    with pytest.raises(UnusableSpreads, match="cannot be read: Is a directory"):
        load(path)
