"""What the claims of the matrix measure, by the functions of the claims that they take up."""

from __future__ import annotations

import dataclasses
import math

import jax
import numpy as np

from claims.comparisons import plateau_length
from claims.phase_changes import half_time_of
from claims.robustness.conditions import CONDITIONS
from icl_repro.episodes import N_CONTEXT, Episodes
from icl_repro.measures.curves.phase_change import acceleration_ratio as ratio_of
from icl_repro.training import Run

SAMPLE = 10_000
"""Training sequences that finished networks are measured on: with several exemplars of a class, or
more pairs in context, there are too many to take all.
"""
BY_ID = {one.id: one for one in CONDITIONS}


def sample(run: Run) -> Episodes:
    """Training sequences, others than those seen while it was trained."""
    return run.samplers()["train"].sample(jax.random.key(1_000 + run.spec.eval_seed), SAMPLE)


def as_of_two(run: Run) -> Run:
    """The run with curves as with two pairs in context: losses in units in which a guess between
    the labels in context costs ln 2, and accuracies moved to 0.5 at such a guess.

    So the levels of loss by which the paper's networks are measured mean the same of each.
    """
    pairs = run.spec.episodes.pairs
    if pairs == N_CONTEXT:
        return run
    curves = dict(run.curves)
    curves["train.loss"] = curves["train.loss"] * (math.log(2) / math.log(pairs))
    curves["train.accuracy"] = curves["train.accuracy"] + (1 / 2 - 1 / pairs)
    return dataclasses.replace(run, curves=curves)


def acceleration_ratio(run: Run) -> float:
    """By how much the fall of the train loss speeds up; NaN where it does not fall."""
    return ratio_of(run.sequences.astype(np.float64), run.curves["train.loss"].astype(np.float64))


def plateau_share(run: Run) -> float:
    """How long the plateau is, over the half-time; 0 where the loss never falls to half."""
    seen = as_of_two(run)
    curves = ("train.loss", "train.accuracy", "context_label_probability")
    length = plateau_length(seen.sequences, *(seen.curves[curve] for curve in curves))
    return length / half_time_of(seen)


def over(one: Run, other: Run) -> float:
    """The half-time of a run over that of another: infinite where only the first never comes, and
    NaN where the second does not.
    """
    first, second = (half_time_of(as_of_two(run)) for run in (one, other))
    return first / second if math.isfinite(second) else math.nan


def before_the_change(run: Run) -> Run:
    """The run as it was at half of its half-time; all of it where the loss never falls to half."""
    seen = as_of_two(run)
    until = half_time_of(seen) / 2
    end = int(np.searchsorted(seen.sequences, until, side="right"))
    return dataclasses.replace(run, curves={name: c[:end] for name, c in run.curves.items()})
