"""Declarations of claims and controls: what they take, and what is wrong with others.

Mistakes are kept with the declaration, a sentence each with file and line, and raise nothing.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest

from icl_repro.nearest import nearest
from icl_repro.verification.declare import (
    ONE,
    Claim,
    Declaration,
    Networks,
    claim,
    control,
    declaration_of,
    networks,
    networks_by_row,
)


def grown(seed: int) -> str:
    return f"grown {seed}"


def kept_dry(seed: int) -> str:
    return f"dry {seed}"


def both(seed: int) -> dict[str, str]:
    return {"wet": f"wet {seed}", "dry": f"dry {seed}"}


def measure(run: Any, evidence: Any) -> None:
    """It grows early.

    In all weathers.
    """


def measure_both(runs: Any, evidence: Any, part: int = 0) -> None:
    """It grows early."""


DRY = control("Without water", kept_dry)


def declared(
    function: Callable[..., None] = measure, id_: str = "growth.early", **fields
) -> Declaration:
    """What a declaration of a copy of that function comes to."""
    copy = types.FunctionType(
        function.__code__, globals(), function.__name__, function.__defaults__, function.__closure__
    )
    copy.__doc__ = function.__doc__
    known = {"source": "Section 1", "on": grown, "fails_on": DRY} | fields
    found = declaration_of(claim(id_, **known)(copy))
    assert found is not None
    return found


def problem(**fields) -> str:
    """The one thing that is wrong with a declaration."""
    (said,) = declared(**fields).problems
    place, said = said.split(": ", 1)
    assert "test_declare.py:" in place, "a mistake has file and line"
    return said


def test_a_claim_and_its_control_are_read():
    found = declared()
    assert found.problems == ()
    assert found.claim == Claim("growth.early", "It grows early.", "Section 1")
    assert found.claim.family == "growth"
    assert isinstance(found.on, Networks)
    assert found.on.is_single
    assert found.on.specs(5) == {ONE: "grown 5"}
    assert found.controls == (DRY,)
    assert (DRY.id, DRY.statement) == ("kept_dry", "Without water")


def test_an_ordinary_function_declares_nothing():
    assert declaration_of(measure) is None


def test_networks_have_names():
    chosen = networks(both, full=grown)
    assert chosen.specs(5) == {"wet": "wet 5", "dry": "dry 5", "full": "grown 5"}
    assert declared(measure_both, on=chosen).problems == ()
    assert not chosen.is_single


def test_rows_have_networks_of_their_own():
    chosen = networks_by_row({"wet": networks(full=grown), "dry": networks(both)})
    assert chosen.of_row("wet").specs(5) == {"full": "grown 5"}
    assert chosen.of_row("dry").specs(5) == {"wet": "wet 5", "dry": "dry 5"}
    with pytest.raises(ValueError, match="no networks of the row 'weet'; did you mean 'wet'"):
        chosen.of_row("weet").specs(5)
    plain = networks(full=grown)
    assert plain.of_row("wet") is plain
    assert declared(measure_both, on=chosen).problems == ()
    broken = networks_by_row({"wet": networks(full=3), "dry": networks(both)})
    assert "full must be callable" in broken.problems[0]


def test_a_claim_says_for_which_rows_it_has_no_meaning():
    found = declared(measure_both, on=networks(both), not_for={"dry": "nothing grows there"})
    assert (dict(found.not_for), found.problems) == ({"dry": "nothing grows there"}, ())
    wrong = declared(measure_both, on=networks(both), not_for={"dry": ""})
    assert "not_for must say why for each row" in wrong.problems[0]


def test_the_id_of_a_control_is_its_own_or_that_of_what_it_changes():
    assert control("Other", kept_dry, id="other").id == "other"
    assert control("Other", transform=grown).id == "grown"
    assert control("In the dark, too!", transform=lambda run: run).id == "in_the_dark_too"
    assert control("Swapped", swap={"wet": "dry"}).id == "swapped"


def test_a_control_keeps_all_that_was_said():
    found = control(
        "S.", kept_dry, swap={"a": "b"}, given={"part": 1}, only="length", undefined="never grows"
    )
    assert (found.swap, found.given, found.only) == ({"a": "b"}, {"part": 1}, ("length",))
    assert (found.undefined, found.problems) == ("never grows", ())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id_": "early"}, "the id must be a family and a name with a dot between"),
        ({"source": " "}, "the source must say where the paper says so"),
        ({"sauce": "Section 1"}, "unknown field 'sauce'; did you mean 'source'?"),
        ({"on": 3}, "the networks must be a callable that takes a seed"),
        ({"fails_on": ()}, "fails_on names no control: a check that cannot fail says nothing"),
        ({"fails_on": ["dry"]}, "fails_on takes what control() gives, not 'dry'"),
        ({"fails_on": [DRY, DRY]}, "two controls have the id 'kept_dry'"),
        ({"profiles": ["papper"]}, "there is no profile 'papper'; did you mean 'paper'?"),
        ({"on": None}, "takes run, but declares no networks (on=)"),
        ({"on": networks(both)}, "takes run, but its networks come as runs"),
        ({"function": measure_both}, "takes runs, but its networks come as run"),
        ({"fails_on": control("S.", given={"prat": 1})}, "gives 'prat', which is no keyword arg"),
        ({"fails_on": control("S.", grwon=3)}, "unknown field 'grwon'"),
        ({"fails_on": control("", kept_dry)}, "the statement must say something"),
        ({"fails_on": control("S.", kept_dry, id="a-b")}, "the id 'a-b' must be made of letters"),
        ({"fails_on": control("S.")}, "control 's' is the claim itself"),
        ({"fails_on": control("S.", 3)}, "the networks must be a callable"),
        ({"fails_on": control("S.", kept_dry, only=[3])}, "only must name checks"),
        ({"fails_on": control("S.", transform=3)}, "transform must be callable"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:40],
)
def test_what_is_wrong_is_one_sentence_with_its_place(fields: dict, said: str):
    found = declared(**fields).problems
    assert any(said in one for one in found), found
    assert all("test_declare.py:" in one and "\n" not in one for one in found)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id_": 5}, "claim 5: the id must be a family and a name with a dot between"),
        ({"id_": ["growth"]}, "claim ['growth']: the id must be"),
        ({"source": 5}, "the source must say where the paper says so, not 5"),
        ({"fails_on": None}, "fails_on takes what control() gives, not None"),
        ({"fails_on": "dry"}, "fails_on takes what control() gives, not 'dry'"),
        ({"fails_on": control}, "fails_on takes what control() gives, not <function control"),
        ({"profiles": "paper"}, "profiles must be a list of names, like ['paper'], not 'paper'"),
        ({"profiles": None}, "profiles must be a list of names"),
        ({"profiles": [5]}, "there is no profile 5; choose from"),
        ({"profiles": [["paper"]]}, "there is no profile ['paper']; "),
        ({"rests_on": True}, "rests_on must say in words what the verdict rests on, not True"),
        ({"rests_on": None}, "rests_on must say in words"),
        ({"about": "numbers"}, "about must be 'results' or 'printed numbers', not 'numbers'"),
        ({"about": ["results"]}, "about must be 'results' or 'printed numbers'"),
        ({"on": networks(3)}, "networks: specs must be callable, not 3"),
        ({"on": networks(full=3)}, "networks: full must be callable, not 3"),
        ({"on": networks(both, then=3)}, "networks: then must be callable, not 3"),
        ({"on": networks(both, both)}, "networks: too many positional arguments"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:50],
)
def test_a_field_of_a_claim_that_is_something_else_is_one_sentence(fields: dict, said: str):
    function = measure_both if "networks:" in said else measure
    assert said in problem(function=function, **fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": 5}, "control: the id must be a text, not 5"),
        (
            {"swap": ["a"]},
            "control 'kept_dry': swap must name runs, like {'new': 'old'}, not ['a']",
        ),
        ({"swap": {"a": 3}}, "swap must name runs"),
        ({"transform": {"a": 3}}, "transform must be callable, not {'a': 3}"),
        ({"transform": ["a"]}, "transform must be callable"),
        ({"given": 5}, "given must name keyword arguments, like {'size': 0}, not 5"),
        ({"given": ["part"]}, "given must name keyword arguments"),
        ({"given": {5: 1}}, "given must name keyword arguments"),
        ({"only": 5}, "only must name checks, not 5"),
        ({"only": None}, "only must name checks, not None"),
        ({"only": ["a", ""]}, "only must name checks, not ['a', '']"),
        (
            {"undefined": True},
            "undefined must say in words why a value may not be finite, not True",
        ),
        ({"undefined": " "}, "undefined must say in words"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:50],
)
def test_a_field_of_a_control_that_is_something_else_is_one_sentence(fields: dict, said: str):
    assert said in problem(fails_on=control("S.", kept_dry, **fields))


def test_a_statement_of_a_control_that_is_no_text():
    assert "control: the statement must say something, not 5" in problem(fails_on=control(5, grown))


def test_a_value_is_shown_on_one_line_and_not_at_length():
    said = problem(source=[f"line {n}\n" for n in range(99)])
    assert "\n" not in said
    assert said.endswith("...")
    assert len(said) < 200


def test_a_claim_without_a_call_is_one_sentence():
    def bare(run, evidence):
        """S."""

    found = declaration_of(claim(bare))
    assert found is not None
    assert len(found.problems) == 1
    assert "claim on bare: claim is used without a call; write @claim('" in found.problems[0]


def test_a_claim_on_what_is_no_function_is_one_sentence():
    class TestGrowth:
        pass

    declare = claim("growth.early", source="Section 1", on=grown, fails_on=DRY)
    for decorated in (TestGrowth, staticmethod(measure), 3):
        found = declaration_of(declare(decorated))
        assert found is not None
        (said,) = found.problems
        assert "test_declare.py:" in said
        assert "a claim is a test function, not " in said
    found = declaration_of(claim(TestGrowth))
    assert found is not None
    assert "claim on TestGrowth: claim is used without a call" in found.problems[0]


def test_the_statement_is_the_docstring():
    def silent(run, evidence): ...

    assert "silent has no docstring, which is the statement of the claim" in problem(
        function=silent
    )


def test_half_of_a_character_is_told_where_it_is_stated():
    def odd(run, evidence): ...

    odd.__doc__ = "Half \ud800."
    assert "the docstring of odd holds half of a character" in problem(function=odd)
    assert "the source must say where the paper says so, not 'Section \\ud800'" in problem(
        source="Section \ud800"
    )


def test_a_claim_states_checks():
    def blind(run):
        """S."""

    assert "blind takes no evidence" in problem(function=blind)


def test_a_claim_without_seeds_says_what_its_verdict_rests_on():
    def prove(evidence):
        """S."""

    assert "prove takes no seed, so say what the verdict rests on" in problem(
        function=prove, on=None
    )
    assert declared(prove, on=None, rests_on="a proof").claim.rests_on == "a proof"
    assert declared(prove, on=None, rests_on="a proof").problems == ()
    assert "leave out rests_on" in problem(rests_on="a proof")


def test_one_function_is_one_claim():
    twice = claim("growth.late", source="Section 2", on=grown, fails_on=DRY)
    once = claim("growth.early", source="Section 1", on=grown, fails_on=DRY)
    found = declaration_of(twice(once(lambda run, evidence: None)))
    assert found is not None
    assert found.claim.id == "growth.early"
    assert "is declared as a claim twice" in found.problems[-1]


def test_all_that_is_wrong_is_told_at_once():
    assert len(declared(id_="x", source="", fails_on=(), profiles=["p"]).problems) == 4


def test_the_nearest_choices():
    assert nearest("plum", ["plumb", "peak"]) == "did you mean 'plumb'?"
    assert nearest("xyz", ["b", "a"]) == "choose from a, b"
    assert nearest("xyz", []) == "there are none to choose from"
    assert nearest("q", [f"choice{i:02}" for i in range(20)]).endswith("choice11, ...")
