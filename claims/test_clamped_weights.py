"""Clamping weights is not clamping what they compute (Appendix D.1.1; Figure 7).

Trained: networks of one seed whose layer 0 (the paper's Layer 1), with the embeddings below it,
comes from a finished network and is frozen, so that only the rest learns. It comes from the network
of the same seed, and from those of the next two of the paper's seeds 5 to 9, in a ring; all of them
have learned to attend to the previous token and to copy it (steps 1 and 2). Each is trained with
three orders of the data, until the train loss is at most 0.05 or 600,000 sequences are seen. As in
Figure 7, whose standard training is that of Figure 3a, all heads of layer 1 are active.

Measured: the half-time, when the train loss first falls to 0.35, which a run that ends later cannot
change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from claims.figures.clamped_weights import SOURCES, STANDARD_TRAINING, weights_figure
from claims.networks.clamped import CURVES_5B, LAYER_1
from claims.networks.transplanted import (
    DATA_SEEDS,
    STANDARD,
    beside_the_clamp,
    learners,
    learners_of_one_source,
    name_of,
    sources_of,
)
from claims.phase_changes import check_over, half_time_of, keep_loss
from claims.published import reported
from icl_repro import Evidence, Reported, claim, control, networks
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.training import Run

FIGURE = "Appendix D.1.1, Figure 7"
FOREIGN = ("the one of the next seed", "the one of the seed after it")
"""The foreign sources, in order."""


def half_times(seed: int, runs: Mapping[str, Run]) -> Float[np.ndarray, "sources data_seeds"]:
    """Half-times in sequences; the first row is of the learner's own seed."""
    return np.array(
        [
            [half_time_of(runs[name_of(source, data_seed)]) for data_seed in DATA_SEEDS]
            for source in sources_of(seed)
        ]
    )


def largest_spread(times: Float[np.ndarray, "sources data_seeds"]) -> float:
    """From the earliest to the latest half-time of a source, at most; 0 where none comes."""
    return max(0.0 if min(row) == max(row) else max(row) - min(row) for row in times.tolist())


def published_half_times() -> list[float]:
    """Those of Figure 7, by source; the first is of the learner's own seed."""
    return [reported(f"dig.{curve_id}.half_time").value for curve_id in SOURCES]


# How fast the rest learns depends on the network that layer 0 comes from.

VARIANCE = "half-time with the layer 0 that is learnt from slowest over that with the fastest"


@claim(
    "clamped_weights.depend_on_the_source",
    source=FIGURE,
    on=networks(learners),
    fails_on=control(
        "One source under nine orders of the data, in three groups as if they were sources",
        networks(learners_of_one_source),
        id="one_source",
    ),
)
def test_depend_on_the_source(seed: int, runs: Mapping[str, Run], evidence: Evidence) -> None:
    """With layer 0 frozen at the weights of a finished network, how fast the rest learns varies
    substantially with the network that they come from: weights do not stand for what they compute.
    """
    times = half_times(seed, runs)
    own, *others = means = times.mean(axis=1).tolist()
    published = published_half_times()
    spread = largest_spread(times)
    evidence.check(
        "smallest difference between own and other layer 0, over the largest spread",
        # Where none of them learns, the data make no difference either.
        min(abs(other - own) for other in others) / spread if spread else math.nan,
        at_least=1,
        note="between means of half-times over data seeds; spread: from the earliest to the latest "
        f"half-time of a source, at most {spread:,.0f} sequences",
    )
    check_over(
        evidence,
        VARIANCE,
        (max(means), min(means)),
        (max(published), min(published)),
        "Figure 7",
        at_least=2,
    )
    evidence.quantity(
        "half-time, standard training",
        half_time_of(runs[STANDARD]),
        unit="sequences",
        published=reported(f"dig.{STANDARD_TRAINING}.half_time"),
    )
    for source, row, curve_id, theirs in zip(
        sources_of(seed), times, SOURCES, published, strict=True
    ):
        evidence.quantity(
            f"mean half-time, layer 0 of seed {source}{' (its own)' if source == seed else ''}",
            row.mean(),
            unit="sequences",
            published=Reported(theirs, f"Figure 7, digitized, seed {curve_id[-1]}", True),
            note=f"data seeds: {', '.join(f'{t:,.0f}' for t in row)}; to a loss of {HALF_LOSS}",
        )
    keep_loss(evidence, "train loss, own layer 0", runs[name_of(seed, DATA_SEEDS[0])])
    evidence.figure(weights_figure(seed, runs))


# Its own is learnt from faster than any other.


OVER_OWN = [f"half-time with the own layer 0 over that with {source}" for source in FOREIGN]


@claim(
    "clamped_weights.own_is_faster",
    source=FIGURE,
    on=networks(learners),
    fails_on=control(
        "Its own layer 0 under other orders of the data in place of foreign ones",
        networks(learners_of_one_source),
        id="one_source",
    ),
)
def test_own_is_faster(seed: int, runs: Mapping[str, Run], evidence: Evidence) -> None:
    """A network learns much faster from its own finished layer 0 than from a foreign one."""
    own, *foreign = half_times(seed, runs).mean(axis=1).tolist()
    their_own, *their_foreign = published_half_times()
    for name, other, theirs in zip(OVER_OWN, foreign, their_foreign, strict=True):
        check_over(evidence, name, (own, other), (their_own, theirs), "Figure 7", at_most=0.5)


# The clamp of activations is easier to learn under than the layer 0 of another network.


CLAMP_OVER = [f"half-time with Layer 1 clamped over that with {source}" for source in FOREIGN]


@claim(
    "clamped_weights.clamp_is_easier",
    source="Appendix D.1.2 (what the clamp is set against is ours)",
    on=beside_the_clamp(learners),
    fails_on=control(
        "Its own layer 0, which the rest of the network fits from the start, is easier still",
        beside_the_clamp(learners_of_one_source),
        id="one_source",
    ),
)
def test_clamp_is_easier(seed: int, runs: Mapping[str, Run], evidence: Evidence) -> None:
    """With the activations of the paper's Layer 1 clamped the task is easier to learn than from a
    finished layer 0: what queries, keys and values are read from is not added up.

    Set against the layers 0 of other seeds, whose output is added to what they read. The clamped
    network has one head of layer 1, the others have all eight.
    """
    clamped = half_time_of(runs[LAYER_1])
    their_clamped = reported(f"dig.{CURVES_5B[LAYER_1]}.half_time").value
    foreign, their_foreign = half_times(seed, runs).mean(axis=1)[1:], published_half_times()[1:]
    for name, other, theirs in zip(CLAMP_OVER, foreign.tolist(), their_foreign, strict=True):
        both, their_both = (clamped, other), (their_clamped, theirs)
        check_over(evidence, name, both, their_both, "Figures 5b and 7", at_most=1)
