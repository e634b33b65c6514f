"""Heads race, and networks use spare heads to learn faster (Section 3.2; Appendices H and I;
Figures 4b, 17 and 18).

Trained, all from the same initial weights: the network of Section 3, eight networks with a single
head of layer 1 (the paper's Layer 2) active throughout training, and seven with the strongest head
and one other. Which head is the strongest is measured on the trained full network: by induction
strength on all 78,400 training sequences. A network's learning time is how many sequences it has
seen when its train loss, on 1,000 sequences, first falls to a level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from claims.networks.clamped import single_heads
from claims.networks.plain import full, only, untrained
from claims.published import published_series, reported
from icl_repro.measures.curves.crossings import first_fall
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import HeadAblations, head_ablations, order_of_strength
from icl_repro.statistics.intervals import mean
from icl_repro.statistics.ranks import derangements, rank_correlation, spearman
from icl_repro.training import Run, RunSpec
from icl_repro.verification.pictures import Figure, Panel, ReferenceLine, Series
from icl_repro.verification.reported import Reported

HEADS = range(8)
LEARNED_LOSS = 0.4 * math.log(2)
"""The loss at which a network has learned (Figure 18)."""
SEQUENCES = "training sequences seen"
PUBLISHED_SEEDS = range(5, 10)
"""Seeds with published points in Figure 18."""
MAIN_SEED = 5
"""The seed of the paper's own figures."""


def race(seed: int) -> dict[str, RunSpec]:
    """The full network, and each head of layer 1 alone."""
    return {"full": full(seed)} | single_heads(seed)


def alone(runs: Mapping[str, Run]) -> list[Run]:
    """The runs with a single head, in the order of heads."""
    return [runs[f"head {head}"] for head in HEADS]


def learning_time(run: Run, level: float = LEARNED_LOSS) -> float:
    """Sequences until the train loss falls to a level; infinite if it does not."""
    time = first_fall(run.sequences, run.curves["train.loss"], level)
    return math.inf if math.isnan(time) else time


def learning_times(runs: list[Run], level: float = LEARNED_LOSS) -> np.ndarray:
    """The learning time of each run."""
    return np.array([learning_time(run, level) for run in runs])


def strengths_of(run: Run) -> np.ndarray:
    """Induction strength of each head of layer 1 on all training sequences."""
    episodes = run.samplers()["train"].enumerate()
    return np.asarray(performance(run.model(), episodes, run.intervention).induction_strength)


# Capacity: one head is enough, but learns more slowly than eight.

REACHED = "networks with a single head that reach accuracy 0.99"
IN_THE_END = "networks with a single head at accuracy 0.99 in the end"
SLOWER = "networks with a single head that are slower than the full one"


def measure_learned(evidence, single: list[Run]) -> None:
    """State how many networks with a single head learn the task."""
    episodes = single[0].samplers()["train"].enumerate()
    best = np.array([run.curves["train.accuracy"].max() for run in single])
    in_the_end = {
        key: performance(run.model(), episodes, run.intervention).accuracy
        for key, run in {run.spec.key: run for run in single}.items()
    }
    final = np.array([in_the_end[run.spec.key] for run in single])
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
        f"accuracies {', '.join(f'{accuracy:.4f}' for accuracy in final)}",
    )


def measure_slower(evidence, whole: Run, single: list[Run]) -> None:
    """State how many networks with a single head take longer to learn than `whole`."""
    paper, paper_all = paper_times_alone()
    evidence.check(
        SLOWER,
        np.sum(learning_times(single) > learning_time(whole)),
        at_least=8,
        unit="networks",
        published=Reported(int(np.sum(paper > paper_all)), "Figure 4b, digitized", True),
        note="of 8; to a train loss of 0.4 ln 2",
    )


def paper_times_alone() -> tuple[np.ndarray, float]:
    """Learning times of the published networks with a single head, and of the full one."""
    single = [reported(f"dig.fig4b.main.only_l2_head_{head}.t_0.4ln2").value for head in HEADS]
    return np.array(single), reported("dig.fig4b.main.all_heads.t_0.4ln2").value


