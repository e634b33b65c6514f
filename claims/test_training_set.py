"""How many sequences there are to train on (Section 2.1, Appendix C).

Nothing is trained. Counted: the sequences of the training set of the paper's task, and of small
ones, where each is three exemplars and three labels. The text that we have lost the formula of
Appendix C; it is made up here again from what it depends on: the classes, the exemplars of each,
the labels, and the share of relabelings that are trained on. Which relabelings these are, the
streams of the session decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float, Int

from icl_repro import Evidence, claim, control
from icl_repro.episodes import Episodes, EpisodeSettings, Sampler, SetName
from icl_repro.exemplars import ExemplarSource
from icl_repro.streams import Streams
from icl_repro.training import RunSpec
from icl_repro.training.altered_streams import streams_named

PAPER = EpisodeSettings()
"""50 classes with an exemplar each, 5 labels, a fifth of their pairs held out."""


def formula(settings: EpisodeSettings) -> float:
    """Appendix C: ordered pairs of classes, which of the two is asked for, an exemplar for each of
    the three exemplar tokens, and ordered pairs of labels, as far as they are trained on.
    """
    relabelings = settings.labels * (settings.labels - 1) * (1 - settings.held_out_share)
    pairs = settings.classes * (settings.classes - 1)
    return pairs * 2 * settings.exemplars_per_class**3 * relabelings


def with_all_relabelings(settings: EpisodeSettings) -> float:
    """The same with no relabeling held out."""
    return formula(settings) / (1 - settings.held_out_share)


def rows_of(episodes: Episodes) -> Int[np.ndarray, "episodes 6"]:
    """Three exemplars and three labels, a row for each sequence."""
    return np.concatenate([np.asarray(episodes.exemplars), np.asarray(episodes.labels)]).T


class Numbers(ExemplarSource, frozen=True, tag="numbers of a count"):
    """Exemplars that are told apart by their numbers alone: sequences are counted by these."""

    n_classes: int  # pyright: ignore[reportIncompatibleMethodOverride]
    n_exemplars: int  # pyright: ignore[reportIncompatibleMethodOverride]

    @property
    def width(self) -> int:
        """A single feature, of which there is no use."""
        return 1

    def recipe(self) -> str:
        """Nothing but the fields."""
        return "0"

    def compute_images(self, classes: tuple[int, ...], exemplars: tuple[int, ...]) -> np.ndarray:
        """There are none."""
        raise NotImplementedError

    def compute_features(
        self, classes: tuple[int, ...], exemplars: tuple[int, ...], cache: Path | None
    ) -> Float[np.ndarray, "classes exemplars features"]:
        """Zeros."""
        return np.zeros((len(classes), len(exemplars), self.width), np.float32)


def samplers_of(streams: Streams, settings: EpisodeSettings) -> dict[SetName, Sampler]:
    """Of training sequences, and of those with the label pairs that are held out, as the streams
    split them.
    """
    numbers = Numbers(settings.classes + settings.test_classes, settings.exemplars_per_class)
    return streams.samplers(settings, numbers)


@eqx.filter_jit
def every_one(sampler: Sampler, size: int) -> Episodes:
    """All sequences that there are, whatever `size` says."""
    return sampler.enumerate()


@eqx.filter_jit
def drawn(sampler: Sampler, size: int) -> Episodes:
    """So many sequences at random."""
    return sampler.sample(jax.random.key(0), size)


def different(episodes: Episodes) -> int:
    """How many different sequences there are among some."""
    columns = rows_of(episodes).T
    # A number for each row: to sort numbers takes a tenth of what to sort rows does.
    return len(np.unique(np.ravel_multi_index(tuple(columns), tuple(columns.max(axis=1) + 1))))


def small_settings() -> Iterator[EpisodeSettings]:
    """Two or three classes, one or two exemplars, three to five labels, and every number of label
    pairs held out that leaves each label a pair.
    """
    for classes, exemplars, labels in product((2, 3), (1, 2), (3, 4, 5)):
        pairs = labels * (labels - 1) // 2
        for held_out in range(pairs - (labels + 1) // 2 + 1):
            yield EpisodeSettings(
                classes=classes,
                labels=labels,
                exemplars_per_class=exemplars,
                held_out_share=held_out / pairs,
            )


@cache
def counted_small(streams: Streams) -> dict[EpisodeSettings, int]:
    """How many different sequences there are in each small training set of those streams."""
    grid = list(small_settings())
    samplers = [samplers_of(streams, one)["train"] for one in grid]
    # All in one program: every set has its own shape, and a program for each takes ten times as
    # long to compile.
    of_all = eqx.filter_jit(lambda samplers: [sampler.enumerate() for sampler in samplers])
    return dict(zip(grid, map(different, of_all(samplers)), strict=True))


BY_FORMULA = "training sequences by the formula"
COUNTED = "different training sequences, counted"
HELD_OUT = "training sequences that have a label pair of test (relabel)"
DIFFERENCE = "largest difference between the formula and the count, small training sets"


@claim(
    "training_set.size",
    source="Section 2.1, Appendix C",
    rests_on="counting every sequence of the training set, and of small ones; the same on any seed",
    fails_on=[
        control(
            "With twice as many classes there are four times as many sequences",
            id="100_classes",
            given={"settings": EpisodeSettings(classes=100)},
            only=(BY_FORMULA, COUNTED),
        ),
        control(
            "As many sequences drawn at random are not all different",
            id="drawn",
            given={"sequences": drawn},
            only=COUNTED,
        ),
        control(
            "If relabelings for the test are trained on, too, there are a quarter more",
            id="nothing_held_out",
            given={"settings": EpisodeSettings(held_out_share=0)},
            only=(BY_FORMULA, COUNTED, HELD_OUT),
        ),
        control(
            "A formula that leaves out the share that is trained on gives more than there are",
            id="all_relabelings",
            given={"size": with_all_relabelings},
            only=(BY_FORMULA, DIFFERENCE),
        ),
    ],
)
def test_size(
    evidence: Evidence,
    as_trained: Callable[[RunSpec], RunSpec],
    *,
    settings: EpisodeSettings = PAPER,
    size: Callable[[EpisodeSettings], float] = formula,
    sequences: Callable[[Sampler, int], Episodes] = every_one,
) -> None:
    """There are 78,400 unique training sequences, as many as the formula of Appendix C gives, and
    none of them has a pair of labels that is held out.
    """
    total = 78_400
    streams = streams_named(as_trained(RunSpec()).streams)
    training = sequences(samplers_of(streams, settings)["train"], total)
    evidence.check(
        BY_FORMULA,
        round(size(settings), 6),
        between=(total, total),
        published="paper.dataset_size",
        note="classes (classes - 1) x 2 x exemplars^3 x labels (labels - 1) x share trained on",
    )
    evidence.check(
        COUNTED,
        different(training),
        between=(total, total),
        published="paper.dataset_size",
    )
    labels = np.sort(rows_of(training)[:, 3:5], axis=1)
    held_out = np.sort(samplers_of(streams, PAPER)["test_relabel"].pairs, axis=1)
    evidence.check(
        HELD_OUT,
        sum(int(np.all(labels == pair, axis=1).sum()) for pair in held_out),
        at_most=0,
        note=f"label pairs {', '.join(f'{one} and {other}' for one, other in held_out.tolist())}",
    )
    counted = counted_small(streams)
    evidence.check(
        DIFFERENCE,
        max(abs(size(one) - count) for one, count in counted.items()),
        at_most=1e-6,
        note=f"of {len(counted)}: 2 or 3 classes, 1 or 2 exemplars, 3 to 5 labels, any number of "
        "label pairs held out that can be",
    )
