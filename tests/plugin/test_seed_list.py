"""Seeds fixed beforehand: a list that grows until the verdict pleases is told everywhere."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from icl_repro.plugin.options import Settings
from icl_repro.plugin.seed_list import Session, compared, words

TESTS = """
from icl_repro import claim, control

@claim("a.one", source="1", fails_on=control("Nothing.", given={"factor": 0}, id="nothing"))
def test_one(evidence, seed, factor=1):
    '''S.'''
    evidence.check("size", factor * (seed != 3), at_least=1)
"""


def run(folder: pytest.Pytester, record_of, *args: str):
    """The line that the terminal has about seeds, and what the record says."""
    result = folder.runpytest_subprocess("--icl-profile=paper", *args)
    told = [line for line in result.stdout.lines if "fixed for the paper profile" in line]
    found = record_of(folder).seeds
    assert told == [found.sentence] if found.sentence else not told
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
            "Seeds 5 to 7 were added to the list fixed for the paper profile (0 to 4) after "
            "results of seeds 0 to "
        )


def test_leaving_out_the_seed_that_fails_is_not_silent(claims_folder, record_of):
    claims_folder.makepyfile(test_claims=TESTS)
    found = run(claims_folder, record_of, "--icl-seeds=0,1,2,4", "-n0")
    assert found.sentence.startswith("Seed 3 of the list fixed for the paper profile (0 to 4) was")


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


def settings(seeds: tuple[int, ...], fixed: tuple[int, ...]) -> Settings:
    names = [field.name for field in dataclasses.fields(Settings)]
    blank = dict.fromkeys(names) | {"profile": SimpleNamespace(name="paper")}
    return Settings(**blank | {"seeds": seeds, "fixed_seeds": fixed})


def test_the_list_of_the_first_session_counts():
    earlier = [Session("paper", [5, 6], [5, 6], "then"), Session("paper", [5, 6, 7], [7], "later")]
    found = compared(settings((5, 6, 7), (5, 6, 7)), [5, 6, 7], earlier)
    assert (found.fixed, found.added) == ([5, 6], [7])
    assert found.sentence.startswith(
        "Seed 7 was added to the list fixed for the paper profile (5 and 6) after results of seeds "
        "5 to 7 had been seen; "
    )
    assert not compared(settings((5, 6), (5, 6)), [5, 6], earlier).sentence
    assert not compared(settings((5, 6), (5, 6)), [], []).sentence


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
