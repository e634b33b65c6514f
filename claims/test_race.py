"""Heads race, and networks use spare heads to learn faster (Section 3.2; Appendices H and I;
Figures 4b, 17 and 18).

Trained, all from the same initial weights: the network of Section 3, eight networks with a single
head of layer 1 (the paper's Layer 2) active throughout training, and seven with the strongest head
and one other. Which head is the strongest is measured on the trained full network: by induction
strength on all 78,400 training sequences. A network's learning time is how many sequences it has
seen when its train loss, on 1,000 sequences, first falls to a level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from claims.comparisons import LEARNED_LOSS, place_of, share_closed
from claims.figures.race import alone_figure, pairs_figure, strength_figure
from claims.heads_off import difference_of_single_heads
from claims.networks.clamped import HEADS, single_heads
from claims.networks.plain import full, one_layer, untrained
from claims.networks.race import (
    LAYER_1_CLAMPED,
    OTHERS_ALONE,
    PAIRS,
    RACE,
    WITH_PAIRS,
    alone,
    final_strengths,
)
from claims.phase_changes import keep_loss
from claims.published import reported
from claims.published.computed import MAIN_SEED, SEEDS, strength_and_speed
from icl_repro import Evidence, Reported, claim, control, networks
from icl_repro.measures.curves.crossings import time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import head_ablations
from icl_repro.numbers import number
from icl_repro.statistics.ranks import pooled_rank_correlation, rank_correlation
from icl_repro.training import Run

Runs = Mapping[str, Run]


def learning_time(run: Run, level: float = LEARNED_LOSS) -> float:
    """Sequences until the train loss falls to a level; infinite if it does not."""
    return time_to(run.sequences, run.curves["train.loss"], level)


def learning_times(runs: Sequence[Run], level: float = LEARNED_LOSS) -> Float[np.ndarray, " runs"]:
    """The learning time of each run."""
    return np.array([learning_time(run, level) for run in runs])


# Capacity: one head is enough, but learns more slowly than eight.

REACHED = "networks with a single head that reach accuracy 0.99"
IN_THE_END = "networks with a single head at accuracy 0.99 in the end"
SLOWER = "networks with a single head that are slower than the full one"
THE_SAME = (
    "loss of a single head as trained less that under a mask of the others, largest over heads"
)


@claim(
    "race.capacity",
    source="Section 3.2, Figure 4b",
    on=RACE,
    fails_on=[
        control(
            "Networks that do not learn do not reach the accuracy, however many",
            untrained,
            only=(REACHED, IN_THE_END),
        ),
        control(
            "No network is slower than one with a single layer in place of the full one",
            networks(single_heads, full=one_layer),
            id="one_layer",
            only=SLOWER,
        ),
        control(
            "Under masks that leave the next head none does what it was trained to do",
            id="next_head",
            given={"off_by": 1},
            only=THE_SAME,
        ),
    ],
)
def test_capacity(runs: Runs, evidence: Evidence, *, off_by: int = 0) -> None:
    """Any single induction head is enough to learn the task, but a network with all eight learns it
    faster.
    """
    whole, single = runs["full"], alone(runs)
    episodes = whole.samplers()["train"].enumerate()
    best = np.array([run.curves["train.accuracy"].max() for run in single])
    final = np.array(
        [performance(run.model(), episodes, run.intervention).accuracy for run in single]
    )
    times = learning_times(single)
    evidence.check(
        REACHED,
        np.sum(best >= 0.99),
        at_least=7,
        unit="networks",
        published=Reported(8, "Section 3.2"),
        note="of 8; at any evaluation while they train, on 1,000 sequences",
    )
    evidence.check(
        IN_THE_END,
        np.sum(final >= 0.99),
        at_least=7,
        unit="networks",
        published=Reported(8, "Section 3.2"),
        note=f"of 8; when training ended, on all {episodes.size:,}; "
        f"accuracies {', '.join(map(number, final))}",
    )
    evidence.check(
        SLOWER,
        np.sum(times > learning_time(whole)),
        at_least=8,
        unit="networks",
        published="calc.slower_alone",
        note="of 8; to a train loss of 0.4 ln 2",
    )
    evidence.check(
        THE_SAME,
        difference_of_single_heads(single, off_by),
        at_most=1e-6,
        unit="nats",
        note="on 1,000 sequences",
    )
    evidence.quantity(
        "learning time of the full network",
        learning_time(whole),
        unit="sequences",
        published="dig.fig4b.main.all_heads.t_0.4ln2",
    )
    paper = [reported(f"dig.fig4b.main.only_l2_head_{head}.t_0.4ln2") for head in HEADS]
    paper.sort(key=lambda time: time.value)
    for place, head in enumerate(np.argsort(times)):
        evidence.quantity(
            f"learning time of a single head, place {place + 1}",
            times[head],
            unit="sequences",
            published=paper[place],
            note=f"layer 1 head {head}",
        )
    strengths = final_strengths(whole)
    evidence.figure(alone_figure(whole, single, strengths))
    keep_loss(evidence, "strongest head alone", single[int(strengths.argmax())])


# The race: a head that learns faster alone becomes a stronger one among all.

CORRELATION = "rank correlation of strength among all and speed alone"


@claim(
    "race.fastest",
    source="Section 3.2, Figure 4b",
    on=RACE,
    fails_on=control(
        "The head that learns slowest alone is not one of the two strongest",
        id="slowest",
        given={"slowest": True},
    ),
)
def test_fastest(runs: Runs, evidence: Evidence, *, slowest: bool = False) -> None:
    """The head that learns fastest alone is one of the two strongest in the full network."""
    strengths, times = final_strengths(runs["full"]), learning_times(alone(runs))
    head = int(times.argmax() if slowest else times.argmin())
    evidence.check(
        "place by strength of the head that is fastest alone",
        place_of(head, strengths),
        at_most=2,
        published="calc.place_of_fastest",
        note=f"layer 1 head {head}, {times[head]:,.0f} sequences; strongest: head "
        f"{strengths.argmax()}; of all shuffles of 8 heads, one in four gives it such a place",
    )


@claim(
    "race.strength_and_speed",
    source="Section 3.2, Appendix I, Figure 18",
    on=RACE,
    fails_on=control(
        "With heads shuffled, each set beside the strength of another, four on, speed does not "
        "follow strength",
        id="shuffled_heads",
        given={"moved": 4},
    ),
)
def test_strength_and_speed(
    runs: Mapping[int, Runs], seeds: tuple[int, ...], evidence: Evidence, *, moved: int = 0
) -> None:
    """Heads that are stronger in the full network tend to learn faster alone."""
    ablations, times, pairs = {}, {}, {}
    for seed in seeds:
        whole = runs[seed]["full"]
        ablations[seed] = head_ablations(whole.model(), whole.samplers()["train"].enumerate())
        times[seed] = learning_times(alone(runs[seed]))
        strengths = np.asarray(ablations[seed].intact.induction_strength)
        pairs[seed] = np.roll(strengths, moved), -times[seed]
    found = {seed: rank_correlation(*pair) for seed, pair in pairs.items()}
    pooled = pooled_rank_correlation(list(pairs.values()))
    evidence.check(
        CORRELATION,
        {seed: correlation.value for seed, correlation in found.items()},
        at_least=0.3,
        published=strength_and_speed(seeds),
        note=f"mean over seeds; of all shuffles of the heads of each, {pooled.chance:.2g} "
        f"correlate as much, and one in twenty {pooled.by_chance:.2f} or more",
    )
    evidence.quantity("share of all shuffles that correlate as much", pooled.chance)
    for seed, correlation in found.items():
        evidence.quantity(
            f"{CORRELATION}, seed {seed}",
            correlation.value,
            interval=correlation.interval,
            published=strength_and_speed([seed]) if seed in SEEDS else None,
            note=f"of all pairings of 8 heads, {correlation.chance:.2g} correlate as much",
        )
    if len(seeds) < 5:
        evidence.inconclusive(
            f"it is a mean over five seeds, and of {len(seeds)} one shuffle of the heads in twenty "
            f"reaches {pooled.by_chance:.2f}, where 0.3 is asked for"
        )
    evidence.figure(strength_figure(ablations, times, full(MAIN_SEED).sequences))


# Pairs: one other head makes up for part of what the strongest alone is slower.

FASTER = "pairs with the strongest head that are faster than it is alone"
CLOSED = "median share of the delay that a pair closes"


@claim(
    "race.pairs",
    source="Appendix H, Figure 17",
    on=WITH_PAIRS,
    fails_on=[
        control(
            "Each other head alone, in place of its pair with the strongest, is hardly ever faster",
            OTHERS_ALONE,
            id="others_alone",
            undefined="where the strongest head alone is as fast as all there is no delay to close",
        ),
        control(
            "Of the delay to a network whose layer 0 is clamped, a pair closes less than a third",
            LAYER_1_CLAMPED,
            id="layer_1_clamped",
            only=CLOSED,
        ),
    ],
)
def test_pairs(runs: Runs, evidence: Evidence) -> None:
    """With just one other head the strongest learns faster than alone, closer to the full
    network.
    """
    pairs = [runs[pair] for pair in PAIRS]
    times = learning_times(pairs, HALF_LOSS)
    one, all_heads = (learning_time(runs[name], HALF_LOSS) for name in ("strongest", "all heads"))
    evidence.check(
        FASTER,
        np.sum(times < one),
        at_least=5,
        unit="pairs",
        published="calc.pairs_faster",
        note=f"of 7; to a train loss of {HALF_LOSS}, as the published times beside it",
    )
    evidence.check(
        CLOSED,
        share_closed(times, one, all_heads),
        at_least=1 / 3,
        unit="of the delay to the full network",
        published="calc.delay_closed",
        note=f"to a train loss of {HALF_LOSS}; above 1 where a pair is faster than all heads",
    )
    for which, ours, published in (
        ("the full network", all_heads, "dig.fig17.main.all_heads.half_time"),
        ("the strongest head alone", one, "dig.fig4b.main.only_l2_head_3.half_time"),
        ("the fastest pair", times.min(), "calc.fastest_pair"),
        ("the slowest pair", times.max(), "calc.slowest_pair"),
    ):
        name = f"sequences to loss {HALF_LOSS}, {which}"
        evidence.quantity(name, ours, unit="sequences", published=published)
    evidence.quantity(
        "median share of the delay that a pair closes, to a loss of 0.4 ln 2",
        share_closed(
            learning_times(pairs),
            learning_time(runs["strongest"]),
            learning_time(runs["all heads"]),
        ),
        published="calc.delay_closed_to_0.4ln2",
    )
    evidence.figure(pairs_figure(runs))
