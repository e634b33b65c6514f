"""Previous-token heads feed induction heads many-to-many (Section 3.3; Appendix E; Table 1;
Figure 11).

On all 78,400 training sequences: what is lost when heads of layer 0 (the paper's Layer 1) are
turned off while layer 1 (its Layer 2) keeps the attention patterns, or the values, that it had.
Which heads are previous-token heads is measured on every network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from claims.figures.wiring import (
    PAPER_PANELS,
    figure_11a,
    figure_11b_patterns,
    figure_11b_values,
    figure_11c,
    published_accuracies,
    score_figure,
    table_1,
)
from claims.networks.plain import full, only, random_layer_1, untrained
from claims.published import reported
from icl_repro import Evidence, Interval, Reported, claim, control
from icl_repro.episodes import Episodes
from icl_repro.measures.heads.composition import Reading, composition_scores
from icl_repro.measures.heads.pair_correlation import pair_correlation
from icl_repro.measures.heads.previous_token import (
    ABOVE_UNIFORM,
    UNIFORM_ATTENTION,
    previous_token_heads,
    previous_token_scores,
)
from icl_repro.measures.heads.wiring import (
    WiringDiagram,
    keep_one_accuracies,
    wired,
    wiring_diagram,
    without_heads,
)
from icl_repro.training import Run, RunSpec

PAPER_HEADS = (1, 2, 5)
"""The paper's previous-token heads, all in its Layer 1 (Section 3.3)."""
PAPER_EPISODES = 78_400
PATTERN, VALUE, BOTH = range(3)
"""What is preserved, in the order of :func:`without_heads`."""


def one_head(seed: int) -> RunSpec:
    """A network that had a single head of layer 1 active while it was trained."""
    return only(seed, [0])


