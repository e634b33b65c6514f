"""Profiles and the ways to write seeds."""

from __future__ import annotations

import pytest

from icl_repro.verification.profiles import (
    DEFAULT_SEEDS,
    LARGEST_SEED,
    PROFILES,
    judged_in,
    parse_seeds,
    profile,
)
from tests.support.plugin_doubles import Spec

PAPER = (5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("5", (5,)),
        ("5,6, 7", (5, 6, 7)),
        ("5-9", PAPER),
        ("0,7-8", (0, 7, 8)),
        ("n=3", (5, 6, 7)),
        ("n=7", (5, 6, 7, 8, 9, 10, 11)),
        ("0007", (7,)),
        (str(LARGEST_SEED), (LARGEST_SEED,)),
        ("0-999", tuple(range(1000))),
    ],
)
def test_seeds_as_a_user_writes_them(text: str, seeds: tuple[int, ...]):
    assert parse_seeds(text, PAPER) == seeds


def test_a_count_takes_the_papers_seeds_first_and_then_those_after_its_largest():
    assert parse_seeds("n=2", (3, 8, 1)) == (3, 8)
    assert parse_seeds("n=5", (3, 8, 1)) == (3, 8, 1, 9, 10)
    assert parse_seeds("n=2") == DEFAULT_SEEDS[:2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("five", "'five' is not a seed; write seeds"),
        ("", "'' is not a seed"),
        ("5,,6", "'' is not a seed"),
        ("-3", "'-3' is not a seed"),
        ("1-2-3", "'1-2-3' is not a seed"),
        ("9-5", "'9-5' ends before it starts"),
        ("5,5", "seed 5 is given twice"),
        ("5-7,6", "seed 6 is given twice"),
        ("n=0", "does not give a number of seeds"),
        ("n=many", "does not give a number of seeds"),
        # None of these may make its seeds first: it would take all memory, or minutes.
        ("n=200000000", "200,000,000 seeds, but one session takes 1,000 at the most"),
        ("0-60000", "60,001 seeds, but one session takes 1,000"),
        ("0-999,1000", "1,001 seeds, but one session takes 1,000"),
        ("n=" + "9" * 5000, "seeds, but one session takes 1,000"),
        ("4294967296", "seed 4294967296 is too large: the largest is 4294967295"),
        ("4294967290-4294967299", "seed 4294967296 is too large"),
        ("9" * 5000, "is too large: the largest is 4294967295"),
    ],
)
def test_what_is_no_list_of_seeds_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        parse_seeds(text, PAPER)


def test_only_smoke_cuts_runs_short():
    spec = Spec("growth")
    assert PROFILES["smoke"].applied({"a": spec}) == {"a": spec.shortened()}
    assert PROFILES["standard"].applied({"a": spec}) == {"a": spec}
    assert PROFILES["paper"].applied({"a": spec}) == {"a": spec}


def test_neighbours_are_other_runs_of_the_same_specs():
    class Neighbourly(Spec):
        def neighbours(self, number: int) -> str:
            return f"{self.name}, neighbour {number}"

    specs = {"a": Neighbourly("growth")}
    assert PROFILES["standard"].applied(specs, 2) == {"a": "growth, neighbour 2"}
    assert PROFILES["standard"].applied(specs, 0) == specs


def test_the_seeds_of_the_profiles():
    assert PROFILES["smoke"].seeds(PAPER) == PROFILES["standard"].seeds(PAPER) == (5,)
    assert PROFILES["paper"].seeds(PAPER) == PAPER
    assert PROFILES["paper"].seeds() == DEFAULT_SEEDS
    assert PROFILES["matrix"].seeds(PAPER) == (5, 6, 7)
    assert not PROFILES["smoke"].meaningful


def test_the_matrix_judges_what_names_it_and_nothing_else():
    assert judged_in([]) == ("smoke", "standard", "paper")
    assert judged_in(["matrix"]) == ("matrix",)
    assert judged_in(["paper", "matrix"]) == ("paper", "matrix")
    assert not PROFILES["matrix"].judges([])
    assert not PROFILES["standard"].judges(["matrix"])


def test_an_unknown_profile_names_the_nearest():
    assert profile("paper") is PROFILES["paper"]
    with pytest.raises(ValueError, match="there is no profile 'papper'; did you mean 'paper'"):
        profile("papper")
