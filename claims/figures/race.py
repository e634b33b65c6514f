"""Figures 4b, 17 and 18: networks that keep one head or two, and how strong that head becomes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from claims.comparisons import LEARNED_LOSS
from claims.figures.panels import loss_panels
from claims.networks.race import PAIRS
from claims.phase_changes import loss_line
from claims.published import SEEDS, published_series
from claims.published.computed import MAIN_SEED, heads_by_strength, orders_alone
from claims.published.other_seeds import OTHER_SEEDS, of_other_seed, of_other_seeds
from icl_repro import Figure, Panel, ReferenceLine, Series
from icl_repro.measures.heads.ablation import HeadAblations, order_of_strength
from icl_repro.training import Run

PerHead = Float[np.ndarray, " heads"]


LEARNED = ReferenceLine("0.4 ln 2", LEARNED_LOSS)


def alone_figure(whole: Run, single: list[Run], strengths: PerHead) -> Figure:
    """Figure 4b: train loss with a single head each, and with all heads."""
    measured = [
        loss_line(f"head {head} alone", single[head], f"rank {rank}")
        for rank, head in enumerate(order_of_strength(strengths))
    ]
    published = [
        published_series(f"fig4b.main.only_l2_head_{head}", group=f"rank {rank}")
        for rank, head in enumerate(heads_by_strength(MAIN_SEED))
    ]
    measured.append(loss_line("all heads", whole, "all heads"))
    published.append(published_series("fig4b.main.all_heads", group="all heads"))
    others = [
        of_other_seed(f"fig4b.main.only_l2_head_{head}", seed, group=f"rank {rank}")
        for seed in OTHER_SEEDS
        for rank, head in enumerate(heads_by_strength(seed))
    ]
    others += of_other_seeds("fig4b.main.all_heads", group="all heads")
    shown = [published[0], published[-1]]
    groups = [series.group for series in shown]
    return Figure(
        "Figure 4b",
        "Train loss of networks with a single head of layer 1 active throughout training, and of "
        "the network with all heads, from the same initial weights. Heads share a colour with the "
        "published head of the same rank by strength in the full network.",
        "Section 3.2, Figure 4b",
        loss_panels(
            {
                "Measured": [
                    *measured,
                    *shown,
                    *(series for series in others if series.group in groups),
                ],
                "Published": [*published, *others],
            },
            LEARNED,
        ),
    )


def pairs_figure(runs: Mapping[str, Run]) -> Figure:
    """Figure 17: train loss with the strongest head and one other, and with all heads."""
    strongest, *others = heads_by_strength(MAIN_SEED)
    measured = [loss_line(f"the {pair}", runs[pair], pair) for pair in PAIRS]
    published = [
        published_series(f"fig17.main.heads_{strongest}_and_{other}", group=pair)
        for pair, other in zip(PAIRS, others, strict=True)
    ]
    measured.append(loss_line("all heads", runs["all heads"], "all heads"))
    published.append(published_series("fig17.main.all_heads", group="all heads"))
    return Figure(
        "Figure 17",
        "Train loss of networks with the strongest head of layer 1 and one other active throughout "
        "training, and of the network with all heads. Pairs share a colour with the published pair "
        "whose other head has the same place by strength.",
        "Appendix H, Figure 17",
        loss_panels({"Measured": [*measured, published[-1]], "Published": published}, LEARNED),
    )


def strength_figure(
    ablations: Mapping[int, HeadAblations], times: Mapping[int, PerHead], longest: int
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
            is_time = name == "time"
            x = np.minimum(times[seed], longest) if is_time else getattr(found.alone, name)
            strengths = np.asarray(found.intact.induction_strength).tolist()
            series.append(Series(f"seed {seed}", x.tolist(), strengths, style="points"))
        theirs = [published_series(f"fig18.{name}.seed{seed}") for seed in SEEDS]
        x, y = ([v for one in theirs for v in getattr(one, axis)] for axis in ("x", "y"))
        label_of_all = f"the authors' seeds {SEEDS[0]} to {SEEDS[-1]}"
        series.append(Series(label_of_all, x, y, origin="published", style="points"))
        panels.append(Panel(label.split(" (")[0], label, "induction strength", series))
    return Figure(
        "Figure 18",
        "Induction strength in the full network of each head of layer 1, by its accuracy and loss "
        "when all others are off in the trained network, and by the learning time of a network "
        f"trained with it alone (train loss 0.4 ln 2; {longest:,} if never). Our seeds and the "
        "authors' are two sets of networks.",
        "Appendix I, Figure 18",
        panels,
    )


def order_figure(orders: Mapping[int, tuple[PerHead, PerHead]]) -> Figure:
    """Section 3.2: places by emergence in the full network and by speed alone.

    Args:
        orders: when all heads but the first emerge, and when they learn alone, by seed.
    """
    from scipy.stats import rankdata

    def places(times: PerHead) -> list[float | None]:
        return [float(place) for place in rankdata(times)]

    series = [
        Series(f"seed {seed}", places(emerged), places(times), style="points")
        for seed, (emerged, times) in orders.items()
    ]
    emerged, times = orders_alone()[0]
    series.append(
        Series("the paper's", places(emerged), places(times), origin="published", style="points")
    )
    return Figure(
        "Figures 3b and 4b, order of heads",
        "Heads of layer 1 but for the first to emerge: their places by when they emerge in the "
        "full network (induction strength 0.1) and by when networks that are trained with each "
        "alone learn. On the diagonal the orders match.",
        "Section 3.2, Figures 3b and 4b",
        [Panel("", "place by emergence among all", "place by speed alone", series)],
    )
