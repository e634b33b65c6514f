"""Clamping weights is not clamping what they compute (Appendix D.1.1; Figure 7).

Trained: networks of one seed whose layer 0 (the paper's Layer 1), with the embeddings below it,
comes from a finished network and is frozen, so that only the rest learns. It comes from the network
of the same seed, and from those of the next two of the paper's seeds 5 to 9, in a ring; all of them
have learned to attend to the previous token and to copy it (steps 1 and 2). Each is trained with
three orders of the data, until the train loss is at most 0.05 or 600,000 sequences are seen. As in
Figure 7, whose standard training is that of Figure 3a, all heads of layer 1 are active.

Measured: the half-time, when the train loss first falls to 0.35. A run that ends later cannot
change it; one that never falls so far counts with all its sequences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from jaxtyping import Float

from claims.networks.plain import ON_TRAINING_SEQUENCES, PASSED, full
from claims.phase_changes import SEQUENCES, half_time_of, loss_line
from claims.published import published_series, reported
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.training import Run, RunSpec, Transplant
from icl_repro.verification.pictures import Figure, Panel, ReferenceLine
from icl_repro.verification.reported import Reported

LONGEST = 600_000
DATA_SEEDS = range(3)
MORE_DATA_SEEDS = range(9)
PAPER_SEEDS = range(5, 10)
N_SOURCES = 3
PUBLISHED = (
    "fixed_layer_1_weights_from_seed_5",
    "fixed_layer_1_weights_from_seed_6",
    "fixed_layer_1_weights_from_seed_7",
)
"""The published curves, by the end of their ids: the learner is of seed 5."""

HalfTimes = Float[np.ndarray, "sources data_seeds"]
"""Half-times in sequences; the first row is of the learner's own seed."""


def sources_of(seed: int) -> list[int]:
    """The seeds of the networks that layer 0 comes from, the learner's own first."""
    if seed not in PAPER_SEEDS:
        return [seed + step for step in range(N_SOURCES)]
    first, count = PAPER_SEEDS.start, len(PAPER_SEEDS)
    return [first + (seed - first + step) % count for step in range(N_SOURCES)]


def learner(seed: int, source: RunSpec, data_seed: int) -> RunSpec:
    """The network of a seed whose layer 0 is that of a finished network, and frozen."""
    return RunSpec(
        init_seed=seed,
        data_seed=data_seed,
        sequences=LONGEST,
        schedule=ON_TRAINING_SEQUENCES,
        stop=PASSED,
        transplant=Transplant(up_to_layer=0, source=source),
    )


def name_of(source: int, data_seed: int) -> str:
    return f"layer 0 of seed {source}, data {data_seed}"


def learners(seed: int) -> dict[str, RunSpec]:
    """Three sources, three data seeds each, and the training of Section 3 to compare with."""
    return {
        "standard": full(seed),
        **{
            name_of(source, data_seed): learner(seed, full(source), data_seed)
            for source in sources_of(seed)
            for data_seed in DATA_SEEDS
        },
    }


def learners_of_one_source(seed: int) -> dict[str, RunSpec]:
    """Layer 0 of the learner's own seed, with more orders of the data."""
    return {
        name_of(seed, data_seed): learner(seed, full(seed), data_seed)
        for data_seed in MORE_DATA_SEEDS
    }


def half(run: Run) -> float:
    """Sequences until the train loss is at half of ln 2; all that were seen if it never is."""
    time = half_time_of(run)
    return float(run.sequences[-1]) if math.isnan(time) else time


def half_times(seed: int, runs: Mapping[str, Run]) -> HalfTimes:
    """Those of :func:`learners`."""
    return np.array(
        [
            [half(runs[name_of(source, data_seed)]) for data_seed in DATA_SEEDS]
            for source in sources_of(seed)
        ]
    )


# How fast the rest learns depends on whose layer 0 it gets.

DIFFERENCE = "smallest difference between own and other layer 0, over the largest spread"


def measure_difference(evidence, times: HalfTimes, note: str = "") -> None:
    """State how far the half-times with other layers are from those with the own one, as a multiple
    of how much half-times differ by the data alone.
    """
    means = times.mean(axis=1)
    difference = float(np.abs(means[1:] - means[0]).min())
    spread = float(np.ptp(times, axis=1).max())
    evidence.check(
        DIFFERENCE,
        # Only where none of them learns do the data make no difference.
        difference / spread if spread else math.nan,
        at_least=1,
        note=note
        or "between means of half-times over data seeds; spread: from the earliest to the latest "
        f"half-time of a source, at most {spread:,.0f} sequences",
    )


