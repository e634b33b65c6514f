"""Induction heads are additive (Section 3.1; Figures 4a, 13 and 14).

Trained: the network of Section 3, and one with a single head of layer 1 (the paper's Layer 2) for a
control. Measured: how the trained network does on all 78,400 training sequences with each head of
layer 1 removed, kept alone, and added back in order of strength. Which head is the strongest, and
in which order the others follow, is measured on every network: by induction strength on the same
sequences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import jax
import numpy as np
import pytest

from claims.networks.plain import full, only, with_random_layer_1
from claims.published import published_series, reported
from icl_repro.episodes import Episodes
from icl_repro.measures.heads.ablation import HeadAblations, head_ablations
from icl_repro.statistics.ranks import derangements, rank_correlation, spearman
from icl_repro.training import Run, RunSpec
from icl_repro.verification.pictures import Figure, Panel, ReferenceLine, Series
from icl_repro.verification.reported import Reported

HEADS = range(8)


def network(seed: int) -> dict[str, RunSpec]:
    """The trained network of Section 3."""
    return {"network": full(seed)}


def ablations(run: Run, random_layer_1: int | None = None) -> HeadAblations:
    """All ablations of a run's network on all training sequences.

    `random_layer_1` numbers a random layer 1 to put in place of the trained one.
    """
    if random_layer_1 is None:
        return head_ablations(run.model(), training_sequences(run))
    return head_ablations(with_random_layer_1(run, random_layer_1), some_sequences(run))


def training_sequences(run: Run) -> Episodes:
    """All 78,400 of them."""
    return run.samplers()["train"].enumerate()


def some_sequences(run: Run) -> Episodes:
    """A tenth as many, drawn from them: enough for networks that must fail."""
    return run.samplers()["train"].sample(jax.random.key(run.spec.eval_seed), 7_840)


def one_head(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """A network that had a single head of layer 1 while it was trained: the strongest of the full
    network.
    """
    return {"one head": only(seed, [ablations(runs["network"]).strongest])}


def strengths_of(found: HeadAblations) -> np.ndarray:
    """Induction strength of each head of layer 1."""
    return np.asarray(found.intact.induction_strength)


# Each head can go, because the others make up for it.

REMOVED = "largest accuracy lost by removing a head other than the strongest"
ALONE = "accuracy of the strongest head alone"
OTHERS = "accuracy of the others together, without the strongest head"


def measure_redundancy(evidence, found: HeadAblations) -> None:
    """State what removing a head costs, and what the strongest and the others can do alone."""
    lost = found.intact.accuracy - found.without.accuracy[found.weaker]
    kept = [reported(f"dig.fig4a.remove_head.h{head}").value for head in HEADS if head != 3]
    evidence.check(
        REMOVED,
        lost.max(),
        at_most=0.02,
        published=Reported(
            reported("nb.seed5.final_accuracy").value - min(kept), "Figure 4a, digitized", True
        ),
        note=f"layer 1 head {found.weaker[int(lost.argmax())]}",
    )
    evidence.check(
        ALONE,
        found.alone.accuracy[found.strongest],
        at_least=0.90,
        published=reported("nb.seed5.only_head_accuracy.h3"),
        note=f"layer 1 head {found.strongest}; the paper rounds to 98 %",
    )
    evidence.check(
        OTHERS,
        found.without.accuracy[found.strongest],
        at_least=0.90,
        published=reported("dig.fig4a.remove_head.h3"),
        note=f"without layer 1 head {found.strongest}; the paper rounds to 98 %",
    )
    evidence.quantity(
        "accuracy with all heads", found.intact.accuracy, published=reported("paper.final_accuracy")
    )


@pytest.mark.claim(
    id="additivity.redundancy",
    statement="The strongest induction head mostly solves the task alone, the others together make "
    "up for its loss, and removing any other head goes almost unnoticed",
    source="Section 3.1, Figures 4a and 13",
    finding="on seed 6 the strongest head alone reaches 0.87; on seeds 5 and 7 to 9 it holds",
    controls=(
        "additivity.random_layer_1",
        "additivity.one_head",
        "additivity.one_head_misnamed",
    ),
    runs=network,
)
def test_redundancy(evidence, runs):
    found = ablations(runs["network"])
    measure_redundancy(evidence, found)
    evidence.figure(accuracy_figure(found))
    evidence.figure(loss_figure(found))


@pytest.mark.control(
    id="additivity.random_layer_1",
    statement="With layer 0 as trained and layer 1 random, no head solves the task, and neither do "
    "the others together",
    must_fail=(ALONE, OTHERS),
    runs=network,
)
def test_random_layer_1_does_not_solve_the_task(evidence, runs):
    measure_redundancy(evidence, ablations(runs["network"], random_layer_1=0))


@pytest.mark.control(
    id="additivity.one_head",
    statement="In a network trained with a single head nothing makes up for its loss: the others "
    "are as they were initialised",
    must_fail=(OTHERS,),
    runs=network,
    then=one_head,
)
def test_one_head_is_not_made_up_for(evidence, runs):
    measure_redundancy(evidence, ablations(runs["one head"]))


@pytest.mark.control(
    id="additivity.one_head_misnamed",
    statement="In a network trained with a single head, removing it costs the task if another is "
    "called the strongest",
    must_fail=(REMOVED, ALONE),
    runs=network,
    then=one_head,
)
def test_one_head_misnamed_is_missed(evidence, runs):
    run = runs["one head"]
    opposite = ablations(run).order[::-1]
    found = head_ablations(run.model(), training_sequences(run), opposite)
    measure_redundancy(evidence, found)


# Strength tells what a head can do alone, and hardly what the network loses without it.

CORRELATION = "rank correlation of strength and accuracy alone"
SPREAD = "spread of accuracy without a weaker head over its spread alone"


def spread_ratio(without: np.ndarray, alone: np.ndarray) -> float:
    """How far apart heads are by what is lost without them, over how far apart they are alone; NaN
    where heads are all the same alone.
    """
    return float(np.ptp(without) / np.ptp(alone)) if np.ptp(alone) else math.nan


def paper_heads(figure: str) -> tuple[np.ndarray, np.ndarray]:
    """Strength and accuracy of every head of the published network (Figure 4a)."""
    published = published_series(f"fig4a.{figure}")
    return np.array(published.x), np.array(published.y)


def measure_strength(evidence, found: HeadAblations, shuffled: bool = False) -> None:
    """State how accuracy alone and accuracy without a head go with induction strength."""
    strengths, alone = strengths_of(found), np.asarray(found.alone.accuracy)
    paper_strengths, paper_alone = paper_heads("only_head")
    _, paper_without = paper_heads("remove_head")
    weaker = np.argsort(-paper_strengths)[1:]
    correlation = rank_correlation(strengths, alone)
    if shuffled:
        value, note = mean_shuffled(strengths, alone), "mean over 1,000 derangements of the heads"
    else:
        value = correlation.value
        note = f"of all pairings of 8 heads, {correlation.chance:.2g} correlate as much"
    evidence.check(
        CORRELATION,
        value,
        at_least=0.8,
        published=Reported(rank_correlation(paper_strengths, paper_alone).value, "Figure 4a"),
        interval=None if shuffled else correlation.interval,
        note=note,
    )
    evidence.check(
        SPREAD,
        spread_ratio(found.without.accuracy[found.weaker], alone[found.weaker]),
        at_most=0.1,
        unit="ratio",
        published=Reported(
            spread_ratio(paper_without[weaker], paper_alone[weaker]), "Figure 4a, digitized", True
        ),
        note="largest less smallest, over all heads but the strongest",
    )


def mean_shuffled(strengths: np.ndarray, alone: np.ndarray) -> float:
    """The correlation when every head gets another one's strength, on average."""
    shuffled = strengths[derangements(len(strengths))]
    return float(spearman(shuffled, np.broadcast_to(alone, shuffled.shape)).mean())


