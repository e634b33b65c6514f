"""Previous-token heads feed induction heads many-to-many (Section 3.3; Appendix E; Figure 11).

On all 78,400 training sequences: what a single head of layer 1 (the paper's Layer 2) does when one
head of layer 0 (its Layer 1) is turned off, and when all others are, while it keeps the attention
patterns, or the values, that it had. Each pair of heads is a path through the network. With values
preserved the head of layer 0 serves the match, which is what previous-token heads do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from claims.comparisons import DIFFERENCE_OF_CORRELATIONS, SHARE
from claims.figures.wiring import (
    PAPER_PANELS,
    figure_11a,
    figure_11b_patterns,
    figure_11b_values,
    figure_11c,
)
from claims.networks.plain import full, only, random_layer_1
from claims.sequences import every_sequence
from claims.wired_paths import (
    PAPER_EPISODES,
    PAPER_HEADS,
    STRONG_EFFECT,
    Pairs,
    paths,
    place_by_ablation,
    published_accuracies,
    published_paths,
    say_if_none_stands_out,
    shuffled_writers,
    strongest,
    with_strong_effect,
)
from icl_repro import Evidence, Interval, Reported, claim, control
from icl_repro.episodes import Episodes
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.composition import Reading, composition_scores
from icl_repro.measures.heads.pair_correlation import pair_correlation
from icl_repro.measures.heads.previous_token import previous_token_heads, previous_token_scores
from icl_repro.measures.heads.wiring import (
    WiringDiagram,
    keep_one_accuracies,
    wired,
    wiring_diagram,
)
from icl_repro.network.transformer import Transformer
from icl_repro.training import Run, RunSpec

BY_THE_SAME_RULE = "Figure 11b, by the same rule"


def one_head(seed: int) -> RunSpec:
    """A network that had a single head of layer 1 active while it was trained."""
    return only(seed, [0])


def training_episodes(run: Run) -> Episodes:
    """All 78,400 training sequences."""
    return every_sequence(run)


def strongest_induction_heads(model: Transformer, episodes: Episodes) -> tuple[int, ...]:
    """The three heads of layer 1 with the highest induction strength."""
    return strongest(np.asarray(performance(model, episodes).induction_strength))


def least_like_previous_token(scores: np.ndarray) -> tuple[int, ...]:
    """As many heads of layer 0 as the paper's previous-token heads: those that attend to the token
    before the least.
    """
    return tuple(sorted(np.argsort(scores, kind="stable")[: len(PAPER_HEADS)].tolist()))


# Many-to-many: one head active in each layer, every pair of heads a path through the network.

ENOUGH = "share of previous-token heads that one of the strongest induction heads can use alone"
FED = "most of the strongest induction heads fed by one previous-token head"
READ = "most previous-token heads read by one of the strongest induction heads"
PATHS = "paths from previous-token heads to the strongest induction heads"


@claim(
    "wiring.many_to_many",
    source="Section 3.3; Appendix E, Figure 11b",
    on=full,
    fails_on=[
        control(
            "A layer 1 that was not trained is wired to no head of layer 0",
            transform=random_layer_1,
        ),
        control(
            "In a network trained with a single head of layer 1, heads of layer 0 are not wired to "
            "several",
            one_head,
            only=FED,
        ),
        control(
            "With layer 0 head identities shuffled, so that each writes through another's output "
            "matrix, no heads are wired",
            transform=shuffled_writers,
        ),
        control(
            "Not each of the three heads that attend to the token before the least is enough",
            id="other_heads",
            given={"chosen": least_like_previous_token},
            only=ENOUGH,
        ),
    ],
)
def test_many_to_many(
    run: Run,
    evidence: Evidence,
    chosen: Callable[[np.ndarray], Sequence[int]] = previous_token_heads,
) -> None:
    """Each previous-token head is enough to elicit above-chance accuracy in at least one of the
    strongest induction heads, and the wiring between them is many-to-many, not one-to-one.
    """
    model, episodes = run.model(), training_episodes(run)
    senders = chosen(previous_token_scores(model, episodes))
    receivers = strongest_induction_heads(model, episodes)
    say_if_none_stands_out(evidence, senders)
    accuracies = keep_one_accuracies(model, episodes)
    found, of_paper = paths(accuracies, senders, receivers, episodes.size), published_paths()
    heads = f"layer 0 heads {list(senders)}, layer 1 heads {list(receivers)}"
    evidence.check(
        ENOUGH,
        found.any(axis=0).sum() / max(len(senders), 1),
        at_least=1,
        published=Reported(of_paper.any(axis=0).sum() / len(PAPER_HEADS), BY_THE_SAME_RULE),
        limits=SHARE,
        note=f"{heads}. Enough: accuracy with these two heads alone, values preserved, lies above "
        "0.5, by the lower end of the exact one-sided Clopper-Pearson interval, at 95 % for all "
        "pairs of heads together, after Bonferroni",
    )
    for name, axis, most in ((FED, 0, len(receivers)), (READ, 1, model.n_heads)):
        evidence.check(
            name,
            found.sum(axis=axis).max(),
            at_least=2,
            unit="heads",
            published=Reported(int(of_paper.sum(axis=axis).max()), BY_THE_SAME_RULE),
            limits=(0, most),
        )
    evidence.check(
        PATHS,
        found.sum(),
        at_least=4,
        unit="paths",
        published=Reported(int(of_paper.sum()), "Appendix E, its list of six"),
        limits=(0, len(receivers) * model.n_heads),
        note="head of layer 0 to head of layer 1: "
        + (", ".join(f"{s} to {r}" for r, s in np.argwhere(found)) or "none")
        + "; three heads wired one-to-one have three paths",
    )
    evidence.quantity(
        "pairs of heads that are wired, whatever they attend to",
        wired(accuracies, episodes.size).sum(),
        unit="pairs",
        published=Reported(
            int(wired(published_accuracies("b.pv"), PAPER_EPISODES).sum()), BY_THE_SAME_RULE, True
        ),
    )
    evidence.figure(figure_11b_values(accuracies, found, of_paper))


# Redundancy hides the wiring from knock-outs.

STRONG = "layer 0 heads whose loss alone has a strong effect, values preserved"
MASKED = "previous-token heads that are enough alone and whose loss has no strong effect"


@claim(
    "wiring.redundancy",
    source="Appendix E, Figure 11a",
    on=full,
    fails_on=control(
        "Where the other heads of layer 0 are off too and cannot stand in, it shows",
        id="stripped",
        given={"change": WiringDiagram.stripped},
    ),
)
def test_redundancy(
    run: Run,
    evidence: Evidence,
    change: Callable[[WiringDiagram, str], np.ndarray] = WiringDiagram.removed,
) -> None:
    """When single heads of layer 0 are ablated, only one (here: at most one) has a strong effect:
    redundancy across heads masks the importance of other previous-token heads.
    """
    model, episodes = run.model(), training_episodes(run)
    diagram = wiring_diagram(model, episodes)
    senders = previous_token_heads(previous_token_scores(model, episodes))
    say_if_none_stands_out(evidence, senders)
    changes = change(diagram, "value")
    strong = with_strong_effect(changes)
    found = paths(
        diagram.keep_one["value"],
        senders,
        strongest_induction_heads(model, episodes),
        episodes.size,
    )
    in_paper = with_strong_effect(published_accuracies("a.pv"))
    evidence.check(
        STRONG,
        len(strong),
        at_most=1,
        unit="heads",
        published=Reported(len(in_paper), "Figure 11a, as Appendix E says"),
        limits=(0, model.n_heads),
        note=f"heads {list(strong)}: turning one off costs some head of layer 1 alone more than "
        f"{STRONG_EFFECT} of accuracy; the costs by head are "
        + ", ".join(f"{cost:.3f}" for cost in -changes.min(axis=0)),
    )
    evidence.check(
        MASKED,
        len(set(np.flatnonzero(found.any(axis=0)).tolist()) - set(strong)),
        at_least=1,
        unit="heads",
        published=Reported(
            len(set(np.flatnonzero(published_paths().any(axis=0)).tolist()) - set(in_paper)),
            "Figures 11a and 11b, as Appendix E says",
        ),
        limits=(0, model.n_heads),
        note=f"of the previous-token heads {list(senders)}, those with a path to one of the "
        "strongest induction heads",
    )
    evidence.figure(figure_11a(diagram))
    evidence.figure(figure_11b_patterns(diagram))


# Weights alone are hard to interpret.

READINGS: list[tuple[Reading, str]] = [("key", "value"), ("value", "pattern")]
"""What heads of layer 1 read, and what an ablation preserves that shows it."""
RECOVERED = "place by ablation of the heads with the strongest composition scores, K and V averaged"
HARDER = (
    "rank correlation of {}-composition scores with those before training, less that with ablations"
)


def harder(scores: Pairs, initial: Pairs, accuracies: Pairs) -> float:
    """How much more the order of scores is that before training than that of ablations."""
    of_start, of_paths = (pair_correlation(scores, other) for other in (initial, accuracies))
    return of_start.value - of_paths.value


@claim(
    "wiring.composition_scores",
    source="Appendix E, Figure 11c (ours: that the scores keep the order of the initial weights)",
    on=full,
    fails_on=[
        control(
            "The head with the weakest composition scores is not one that matters by ablation",
            id="weakest",
            given={"chosen": np.argmin},
            only=RECOVERED,
        ),
        control(
            "Heads are not in the order of another pair of heads before training",
            id="other_heads",
            given={"shift": 1},
            only=(HARDER.format("K"), HARDER.format("V")),
        ),
    ],
)
def test_composition_scores(
    run: Run,
    evidence: Evidence,
    chosen: Callable[[np.ndarray], np.intp] = np.argmax,
    shift: int = 0,
) -> None:
    """The most noteworthy cases of composition are recovered by composition scores, for K and for
    V, but overall the scores are much harder to interpret than ablations: their order is that of
    the initial weights more than that of the paths.
    """
    model = run.model()
    diagram = wiring_diagram(model, training_episodes(run))
    places, in_paper, scores = [], [], {}
    for reading, kept in READINGS:
        accuracies = diagram.keep_one[kept]
        scores[reading] = composition_scores(model, reading)
        initial = np.roll(composition_scores(run.model(0), reading), (shift, shift), (0, 1))
        published = published_accuracies(f"c.{reading}")
        of_paper = published_accuracies(f"b.{PAPER_PANELS[kept]}")
        places.append(place_by_ablation(scores[reading], accuracies, chosen))
        in_paper.append(place_by_ablation(published, of_paper))
        letter = reading[0].upper()
        before = published_accuracies(f"c.{reading}_init")
        evidence.check(
            HARDER.format(letter),
            harder(scores[reading], initial, accuracies),
            at_least=0.2,
            published=Reported(
                harder(published, before, of_paper), "Figures 11b and 11c, digitized", True
            ),
            limits=DIFFERENCE_OF_CORRELATIONS,
            note="Spearman over pairs of heads, of which one head acts in each layer",
        )
        correlation = pair_correlation(scores[reading], accuracies)
        evidence.quantity(
            f"rank correlation of {letter}-composition scores with accuracy with one head in each "
            f"layer, {kept}s preserved",
            correlation.value,
            published=Reported(
                pair_correlation(published, of_paper).value, "Figures 11b and 11c, digitized", True
            ),
            interval=Interval(
                correlation.low,
                correlation.high,
                correlation.level,
                "permutation: shuffled head identities",
            ),
            note="Spearman over pairs of heads; the interval holds what shuffled head identities "
            "give, so that a value outside it is more than chance",
        )
    evidence.check(
        RECOVERED,
        np.mean(places),
        at_most=2,
        published=Reported(float(np.mean(in_paper)), "Figures 11b and 11c", True),
        limits=(1, model.n_heads),
        note="of the eight heads of layer 0, by the accuracy of their best path: "
        + ", ".join(
            f"{reading[0].upper()} {place} (head {scores[reading].max(axis=0).argmax()})"
            for (reading, _), place in zip(READINGS, places, strict=True)
        )
        + "; two heads at random are at place 2 or better in 6 of 64 cases",
    )
    evidence.figure(figure_11c(scores))
