"""The networks that the claims train: each a RunSpec for a seed, at the paper's own scale."""

from __future__ import annotations

from collections.abc import Iterable

import equinox as eqx
import jax

from icl_repro import control
from icl_repro.episodes import EpisodeSettings
from icl_repro.network.transformer import ModelSettings, Transformer, initialise
from icl_repro.optogenetics import only_heads
from icl_repro.training import Optimiser, Run, RunSpec, Schedule, Stop

WITH_CHECKPOINTS = Schedule(keep_change=0.05)
"""Keeps weights at least every 50,000 sequences and whenever the loss has moved by 0.05."""
ON_TRAINING_SEQUENCES = Schedule(sets=("train",))
"""For a run of which nothing is measured on the test sets."""

LEARNED = Stop(loss=0.01, evaluations=3)
"""Ends a run of which only the time to learn and the accuracy then are measured."""
PASSED = Stop(loss=0.05, evaluations=3)
"""Ends a run of which only the half-time is measured, far below the loss at which it is read."""


def full(seed: int) -> RunSpec:
    """The network of Section 3: 2 layers, 8 heads, nothing clamped, 1,000,000 sequences."""
    return RunSpec(init_seed=seed, schedule=WITH_CHECKPOINTS)


def untrained(seed: int) -> RunSpec:
    """The same network with a learning rate that leaves it as it was initialised; seen for long
    enough that it could show a plateau.
    """
    return RunSpec(
        init_seed=seed,
        sequences=200_000,
        optimiser=Optimiser(learning_rate=1e-30),
        schedule=WITH_CHECKPOINTS,
    )


def one_layer(seed: int) -> RunSpec:
    """A network without a layer for previous-token heads, which cannot form an induction circuit
    (Olsson et al., 2022).
    """
    return RunSpec(init_seed=seed, model=ModelSettings(layers=1), schedule=WITH_CHECKPOINTS)


def shuffled_labels(seed: int) -> RunSpec:
    """The same network trained on queries whose label is either of the two in context, whatever
    their class.
    """
    return RunSpec(
        init_seed=seed, episodes=EpisodeSettings(shuffled_labels=True), schedule=WITH_CHECKPOINTS
    )


WEAK = [
    control("A network that does not learn neither solves the task nor matches", untrained),
    control("A network with one layer can have no induction circuit", one_layer),
    control("Labels that have nothing to do with the classes teach no circuit", shuffled_labels),
]
"""Cases in which a network has not learned the task."""


def only(seed: int, heads: Iterable[int]) -> RunSpec:
    """The network of Section 3.2 and Appendix H: from the same initial weights as the full one,
    with some heads of layer 1 (the paper's Layer 2) active and all others off throughout training,
    until the task is learned.
    """
    return RunSpec(
        init_seed=seed, clamps=(only_heads(heads),), schedule=ON_TRAINING_SEQUENCES, stop=LEARNED
    )


def with_random_layer_1(run: Run, draw: int = 0) -> Transformer:
    """The run's network with layer 1 of another initialisation, untrained.

    That of its own initialisation would not do: training leaves it recognisable, so that it still
    serves the trained layer 0. It is drawn by our rule whatever the streams of the run, which draw
    from the same distribution: all that counts is that it belongs to no run.
    """
    spec = run.spec
    key = jax.random.fold_in(jax.random.key(1_000 + spec.init_seed), draw)
    other = initialise(spec.model, spec.exemplars.width, spec.episodes.labels, key)
    return eqx.tree_at(lambda model: model.layers[1], run.model(), other.layers[1])


def random_layer_1(run: Run) -> Run:
    """The run ending in such a network."""
    return run.with_model(with_random_layer_1(run))
