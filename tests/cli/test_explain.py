"""``icl-repro explain`` tells all there is to know of a claim."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from icl_repro.verification.record import CheckOverSeeds, ClaimRecord
from tests.support.command import run_command
from tests.support.report_fixture import rich_record
from tests.support.suite_of_doubles import suite_of_doubles as suite_of_doubles

pytestmark = pytest.mark.usefixtures("suite_of_doubles")


def words(text: str) -> str:
    return " ".join(text.split())


def test_it_tells_everything_that_is_declared_and_known():
    done = run_command("explain", "growth.early", "--seeds", "5,6")
    assert done.exit_code == 0, done.stderr
    said = words(done.stdout)
    for part in (
        "It grows early.",
        "Section 2, Figure 1 (the paper says so)",
        "claims/test_growth.py:11, test test_early",
        "judged seed by seed",
        "early: early (seeds 5 and 6)",
        "together 4 runs, 4,000 sequences at most, none of them in the store",
        "size: at least 10 ours, 2026-02-01, results seen: it was too much before that at least 12",
        "swapped: The late one is not early. what is changed: late in place of early",
        "must fail: every check",
        "with sign=-1 must fail: 'size'",
        "'size' fails: 5 on seed 6, within 0.1 since 2026-02-02: it rained",
        "evidence: a look outside",
        "colour dropped 2026-02-03, results seen: nobody looked it was at least 1",
        "Section 2: Plants grow. the test is weaker: one plant",
    ):
        assert part in said
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_the_command_runs_this_claim_and_no_other():
    printed = run_command("explain", "growth.late").stdout
    command = printed.splitlines()[-1].strip()
    assert command == ("pytest claims/test_growth.py --icl-claims=growth.late --icl-profile=paper")
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command), "--collect-only"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "growth.late: It grows late." in done.stdout
    assert "1 claim, 10 tests of them" in done.stdout


def test_markdown_shows_text_as_it_is_and_patterns_take_several():
    done = run_command("explain", "growth.*", "--markdown")
    assert [line for line in done.stdout.splitlines() if line.startswith("## ")] == [
        "## growth.early",
        "## growth.sum",
        "## growth.late",
    ]
    assert "One and one are \\*two\\*." in done.stdout
    assert "```sh\npytest claims/test_growth.py --icl-claims=growth.sum\n```" in done.stdout


def test_what_a_control_is_given_is_named_and_has_no_address(suite_of_doubles: Path):
    more = """
def last_place(places):
    return places[-1]

@claim("growth.place", source="ours", rests_on="order", fails_on=[
    control("N.", given={"chosen": last_place}, id="last"),
    control("M.", given={"chosen": lambda places: places[1]}, id="second"),
])
def test_place(evidence, chosen=min):
    '''It is the first.'''
    evidence.check("place", chosen([1, 2, 3]), at_most=1)
"""
    file = suite_of_doubles / "claims" / "test_growth.py"
    file.write_text(file.read_text() + more)
    said = words(run_command("explain", "growth.place").stdout)
    assert "what is changed: with chosen=last place must fail" in said
    assert "what is changed: with chosen=a function must fail" in said


def test_a_record_of_few_seeds_says_what_more_seeds_would_be_for(suite_of_doubles: Path):
    check = CheckOverSeeds(
        name="size",
        unit="cm",
        direction="at_least",
        low=10,
        high=None,
        kind="threshold",
        row="",
        values={"5": 12.0},
        held=1,
        judged=1,
        published=None,
        margin=None,
        agreement=None,
        equivalence=None,
        failed_by=[],
    )
    said = ClaimRecord(
        "growth.early",
        "growth",
        "It grows early.",
        "Section 2",
        "consistent",
        "holds on 1 of 1 seed",
        trials=[],
        controls=[],
        checks=[check],
        seeds_held=1,
        seeds_judged=1,
        seeds_needed=6,
        seeds_needed_why="6 seeds in all would do, if it holds on each further one",
    )
    record = msgspec.structs.replace(rich_record(), claims=[said])
    (suite_of_doubles / "record.json").write_bytes(msgspec.json.encode(record))
    done = run_command("explain", "growth.early", "--record", "record.json")
    assert done.exit_code == 0, done.stderr
    told = words(done.stdout)
    assert "last measured, cm: 12 on seed 5; held in 1 of 1" in told
    assert "for a verdict that is corrected for all claims: 6 seeds in all would do" in told


def test_an_unknown_claim_is_told_the_nearest():
    done = run_command("explain", "growth.erly")
    assert done.exit_code == 2
    assert "no claim matches 'growth.erly'; did you mean 'growth.early'" in words(done.stderr)
