"""Figures like those of the slides: scores and heads over training, and paths in the plane."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from claims.lecture.measured import SEQUENCES, Curve, best_matching, score_change, score_of
from claims.lecture.models import (
    INDUCTION_CLAMPED,
    ONE,
    ONE_LONGER,
    PREVIOUS_CLAMPED,
    SMEARED_ONE,
    SMEARED_TWO,
    THREE,
    TWO,
    WRONG_CLAMPED,
    Runs,
)
from icl_repro import Figure, Panel, ReferenceLine, Series
from icl_repro.measures.language.paths import LEGS, SPAN, Path, Plane
from icl_repro.training import LanguageRun

SLIDES = "the lecture slides"
SCORE = "loss late less loss early (nats)"
MATCHING, COPYING = "prefix-matching score", "copying score"


def _line(label: str, run: LanguageRun, values: Curve) -> Series:
    return Series(label, run.sequences.tolist(), values.tolist(), group=label)


def _scores(runs: Runs, names: Iterable[str]) -> list[Series]:
    return [_line(name, runs[name], score_of(runs[name])) for name in names]


def _matching(runs: Runs, names: Iterable[str]) -> list[Series]:
    return [_line(name, runs[name], best_matching(runs[name])) for name in names]


def _change(run: LanguageRun, of: str = "change") -> list[ReferenceLine]:
    """Where the change of a run's score begins and ends, if it has one."""
    change = score_change(run)
    ends = ReferenceLine(f"{of} begins", change.begin, "x"), ReferenceLine("ends", change.end, "x")
    return [line for line in ends if math.isfinite(line.value)]


def score_figure(runs: Runs) -> Figure:
    """The score over training by the number of layers, and the best head beside it, with the window
    of the change in the model with two.
    """
    # One layer over the same trained for longer, which begins as it does and would hide it.
    names = (ONE_LONGER, TWO, THREE, ONE)
    lines = _change(runs[TWO], f"change of {TWO}")
    return Figure(
        "In-context-learning score",
        "Loss late in the context less loss early, on held-out text with repeats; and how well the "
        "best head matches prefixes, on random tokens repeated. Of several seeds, the change "
        "begins and ends at the mean of theirs.",
        f"{SLIDES}, Induction Heads (3)",
        [
            Panel("In-context-learning score", SEQUENCES, SCORE, _scores(runs, names), lines),
            Panel("Best induction head", SEQUENCES, MATCHING, _matching(runs, names), lines),
        ],
    )


def heads_figure(runs: Runs) -> Figure:
    """The prefix-matching score of every head over training for each depth, and below it copying.

    Heads have no number in common between seeds: those of a layer are in the order of how well they
    match prefixes in the end, in both panels of a model, so that a mean over seeds is of the
    strongest of each, the second strongest, and so on. Lines show the window in which the score of
    a model with more than one layer changes.
    """
    return Figure(
        "Induction heads",
        "Attention of each head from a token that has come before to the one that came next then, "
        "on random tokens repeated; and whether what it writes favours the token that it attends "
        "to the most. A mean over seeds is of the head of each that matches the best in the end, "
        "of the second best, and so on, in both. The change is that of the in-context-learning "
        "score of the same model, of several seeds at the mean of theirs; with one layer it is "
        "nothing sudden, and not shown.",
        f"{SLIDES}, Induction Heads (3)",
        [
            Panel(
                f"{said}, {name}",
                SEQUENCES,
                axis,
                list(_heads(runs[name], curve)),
                [] if name == ONE else _change(runs[name]),
                y_limits=ends,
            )
            for said, axis, curve, ends in (
                ("Matching", MATCHING, "attention.induction", (0.0, 1.0)),
                ("Copying", COPYING, "copying", (-1.0, 1.0)),
            )
            for name in (ONE, TWO, THREE)
        ],
    )


def _heads(run: LanguageRun, curve: str) -> Iterator[Series]:
    """A score of the heads of each layer, the best at matching prefixes first."""
    found, matching = run.curves[curve], run.curves["attention.induction"][-1]
    for layer in range(found.shape[1]):
        for head in np.argsort(-matching[layer], kind="stable").tolist():
            of_head = found[:, layer, head].tolist()
            label = f"layer {layer} head {head} ({of_head[-1]:.3f} in the end)"
            yield Series(label, run.sequences.tolist(), of_head, group=f"layer {layer}")


