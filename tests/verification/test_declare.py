"""Declarations of claims and controls: what the markers accept, and what they say otherwise."""

from __future__ import annotations

import pytest

from icl_repro.nearest import nearest
from icl_repro.verification.declare import (
    Claim,
    Control,
    Declared,
    InvalidDeclaration,
    declare_claim,
    declare_control,
)

CLAIM = {"id": "toy.saddle", "statement": "S.", "source": "Section 1", "controls": ("toy.no",)}
CONTROL = {"id": "toy.no", "statement": "S.", "must_fail": ("length",)}


def runs(seed: int) -> dict:
    return {}


def problems(declare, fields: dict, *args: object) -> tuple[str, ...]:
    with pytest.raises(InvalidDeclaration) as refused:
        declare(args, fields)
    return refused.value.problems


def test_a_claim_and_a_control_are_read():
    claim = Claim("toy.saddle", "S.", "Section 1", ("toy.no",))
    assert declare_claim((), CLAIM) == Declared(claim, None)
    assert declare_claim((), CLAIM | {"runs": runs}).runs is runs
    assert declare_control((), CONTROL | {"must_fail": ["length"]}).subject == Control(
        "toy.no", "S.", ("length",)
    )
    assert claim.family == "toy"


def test_a_misspelled_field_names_the_nearest():
    fields = {("statment" if key == "statement" else key): CLAIM[key] for key in CLAIM}
    assert problems(declare_claim, fields) == (
        "unknown field 'statment'; did you mean 'statement'?",
        "field 'statement' is missing",
    )


@pytest.mark.parametrize("field", ["id", "statement", "source", "controls"])
def test_every_field_of_a_claim_is_needed(field: str):
    fields = {key: CLAIM[key] for key in CLAIM if key != field}
    assert problems(declare_claim, fields) == (f"field {field!r} is missing",)


@pytest.mark.parametrize("field", ["id", "statement", "must_fail"])
def test_every_field_of_a_control_is_needed(field: str):
    fields = {key: CONTROL[key] for key in CONTROL if key != field}
    assert problems(declare_control, fields) == (f"field {field!r} is missing",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statement": " "}, "field 'statement' must be a text"),
        ({"source": 3}, "field 'source' must be a text"),
        ({"id": "saddle"}, "must be a family and a name with a dot between"),
        ({"controls": "toy.no"}, "must be a tuple of names; write controls=('toy.no',)"),
        ({"controls": ()}, "field 'controls' must name at least one"),
        ({"controls": ("a.b", 3)}, "must be a tuple of names"),
        ({"controls": ("a.b", "a.b")}, "names 'a.b' twice"),
        ({"runs": {}}, "field 'runs' must be a callable that takes a seed"),
    ],
)
def test_what_a_field_may_not_be(change: dict, message: str):
    (problem,) = problems(declare_claim, CLAIM | change)
    assert message in problem


def test_fields_are_named():
    (problem,) = problems(declare_claim, CLAIM, "toy.saddle")
    assert "takes named fields only, but got 'toy.saddle'" in problem


def test_all_problems_are_told_at_once():
    assert len(problems(declare_control, {"id": "x", "mustfail": ()})) == 4


def test_the_nearest_choices():
    assert nearest("plato", ["plateau", "peak"]) == "did you mean 'plateau'?"
    assert nearest("xyz", ["b", "a"]) == "choose from a, b"
    assert nearest("xyz", []) == "there are none to choose from"
    assert nearest("q", [f"choice{i:02}" for i in range(20)]).endswith("choice11, ...")
