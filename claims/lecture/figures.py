"""Figures like those of the slides: scores and heads over training, and paths in the plane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from claims.lecture.measured import SEQUENCES, Curve, best_matching, score_of
from claims.lecture.models import (
    INDUCTION_CLAMPED,
    ONE,
    PREVIOUS_CLAMPED,
    SMEARED_ONE,
    SMEARED_TWO,
    THREE,
    TWO,
    Runs,
)
from icl_repro import Figure, Panel, ReferenceLine, Series
from icl_repro.training import LanguageRun

SLIDES = "the lecture slides"
SCORE = "loss late less loss early (nats)"


def _line(label: str, run: LanguageRun, values: Curve) -> Series:
    return Series(label, run.sequences.tolist(), values.tolist(), group=label)


def _scores(runs: Runs, names: Iterable[str]) -> list[Series]:
    return [_line(name, runs[name], score_of(runs[name])) for name in names]


def _matching(runs: Runs, names: Iterable[str]) -> list[Series]:
    return [_line(name, runs[name], best_matching(runs[name])) for name in names]


def score_figure(runs: Runs) -> Figure:
    """The score over training by the number of layers."""
    return Figure(
        "In-context-learning score",
        "Loss late in the context less loss early, on held-out text with repeats.",
        f"{SLIDES}, Induction Heads (3)",
        [Panel("In-context-learning score", SEQUENCES, SCORE, _scores(runs, (ONE, TWO, THREE)))],
    )


def heads_figure(runs: Runs) -> Figure:
    """The prefix-matching score of every head over training, side by side."""
    panels = []
    for name in (ONE, TWO):
        run = runs[name]
        layers = run.curves["attention.induction"].shape[1]
        lines = [
            Series(
                f"layer {layer} head {head}",
                run.sequences.tolist(),
                run.curves["attention.induction"][:, layer, head].tolist(),
                group=f"layer {layer}",
            )
            for layer in range(layers)
            for head in range(run.curves["attention.induction"].shape[2])
        ]
        panels.append(Panel(name, SEQUENCES, "prefix-matching score", lines, y_limits=(0.0, 1.0)))
    return Figure(
        "Induction heads",
        "Attention of each head from a token that has come before to the one that came next then, "
        "on random tokens repeated.",
        f"{SLIDES}, Induction Heads (3)",
        panels,
    )


def smeared_figure(runs: Runs) -> Figure:
    """The score with and without smeared keys."""
    names = (ONE, SMEARED_ONE, TWO, SMEARED_TWO)
    return Figure(
        "Smeared keys",
        "The in-context-learning score with and without keys that can look at the token before.",
        f"{SLIDES}, Induction Heads (4)",
        [
            Panel("In-context-learning score", SEQUENCES, SCORE, _scores(runs, names)),
            Panel(
                "Best induction head", SEQUENCES, "prefix-matching score", _matching(runs, names)
            ),
        ],
    )


def clamped_figure(runs: Runs) -> Figure:
    """The score with patterns clamped."""
    names = (TWO, PREVIOUS_CLAMPED, INDUCTION_CLAMPED)
    return Figure(
        "Clamping on text",
        "The in-context-learning score with patterns clamped throughout training.",
        "ours",
        [Panel("In-context-learning score", SEQUENCES, SCORE, _scores(runs, names))],
    )


def completion_figure(
    similarities: Sequence[float], probabilities: Mapping[str, np.ndarray]
) -> Figure:
    """The probability of B by the similarity of A*."""
    lines = [
        Series(name, list(similarities), found.tolist(), group=name)
        for name, found in probabilities.items()
    ]
    axes = "cosine of A* and A", "probability of B"
    return Figure(
        "Fuzzy completion",
        "Probability of B after A*, a vector between A and a token that does not occur.",
        f"{SLIDES}, Background: Transformer Circuits",
        [Panel("[A][B] … [A*]", *axes, lines, y_scale="log")],
    )


def paths_figure(
    paths: Mapping[str, np.ndarray],
    window: tuple[float, float],
    times: tuple[np.ndarray, np.ndarray],
) -> Figure:
    """Both paths in the plane, with the change of two layers marked."""
    inside = (times[0] >= window[0]) & (times[0] <= window[1])
    lines = [
        Series(f"{name} layer{'s' * (name == 'two')}", *path.T.tolist(), group=name)
        for name, path in paths.items()
    ]
    changing = paths["two"][inside]
    lines.append(
        Series("two layers, in the change", *changing.T.tolist(), style="points", group="two")
    )
    return Figure(
        "Paths of losses",
        "Losses of one token of each sequence, a snapshot a point, reduced together to two "
        "principal components.",
        f"{SLIDES}, Induction Heads (2)",
        [
            Panel(
                "Paths through training",
                "first principal component",
                "second principal component",
                lines,
                [ReferenceLine("mean", 0.0)],
            )
        ],
    )
