"""Seeds fixed beforehand: a list that grows until the verdict pleases is told everywhere."""

from __future__ import annotations

import dataclasses
import os
from types import SimpleNamespace

import pytest

from icl_repro.plugin.options import Settings
from icl_repro.plugin.seed_list import Session, compared, words
from icl_repro.verification.record import Outcome, Seeds, Trial

TESTS = """
from icl_repro import claim, control

@claim("a.one", source="1", fails_on=control("Nothing.", given={"factor": 0}, id="nothing"))
def test_one(evidence, seed, factor=1):
    '''S.'''
    evidence.check("size", factor * (seed != 3), at_least=1)
"""
LIST = "the list fixed for the paper profile (0 to 4)"
LESS = "; verdicts over other seeds than those fixed beforehand say less than they seem to"


def run(folder: pytest.Pytester, record_of, *args: str, profile: str = "paper") -> Seeds:
    """What the record says about seeds; terminal and report say the same."""
    result = folder.runpytest_subprocess(f"--icl-profile={profile}", *args)
    told = [line for line in result.stdout.lines if f"fixed for the {profile} profile" in line]
    found = record_of(folder).seeds
    assert told == [found.sentence] if found.sentence else not told
    note = found.sentence or "fixed beforehand by the profile; none was added afterwards"
    assert note in (folder.path / "reports" / "verification.md").read_text()
    return found


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_adding_seeds_until_green_is_not_silent(claims_folder, record_of, workers: str):
    claims_folder.makepyfile(test_claims=TESTS)
    found = run(claims_folder, record_of, workers)
    assert (found.judged, found.fixed, found.sentence) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], "")
    assert record_of(claims_folder).claims[0].verdict == "inconclusive"
    for more in ("--icl-seeds=0-7", "-o=icl_paper_seeds=0-7"):
        found = run(claims_folder, record_of, workers, more)
        assert record_of(claims_folder).claims[0].verdict == "supported"
        assert found.added == [5, 6, 7]
        assert found.sentence.startswith(
            f"Seeds 5 to 7 were added to {LIST} after results of seeds 0 to "
        )


@pytest.mark.parametrize(
    ("option", "added", "sentence"),
    [
        ("icl_seeds=0-8", [5, 6, 7, 8], f"Seeds 5 to 8 were added to {LIST}"),
        (
            "icl_paper_seeds=0-2,4-7",
            [5, 6, 7],
            f"Seeds 5 to 7 were added to {LIST}; seed 3 of it was left out",
        ),
    ],
)
def test_another_list_on_another_store_is_not_silent(
    claims_folder, record_of, option: str, added: list[int], sentence: str
):
    claims_folder.makepyfile(test_claims=TESTS)
    found = run(claims_folder, record_of, "-n0", "--icl-store=elsewhere", "-o", option)
    assert record_of(claims_folder).claims[0].verdict == "supported"
    assert (found.fixed, found.added) == ([0, 1, 2, 3, 4], added)
    assert found.sentence == sentence + LESS


def test_another_profile_on_the_same_store_is_not_silent(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=TESTS.replace("!= 3", "!= 1"))
    run(claims_folder, record_of, "-n0")
    others = ["-o", "icl_seeds=0,2-6"]
    found = run(claims_folder, record_of, "-n0", *others, profile="standard")
    assert record_of(claims_folder).claims[0].verdict == "supported"
    assert found.sentence == (
        "Seeds 2 to 6 were added to the list fixed for the standard profile (0) after results of "
        "seeds 0 to 4 had been seen; seed 1, judged before, was not judged again" + LESS
    )
    # The profile itself judges fewer seeds than another, which is no choice by results.
    assert run(claims_folder, record_of, "-n0", profile="standard").sentence == ""


@pytest.mark.parametrize(
    "choice",
    [
        ["-k", "not seed3"],
        [
            "--deselect=test_claims.py::test_one[seed3]",
            "--deselect=test_claims.py::test_one[nothing-seed3]",
        ],
    ],
)
def test_leaving_out_the_seed_that_fails_is_not_silent(claims_folder, record_of, choice):
    claims_folder.makepyfile(test_claims=TESTS)
    found = run(claims_folder, record_of, "-n0", *choice)
    assert (found.judged, found.added) == ([0, 1, 2, 4], [])
    assert found.sentence == f"Seed 3 of {LIST} was left out{LESS}"


def test_a_memory_that_cannot_be_read_costs_no_report(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=TESTS)
    (claims_folder.path / "store" / "seeds.jsonl").mkdir(parents=True)
    odd = os.fsdecode(b"icl_title=Half a \xff")
    result = claims_folder.runpytest_subprocess("--icl-store=store", "-o", odd)
    result.stdout.fnmatch_lines(["which seeds were judged before cannot be read: *"])
    assert record_of(claims_folder).title == "Half a ?"


