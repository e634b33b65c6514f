"""Profiles and the ways to write seeds."""

from __future__ import annotations

import pytest

from icl_repro.verification.profiles import PAPER_SEEDS, PROFILES, parse_seeds
from tests.support.plugin_doubles import Spec


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("5", (5,)),
        ("5,6, 7", (5, 6, 7)),
        ("5-9", PAPER_SEEDS),
        ("0,7-8", (0, 7, 8)),
        ("n=3", (5, 6, 7)),
        ("n=7", (5, 6, 7, 8, 9, 10, 11)),
    ],
)
def test_seeds_as_a_user_writes_them(text: str, seeds: tuple[int, ...]):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("five", "'five' is not a seed; write seeds"),
        ("", "'' is not a seed"),
        ("5,,6", "'' is not a seed"),
        ("-3", "'-3' is not a seed"),
        ("9-5", "'9-5' ends before it starts"),
        ("5,5", "seed 5 is given twice"),
        ("5-7,6", "seed 6 is given twice"),
        ("n=0", "does not give a number of seeds"),
        ("n=many", "does not give a number of seeds"),
    ],
)
def test_what_is_no_list_of_seeds_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        parse_seeds(text)


def test_only_smoke_cuts_runs_short():
    spec = Spec("induction")
    assert PROFILES["smoke"].applied({"a": spec}) == {"a": spec.shortened()}
    assert PROFILES["standard"].applied({"a": spec}) == {"a": spec}
    assert PROFILES["paper"].applied({"a": spec}) == {"a": spec}


def test_the_seeds_of_the_profiles():
    assert PROFILES["smoke"].seeds == PROFILES["standard"].seeds == (5,)
    assert PROFILES["paper"].seeds == (5, 6, 7, 8, 9)
    assert not PROFILES["smoke"].meaningful