@pytest.mark.claim(
    id="additivity.strength",
    statement="What a head can do alone follows its induction strength, while removing heads one "
    "by one cannot tell the weaker ones apart",
    source="Section 3.1, Figure 4a",
    controls=("additivity.shuffled_heads", "additivity.random_layer_1.strength"),
    runs=network,
)
def test_strength(evidence, runs):
    measure_strength(evidence, ablations(runs["network"]))


@pytest.mark.control(
    id="additivity.shuffled_heads",
    statement="With the strengths of other heads, accuracy alone does not follow strength",
    must_fail=(CORRELATION,),
    runs=network,
)
def test_shuffled_heads_do_not_follow(evidence, runs):
    measure_strength(evidence, ablations(runs["network"]), shuffled=True)


@pytest.mark.control(
    id="additivity.random_layer_1.strength",
    statement="With a random layer 1, heads are no further apart alone than when they are removed",
    must_fail=(SPREAD,),
    runs=network,
)
def test_random_layer_1_tells_no_heads_apart(evidence, runs):
    measure_strength(evidence, ablations(runs["network"], random_layer_1=0))


# Heads add up: each that is added back, in order of strength, lowers the loss.

RISES = {
    "from_strongest": "largest rise of the loss when a head is added, from the strongest on",
    "from_second": "largest rise of the loss when a head is added, from the second strongest on",
}
PUBLISHED_STEPS = {"from_strongest": "fig14.left", "from_second": "fig14.right"}