def state_times(evidence, whole: Run, single: list[Run]) -> None:
    """State every learning time, from the fastest to the slowest single head."""
    times = learning_times(single)
    paper, paper_all = paper_times_alone()
    state_time(evidence, "learning time of the full network", learning_time(whole), paper_all)
    for place, (head, theirs) in enumerate(zip(np.argsort(times), np.sort(paper), strict=True), 1):
        name = f"learning time of a single head, place {place}"
        state_time(evidence, name, times[head], theirs, f"layer 1 head {head}")


def state_time(evidence, name: str, ours: float, theirs: float, note: str = "") -> None:
    """State a time in sequences beside that of a digitized figure."""
    published = Reported(float(theirs), "Figures 4b and 17, digitized", approximate=True)
    evidence.quantity(name, ours, unit="sequences", published=published, note=note)


@pytest.mark.claim(
    id="race.capacity",
    statement="Any single induction head is enough to learn the task, but a network with all eight "
    "learns it faster",
    source="Section 3.2, Figure 4b",
    finding="on each of seeds 6 to 9 one of the eight single heads learns faster than the full "
    "network; on seed 8 two of them end below an accuracy of 0.99; on seed 5 it holds",
    controls=("race.untrained", "race.one_head_as_the_full_network"),
    runs=race,
)
def test_capacity(evidence, runs):
    whole, single = runs["full"], alone(runs)
    measure_learned(evidence, single)
    measure_slower(evidence, whole, single)
    state_times(evidence, whole, single)
    strengths = strengths_of(whole)
    evidence.figure(alone_figure(whole, single, strengths))
    strongest = single[int(strengths.argmax())]
    evidence.curve_snapshot(
        "strongest head alone", strongest.sequences, strongest.curves["train.loss"]
    )


@pytest.mark.control(
    id="race.untrained",
    statement="Networks that do not learn do not reach the accuracy, however many",
    must_fail=(REACHED, IN_THE_END),
    runs=lambda seed: {"untrained": untrained(seed)},
)
def test_untrained_reach_nothing(evidence, runs):
    measure_learned(evidence, [runs["untrained"]] * len(HEADS))


@pytest.mark.control(
    id="race.one_head_as_the_full_network",
    statement="A network with a single head in place of the full one is not faster than all single "
    "heads",
    must_fail=(SLOWER,),
    runs=race,
)
def test_one_head_as_the_full_network(evidence, runs):
    strongest = int(strengths_of(runs["full"]).argmax())
    measure_slower(evidence, runs[f"head {strongest}"], alone(runs))


# The race: a head that learns faster alone becomes a stronger one among all.

FASTEST = "place by strength of the head that is fastest alone"


def measure_fastest(evidence, strengths: np.ndarray, times: np.ndarray, note: str) -> None:
    """State which place in the full network the fastest single head has, 1 for the strongest.

    `strengths` has a row for each naming of heads; the place is the mean over rows.
    """
    of_fastest = strengths[:, [int(times.argmin())]]
    evidence.check(
        FASTEST,
        1 + (strengths > of_fastest).sum(axis=1).mean(),
        at_most=2,
        published=Reported(1, "Section 3.2"),
        note=note,
    )


@pytest.mark.claim(
    id="race.fastest",
    statement="The head that learns fastest alone is one of the two strongest in the full network",
    source="Section 3.2, Figure 4b",
    finding="on seed 5 the strongest head is the second fastest alone, 10,000 sequences behind "
    "one that is seventh in strength; on seeds 6 to 9 it holds; in the published data the"
    " fastest head is one of the two strongest on seeds 5 and 9 only",
    controls=("race.shuffled_heads.fastest",),
    runs=race,
)
def test_fastest(evidence, runs):
    strengths, times = strengths_of(runs["full"]), learning_times(alone(runs))
    note = f"layer 1 head {times.argmin()}, {times.min():,.0f} sequences; strongest: head "
    measure_fastest(evidence, strengths[None], times, f"{note}{strengths.argmax()}")


SHUFFLED = "mean over 1,000 derangements of the heads"


@pytest.mark.control(
    id="race.shuffled_heads.fastest",
    statement="With the strengths of other heads, the fastest is not among the strongest",
    must_fail=(FASTEST,),
    runs=race,
)
def test_shuffled_heads_are_not_fastest(evidence, runs):
    strengths, times = strengths_of(runs["full"]), learning_times(alone(runs))
    measure_fastest(evidence, strengths[derangements(len(strengths))], times, SHUFFLED)


