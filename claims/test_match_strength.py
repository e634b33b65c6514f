"""A match clamped at other strengths than perfect (Appendix G; Figure 15).

Trained: networks with all heads of layer 1 (the paper's Layer 2), of which one (which one: see
:mod:`claims.networks.clamped`) has its attention from the query clamped throughout: to the label of
the query's class with a weight of the strength, to the other label with the rest. Sixteen
strengths, from 1, a perfect match, to 0, a perfectly wrong one; strength s is an induction strength
of 2s - 1. Measured: the losses on the three evaluation sets, and when they first fall to 0.35.

The paper shows Figure 15 without a sentence about it. What is claimed here is read off its curves,
those that can be told apart. Whether other heads were on in the published runs:

- The authors' run script (``ih_paper_appendix_runs.sh``) clamps Head 3 and ablates none for this
  figure, where its lines for Figure 8 do. These networks follow it.
- A head at one half that is alone learns nothing (a control below); the published curve falls.
- But from 20,000 sequences on, where it can be seen, that curve is the one of Head 3 alone without
  a clamp, within the error of the reading (``published.one_half`` has the distances).

So what the figure shows at one half may be another run than its script's; nothing published says
so. Of other strengths the curves of neither kind of network are near enough to tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from claims.comparisons import CORRELATION, LEARNED_LOSS, NOT_NEGATIVE
from claims.figures.match_strength import (
    curves_figure,
    ends_table,
    half_time_on,
    half_times_figure,
    half_times_table,
    published_final_loss,
    published_half_time,
    published_id,
)
from claims.networks.clamped import HEADS, fastest_head, match_error, on_fastest_head
from claims.networks.match_strength import (
    ABOVE_ONE_HALF,
    BELOW_ONE_HALF,
    STRENGTHS,
    alone_at_strength,
    at_strength,
    of_strength,
)
from claims.networks.plain import full
from claims.phase_changes import (
    check_acceleration,
    check_over,
    final_loss,
    half_time_of,
    keep_loss,
    of_run,
)
from claims.published import as_reported, published_series, reported
from icl_repro import Evidence, claim, control
from icl_repro.statistics.ranks import spearman
from icl_repro.training import Run

FIGURE = "ours: read off Figure 15 (Appendix G), of which the paper makes no sentence"
UNCLAMPED, ALONE = "no clamp", "strength 0.5, other heads off"
NEARLY_PERFECT, ONE_HALF, NEARLY_WRONG = 0.95, 0.5, 0.1
"""Strengths whose published curves on the training sequences can be seen."""
PUBLISHED_AT_ONE_HALF = (
    "the curve that Figure 15 shows at one half is that of Head 3 alone without a clamp, as far as "
    "can be read (published.one_half)"
)
EARLY = 100_000
"""Sequences at which the loss on relabelings is read: the published curves can be told apart."""

BESIDE_OTHERS = on_fastest_head(
    {at_strength(s): of_strength(s) for s in STRENGTHS}
    | {UNCLAMPED: lambda seed, head: full(seed), ALONE: alone_at_strength(ONE_HALF)}
)

Runs = Mapping[str, Run]
Strengths = tuple[float, ...]


def of_times(
    runs: Runs, strengths: Strengths, which: str, named: Callable[[float], str] = at_strength
) -> float:
    """The rank correlation of strengths with when the loss on an evaluation set is 0.35, in the
    network that is named after each.
    """
    times = [half_time_on(runs[named(strength)], which) for strength in strengths]
    return float(spearman(np.array(strengths), np.array(times)))


def of_published_times(strengths: Strengths, which: str) -> float:
    """The same of the published curves that can be seen to get there."""
    seen = {s: published_half_time(which, s) for s in strengths}
    times = {strength: time.value for strength, time in seen.items() if time is not None}
    return float(spearman(np.array(list(times)), np.array(list(times.values()))))


# The training sequences are learnt at every strength, the sooner the further it is from one half.

EIGHT = STRENGTHS[: len(HEADS)]
"""For a control of both orders: five networks, as there are strengths below one half, are in such
an order by chance once in 24 times, eight hardly ever (on seed 7, heads 0 to 4 are).
"""


def head_at(strength: float) -> str:
    """The network with a single head that stands in for one of the strengths `EIGHT`."""
    return f"head {HEADS[EIGHT.index(strength)]}"


falls = "rank correlation of strength {} one half with the half-time of the train loss".format
over_half = "half-time at strength {:g} over that at one half".format
acceleration = "acceleration ratio of the train loss at strength {:g}".format
LEARNT = "largest final train loss of all strengths"
AS_WITHOUT = "half-time at one half over that of the network without a clamp"
HELD = "largest distance of the clamped head's attention from its strength"


@claim(
    "match_strength.train_loss",
    source=FIGURE,
    on=BESIDE_OTHERS,
    fails_on=[
        control(
            "With the other heads off, a head that cannot tell the labels apart learns nothing",
            id="alone_at_one_half",
            swap={at_strength(ONE_HALF): ALONE},
            only=[LEARNT],
        ),
        control(
            "Networks that differ in which head is on, and not in a strength, are in no such order",
            id="single_heads",
            given={"above": EIGHT, "below": EIGHT, "named": head_at},
            only=[falls("above"), falls("below")],
        ),
        control(
            "A head at one half in place of a nearly perfect or nearly wrong one is of no help, "
            "and the loss accelerates",
            id="no_information",
            swap={
                at_strength(NEARLY_PERFECT): at_strength(ONE_HALF),
                at_strength(NEARLY_WRONG): at_strength(ONE_HALF),
            },
            only=[over_half(NEARLY_PERFECT), over_half(NEARLY_WRONG), acceleration(NEARLY_PERFECT)],
        ),
        control(
            "A nearly perfect match in place of one at one half helps, and nothing accelerates",
            id="information",
            swap={at_strength(ONE_HALF): at_strength(NEARLY_PERFECT)},
            only=[AS_WITHOUT, acceleration(ONE_HALF)],
        ),
        control(
            "A head that attends to the wrong label has not the strength of a perfect match",
            id="wrong_label",
            swap={at_strength(1.0): at_strength(0.0)},
            only=[HELD],
        ),
    ],
)
def test_train_loss(
    runs: Runs,
    evidence: Evidence,
    above: Strengths = ABOVE_ONE_HALF,
    below: Strengths = BELOW_ONE_HALF,
    named: Callable[[float], str] = at_strength,
) -> None:
    """The training sequences are learnt at every strength of the match, and the sooner the further
    it is from one half, to either side. At one half, where the head cannot tell the labels apart,
    they are learnt as late as without a clamp and in a phase change; near perfect they are not.
    """
    evidence.check(
        falls("above"),
        of_times(runs, above, "train", named),
        at_most=-0.85,
        published=as_reported(of_published_times(ABOVE_ONE_HALF, "train"), "Figure 15, digitized"),
        limits=CORRELATION,
        note=f"Spearman, {len(above)} strengths",
    )
    evidence.check(
        falls("below"),
        of_times(runs, below, "train", named),
        at_least=0.85,
        published=as_reported(of_published_times(BELOW_ONE_HALF, "train"), "Figure 15, digitized"),
        limits=CORRELATION,
        note=f"Spearman, {len(below)} strengths",
    )
    for strength in (NEARLY_PERFECT, NEARLY_WRONG):
        ours = [half_time_of(runs[at_strength(s)]) for s in (strength, ONE_HALF)]
        theirs = [reported(f"dig.fig15.train.s{s:g}.half_time").value for s in (strength, ONE_HALF)]
        check_over(
            evidence,
            over_half(strength),
            (ours[0], ours[1]),
            (theirs[0], theirs[1]),
            "Figure 15",
            f"{{:,.0f}} and {{:,.0f}} sequences; {PUBLISHED_AT_ONE_HALF}",
            at_most=0.5,
        )
    at_half = runs[at_strength(ONE_HALF)]
    times = half_time_of(at_half), half_time_of(runs[UNCLAMPED])
    paper = [
        reported(f"dig.{curve}.half_time").value
        for curve in ("fig15.train.s0.5", "fig3a.main.train")
    ]
    evidence.equivalent(
        AS_WITHOUT,
        times[0] / times[1],
        margin=(0.5, 2.0),
        unit="ratio",
        published=as_reported(paper[0] / paper[1], "Figures 15 and 3a, digitized"),
        limits=NOT_NEGATIVE,
        note=f"{times[0]:,.0f} and {times[1]:,.0f} sequences; {PUBLISHED_AT_ONE_HALF}",
    )
    check_acceleration(
        evidence,
        acceleration(ONE_HALF),
        of_run(at_half),
        "fig15.train.s0.5",
        note=PUBLISHED_AT_ONE_HALF,
        at_least=1.75,
    )
    check_acceleration(
        evidence,
        acceleration(NEARLY_PERFECT),
        of_run(runs[at_strength(NEARLY_PERFECT)]),
        "fig15.train.s0.95",
        at_most=1.5,
    )
    evidence.check(
        LEARNT,
        max(final_loss(runs[at_strength(s)]) for s in STRENGTHS),
        at_most=LEARNED_LOSS,
        published=reported("dig.fig15.train.s0.5.final_loss"),
        limits=NOT_NEGATIVE,
        note="learnt as in Figure 18; the published curve is that at one half, the highest seen to "
        f"its end; {PUBLISHED_AT_ONE_HALF}",
    )
    head = fastest_head(runs)
    evidence.check(
        HELD, max(match_error(runs[at_strength(s)], head, s) for s in STRENGTHS), at_most=1e-6
    )
    for strength in (NEARLY_PERFECT, ONE_HALF, NEARLY_WRONG):
        name = at_strength(strength)
        keep_loss(evidence, f"train loss, {name}", runs[name])
    evidence.quantity("clamped head of layer 1", head)
    evidence.figure(curves_figure(runs))
    evidence.figure(half_times_figure(runs))
    evidence.table(half_times_table(runs))


# Relabelings that are held out are learnt above one half only.

STRONG = tuple(strength for strength in STRENGTHS if strength >= 0.7)
WRONG = (0.0, 0.1)
"""Strengths whose final losses on relabelings are judged."""

LATER_WHEN_WEAKER = "rank correlation of strength above one half with the half-time on relabelings"
LATER_THAN_TRAIN = "half-time on relabelings over that on training sequences, the least"
NOT_LEARNT = f"lowest loss on relabelings below one half at {EARLY:,} sequences"
NOR_IN_THE_END = "lower of the final losses on relabelings at strengths 0 and 0.1"
IN_THE_END = "largest final loss on relabelings at a strength of at least 0.7"


def loss_at(x: np.ndarray, y: np.ndarray, sequences: float) -> float:
    """A loss between two evaluations."""
    return float(np.interp(sequences, x, y))


def early_loss(run: Run, which: str = "test_relabel") -> float:
    """The loss on an evaluation set after the first 100,000 sequences."""
    return loss_at(run.sequences, run.curves[f"{which}.loss"], EARLY)


def published_early_loss(strength: float) -> float:
    """The same of a published curve."""
    series = published_series(str(published_id("test_relabel", strength)))
    return loss_at(np.array(series.x, float), np.array(series.y, float), EARLY)


def last_published(strengths: Strengths) -> list[float]:
    """The final losses on relabelings of the published curves that can be seen to their end."""
    found = [published_final_loss("test_relabel", strength) for strength in strengths]
    return [loss.value for loss in found if loss is not None]


@claim(
    "match_strength.relabel_loss",
    source=FIGURE,
    on=BESIDE_OTHERS,
    fails_on=[
        control(
            "Unseen exemplars under the labels of training are learnt with the training sequences, "
            "from a wrong match too",
            id="exemplars",
            given={"which": "test_exemplars"},
            only=[LATER_THAN_TRAIN, NOT_LEARNT],
        ),
        control(
            "A network without a clamp has learnt relabelings in the end",
            id="no_clamp",
            swap={at_strength(0.0): UNCLAMPED, at_strength(0.1): UNCLAMPED},
            only=[NOR_IN_THE_END],
        ),
        control(
            "With the other heads off, a head that cannot tell the labels apart learns none, in "
            "whatever place it stands",
            id="alone_at_one_half",
            swap={at_strength(1.0): ALONE},
            only=[LATER_WHEN_WEAKER, IN_THE_END],
        ),
    ],
)
def test_relabel_loss(runs: Runs, evidence: Evidence, which: str = "test_relabel") -> None:
    """Relabelings that are held out from training are learnt only from a match that is better than
    one half; the weaker the match the later, and later than the training sequences. Below one half
    the network does worse on them than a guess between the two labels.
    """
    evidence.check(
        LATER_WHEN_WEAKER,
        of_times(runs, ABOVE_ONE_HALF, which),
        at_most=-0.85,
        published=as_reported(
            of_published_times(ABOVE_ONE_HALF, "test_relabel"), "Figure 15, digitized"
        ),
        limits=CORRELATION,
        note=f"Spearman, {len(ABOVE_ONE_HALF)} strengths",
    )
    times = [
        (half_time_on(run, which), half_time_of(run))
        for run in (runs[at_strength(strength)] for strength in ABOVE_ONE_HALF)
    ]
    both = {
        s: (published_half_time("test_relabel", s), published_half_time("train", s))
        for s in ABOVE_ONE_HALF
    }
    theirs = [later.value / sooner.value for later, sooner in both.values() if later and sooner]
    evidence.check(
        LATER_THAN_TRAIN,
        min(later / sooner for later, sooner in times),
        at_least=1.25,
        published=as_reported(min(theirs), "Figure 15, digitized") if theirs else None,
        limits=NOT_NEGATIVE,
        note=f"{len(ABOVE_ONE_HALF)} strengths above one half; published, {len(theirs)} of them",
    )
    evidence.check(
        NOT_LEARNT,
        min(early_loss(runs[at_strength(strength)], which) for strength in BELOW_ONE_HALF),
        at_least=math.log(2),
        published=as_reported(
            min(map(published_early_loss, BELOW_ONE_HALF)), "Figure 15, digitized"
        ),
        limits=NOT_NEGATIVE,
        note="a guess between the two labels has ln 2",
    )
    evidence.check(
        NOR_IN_THE_END,
        min(final_loss(runs[at_strength(strength)], "test_relabel") for strength in WRONG),
        at_least=math.log(2),
        published=as_reported(min(last_published(WRONG)), "Figure 15, digitized"),
        limits=NOT_NEGATIVE,
    )
    evidence.check(
        IN_THE_END,
        max(final_loss(runs[at_strength(strength)], "test_relabel") for strength in STRONG),
        at_most=0.35,
        published=as_reported(max(last_published(STRONG)), "Figure 15, digitized"),
        limits=NOT_NEGATIVE,
        note="the published curves of the others run into these at the bottom",
    )
    evidence.table(ends_table(runs))
