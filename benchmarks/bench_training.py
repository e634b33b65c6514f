"""Sequences that a core trains on in a second: the engine, plain loops, each clamp, groups."""

from __future__ import annotations

import contestants
import pytest
import test_compilation

SEQUENCES = 16_384
BASE = "engine, one run"


@pytest.fixture(scope="module")
def base():
    return BASE, contestants.engine_alone(contestants.start(), SEQUENCES)


@pytest.mark.parametrize("name", ["again", *contestants.CLAMPS])
def test_clamps(beside, base, name):
    """`again` is the base run against itself: how far from 1 a ratio is by chance."""
    trainee = contestants.start() if name == "again" else contestants.clamped(name)
    contestant = contestants.engine_alone(trainee, SEQUENCES)
    group = "training under each clamp"
    beside(name, contestant, group=group, against=base, per=SEQUENCES, unit="sequences")


@pytest.mark.parametrize("runs", [1, 8, 32])
def test_groups(beside, base, runs):
    """The sequences of all runs of a group added up."""
    beside(
        f"group of {runs}",
        contestants.engine_group(contestants.start(), runs, SEQUENCES),
        group="training in groups",
        against=base,
        per=SEQUENCES,
        unit="sequences",
    )


def test_evaluations(beside, base):
    beside(
        "with its evaluations",
        contestants.engine_with_evaluations(SEQUENCES),
        group="training and evaluating",
        against=base,
        per=SEQUENCES,
        unit="sequences",
    )


@pytest.mark.parametrize("name", contestants.PLAIN_LOOPS)
def test_plain_loops(beside, base, name):
    beside(
        name,
        contestants.plain_loop(name, SEQUENCES // 4),
        group="plain loops",
        against=base,
        per=SEQUENCES // 4,
        against_per=SEQUENCES,
        unit="sequences",
    )


def test_without_compilation(beside):
    """The same step, compiled as a whole and not (the paper's Appendix B): see the claim
    ``framework.compilation``, whose steps these are.
    """
    single, compiled = test_compilation.SINGLE_STEPS, test_compilation.COMPILED_STEPS
    beside(
        "compiled step",
        lambda: test_compilation.compiled(compiled),
        group="compilation of the step",
        against=("the step without compilation", lambda: test_compilation.one_by_one(single)),
        per=compiled,
        against_per=single,
        unit="steps",
    )