CORRELATION = "rank correlation of strength among all and speed alone"


def paper_seed(seed: int) -> int:
    """The seed of the paper to compare with: the same one where its points are published."""
    return seed if seed in PUBLISHED_SEEDS else MAIN_SEED


def paper_correlation(seeds: Sequence[int]) -> Reported:
    """The same correlation over the published points of Figure 18, mean over seeds."""
    of_seed = []
    for seed in sorted({paper_seed(seed) for seed in seeds}):
        published = published_series(f"fig18.time.seed{seed}")
        of_seed.append(float(spearman(np.array(published.y), -np.array(published.x))))
    return Reported(float(np.mean(of_seed)), "Figure 18, times on a grid of 5,000", True)


def measure_correlation(evidence, of_seed: Sequence[float], **details) -> None:
    """State the mean over seeds of the rank correlation of strength and speed."""
    evidence.check(CORRELATION, np.mean(of_seed), at_least=0.3, **details)


@pytest.mark.claim(
    id="race.strength_and_speed",
    statement="Heads that are stronger in the full network tend to learn faster alone",
    source="Section 3.2, Appendix I, Figure 18",
    finding="on seed 5 alone it is 0.24, and the published one of that seed 0.26; over seeds 5 to"
    " 9 the mean is 0.69, against 0.61 published, and the claim is supported",
    controls=("race.shuffled_heads",),
    runs=race,
)
def test_strength_and_speed(evidence, runs, seeds):
    ablations, times = {}, {}
    for seed in seeds:
        whole = runs[seed]["full"]
        ablations[seed] = head_ablations(whole.model(), whole.samplers()["train"].enumerate())
        times[seed] = learning_times(alone(runs[seed]))
    found = {
        seed: rank_correlation(np.asarray(ablations[seed].intact.induction_strength), -times[seed])
        for seed in seeds
    }
    values = [correlation.value for correlation in found.values()]
    only_one = next(iter(found.values())).interval
    measure_correlation(
        evidence,
        values,
        interval=mean(values).interval if len(values) > 1 else only_one,
        published=paper_correlation(seeds),
        note="mean over seeds, with its interval over seeds; of one seed alone, with that over its "
        "eight heads",
    )
    for seed, correlation in found.items():
        evidence.quantity(
            f"{CORRELATION}, seed {seed}",
            correlation.value,
            interval=correlation.interval,
            published=paper_correlation([seed]) if seed in PUBLISHED_SEEDS else None,
            note=f"of all pairings of 8 heads, {correlation.chance:.2g} correlate as much",
        )
    evidence.figure(strength_figure(ablations, times, full(MAIN_SEED).sequences))


@pytest.mark.control(
    id="race.shuffled_heads",
    statement="With the strengths of other heads, strength among all and speed alone do not "
    "correlate",
    must_fail=(CORRELATION,),
    runs=race,
)
def test_shuffled_heads_do_not_correlate(evidence, runs, seeds):
    of_seed = []
    for seed in seeds:
        strengths, times = strengths_of(runs[seed]["full"]), learning_times(alone(runs[seed]))
        shuffled = strengths[derangements(len(strengths))]
        of_seed.append(spearman(shuffled, np.broadcast_to(-times, shuffled.shape)).mean())
    measure_correlation(evidence, of_seed, note=f"{SHUFFLED}, and over seeds")


# Pairs: one other head makes up for part of what the strongest alone is slower.

FASTER = "pairs with the strongest head that are faster than it is alone"
CLOSED = "median share of the delay that a pair closes"


