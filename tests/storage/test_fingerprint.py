"""Fingerprints change with what code does, and not with what is said about it."""

import pytest

from icl_repro.storage import fingerprint

CODE = '''
"""A module."""
import math

LIMIT = 3
"""How much at most."""

class Point:
    """A point."""
    x: int = 0

def double(x: float, *, times: int = 2) -> float:
    """Twice as much."""
    # By multiplication.
    return math.pi * x * times

async def later():
    """Does nothing."""
'''


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"""A module."""', '"""A very good module."""'),
        ('"""A module."""\n', ""),
        ("# By multiplication.\n", "\n\n"),
        ('"""How much at most."""', ""),
        ('"""Twice as much."""', '"""Twice\n    as much."""'),
        ("x: float", "x"),
        ("times: int = 2", "times: 'Int[Array, \"\"]' = 2"),
        (" -> float", ""),
        ('"""A point."""\n', ""),
        ("import math", "import   math  # for pi"),
        ("return math.pi * x * times", "return (math.pi *\n        x * times)"),
    ],
)
def test_what_is_said_about_code_does_not_count(before, after):
    assert CODE.count(before) == 1
    assert fingerprint.of_code(CODE.replace(before, after)) == fingerprint.of_code(CODE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("times: int = 2", "times: int = 3"),
        ("math.pi * x", "math.pi + x"),
        ("math.pi * x * times", "x * math.pi * times"),
        ("double", "twice"),
        ("x: int = 0", "x: float = 0"),
        ("class Point", "class Point(tuple)"),
        ("async def", "def"),
        ("return ", ""),
        ("*, times", "times"),
    ],
)
def test_what_code_does_counts(before, after):
    assert fingerprint.of_code(CODE.replace(before, after)) != fingerprint.of_code(CODE)


def test_code_that_is_none():
    with pytest.raises(SyntaxError):
        fingerprint.of_code("def")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "package" / "inner").mkdir(parents=True)
    for name in ("module.py", "package/one.py", "package/inner/two.py", "other.py"):
        (tmp_path / name).write_text(f"x = '{name}'\n")
    return tmp_path


PARTS = ("module.py", "package")


@pytest.mark.parametrize("name", ["module.py", "package/one.py", "package/inner/two.py"])
def test_every_module_of_the_parts_counts(root, name):
    before = fingerprint.of_source(root, PARTS)
    (root / name).write_text("x = 1\n")
    assert fingerprint.of_source(root, PARTS) != before


def test_names_and_new_modules_count_and_other_files_do_not(root):
    before = fingerprint.of_source(root, PARTS)
    (root / "other.py").write_text("x = 1\n")
    (root / "package" / "notes.txt").write_text("x = 1\n")
    assert fingerprint.of_source(root, PARTS) == before
    (root / "package" / "one.py").rename(root / "package" / "first.py")
    renamed = fingerprint.of_source(root, PARTS)
    (root / "package" / "new.py").write_text("")
    assert len({before, renamed, fingerprint.of_source(root, PARTS)}) == 3


def test_a_part_that_is_not_there(root):
    with pytest.raises(FileNotFoundError, match=r"no source to take a fingerprint of at .*gone"):
        fingerprint.of_source(root, ["gone"])