def shuffled_writers(run: Run) -> Run:
    """The trained network, each head of layer 0 writing through the next one's output matrix: all
    heads read what they read before, but what they write no longer is what layer 1 listens to.
    """
    model = run.model()
    output = jnp.roll(model.layers[0].output, model.width // model.n_heads, axis=1)
    return run.with_model(eqx.tree_at(lambda model: model.layers[0].output, model, output))


def training_episodes(run: Run) -> Episodes:
    """All 78,400 training sequences."""
    return run.samplers()["train"].enumerate()


def named(heads: Iterable[int]) -> str:
    """Heads of layer 0, in words."""
    return "heads " + (", ".join(map(str, heads)) or "(none)")


# Previous-token heads: layer 0 heads that attend from each label to the token before it.


@claim(
    "wiring.previous_token_heads",
    source="Section 3.3",
    on=full,
    fails_on=control("A network that does not learn has no previous-token heads", untrained),
)
def test_previous_token_heads(run: Run, evidence: Evidence) -> None:
    """Layer 0 (the paper's Layer 1) has several previous-token heads."""
    scores = previous_token_scores(run.model(), training_episodes(run))
    found = previous_token_heads(scores)
    evidence.check(
        "previous-token heads in layer 0",
        len(found),
        at_least=2,
        unit="heads",
        published=Reported(len(PAPER_HEADS), "Section 3.3"),
        note=f"{named(found)}: attention from the labels to the token before at least "
        f"{ABOVE_UNIFORM} above that of a uniform causal pattern, {UNIFORM_ATTENTION}, as a mean "
        "over both labels and all training sequences; the paper goes by inspection",
    )
    for head, score in enumerate(scores):
        evidence.quantity(f"previous-token score of layer 0 head {head}", score)
    evidence.figure(score_figure(scores))


# Table 1: previous-token heads serve the match (patterns), the others the copy (values).

TABLE_1 = [
    # off, its bounds (at least, at most) with patterns and with values preserved, and in the paper
    ("previous-token heads", (0.95, None), (None, 0.85), "1_2_5"),
    ("the rest", (None, 0.75), (0.95, None), "0_3_4_6_7"),
]
Bounds = tuple[float | None, float | None]


def least_like_previous_token(scores: np.ndarray) -> tuple[int, ...]:
    """As many heads of layer 0 as there are previous-token heads, but at least one: those that
    attend to the token before the least.
    """
    count = max(1, len(previous_token_heads(scores)))
    return tuple(sorted(int(head) for head in np.argsort(scores, kind="stable")[:count]))


@claim(
    "wiring.table_1",
    source="Appendix E, Table 1",
    on=full,
    fails_on=[
        control(
            "As many other heads, taken for the previous-token heads, do not divide the labour "
            "that way",
            id="other_heads",
            given={"chosen": least_like_previous_token},
            only=(
                "accuracy without previous-token heads, values preserved",
                "accuracy without the rest, values preserved",
            ),
        ),
        control(
            "With both patterns and values preserved, nothing is lost without either",
            id="direct_path",
            given={"preserved": (BOTH, BOTH)},
            only=(
                "accuracy without previous-token heads, values preserved",
                "accuracy without the rest, patterns preserved",
            ),
        ),
        control(
            "A layer 1 that was not trained does not solve the task, whatever is preserved",
            transform=random_layer_1,
            only=(
                "accuracy without previous-token heads, patterns preserved",
                "accuracy without the rest, values preserved",
            ),
        ),
    ],
)
@pytest.mark.parametrize(
    ("off", "patterns", "values", "in_paper"), TABLE_1, ids=["previous_token_heads", "rest"]
)
def test_table_1(
    run: Run,
    evidence: Evidence,
    off: str,
    patterns: Bounds,
    values: Bounds,
    in_paper: str,
    chosen: Callable[[np.ndarray], tuple[int, ...]] = previous_token_heads,
    preserved: tuple[int, int] = (PATTERN, VALUE),
) -> None:
    """Previous-token heads serve the attention patterns of layer 1 (the match), the other heads of
    layer 0 its values (the copy).
    """
    model, episodes = run.model(), training_episodes(run)
    heads = chosen(previous_token_scores(model, episodes))
    rest = tuple(head for head in range(model.n_heads) if head not in heads)
    ablated = rest if off == "the rest" else heads
    found = without_heads(model, episodes, [ablated])[0, list(preserved)]
    paper = [f"paper.table1.{kept}_ablate_{in_paper}" for kept in ("pp", "vp")]
    for kept, value, (low, high), of_paper in zip(
        ("patterns", "values"), found, (patterns, values), paper, strict=True
    ):
        evidence.check(
            f"accuracy without {off}, {kept} preserved",
            value,
            at_least=low,
            at_most=high,
            published=of_paper,
            note=f"{named(ablated)} of layer 0 off",
        )
    evidence.table(table_1(off, named(ablated), found, paper))


# All heads of layer 0: layer 1 needs them for its patterns, and for its values too.


@claim(
    "wiring.v_composition",
    source="Appendix E",
    on=full,
    fails_on=[
        control(
            "With both patterns and values preserved, nothing is lost without layer 0",
            id="direct_path",
            given={"preserved": (BOTH, BOTH)},
            only=(
                "accuracy without layer 0, patterns preserved",
                "accuracy without layer 0, values preserved",
            ),
        ),
        control(
            "Patterns preserved do no more than patterns and values preserved together",
            id="patterns_against_both",
            given={"preserved": (PATTERN, BOTH)},
            only="sequences solved with patterns preserved beyond those with values preserved",
        ),
    ],
)
def test_v_composition(
    run: Run, evidence: Evidence, preserved: tuple[int, int] = (PATTERN, VALUE)
) -> None:
    """Layer 0 feeds both the patterns and the values of layer 1, and its part in the match
    (patterns) matters more.
    """
    model, episodes = run.model(), training_episodes(run)
    found = without_heads(model, episodes, [range(model.n_heads)])[0]
    pattern, value = found[list(preserved)]
    evidence.check(
        "accuracy without layer 0, patterns preserved",
        pattern,
        at_most=0.80,
        published="paper.pp_all",
        note="V-composition: what layer 0 writes is read as values",
    )
    evidence.check(
        "accuracy without layer 0, values preserved", value, at_most=0.40, published="paper.vp_all"
    )
    difference = reported("paper.pp_all").value - reported("paper.vp_all").value
    evidence.check(
        "sequences solved with patterns preserved beyond those with values preserved",
        np.rint((pattern - value) * episodes.size),
        at_least=1,
        unit="sequences",
        published=Reported(round(difference * PAPER_EPISODES), "Appendix E", True),
        note="the match path matters more if more is lost without it: any difference in the "
        "paper's direction, since all training sequences are counted",
    )


# Many-to-many: one head active in each layer, every pair of heads a path through the network.

RECEIVERS = "most heads of layer 1 wired to one head of layer 0"
SENDERS = "most heads of layer 0 wired to one head of layer 1"


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
            only=RECEIVERS,
        ),
        control(
            "With layer 0 head identities shuffled, so that each writes through another's output "
            "matrix, no heads are wired",
            transform=shuffled_writers,
        ),
    ],
)
def test_many_to_many(run: Run, evidence: Evidence) -> None:
    """Previous-token heads and induction heads are wired many-to-many."""
    episodes = training_episodes(run)
    keep_one = keep_one_accuracies(run.model(), episodes)
    edges = wired(keep_one, episodes.size)
    of_paper = wired(published_accuracies("b.pv"), PAPER_EPISODES)
    for name, axis in ((RECEIVERS, 0), (SENDERS, 1)):
        evidence.check(
            name,
            edges.sum(axis=axis).max(),
            at_least=2,
            unit="heads",
            published=Reported(int(of_paper.sum(axis=axis).max()), "Figure 11b", True),
            note="an edge where accuracy with one head active in each layer, values preserved, "
            "lies above 0.5: the lower end of the exact one-sided Clopper-Pearson interval, at 95 "
            f"% for all pairs together (each at {1 - 0.05 / edges.size:.4%} after Bonferroni)",
        )
    evidence.quantity(
        "pairs of heads that are wired",
        edges.sum(),
        unit="pairs",
        published=Reported(int(of_paper.sum()), "Figure 11b, by the same rule", True),
    )
    evidence.figure(figure_11b_values(keep_one, edges, of_paper))