def measure_adding_back(evidence, *networks: HeadAblations) -> None:
    """State by how much adding a head raises the loss at most, in order of strength, in any of
    `networks`.
    """
    for start, name in RISES.items():
        published = published_series(PUBLISHED_STEPS[start])
        orders = [found.order[start == "from_second" :] for found in networks]
        evidence.check(
            name,
            max(np.diff(getattr(found, start).loss).max() for found in networks),
            at_most=0.02,
            unit="nats",
            published=Reported(float(np.diff(published.y).max()), "Figure 14, digitized", True),
            note="below 0 where every head lowers the loss; heads in the order "
            + "; ".join(", ".join(map(str, order)) for order in orders),
        )


@pytest.mark.claim(
    id="additivity.adding_back",
    statement="Heads are additive: added back one at a time in order of strength, none raises the "
    "loss, with the strongest head or without it",
    source="Section 3.1, Appendix G, Figure 14",
    controls=("additivity.random_layer_1.adding_back", "additivity.taking_away"),
    runs=network,
)
def test_adding_back(evidence, runs):
    found = ablations(runs["network"])
    measure_adding_back(evidence, found)
    evidence.figure(adding_back_figure(found))


@pytest.mark.control(
    id="additivity.random_layer_1.adding_back",
    statement="With a random layer 1, heads that are added raise the loss as well as lower it",
    must_fail=tuple(RISES.values()),
    runs=network,
)
def test_random_layer_1_does_not_add_up(evidence, runs):
    # Several, because a random step may happen to be small.
    drawn = [ablations(runs["network"], random_layer_1=draw) for draw in range(3)]
    measure_adding_back(evidence, *drawn)


@pytest.mark.control(
    id="additivity.taking_away",
    statement="Heads that are taken away one at a time, instead of added, do raise the loss",
    must_fail=tuple(RISES.values()),
    runs=network,
)
def test_taking_away_raises_the_loss(evidence, runs):
    found = ablations(runs["network"])
    measure_adding_back(evidence, jax.tree.map(lambda x: np.flip(x, 0) if x.ndim else x, found))


# Figures.

STRENGTHS_SHOWN = (0.0, 1.1)
"""Up to a perfect induction head, with room for the label of a line."""


def by_strength(found: HeadAblations, measure: str, figure: str) -> list[Series]:
    """Each head kept (circles) and removed (triangles) by its strength, over the published ones."""
    strengths = strengths_of(found).tolist()
    return [
        Series(
            "this head alone",
            strengths,
            getattr(found.alone, measure).tolist(),
            style="circles",
            group="alone",
        ),
        Series(
            "all heads but this one",
            strengths,
            getattr(found.without, measure).tolist(),
            style="triangles",
            group="without",
        ),
        published_series(f"{figure}.only_head", group="alone"),
        published_series(f"{figure}.remove_head", group="without"),
    ]


def accuracy_figure(found: HeadAblations) -> Figure:
    """Figure 4a: accuracy with each head alone and without it."""
    panel = Panel(
        "Accuracy",
        "induction strength",
        "accuracy",
        by_strength(found, "accuracy", "fig4a"),
        [ReferenceLine("all heads", float(found.intact.accuracy))],
        x_limits=STRENGTHS_SHOWN,
        y_limits=(0.0, 1.05),
    )
    return Figure(
        "Figure 4a",
        "Accuracy on all training sequences with one head of layer 1 alone (circles) and with all "
        "but one (triangles), by the induction strength of that head.",
        "Section 3.1, Figure 4a",
        [panel],
    )


def loss_figure(found: HeadAblations) -> Figure:
    """Figure 13: the same for the loss."""
    panel = Panel(
        "Loss",
        "induction strength",
        "loss (nats)",
        by_strength(found, "loss", "fig13"),
        [ReferenceLine("all heads", float(found.intact.loss))],
        x_limits=STRENGTHS_SHOWN,
    )
    return Figure(
        "Figure 13",
        "Loss on all training sequences with one head of layer 1 alone (circles) and with all but "
        "one (triangles), by the induction strength of that head.",
        "Appendix G, Figure 13",
        [panel],
    )


def adding_back_figure(found: HeadAblations) -> Figure:
    """Figure 14: the loss as heads are added back in order of strength."""
    all_heads = ReferenceLine("all heads", float(found.intact.loss))
    panels = []
    for start, first in (("from_strongest", found.order[0]), ("from_second", found.order[1])):
        loss = getattr(found, start).loss
        measured = Series(
            "heads added in order of strength",
            list(range(1, len(loss) + 1)),
            loss.tolist(),
            style="circles",
            group="added",
        )
        series = [measured, published_series(PUBLISHED_STEPS[start], group="added")]
        title, axes = f"Starting with head {first}", ("heads active", "loss (nats)")
        # Room for the label of the line beside the points.
        panels.append(Panel(title, *axes, series, [all_heads], x_limits=(0.5, 9.5)))
    return Figure(
        "Figure 14",
        "Loss on all training sequences as heads of layer 1 are added back in order of induction "
        "strength, from the strongest and from the second strongest on.",
        "Appendix G, Figure 14",
        panels,
    )