def strongest_alone(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """The strongest head of the trained full network, alone."""
    return {"strongest alone": only(seed, [int(strengths_of(runs["full"]).argmax())])}


def with_pairs(seed: int, runs: Mapping[str, Run]) -> dict[str, RunSpec]:
    """The strongest head of the trained full network, alone and with each of the others."""
    strongest, *others = order_of_strength(strengths_of(runs["full"]))
    pairs = {f"with head {other}": only(seed, [strongest, other]) for other in others}
    return strongest_alone(seed, runs) | pairs


def pairs_of(runs: Mapping[str, Run]) -> dict[int, Run]:
    """The runs of pairs by the other head, from the strongest to the weakest."""
    others = order_of_strength(strengths_of(runs["full"]))[1:]
    return {head: runs[f"with head {head}"] for head in others}


def share_closed(pairs: np.ndarray, one: float, all_heads: float) -> np.ndarray:
    """Share of the delay of one head against all heads that each pair is faster by; NaN where one
    head has no delay or never gets there.
    """
    if not all_heads < one < math.inf:
        return np.full(len(pairs), np.nan)
    return (one - pairs) / (one - all_heads)


def paper_times(level: str) -> tuple[np.ndarray, float, float]:
    """Learning times of the published pairs, of the strongest head alone and of all heads."""
    pairs = [
        reported(f"dig.fig17.main.heads_3_and_{head}.{level}").value for head in HEADS if head != 3
    ]
    one = reported(f"dig.fig4b.main.only_l2_head_3.{level}").value
    return np.array(pairs), one, reported(f"dig.fig17.main.all_heads.{level}").value


def measure_pairs(evidence, whole: Run, one: Run, pairs: list[Run]) -> None:
    """State how many pairs are faster than the strongest head alone, and by how much."""
    times = learning_times(pairs, HALF_LOSS)
    one_time, all_time = learning_time(one, HALF_LOSS), learning_time(whole, HALF_LOSS)
    paper_pairs, paper_one, paper_all = paper_times("half_time")
    source = "Figures 4b and 17, digitized"
    evidence.check(
        FASTER,
        np.sum(times < one_time),
        at_least=5,
        unit="pairs",
        published=Reported(int(np.sum(paper_pairs < paper_one)), source, True),
        note=f"of 7; to a train loss of {HALF_LOSS}, as the published times beside it",
    )
    evidence.check(
        CLOSED,
        np.median(share_closed(times, one_time, all_time)),
        at_least=1 / 3,
        unit="of the delay to the full network",
        published=Reported(
            float(np.median(share_closed(paper_pairs, paper_one, paper_all))), source, True
        ),
        note=f"to a train loss of {HALF_LOSS}; above 1 where a pair is faster than all heads",
    )


def state_times_of_pairs(evidence, whole: Run, one: Run, pairs: list[Run]) -> None:
    """State when each is halfway down, and what pairs gain on the way to 0.4 ln 2."""
    times = learning_times(pairs, HALF_LOSS)
    paper_pairs, paper_one, paper_all = paper_times("half_time")
    stated = {
        "the full network": (learning_time(whole, HALF_LOSS), paper_all),
        "the strongest head alone": (learning_time(one, HALF_LOSS), paper_one),
        "the fastest pair": (times.min(), paper_pairs.min()),
        "the slowest pair": (times.max(), paper_pairs.max()),
    }
    for which, (ours, theirs) in stated.items():
        state_time(evidence, f"sequences to loss {HALF_LOSS}, {which}", ours, theirs)
    closed = share_closed(learning_times(pairs), learning_time(one), learning_time(whole))
    evidence.quantity(
        "median share of the delay that a pair closes, to a loss of 0.4 ln 2",
        np.median(closed),
        published=Reported(
            float(np.median(share_closed(*paper_times("t_0.4ln2")))),
            "Figures 4b and 17, digitized",
            True,
        ),
    )


@pytest.mark.claim(
    id="race.pairs",
    statement="With just one other head the strongest learns faster than alone, closer to the "
    "full network",
    source="Appendix H, Figure 17",
    finding="on seeds 5 and 6 six of seven pairs are faster than the strongest head alone, but "
    "close 0.29 and 0.38 of the delay in the median, against 0.53 published; on 7, 8 and "
    "9 only two to four are, because the strongest head alone is as fast as the full "
    "network or nearly so",
    controls=("race.pairs.one_head",),
    runs=lambda seed: {"full": full(seed)},
    then=with_pairs,
)
def test_pairs(evidence, runs):
    pairs = pairs_of(runs)
    networks = runs["full"], runs["strongest alone"], list(pairs.values())
    measure_pairs(evidence, *networks)
    state_times_of_pairs(evidence, *networks)
    evidence.figure(pairs_figure(runs["full"], pairs))


@pytest.mark.control(
    id="race.pairs.one_head",
    statement="The strongest head alone in place of each pair is no faster than itself",
    must_fail=(FASTER, CLOSED),
    runs=lambda seed: {"full": full(seed)},
    then=strongest_alone,
)
def test_one_head_in_place_of_pairs(evidence, runs):
    one = runs["strongest alone"]
    measure_pairs(evidence, runs["full"], one, [one] * 7)


# Figures.


def loss_line(run: Run, label: str, group: str) -> Series:
    """The train loss of a run."""
    loss = run.curves["train.loss"]
    return Series(label, run.sequences.tolist(), loss.tolist(), group=group)


def loss_panels(measured: list[Series], published: list[Series], shown: list[Series]):
    """Measured loss curves over some published ones, and all published ones."""
    lines = [ReferenceLine("0.4 ln 2", LEARNED_LOSS)]
    return [
        Panel("Measured", SEQUENCES, "loss (nats)", [*measured, *shown], lines),
        Panel("Published", SEQUENCES, "loss (nats)", published, lines),
    ]


def published_order() -> list[int]:
    """Heads of the published network from the strongest to the weakest."""
    return list(order_of_strength(np.array(published_series("fig4a.only_head").x)))


def alone_figure(whole: Run, single: list[Run], strengths: np.ndarray) -> Figure:
    """Figure 4b: train loss with a single head each, and with all heads."""
    order = order_of_strength(strengths)
    measured = [
        loss_line(single[head], f"head {head} alone", f"rank {rank}")
        for rank, head in enumerate(order)
    ]
    measured.append(loss_line(whole, "all heads", "all heads"))
    published = [
        published_series(f"fig4b.main.only_l2_head_{head}", group=f"rank {rank}")
        for rank, head in enumerate(published_order())
    ]
    published.append(published_series("fig4b.main.all_heads", group="all heads"))
    return Figure(
        "Figure 4b",
        "Train loss of networks with a single head of layer 1 active throughout training, and of "
        "the network with all heads, from the same initial weights. Heads share a colour with the "
        "published head of the same rank by strength in the full network.",
        "Section 3.2, Figure 4b",
        loss_panels(measured, published, [published[0], published[-1]]),
    )


def pairs_figure(whole: Run, pairs: dict[int, Run]) -> Figure:
    """Figure 17: train loss with the strongest head and one other, and with all heads."""
    measured = [
        loss_line(run, f"the strongest and head {head}", f"rank {rank}")
        for rank, (head, run) in enumerate(pairs.items(), 1)
    ]
    measured.append(loss_line(whole, "all heads", "all heads"))
    published = [
        published_series(f"fig17.main.heads_3_and_{head}", group=f"rank {rank}")
        for rank, head in enumerate(published_order()[1:], 1)
    ]
    published.append(published_series("fig17.main.all_heads", group="all heads"))
    return Figure(
        "Figure 17",
        "Train loss of networks with the strongest head of layer 1 and one other active throughout "
        "training, and of the network with all heads. Pairs share a colour with the published pair "
        "whose other head has the same rank by strength.",
        "Appendix H, Figure 17",
        loss_panels(measured, published, [published[-1]]),
    )


def strength_figure(
    ablations: Mapping[int, HeadAblations], times: Mapping[int, np.ndarray], longest: int
) -> Figure:
    """Figure 18: induction strength by accuracy, loss and learning time of each head alone."""
    panels = []
    for name, label in (
        ("accuracy", "accuracy alone"),
        ("loss", "loss alone (nats)"),
        ("time", "learning time alone (sequences)"),
    ):
        series = []
        for seed, found in ablations.items():
            measured = np.minimum(times[seed], longest)
            x = measured if name == "time" else getattr(found.alone, name)
            strengths = np.asarray(found.intact.induction_strength).tolist()
            group = f"seed {seed}"
            series.append(
                Series(group, np.asarray(x).tolist(), strengths, style="points", group=group)
            )
            published = f"fig18.{name}.seed{paper_seed(seed)}"
            series.append(published_series(published, group=group))
        panels.append(Panel(label.split(" (")[0], label, "induction strength", series))
    return Figure(
        "Figure 18",
        "Induction strength in the full network of each head of layer 1, by its accuracy and loss "
        "when all others are off in the trained network, and by the learning time of a network "
        f"trained with it alone (train loss 0.4 ln 2; {longest:,} if never).",
        "Appendix I, Figure 18",
        panels,
    )
