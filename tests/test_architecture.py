"""The page about the house is true, and every file has tests that can be found."""

from __future__ import annotations

import re

import pytest

from tests.support import rooms_picture
from tests.support.tests_of import modules_of_the_package, seen_by, told
from tests.test_rooms import GROUND, MAY_IMPORT, ROOT

PAGE = ROOT / "docs" / "architecture.md"

SESSIONS_ALONE = {
    f"icl_repro/{name}.py"
    for name in (
        "git",
        "lazy",
        "history/told",
        "planning/explained",
        "planning/timing",
        "plugin/collecting",
        "plugin/contents",
        "plugin/crashes",
        "plugin/curve_files",
        "plugin/filters",
        "plugin/fixtures",
        "plugin/hooks",
        "plugin/hookspecs",
        "plugin/judging",
        "plugin/outcomes",
        "plugin/preparation",
        "plugin/signals",
        "storage/programs",
        "verification/bundle",
        "verification/completeness",
    )
}
"""Modules that no test of their room imports, nor anything that imports them: tests of the plugin
and of the command see what they do in whole sessions.
"""


def test_the_picture_is_that_of_the_imports():
    assert rooms_picture.PICTURE.read_text() == rooms_picture.drawn(), (
        "draw it again: python -m tests.support.rooms_picture"
    )


def test_every_room_is_in_the_picture_and_arrows_go_down():
    places = rooms_picture.PLACES
    assert {*places, *GROUND, "__init__"} == set(MAY_IMPORT)
    assert len(set(places.values())) == len(places)
    for room, other in rooms_picture.edges():
        assert places[room][1] < places[other][1], f"{room} imports {other}"


def test_every_room_is_described_and_no_other():
    described = re.findall(r"^\| `(\w+)(?:/|\.py)?` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(described) == sorted({*MAY_IMPORT} - {"__init__"})


@pytest.mark.parametrize("room", sorted({module.parts[1] for module in modules_of_the_package()}))
def test_every_module_has_tests_that_can_be_found_from_its_name(room: str):
    there = [module for module in modules_of_the_package() if module.parts[1] == room]
    without = {str(module) for module in there if not seen_by(module)}
    assert without == {name for name in SESSIONS_ALONE if name.split("/")[1] == room}


def test_those_that_import_a_file_by_the_name_of_its_room_are_found_too():
    found = told(str(ROOT / "icl_repro" / "optogenetics" / "clamps.py"))
    assert found[0] == "tests/optogenetics/test_clamps.py"
    assert "tests/optogenetics/test_gradients.py" in found


def test_a_file_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(LookupError, match=r"no file .*/rank\.py: did you mean .*/ranks\.py"):
        told("icl_repro/statistics/rank.py")
    with pytest.raises(LookupError, match=r"is no module of icl_repro"):
        told(str(PAGE))


def test_of_a_module_of_sessions_alone_it_is_said_what_shows_it():
    (line,) = told(str(ROOT / "icl_repro" / "git.py"))
    assert line.endswith("whole sessions show what it does")
