"""How many sequences there are to train on (Section 2.1, Appendix C).

Nothing is trained. Counted: the sequences of the training set of the paper's task, and of small
ones, where each is three exemplars and three labels. The text that we have lost the formula of
Appendix C; it is made up here again from what it depends on: the classes, the exemplars of each,
the labels, and the share of relabelings that are trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from icl_repro import Evidence, claim, control
from icl_repro.episodes import Episodes, EpisodeSettings, Sampler, split

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


def sampler_of(settings: EpisodeSettings, *, held_out: bool = False) -> Sampler:
    """Training sequences, or those with the label pairs that are held out; the exemplars are
    numbers without pictures.
    """
    parts = split(settings, settings.classes + settings.test_classes)
    pairs = parts.held_out_pairs if held_out else parts.training_pairs
    bank = jnp.zeros((settings.classes * settings.exemplars_per_class, 1))
    return Sampler(bank, jnp.asarray(pairs, jnp.int32), settings.exemplars_per_class)


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
def counted_small() -> dict[EpisodeSettings, int]:
    """How many different sequences there are in each small training set."""
    grid = list(small_settings())
    # All in one program: every set has its own shape, and a program for each takes ten times as
    # long to compile.
    of_all = eqx.filter_jit(lambda samplers: [sampler.enumerate() for sampler in samplers])
    return dict(zip(grid, map(different, of_all(list(map(sampler_of, grid)))), strict=True))


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
    *,
    settings: EpisodeSettings = PAPER,
    size: Callable[[EpisodeSettings], float] = formula,
    sequences: Callable[[Sampler, int], Episodes] = every_one,
) -> None:
    """There are 78,400 unique training sequences, as many as the formula of Appendix C gives, and
    none of them has a pair of labels that is held out.
    """
    total = 78_400
    training = sequences(sampler_of(settings), total)
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
    held_out = split(PAPER, PAPER.classes + PAPER.test_classes).held_out_pairs
    evidence.check(
        HELD_OUT,
        sum(int(np.all(labels == pair, axis=1).sum()) for pair in held_out),
        at_most=0,
    )
    counted = counted_small()
    evidence.check(
        DIFFERENCE,
        max(abs(size(one) - count) for one, count in counted.items()),
        at_most=1e-6,
        note=f"of {len(counted)}: 2 or 3 classes, 1 or 2 exemplars, 3 to 5 labels, any number of "
        "label pairs held out that can be",
    )
