"""The paper's own figures: whether several of them show the same of the same networks, and whether
the text says what they show.

Nothing is trained or measured here but what stands in the figures, as in ``test_published.py``.
Heads are named as in the paper, whose Layers 1 and 2 are layers 0 and 1 elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from claims.comparisons import PerHead
from claims.published import MAIN_SEED, SEEDS, of_seeds, published_data
from claims.published.by_head import HEADS, STRONGEST, by_head, points, value
from icl_repro import Evidence, claim, control
from icl_repro.measures.curves.crossings import time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS

READ_OFF = "figures of the paper and its notebooks, as they were read, and numbers printed there"

SAME_CURVE = 1.02
"""How far apart two readings of one half-time may be: each is good to about 1 %."""

# The same networks in several figures.


def same_networks(shift: int = 0) -> Mapping[str, tuple[str, ...]]:
    """Curves of the same network, by what it is; a shift puts another head in place of Head 3."""
    return {
        "all heads": (
            "fig3a.main.train",
            "fig4b.main.all_heads",
            "fig7.main.standard_training",
            "fig17.main.all_heads",
        ),
        "Head 3 alone": (
            f"fig4b.main.only_l2_head_{STRONGEST + shift}",
            "fig5b.main.none",
            "fig6.normal_training_varying_classes.50_classes",
            "fig6.normal_training_varying_labels.5_labels",
            "fig8.main.standard_training",
        ),
        "step 1 clamped": (
            "fig5b.main.1",
            "fig8.main.clamped_l1h2_pattern",
            "fig10.left_clamping_during_training.1",
        ),
        "Layer 1 clamped": (
            "fig5b.main.1_2_layer_1",
            "fig6.subcircuits_b_c_evolution_varying_classes.50_classes",
            "fig6.subcircuits_b_c_evolution_varying_labels.5_labels",
        ),
        "match clamped": (
            "fig5b.main.1_2_3qk_4_match",
            "fig6.subcircuit_c_evolution_varying_classes.50_classes",
            "fig6.subcircuit_c_evolution_varying_labels.5_labels",
            "fig10.left_clamping_during_training.1_2_3qk_4_match",
        ),
        "Layer 1 and copy clamped": (
            "fig5b.main.1_2_3v_5_layer_1_copy",
            "fig6.subcircuit_b_evolution_varying_classes.50_classes",
            "fig6.subcircuit_b_evolution_varying_labels.5_labels",
        ),
    }


def half_time(curve_id: str) -> float:
    """The half-time of a curve of the main seed, as it was read off this figure alone."""
    shown = published_data().curves[curve_id]
    return time_to(np.array(shown.x), np.array(shown.y), HALF_LOSS)


def of_all_seeds(curve_id: str) -> np.ndarray | None:
    """The half-times of all seeds, where all their figures show them."""
    value_id = f"dig.{curve_id}.half_time"
    known = value_id in published_data().over_seeds
    times = of_seeds(value_id) if known else np.array([np.nan])
    return times if np.isfinite(times).all() else None


def largest_ratio(times: Sequence[np.ndarray]) -> float:
    """How many times later the same is in one figure than in another, where it is most."""
    return max(float(np.exp(np.abs(np.log(a / b))).max()) for a, b in combinations(times, 2))


@claim(
    "published.same_networks",
    source="ours: Figures 3a, 4b, 5b, 6, 7, 8, 10, 17 and 18 against each other",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "With the next head, or the next seed, in the place of each, no two figures agree",
        id="next_one",
        given={"shift": 1},
    ),
)
def test_same_networks(evidence: Evidence, *, shift: int = 0) -> None:
    """Figures that show the same network show the same curve, on all five seeds where they do, and
    Figure 18 its learning time.
    """
    networks = same_networks(shift)
    ratios = {
        network: largest_ratio([np.array(half_time(curve)) for curve in curves])
        for network, curves in networks.items()
    }
    farthest = max(ratios, key=lambda network: ratios[network])
    evidence.check(
        "largest ratio of half-times of the same network in two figures",
        ratios[farthest],
        at_most=SAME_CURVE,
        note=f"{farthest}; {sum(map(len, networks.values()))} curves of {len(networks)} networks",
    )
    several = []
    for curves in networks.values():
        known = [times for times in map(of_all_seeds, curves) if times is not None]
        if len(known) > 1:
            several.append(largest_ratio([np.roll(known[0], shift), *known[1:]]))
    evidence.check(
        "largest ratio of half-times of the same network in two figures, over all seeds",
        max(several),
        at_most=SAME_CURVE,
        note=f"of {len(several)} networks of each of {len(SEEDS)} seeds",
    )
    late = np.roll(points(f"fig18.time.seed{MAIN_SEED}", axis="x"), shift)
    crossed = by_head("dig.fig4b.main.only_l2_head_{}.t_0.4ln2")
    evidence.check(
        "largest difference of a learning time of Figure 18 from the crossing in Figure 4b",
        np.abs(late - crossed).max(),
        at_most=7_500,
        unit="sequences",
        note="Figure 18 counts evaluations, which are 5,000 sequences apart, to within 2,500",
    )


@claim(
    "published.standard_training",
    source="ours: Figures 7 and 8 against each other",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "With another curve of Figure 8 in its place, the two disagree still more",
        id="all_heads_clamped",
        given={"of_figure_8": "clamped_all_l1h_pattern"},
    ),
)
def test_standard_training(evidence: Evidence, *, of_figure_8: str = "standard_training") -> None:
    """What Figures 7 and 8, under the same title, both call standard training is the same.

    It is not: in Figure 7 the network has all heads of Layer 2, in Figure 8 Head 3 alone. The title
    of Figure 8 is a copy of Figure 7's (and that of Figure 17 of Figure 4b's).
    """
    first, second = half_time("fig7.main.standard_training"), half_time(f"fig8.main.{of_figure_8}")
    evidence.check(
        "half-time in Figure 8 over that in Figure 7",
        second / first,
        at_most=SAME_CURVE,
        note=f"{first:,.0f} and {second:,.0f} sequences",
    )
    full, one = half_time("fig3a.main.train"), half_time("fig5b.main.none")
    evidence.quantity("half-time in Figure 7 over that of all heads in Figure 3a", first / full)
    evidence.quantity("half-time in Figure 8 over that of Head 3 alone in Figure 5b", second / one)


@claim(
    "published.heads_alone",
    source="ours: Figures 3b, 4a, 13, 14 and 18 against each other",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "With the next head in the place of each, no two figures agree",
        id="next_head",
        given={"shift": 1},
    ),
)
def test_heads_alone(evidence: Evidence, *, shift: int = 0) -> None:
    """Each head has the same strength in Figures 3b and 4a, and alone the same loss in Figures 13,
    14 and 18.
    """
    strengths = np.roll(by_head("dig.fig3b.main.l2_head_{}.final_strength"), shift)
    evidence.check(
        "largest difference of strengths in Figures 3b and 4a",
        np.abs(strengths - points("fig4a.only_head", axis="x")).max(),
        at_most=0.005,
    )
    alone = points("fig13.only_head")
    rolled = np.roll(alone, shift)
    evidence.check(
        "largest difference of losses in Figures 13 and 18",
        np.abs(rolled - points(f"fig18.loss.seed{MAIN_SEED}", axis="x")).max(),
        at_most=0.01,
        unit="nats",
        note="Figure 18 was read to 0.005",
    )
    firsts = [(published_data().points[f"fig14.{side}"], side) for side in ("left", "right")]
    evidence.check(
        "largest difference of losses in Figures 13 and 14",
        max(abs(rolled[shown.heads[0]] - shown.y[0]) for shown, _ in firsts),
        at_most=0.005,
        unit="nats",
        note=" and ".join(f"Head {shown.heads[0]}" for shown, _ in firsts),
    )


# Section 3.2: in which order heads emerge.


@claim(
    "published.order_of_heads",
    source="Section 3.2, Figures 3b and 4b",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "With the next head in the place of each, nothing of this holds",
        id="next_head",
        given={"shift": 1},
    ),
)
def test_order_of_heads(evidence: Evidence, *, shift: int = 0) -> None:
    """Head 3 is the quickest to learn alone and the first to emerge in the full network; Head 1 is
    the second to emerge and second strongest, but the third slowest alone.

    Heads emerge in this order by when they reach strengths of 0.1 and of 0.3. By when they reach
    half of their own final strength Head 1 comes first, by 1 %.
    """
    second = 1

    def numbers(pattern: str) -> PerHead:
        return np.roll(by_head(pattern), shift)

    strengths = numbers("dig.fig3b.main.l2_head_{}.final_strength")
    risen = {
        # Not every head gets there.
        level: np.roll(
            [
                published_data().values[name].value if name in published_data().values else np.inf
                for name in (f"dig.fig3b.main.l2_head_{head}.t_{level}" for head in HEADS)
            ],
            shift,
        )
        for level in ("0.1", "0.3")
    }
    alone = numbers("dig.fig4b.main.only_l2_head_{}.t_0.4ln2")
    evidence.check(
        "heads that are quicker alone than Head 3",
        int(np.sum(alone < alone[STRONGEST])),
        at_most=0,
    )
    evidence.check(
        "heads that emerge before Head 3",
        max(int(np.sum(times < times[STRONGEST])) for times in risen.values()),
        at_most=0,
        note="to a strength of 0.1 or of 0.3",
    )
    evidence.check(
        "heads that emerge before Head 1",
        # Of the two strengths the one by which it is farther from being the second.
        max((int(np.sum(t < t[second])) for t in risen.values()), key=lambda n: abs(n - 1)),
        between=(1, 1),
        note="Head 3 does, to a strength of 0.1 and of 0.3",
    )
    evidence.check(
        "heads that are stronger than Head 1",
        int(np.sum(strengths > strengths[second])),
        between=(1, 1),
    )
    evidence.check(
        "heads that are slower alone than Head 1",
        int(np.sum(alone > alone[second])),
        between=(2, 2),
        note="third slowest",
    )
    half = numbers("dig.fig3b.main.l2_head_{}.half_rise")
    evidence.quantity(
        "half-rise of Head 1 over that of Head 3",
        half[second] / half[STRONGEST],
        note=f"{half[second]:,.0f} and {half[STRONGEST]:,.0f} sequences; each to half of its own",
    )


# Figure 15: whose curve it shows at one half.

AT_ONE_HALF = "fig15.train.s0.5"
HEAD_3_ALONE = "fig5b.main.none"


def apart(first: str, second: str) -> float:
    """The mean distance of two curves where both can be seen, over the error of both readings."""
    one, other = (published_data().curves[curve_id] for curve_id in (first, second))
    x = np.array(one.x)
    seen = (x >= other.x[0]) & (x <= other.x[-1])
    distance = np.abs(np.array(one.y) - np.interp(x, other.x, other.y))[seen].mean()
    return float(distance / np.hypot(one.uncertainty, other.uncertainty))


@claim(
    "published.one_half",
    source="ours: Figure 15 against Figures 3a, 4b, 5b and 8",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "The nearest curve of another head alone is not the one at one half",
        id="another_head",
        given={"beside": "fig4b.main.only_l2_head_4"},
    ),
)
def test_one_half(evidence: Evidence, *, beside: str = HEAD_3_ALONE) -> None:
    """At a strength of one half Figure 15 shows the curve of Head 3 alone without a clamp, as far
    as can be read.

    The run script of Figure 15 ablates no head and clamps Head 3; Head 3 alone under this clamp
    would learn nothing. So the curve may be taken from the run without a clamp; or the figure was
    made by another script than the published one; or all heads under this clamp learn as Head 3
    does alone, by chance. Five published numbers of ``match_strength.train_loss`` rest on it.
    """
    evidence.check(
        "distance of the curve at one half from that of Head 3 alone without a clamp",
        apart(AT_ONE_HALF, beside),
        at_most=2,
        unit="errors of the reading",
        note="mean over the sequences at which both can be seen",
    )
    others = [f"fig4b.main.only_l2_head_{head}" for head in HEADS if head != STRONGEST]
    nearest = min(others, key=lambda curve: apart(AT_ONE_HALF, curve))
    for name, pair in (
        ("from that of all heads (Figure 3a)", (AT_ONE_HALF, "fig3a.main.train")),
        (f"from the nearest of another head alone ({nearest})", (AT_ONE_HALF, nearest)),
        (
            "of two figures of Head 3 alone (5b and 8)",
            ("fig8.main.standard_training", HEAD_3_ALONE),
        ),
    ):
        evidence.quantity(f"distance {name}", apart(*pair), unit="errors of the reading")


# Figure 16: which labels heads copy wrongly.

WORST_LABELS = (1, 3)
"""Those that Head 3 copies wrongly more often, by the text."""
SPECIALISTS = (1, 5)
"""The heads that are said to make virtually no mistakes on them."""
LABELS = range(5)


@claim(
    "published.specialisation",
    source="Appendix H, Figure 16",
    about="printed numbers",
    rests_on=READ_OFF,
    fails_on=control(
        "On two other labels Head 3 makes few of its mistakes, and the two heads make many",
        id="other_labels",
        given={"labels": (0, 2)},
    ),
)
def test_specialisation(evidence: Evidence, *, labels: Sequence[int] = WORST_LABELS) -> None:
    """With perfected match Head 3 has a higher mistake rate for labels 1 and 3, and Heads 1 and 5
    have virtually none for these: they may have specialised to what Head 3 gets wrong.

    Figure 16b shows shares of each head's own mistakes, Figure 16c accuracies. By the former the
    two heads do spare these labels; by the latter they get more of them wrong than Head 3 does.
    """
    heads = (STRONGEST, *SPECIALISTS)
    of_own = {
        head: sum(value(f"dig.fig16b.head_{head}.label_{label}") for label in labels)
        for head in heads
    }
    rates = {
        head: 1 - np.array([value(f"dig.fig16c.head_{head}.label_{label}") for label in labels])
        for head in heads
    }
    fair = len(labels) / len(LABELS)
    evidence.check(
        "share of Head 3's mistakes that are on these labels",
        of_own[STRONGEST],
        at_least=fair,
        note="of five labels; Figure 16b",
    )
    evidence.check(
        "largest share of the mistakes of Head 1 or 5 that are on these labels",
        max(of_own[head] for head in SPECIALISTS),
        at_most=fair,
        note="of five labels; Figure 16b",
    )
    evidence.check(
        "largest mistake rate of Head 1 or 5 on one of these labels",
        max(rates[head].max() for head in SPECIALISTS),
        at_most=0.01,
        note="; ".join(
            f"Head {head}: {', '.join(f'{rate:.2%}' for rate in rates[head])}" for head in heads
        ),
    )
    evidence.check(
        "mistake rates of Heads 1 and 5 on these labels that are no higher than Head 3's",
        sum(int(np.sum(rates[head] <= rates[STRONGEST])) for head in SPECIALISTS),
        at_least=len(SPECIALISTS) * len(labels),
        note=f"of {len(SPECIALISTS) * len(labels)}; Figure 16c",
    )