def smeared_figure(runs: Runs) -> Figure:
    """The score with and without smeared keys."""
    names = (ONE, SMEARED_ONE, TWO, SMEARED_TWO)
    return Figure(
        "Smeared keys",
        "The in-context-learning score with and without keys that can look at the token before.",
        f"{SLIDES}, Induction Heads (4)",
        [
            Panel("In-context-learning score", SEQUENCES, SCORE, _scores(runs, names)),
            Panel("Best induction head", SEQUENCES, MATCHING, _matching(runs, names)),
        ],
    )


def clamped_figure(runs: Runs) -> Figure:
    """The score with patterns clamped."""
    names = (TWO, PREVIOUS_CLAMPED, WRONG_CLAMPED, INDUCTION_CLAMPED)
    return Figure(
        "Clamping on text",
        "The in-context-learning score with patterns clamped throughout training.",
        "ours",
        [Panel("In-context-learning score", SEQUENCES, SCORE, _scores(runs, names))],
    )


def _by_name(x: Sequence[float], found: Mapping[str, np.ndarray]) -> list[Series]:
    return [Series(name, list(x), y.tolist(), group=name) for name, y in found.items()]


def completion_figure(
    similarities: Sequence[float], probabilities: Mapping[str, Mapping[str, np.ndarray]]
) -> Figure:
    """The probability of B by the similarity of fuzzy tokens: a panel for each place of A*, and in
    it a line for each way to complete.
    """
    axes = "cosine of A* and A, B* and B", "probability of B"
    return Figure(
        "Fuzzy completion",
        "Probability of B, with A* or B* vectors between A or B and a token that does not occur.",
        f"{SLIDES}, Background: Transformer Circuits",
        [
            Panel(
                place,
                *axes,
                _by_name(similarities, lines),
                y_scale="log",
            )
            for place, lines in probabilities.items()
        ],
    )


def distances_figure(distances: Sequence[int], likelier: Mapping[str, np.ndarray]) -> Figure:
    """How much likelier B is after A, by the distance of both As."""
    lines = _by_name(distances, likelier)
    axes = "tokens from A to A", "probability of B after A over that after another"
    return Figure(
        "Completion by distance",
        "How much likelier B is after A than after a token that has not come before, at distances "
        "at which training repeats nothing.",
        f"{SLIDES}, Induction Heads (1)",
        [Panel("[A][B] … [A]", *axes, lines, [ReferenceLine("no likelier", 1.0)], y_scale="log")],
    )


def paths_figure(plane: Plane, window: tuple[float, float], times: Curve, turn_at: float) -> Figure:
    """Both paths in the plane, with the change of two layers and its sharpest turn marked.

    Both axes have one scale, so that angles are those that are judged. They name the shares of the
    variance, so that planes of seeds stay apart: each has its own principal components, in which a
    mean over seeds would be of no one thing.
    """
    two = plane.paths["two"]
    changing = two[(times >= window[0]) & (times <= window[1])]
    turn = np.array([[np.interp(turn_at, times, axis) for axis in two.T]])
    lines = [
        Series("one layer", *plane.paths["one"].T.tolist(), group="one layer"),
        Series("two layers", *two.T.tolist(), group="two layers"),
        _points("two layers, in the change", changing, "points"),
        _points("two layers, sharpest turn", turn, "triangles"),
        _points("two layers, begin of training", two[:1], "triangles"),
        _points("two layers, end of training", two[-1:], "circles"),
    ]
    first, second = (f"{share:.1%}" for share in plane.shares)
    return Figure(
        "Paths of losses",
        "Losses of one token of each sequence, a snapshot a point, reduced together to two "
        "principal components, of each seed its own. The sharpest turn is where the direction over "
        f"{SPAN} of {LEGS} legs changes the most.",
        f"{SLIDES}, Induction Heads (2)",
        [
            Panel(
                "Paths through training",
                f"first principal component ({first} of the variance)",
                f"second principal component ({second})",
                lines,
                same_unit=True,
            )
        ],
    )


def _points(name: str, points: Path, style: Literal["points", "triangles", "circles"]) -> Series:
    """Places on a path, with a name and a colour of their own."""
    return Series(name, *points.T.tolist(), style=style, group=name)
