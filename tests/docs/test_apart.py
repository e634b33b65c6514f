"""Which claims hold more often on some kinds than on others."""

from __future__ import annotations

import msgspec
import pytest

from docs.generate.apart import Share, apart, section
from icl_repro.verification.basis import Basis, Ingredient
from icl_repro.verification.record import ClaimRecord, VerificationRecord
from tests.support.report_fixture import rich_record


def kind(label: str, held: dict[str, int]) -> VerificationRecord:
    """A record of a kind of exemplars on which claims hold on so many seeds of five."""
    rich = rich_record()
    trial = msgspec.structs.replace(rich.claims[0].trials[0], seed=5, seeds=[])
    claims = [
        msgspec.structs.replace(
            rich.claims[0], id=claim, trials=[trial], seeds_held=many, seeds_judged=5
        )
        for claim, many in held.items()
    ]
    made_of = Basis([Ingredient("exemplars", label, usual=label == "usual", title=label)])
    return msgspec.structs.replace(rich, claims=claims, basis=made_of)


KINDS = [
    kind("usual", {"like.data": 0, "like.chance": 3, "alone": 1}),
    kind("one", {"like.data": 5, "like.chance": 2}),
    kind("two", {"like.data": 5, "like.chance": 4}),
]


def test_seeds_of_kinds_on_one_side_are_counted_together():
    data, chance = apart("exemplars", KINDS)
    assert (data.claim, data.usual, data.others) == ("like.data", Share(0, 5), Share(10, 10))
    assert data.p_value == pytest.approx(1 / 3003)  # one of the ways to draw five of fifteen
    assert data.corrected == pytest.approx(2 / 3003)
    assert chance.claim == "like.chance"
    assert chance.p_value == pytest.approx(1)


def test_a_claim_over_all_seeds_at_once_has_no_share_of_them():
    at_once = rich_record().claims[0].trials[0]
    trial = msgspec.structs.replace(at_once, seed=None, seeds=[5, 6])
    whole: list[ClaimRecord] = [
        msgspec.structs.replace(claim, trials=[trial]) for claim in KINDS[0].claims
    ]
    assert not apart("exemplars", [msgspec.structs.replace(KINDS[0], claims=whole), *KINDS[1:]])


def test_the_section_tells_those_that_chance_hardly_gives():
    lines = "\n".join(section("exemplars", KINDS, 3, "explanation"))
    assert lines.startswith("### By exemplars\n")
    assert "| 0 of 5 | 10 of 10 |" in lines
    assert "like.chance" not in lines
    assert "any of the 2 claims" in " ".join(lines.split())


def test_where_no_claim_can_be_compared_it_says_so():
    assert "No claim is judged seed by seed on both sides." in list(
        section("exemplars", KINDS[:1], 3, "explanation")
    )
    assert "There is none." in list(
        section("exemplars", [kind("usual", {"a": 3}), kind("one", {"a": 3})], 3, "explanation")
    )


def test_a_record_that_names_no_ingredient_is_on_the_usual_one():
    bare = msgspec.structs.replace(KINDS[0], basis=Basis([]))
    assert apart("exemplars", [bare, KINDS[1]]) == apart("exemplars", KINDS[:2])
