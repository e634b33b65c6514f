"""Sequences that a core trains on in a second: the engine, plain loops, each clamp, groups."""

from __future__ import annotations

import pytest

from benchmarks import contestants
from claims.test_compilation import compiled, one_by_one

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


@pytest.mark.parametrize("classes", [50, 200])
def test_streams(beside, classes):
    """Batches of the published streams, beside ours with as many classes; all else is the same."""
    ours = contestants.shaped(classes=classes)
    published = contestants.drawn_as_published(ours)
    beside(
        f"published streams, {classes} classes",
        contestants.engine_alone(published, SEQUENCES),
        group="streams",
        against=("ours", contestants.engine_alone(ours, SEQUENCES)),
        per=SEQUENCES,
        unit="sequences",
    )


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
    beside(
        "compiled step",
        lambda: compiled(50),
        group="compilation of the step",
        against=("the step without compilation", lambda: one_by_one(1)),
        per=50,
        against_per=1,
        unit="steps",
    )