# Redundancy hides the wiring from knock-outs, and weights alone are hard to interpret.


def heads_that_matter(change: np.ndarray, keep_one: np.ndarray) -> int:
    """Heads of layer 0 without which some head of layer 1 changes by more than a third of the
    range of the accuracies with one head in each layer.
    """
    return int(np.sum(np.abs(change).max(axis=0) > np.ptp(keep_one) / 3))


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
    """Redundancy hides the wiring from knock-outs of single heads."""
    diagram = wiring_diagram(run.model(), training_episodes(run))
    for kept, panel in PAPER_PANELS.items():
        of_paper = (published_accuracies(f"{figure}.{panel}") for figure in "ab")
        changes = change(diagram, kept)
        evidence.check(
            f"layer 0 heads that matter, {kept}s preserved",
            heads_that_matter(changes, diagram.keep_one[kept]),
            at_most=1,
            unit="heads",
            published=Reported(heads_that_matter(*of_paper), "Figure 11"),
            note="turning one off changes the accuracy of some head of layer 1 by more than a "
            f"third of the keep-one range, {diagram.keep_one_range(kept):.3f} (changes up to "
            f"{np.abs(changes).max():.3f})",
        )
    evidence.figure(figure_11a(diagram))
    evidence.figure(figure_11b_patterns(diagram))
    show_composition(evidence, run, diagram)


def show_composition(evidence: Evidence, run: Run, diagram: WiringDiagram) -> None:
    """Record composition scores beside the ablations, without pass or fail."""
    scores = {}
    readings: list[tuple[Reading, str]] = [("key", "value"), ("value", "pattern")]
    for reading, kept in readings:
        scores[reading] = composition_scores(run.model(), reading)
        found = pair_correlation(scores[reading], diagram.keep_one[kept])
        of_paper = pair_correlation(
            published_accuracies(f"c.{reading}"), published_accuracies(f"b.{PAPER_PANELS[kept]}")
        )
        evidence.quantity(
            f"rank correlation of {reading[0].upper()}-composition scores with accuracy with one "
            f"head in each layer, {kept}s preserved",
            found.value,
            published=Reported(of_paper.value, "Figures 11b and 11c, digitized", True),
            interval=Interval(
                found.low, found.high, found.level, "permutation: shuffled head identities"
            ),
            note="Spearman over pairs of heads; the interval holds what shuffled head identities "
            "give, so that a value outside it is more than chance",
        )
    evidence.figure(figure_11c(scores))