@pytest.mark.claim(
    id="clamped_weights.depend_on_the_source",
    statement="With layer 0 frozen at the weights of a finished network, how fast the rest learns "
    "depends on the network that they come from: weights do not stand for what they compute",
    source="Appendix D.1.1, Figure 7",
    controls=("clamped_weights.one_source", "clamped_weights.shuffled_sources"),
    runs=learners,
)
def test_depend_on_the_source(evidence, runs, seed):
    times = half_times(seed, runs)
    measure_difference(evidence, times)
    evidence.quantity(
        "half-time, standard training",
        half(runs["standard"]),
        unit="sequences",
        published=reported("dig.fig7.main.standard_training.half_time"),
    )
    for source, row, published in zip(sources_of(seed), times, PUBLISHED, strict=True):
        state_half_time(evidence, seed, source, row, published)
    evidence.figure(weights_figure(seed, runs))
    own = runs[name_of(seed, DATA_SEEDS[0])]
    evidence.curve_snapshot("train loss, own layer 0", own.sequences, own.curves["train.loss"])


def state_half_time(
    evidence, seed: int, source: int, times: Float[np.ndarray, " data_seeds"], published: str
) -> None:
    """State the mean half-time with a source, beside that of the published one in its place."""
    theirs = reported(f"dig.fig7.main.{published}.half_time")
    evidence.quantity(
        f"mean half-time, layer 0 of seed {source}{' (its own)' if source == seed else ''}",
        times.mean(),
        unit="sequences",
        published=Reported(
            theirs.value, f"{theirs.source}, {published[-6:].replace('_', ' ')}", True
        ),
        note=f"data seeds: {', '.join(f'{time:,.0f}' for time in times)}; to a loss of {HALF_LOSS}",
    )


@pytest.mark.control(
    id="clamped_weights.one_source",
    statement="One source under nine orders of the data, in three groups as if they were sources",
    must_fail=(DIFFERENCE,),
    runs=learners_of_one_source,
)
def test_one_source(evidence, runs, seed):
    times = [half(runs[name_of(seed, data_seed)]) for data_seed in MORE_DATA_SEEDS]
    measure_difference(evidence, np.reshape(times, (N_SOURCES, len(DATA_SEEDS))))


@pytest.mark.control(
    id="clamped_weights.shuffled_sources",
    statement="With the names of the sources shuffled, they do not differ by more than the data",
    must_fail=(DIFFERENCE,),
    runs=learners,
)
def test_shuffled_sources(evidence, runs, seed):
    times = half_times(seed, runs)
    shuffled = np.stack([np.roll(column, step) for step, column in enumerate(times.T)], axis=1)
    measure_difference(evidence, shuffled, "each source in name has one run of every source")


# Figures.


def weights_figure(seed: int, runs: Mapping[str, Run]) -> Figure:
    """Figure 7: train loss by the network that layer 0 comes from."""
    groups = ["own", "second", "third"]
    measured = [loss_line("standard training", runs["standard"], "standard")]
    for group, source in zip(groups, sources_of(seed), strict=True):
        label = f"layer 0 of seed {source}"
        measured += [loss_line(label, runs[name_of(source, data)], group) for data in DATA_SEEDS]
    published = [
        published_series("fig7.main.standard_training", group="standard"),
        *(
            published_series(f"fig7.main.{end}", group=group)
            for group, end in zip(groups, PUBLISHED, strict=True)
        ),
    ]
    guess = [ReferenceLine("ln 2", math.log(2))]
    return Figure(
        "Figure 7",
        f"Train loss of networks of seed {seed} whose layer 0 (the paper's Layer 1) is that of a "
        "finished network and frozen, and of standard training. Measured with three orders of the "
        "data for each source, until the loss is 0.05.",
        "Appendix D.1.1, Figure 7",
        [
            Panel(
                title,
                SEQUENCES,
                "loss (nats)",
                lines,
                guess,
                x_limits=(0.0, float(LONGEST)),
            )
            for title, lines in (("Measured", measured), ("Published, seed 5", published))
        ],
    )
