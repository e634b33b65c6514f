"""A check that no control fails turns the session red, unless the ledger says why there is none."""

from __future__ import annotations

import pytest

TESTS = """
import math
import pytest
from icl_repro import claim, control

@claim("a.one", source="Section 1", fails_on=[
    control("Nothing.", given={"length": 0}, id="nothing", only=ONLY, undefined=UNDEFINED),
])
@pytest.mark.parametrize("row", ["a", "b"])
def test_one(evidence, seed, row, length=9):
    '''It is long.'''
    evidence.check(f"length, {row}", length, at_least=8)
    evidence.check(f"width, {row}", WIDTH if length == 0 else 5, at_least=3)
"""
NONE = "a.one: no control fails 'width, {}'"
WHY = "; give it one, or let the ledger say why there is none: no_control"


def run(
    folder: pytest.Pytester,
    *args: str,
    only: str = "('length, a', 'length, b')",
    undefined: str = "''",
    width: str = "0",
) -> pytest.RunResult:
    text = TESTS.replace("ONLY", only).replace("UNDEFINED", undefined).replace("WIDTH", width)
    folder.makepyfile(test_claims=text)
    return folder.runpytest_subprocess(*(args or ["-p", "no:xdist", "--icl-seeds=5,6"]))


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_what_a_control_need_not_fail_any_more_is_red(claims_folder, workers: str):
    result = run(claims_folder, workers, "--icl-seeds=5,6")
    # Each of its tests fails as it should, so that only all of them together tell.
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 8})
    for row in "ab":
        assert result.stdout.lines.count(NONE.format(row) + WHY) == 1
    assert run(claims_folder, only="()").ret == 0


def test_a_control_that_is_never_finite_guards_nothing(claims_folder):
    result = run(claims_folder, only="()", undefined="'never learns'", width="math.nan")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 8})
    assert NONE.format("a") + WHY in result.stdout.lines
    one = "math.nan if seed == 6 else 0"
    result = run(claims_folder, only="()", undefined="'never learns'", width=one)
    assert result.ret == 1
    said = "a.one: no control fails 'width, a' everywhere: nothing does not on seed 6"
    assert said + WHY in result.stdout.lines


@pytest.mark.parametrize(
    "args",
    [
        ["-m", "claim"],
        ["-k", "not nothing-b"],
        ["--icl-profile=smoke"],
        ["-k", "a-seed5"],
    ],
)
def test_where_only_a_part_runs_nothing_is_said(claims_folder, args: list[str]):
    assert run(claims_folder, "-n0", "--icl-seeds=5,6", *args).ret == 0


LEDGER = """
[thresholds."a.one"."length, ROW"]
history = [ { at_least = 8, origin = "ours", date = 2026-01-02, seen = false } ]
[thresholds."a.one"."width, ROW"]
NO_CONTROL
history = [ { at_least = 3, origin = "ours", date = 2026-01-02, seen = false } ]
"""


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ('no_control = { "-" = "all are wide" }', ""),
        ('no_control = { 5 = "all are wide", 6 = "they too" }', ""),
        (
            'no_control = { 5 = "all are wide" }',
            "a.one: no control fails 'width, a' everywhere: nothing does not on seed 6" + WHY,
        ),
    ],
)
def test_the_ledger_may_say_why_there_is_none(claims_folder, says: str, said: str):
    ini = (claims_folder.path / "pytest.ini").read_text()
    (claims_folder.path / "pytest.ini").write_text(f"{ini}\nicl_ledger = ledger.toml\n")
    rows = [LEDGER.replace("ROW", row).replace("NO_CONTROL", says) for row in "ab"]
    (claims_folder.path / "ledger.toml").write_text("".join(rows))
    result = run(claims_folder)
    assert result.ret == bool(said), result.stdout.str()
    assert not said or said in result.stdout.lines
    # One that does fail it makes what the ledger says wrong.
    result = run(claims_folder, only="()")
    assert result.ret == 1
    assert (
        "a.one: the ledger says why no control fails 'width, a' on seed 5, but nothing does: "
        "correct the ledger"
    ) in result.stdout.lines