def test_what_was_judged_is_remembered_in_the_store(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=TESTS)
    run(claims_folder, record_of, "-n0", "--icl-store=store", "--icl-seeds=3")
    path = claims_folder.path / "store" / "seeds.jsonl"
    (line,) = path.read_text().splitlines()
    assert '"judged":[3]' in line
    # A line that a killed session left half-written does no harm.
    with path.open("a") as file:
        file.write(line[:20])
    run(claims_folder, record_of, "-n0", "--icl-store=store")
    assert len(path.read_text().splitlines()) == 3


def test_another_draw_of_the_same_seeds_is_not_silent(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=TESTS)

    def judged(neighbour: int) -> str:
        args = ("-n0", "--icl-store=store", f"--icl-neighbour={neighbour}", "--icl-profile=paper")
        result = claims_folder.runpytest_subprocess(*args)
        record = record_of(claims_folder)
        assert record.profile.neighbour == neighbour
        said = record.seeds.sentence
        assert not said or said in result.stdout.lines
        assert said in (claims_folder.path / "reports" / "verification.md").read_text()
        return said

    one = "eighbour 1 of each run, which starts one rounding away, was judged in its place"
    assert judged(0) == ""
    assert judged(1) == f"N{one} after results of the runs themselves had been seen"
    two = judged(2)
    assert two.endswith(" after results of the runs themselves and neighbour 1 had been seen")
    assert judged(0) == ""


def settings(*fixed: int) -> Settings:
    names = [field.name for field in dataclasses.fields(Settings)]
    blank = dict.fromkeys(names) | {
        "profile": SimpleNamespace(name="paper"),
        "made_of": SimpleNamespace(label=""),
    }
    return Settings(**blank | {"fixed_seeds": fixed})


def trials(*seeds: int, row: str = "", outcome: Outcome = "passed") -> list[Trial]:
    return [Trial(nodeid="x", outcome=outcome, seed=seed, row=row) for seed in seeds]


def sentence(**claims: list[Trial]) -> str:
    """What is said of claims where seeds 5 to 7 are fixed."""
    said = compared(settings(5, 6, 7), claims, []).sentence
    return said.removesuffix(LESS).replace("the list fixed for the paper profile (5 to 7)", "LIST")


def test_the_list_of_the_first_session_counts():
    earlier = [
        Session("standard", [5], [5], "before"),
        Session("paper", [5, 6], [5, 6], "then"),
        Session("paper", [5, 6, 7], [7], "later"),
    ]
    found = compared(settings(5, 6, 7), {"a": trials(5, 6, 7)}, earlier)
    assert (found.fixed, found.added) == ([5, 6], [7])
    assert found.sentence.startswith(
        "Seed 7 was added to the list fixed for the paper profile (5 and 6) after results of seeds "
        "5 to 7 had been seen; "
    )
    assert not compared(settings(5, 6), {"a": trials(5, 6)}, earlier).sentence
    assert not compared(settings(5, 6), {}, []).sentence


def test_claims_are_named_where_they_do_not_agree():
    full = trials(5, 6, 7)
    assert sentence(a=full, b=full) == ""
    assert sentence(a=full, b=trials(5, 7), c=full) == "Seed 6 of LIST was left out for b"
    assert sentence(a=trials(5, 7), b=trials(5, 7)) == "Seed 6 of LIST was left out"
    assert sentence(a=trials(5, 7), b=trials(5, 7), c=full) == (
        "Seed 6 of LIST was left out for all claims but c"
    )
    assert sentence(a=trials(5, 6, 7, 8), b=trials(5, 7, 8)) == (
        "Seed 8 was added to LIST; seed 6 of it was left out for b"
    )


def test_claims_that_were_not_judged_say_nothing_about_seeds():
    without = [Trial(nodeid="x", outcome="passed", seed=None)]
    assert sentence(a=trials(5, 6, 7), proof=without, none=trials(5, outcome="not run")) == ""


def test_a_claim_over_all_seeds_at_once_counts_all_of_them():
    at_once = [Trial(nodeid="x", outcome="passed", seed=None, seeds=[5, 7])]
    assert sentence(a=at_once) == "Seed 6 of LIST was left out"


def test_a_seed_on_which_a_row_did_not_run_is_not_silent():
    rows = trials(5, 6, 7, row="first") + trials(5, 7, row="second")
    assert sentence(a=rows, b=trials(5, 6, 7)) == "Seed 6 of LIST was not judged in every row for a"
    skipped = rows + trials(6, row="second", outcome="not run")
    assert sentence(a=skipped) == "Seed 6 of LIST was not judged in every row"
    # An error is told as one.
    assert sentence(a=rows + trials(6, row="second", outcome="error")) == ""


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        ([5], "5"),
        ([6, 5], "5 and 6"),
        ([5, 6, 7, 9], "5 to 7 and 9"),
        ([1, 3, 4, 8], "1, 3, 4 and 8"),
    ],
)
def test_seeds_in_words(seeds: list[int], text: str):
    assert words(seeds) == text
