"""Induction heads are additive (Section 3.1; Figures 4a, 13 and 14).

Trained: the network of Section 3, and one with a single head of layer 1 (the paper's Layer 2) for
controls. Measured: how the trained network does on all 78,400 training sequences with each head of
layer 1 removed, kept alone, and added back in order of strength. Which head is the strongest, and
in which order the others follow, is measured on every network: by induction strength on the same
sequences.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from claims.comparisons import DIFFERENCE_OF_SHARES, NOT_NEGATIVE, SHARE, WELL, spread_ratio
from claims.figures.additivity import adding_back_figure, by_strength_figure
from claims.heads_off import difference_without_a_head
from claims.networks.plain import full, random_layer_1
from claims.networks.race import WITH_STRONGEST
from claims.sequences import every_sequence
from icl_repro import Evidence, claim, control
from icl_repro.measures.heads.ablation import HeadAblations, head_ablations
from icl_repro.numbers import number
from icl_repro.statistics.ranks import rank_correlation
from icl_repro.training import Run


def ablations(run: Run, *, weakest_first: bool = False) -> HeadAblations:
    """All ablations of a run's network on all training sequences; its heads from the strongest to
    the weakest, or the other way round.
    """
    episodes = every_sequence(run)
    found = head_ablations(run.model(), episodes)
    return head_ablations(run.model(), episodes, found.order[::-1]) if weakest_first else found


# Each head can go, because the others make up for it.

REMOVED = "largest accuracy lost by removing a head other than the strongest"
ON_AVERAGE = "accuracy lost by removing a head other than the strongest, mean over heads"
ALONE = "accuracy of the strongest head alone"
OTHERS = "accuracy of the others together, without the strongest head"
SILENT = "loss without a head less that with its output weights at zero, largest over heads"


@claim(
    "additivity.redundancy",
    source="Section 3.1, Figures 4a and 13",
    on=WITH_STRONGEST,
    fails_on=[
        control(
            "With layer 0 as trained and layer 1 random, no head solves the task, and neither do "
            "the others together",
            transform={"full": random_layer_1},
            id="random_layer_1",
            only=(ALONE, OTHERS),
        ),
        control(
            "In a network trained with a single head nothing makes up for its loss: the others "
            "are as they were initialised",
            id="one_head",
            swap={"full": "strongest"},
            only=OTHERS,
        ),
        control(
            "In a network trained with a single head, removing it costs the task if another is "
            "called the strongest",
            id="one_head_misnamed",
            swap={"full": "strongest"},
            given={"weakest_first": True},
            only=(REMOVED, ON_AVERAGE, ALONE),
        ),
        control(
            "A head is not turned off by setting the output weights of the next one to zero",
            id="next_head",
            given={"off_by": 1},
            only=SILENT,
        ),
    ],
)
def test_redundancy(
    runs: Mapping[str, Run], evidence: Evidence, *, weakest_first: bool = False, off_by: int = 0
) -> None:
    """The strongest induction head mostly solves the task alone, the others together make up for
    its loss, and removing any other head goes almost unnoticed.
    """
    found = ablations(runs["full"], weakest_first=weakest_first)
    lost = found.intact.accuracy - found.without.accuracy[found.weaker]
    strongest = f"layer 1 head {found.strongest}; the paper rounds to 98 %"
    evidence.check(
        REMOVED,
        lost.max(),
        at_most=0.02,
        published="calc.lost_by_removing",
        limits=DIFFERENCE_OF_SHARES,
        note=f"layer 1 head {found.weaker[int(lost.argmax())]}",
    )
    evidence.equivalent(
        ON_AVERAGE,
        lost.mean(),
        margin=(-0.02, 0.02),
        published="calc.lost_by_removing_on_average",
        limits=DIFFERENCE_OF_SHARES,
    )
    evidence.check(
        ALONE,
        found.alone.accuracy[found.strongest],
        at_least=0.90,
        published="calc.strongest_alone",
        limits=SHARE,
        note=strongest,
    )
    evidence.check(
        OTHERS,
        found.without.accuracy[found.strongest],
        at_least=0.90,
        published="dig.fig4a.remove_head.h3",
        limits=SHARE,
        note=f"without {strongest}",
    )
    evidence.check(
        SILENT,
        difference_without_a_head(runs["full"], off_by),
        at_most=1e-6,
        unit="nats",
        note="on 1,000 sequences; turned off as in training and by a mask as after it",
    )
    evidence.quantity(
        "accuracy with all heads", found.intact.accuracy, published="paper.final_accuracy"
    )
    for measure in ("accuracy", "loss"):
        evidence.figure(by_strength_figure(found, measure))


# Other heads do well alone, too.


@claim(
    "additivity.other_heads",
    source="Section 3.1, Figure 4a",
    on=WITH_STRONGEST,
    fails_on=[
        control(
            "With layer 0 as trained and layer 1 random, no head does well",
            transform={"full": random_layer_1},
            id="random_layer_1",
        ),
        control(
            "In a network trained with a single head, the others are as they were initialised",
            id="one_head",
            swap={"full": "strongest"},
        ),
    ],
)
def test_other_heads(runs: Mapping[str, Run], evidence: Evidence) -> None:
    """Other single heads than the strongest achieve strong performance alone, too."""
    found = ablations(runs["full"])
    others = np.sort(np.asarray(found.alone.accuracy)[found.weaker])[::-1]
    evidence.check(
        f"heads other than the strongest whose accuracy alone is at least {WELL}",
        np.sum(others >= WELL),
        at_least=2,
        unit="heads",
        published="calc.others_alone",
        limits=(0, len(others)),
        note=f"accuracies {', '.join(map(number, others))}; a guess between the two labels in "
        "context has 0.5",
    )


# Strength tells what a head can do alone, and hardly what the network loses without it.

CORRELATION = "rank correlation of strength and accuracy alone"
SPREAD = "spread of accuracy without a weaker head over its spread alone"


@claim(
    "additivity.strength",
    source="Section 3.1, Figure 4a",
    on=full,
    fails_on=[
        control(
            "What a head can do alone does not follow the strength of another head, four on",
            id="another_head",
            given={"moved": 4},
            only=CORRELATION,
        ),
        control(
            "With a random layer 1, heads are no further apart alone than when they are removed",
            transform=random_layer_1,
            only=SPREAD,
        ),
    ],
)
def test_strength(run: Run, evidence: Evidence, *, moved: int = 0) -> None:
    """What a head can do alone follows its induction strength, while removing heads one by one
    cannot tell the weaker ones apart.
    """
    found = ablations(run)
    strengths = np.asarray(found.intact.induction_strength)
    alone, without = np.asarray(found.alone.accuracy), np.asarray(found.without.accuracy)
    correlation = rank_correlation(np.roll(strengths, moved), alone)
    evidence.check(
        CORRELATION,
        correlation.value,
        at_least=0.8,
        published="calc.strength_and_accuracy_alone",
        interval=correlation.interval,
        limits=(-1, 1),
        note=f"of all pairings of 8 heads, {correlation.chance:.2g} correlate as much",
    )
    evidence.check(
        SPREAD,
        spread_ratio(without[found.weaker], alone[found.weaker]),
        at_most=0.1,
        unit="ratio",
        published="calc.spread_without_over_alone",
        limits=NOT_NEGATIVE,
        note="largest less smallest, over all heads but the strongest",
    )


# Heads add up: each that is added back, in order of strength, lowers the loss.


@claim(
    "additivity.adding_back",
    source="Section 3.1; read off Figure 14 (Appendix G)",
    on=full,
    fails_on=[
        control(
            "With a random layer 1, heads that are added raise the loss as well as lower it",
            transform=random_layer_1,
        ),
        control(
            "Heads that are taken away one at a time, instead of added, do raise the loss",
            id="taking_away",
            given={"step": -1},
        ),
    ],
)
def test_adding_back(run: Run, evidence: Evidence, *, step: int = 1) -> None:
    """Heads are additive: added back one at a time in order of strength, none raises the loss, with
    the strongest head or without it.
    """
    found = ablations(run)
    for start, losses, published in (
        ("the strongest", found.from_strongest.loss, "calc.rise_from_strongest"),
        ("the second strongest", found.from_second.loss, "calc.rise_from_second"),
    ):
        evidence.check(
            f"largest rise of the loss when a head is added, from {start} on",
            np.diff(losses[::step]).max(),
            at_most=0.02,
            unit="nats",
            published=published,
            note="below 0 where every head lowers the loss; all heads from the strongest: "
            + ", ".join(map(str, found.order)),
        )
    evidence.figure(adding_back_figure(found))
