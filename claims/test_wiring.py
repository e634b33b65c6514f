"""Previous-token heads feed induction heads many-to-many (Section 3.3; Appendix E; Table 1;
Figure 11).

Trained: the network of Section 3, and one with a single head of layer 1 for a control. Measured:
on all 78,400 training sequences, what is lost when heads of layer 0 (the paper's Layer 1) are
turned off while layer 1 (its Layer 2) keeps the attention patterns, or the values, that it had.
Which heads are previous-token heads is measured on every network.
"""

from __future__ import annotations

from collections.abc import Iterable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from claims.networks.plain import full, network, only, untrained, with_random_layer_1
from claims.published import published_heatmap, reported
from icl_repro.episodes import Episodes
from icl_repro.measures.heads.composition import composition_scores
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
from icl_repro.network.transformer import Transformer
from icl_repro.statistics.intervals import Interval
from icl_repro.training import Run
from icl_repro.verification.pictures import (
    Bars,
    Cell,
    Figure,
    Heatmap,
    ReferenceLine,
    Series,
    Table,
    Wiring,
)
from icl_repro.verification.reported import Reported

PAPER_HEADS = (1, 2, 5)
"""The paper's previous-token heads, all in its Layer 1 (Section 3.3)."""
PAPER_EPISODES = 78_400
PATTERN, VALUE, BOTH = range(3)
"""What is preserved, in the order of :func:`without_heads`."""


def one_head(seed: int):
    """A network that had a single head of layer 1 active while it was trained."""
    return only(seed, [0])


def some_episodes(run: Run) -> Episodes:
    """A tenth as many as there are training sequences, drawn from them: enough for controls."""
    return run.samplers()["train"].sample(jax.random.key(run.spec.eval_seed), 7_840)


def training_episodes(run: Run):
    """All 78,400 training sequences."""
    return run.samplers()["train"].enumerate()


def with_shuffled_writers(run: Run) -> Transformer:
    """The trained network, each head of layer 0 writing through the next one's output matrix: all
    heads read what they read before, but what they write no longer is what layer 1 listens to.
    """
    model = run.model()
    channels = model.width // model.n_heads
    output = jnp.roll(model.layers[0].output, channels, axis=1)
    return eqx.tree_at(lambda model: model.layers[0].output, model, output)


def named(heads: Iterable[int]) -> str:
    """Heads of layer 0, in words."""
    return "heads " + (", ".join(map(str, heads)) or "(none)")


# Previous-token heads: layer 0 heads that attend from each label to the token before it.

HOW_MANY = "previous-token heads in layer 0"


def measure_previous_token_heads(evidence, run: Run) -> None:
    """State how many heads of layer 0 attend to the token before."""
    scores = previous_token_scores(run.model(), training_episodes(run))
    found = previous_token_heads(scores)
    evidence.check(
        HOW_MANY,
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
    heads = list(range(len(scores)))
    evidence.figure(
        "Previous-token heads",
        caption="Attention from the labels to the token before them, less that of a uniform causal "
        "pattern, for each head of layer 0 (the paper's Layer 1).",
        source="Section 3.3",
        panels=[
            Bars(
                "Previous-token score",
                "head of layer 0",
                "attention above uniform",
                [str(head) for head in heads],
                [Series("score", [float(head) for head in heads], scores.tolist())],
                [ReferenceLine("previous-token head", ABOVE_UNIFORM)],
            )
        ],
    )


@pytest.mark.claim(
    id="wiring.previous_token_heads",
    statement="Layer 0 (the paper's Layer 1) has several previous-token heads",
    source="Section 3.3",
    finding="by the rule there are two on seeds 5 and 9, one on 7 and 8, and none on 6",
    controls=("wiring.untrained.previous_token_heads",),
    runs=network(full),
)
def test_previous_token_heads(evidence, runs):
    measure_previous_token_heads(evidence, runs["network"])


@pytest.mark.control(
    id="wiring.untrained.previous_token_heads",
    statement="A network that does not learn has no previous-token heads",
    must_fail=(HOW_MANY,),
    runs=network(untrained),
)
def test_untrained_has_no_previous_token_heads(evidence, runs):
    measure_previous_token_heads(evidence, runs["network"])


# Table 1: previous-token heads serve the match (patterns), the others the copy (values).

WITHOUT_PT_PATTERN = "accuracy without previous-token heads, patterns preserved"
WITHOUT_PT_VALUE = "accuracy without previous-token heads, values preserved"
WITHOUT_REST_PATTERN = "accuracy without the rest, patterns preserved"
WITHOUT_REST_VALUE = "accuracy without the rest, values preserved"


def measure_table_1(
    evidence,
    run: Run,
    *,
    model: Transformer | None = None,
    heads: tuple[int, ...] | None = None,
    preserved: tuple[int, int] = (PATTERN, VALUE),
) -> None:
    """State what is lost without previous-token heads, and without the rest.

    Args:
        evidence: the recorder.
        run: the network.
        model: another network made from it.
        heads: taken for previous-token heads, in place of those that are.
        preserved: what is preserved in place of patterns and of values.
    """
    model = run.model() if model is None else model
    episodes = training_episodes(run)
    if heads is None:
        heads = previous_token_heads(previous_token_scores(model, episodes))
    rest = tuple(head for head in range(model.n_heads) if head not in heads)
    found = without_heads(model, episodes, [heads, rest])
    of_paper = ["paper.table1.{}_ablate_1_2_5", "paper.table1.{}_ablate_0_3_4_6_7"]
    limits = [
        [(WITHOUT_PT_PATTERN, {"at_least": 0.95}), (WITHOUT_PT_VALUE, {"at_most": 0.85})],
        [(WITHOUT_REST_PATTERN, {"at_most": 0.75}), (WITHOUT_REST_VALUE, {"at_least": 0.95})],
    ]
    rows = []
    for ablated, row, value_id, checks in zip((heads, rest), found, of_paper, limits, strict=True):
        published = [reported(value_id.format(kept)) for kept in ("pp", "vp")]
        values = [row[kept] for kept in preserved]
        for value, paper, (name, limit) in zip(values, published, checks, strict=True):
            evidence.check(
                name, value, published=paper, note=f"{named(ablated)} of layer 0 off", **limit
            )
        cells = [Cell(float(v), p) for v, p in zip(values, published, strict=True)]
        kind = "previous-token heads" if ablated is heads else "the rest"
        rows.append((f"{kind}: {named(ablated)} of layer 0", cells))
    evidence.table(
        Table(
            "Table 1",
            "Accuracy without heads of layer 0 (the paper's Layer 1), on all training sequences. "
            "The paper's previous-token heads are 1, 2 and 5.",
            "Appendix E, Table 1",
            ["patterns preserved", "values preserved"],
            rows,
        )
    )


def least_like_previous_token(run: Run) -> tuple[int, ...]:
    """As many heads of layer 0 as there are previous-token heads: those that attend to the token
    before the least.
    """
    scores = previous_token_scores(run.model(), training_episodes(run))
    count = len(previous_token_heads(scores))
    return tuple(sorted(int(head) for head in np.argsort(scores, kind="stable")[:count]))


@pytest.mark.claim(
    id="wiring.table_1",
    statement="Previous-token heads serve the attention patterns of layer 1 (the match), the other "
    "heads of layer 0 its values (the copy)",
    source="Appendix E, Table 1",
    finding="values preserved with the previous-token heads off leaves 0.90 to 1.00 accuracy on "
    "seeds 5 to 9, against 0.70 published: at most two heads pass the rule, none on seed "
    "6, and others with weaker previous-token attention carry part of the match; the "
    "other three cells hold, but for one on seed 6",
    controls=(
        "wiring.other_heads.table_1",
        "wiring.direct_path.table_1",
        "wiring.random_layer_1.table_1",
    ),
    runs=network(full),
)
def test_table_1(evidence, runs):
    measure_table_1(evidence, runs["network"])


@pytest.mark.control(
    id="wiring.other_heads.table_1",
    statement="As many other heads, taken for the previous-token heads, do not divide the labour "
    "that way",
    must_fail=(WITHOUT_PT_VALUE, WITHOUT_REST_VALUE),
    runs=network(full),
)
def test_other_heads_do_not_divide_the_labour(evidence, runs):
    run = runs["network"]
    measure_table_1(evidence, run, heads=least_like_previous_token(run))


@pytest.mark.control(
    id="wiring.direct_path.table_1",
    statement="With both patterns and values preserved, nothing is lost without either",
    must_fail=(WITHOUT_PT_VALUE, WITHOUT_REST_PATTERN),
    runs=network(full),
)
def test_direct_path_of_either_loses_nothing(evidence, runs):
    measure_table_1(evidence, runs["network"], preserved=(BOTH, BOTH))


@pytest.mark.control(
    id="wiring.random_layer_1.table_1",
    statement="A layer 1 that was not trained does not solve the task, whatever is preserved",
    must_fail=(WITHOUT_PT_PATTERN, WITHOUT_REST_VALUE),
    runs=network(full),
)
def test_random_layer_1_does_not_solve_the_task(evidence, runs):
    run = runs["network"]
    measure_table_1(evidence, run, model=with_random_layer_1(run))


# All heads of layer 0: layer 1 needs them for its patterns, and for its values too.

ALL_PATTERN = "accuracy without layer 0, patterns preserved"
ALL_VALUE = "accuracy without layer 0, values preserved"
MATCH_MATTERS_MORE = "sequences solved with patterns preserved beyond those with values preserved"


def measure_all_heads(evidence, run: Run, preserved: tuple[int, int] = (PATTERN, VALUE)) -> None:
    """State what is lost without any head of layer 0."""
    model, episodes = run.model(), training_episodes(run)
    found = without_heads(model, episodes, [range(model.n_heads)])[0]
    pattern, value = (found[kept] for kept in preserved)
    papers = reported("paper.pp_all"), reported("paper.vp_all")
    evidence.check(
        ALL_PATTERN,
        pattern,
        at_most=0.80,
        published=papers[0],
        note="V-composition: what layer 0 writes is read as values",
    )
    evidence.check(ALL_VALUE, value, at_most=0.40, published=papers[1])
    evidence.check(
        MATCH_MATTERS_MORE,
        np.rint((pattern - value) * episodes.size),
        at_least=1,
        unit="sequences",
        published=Reported(
            round((papers[0].value - papers[1].value) * PAPER_EPISODES), "Appendix E", True
        ),
        note="the match path matters more if more is lost without it: any difference in the "
        "paper's direction, since all training sequences are counted",
    )


@pytest.mark.claim(
    id="wiring.v_composition",
    statement="Layer 0 feeds both the patterns and the values of layer 1, and its part in the "
    "match (patterns) matters more",
    source="Appendix E",
    finding="V-composition matters more than the match path on seeds 5 to 9: values preserved "
    "leaves 0.51 to 0.56 accuracy against 0.11 published, patterns preserved 0.08 to 0.38"
    " against 0.55",
    controls=("wiring.direct_path",),
    runs=network(full),
)
def test_v_composition(evidence, runs):
    measure_all_heads(evidence, runs["network"])


@pytest.mark.control(
    id="wiring.direct_path",
    statement="With both patterns and values preserved, nothing is lost without layer 0",
    must_fail=(ALL_PATTERN, ALL_VALUE, MATCH_MATTERS_MORE),
    runs=network(full),
)
def test_direct_path_loses_nothing(evidence, runs):
    measure_all_heads(evidence, runs["network"], preserved=(BOTH, BOTH))


# Many-to-many: one head active in each layer, every pair of heads a path through the network.

RECEIVERS = "most heads of layer 1 wired to one head of layer 0"
SENDERS = "most heads of layer 0 wired to one head of layer 1"


def published_accuracies() -> np.ndarray:
    """Figure 11b, values preserved: rows are the paper's Layer 2 heads, columns its Layer 1."""
    return np.array(published_heatmap("fig11b.pv").values)


def measure_graph(evidence, n_episodes: int, keep_one: np.ndarray) -> None:
    """State how many heads of the other layer a head is wired to."""
    edges = wired(keep_one, n_episodes)
    of_paper = wired(published_accuracies(), PAPER_EPISODES)
    note = (
        "an edge where accuracy with one head active in each layer, values preserved, lies above "
        "0.5: the lower end of the exact one-sided Clopper-Pearson interval, at 95 % for all pairs "
        f"together (each at {1 - 0.05 / edges.size:.4%} after Bonferroni)"
    )
    for name, axis in ((RECEIVERS, 0), (SENDERS, 1)):
        evidence.check(
            name,
            edges.sum(axis=axis).max(),
            at_least=2,
            unit="heads",
            published=Reported(int(of_paper.sum(axis=axis).max()), "Figure 11b", True),
            note=note,
        )
    evidence.quantity(
        "pairs of heads that are wired",
        edges.sum(),
        unit="pairs",
        published=Reported(int(of_paper.sum()), "Figure 11b, by the same rule", True),
    )


def layer_heads(n_heads: int, layer: int) -> list[str]:
    """Names of the heads of a layer."""
    return [f"layer {layer} head {head}" for head in range(n_heads)]


def heatmap(title: str, values: np.ndarray, unit: str, **options) -> Heatmap:
    """A measured heat map over pairs of heads, as the paper draws them."""
    rows, columns = ([str(head) for head in range(n)] for n in values.shape)
    return Heatmap(
        title, "head of layer 0", "head of layer 1", columns, rows, values.tolist(), unit, **options
    )


def graph(title: str, keep_one: np.ndarray, n_episodes: int, **options) -> Wiring:
    """Pairs of heads above 0.5, the thicker the nearer to 1."""
    edges = [
        (int(sender), int(receiver), float(np.clip(2 * keep_one[receiver, sender] - 1, 0, 1)))
        for receiver, sender in np.argwhere(wired(keep_one, n_episodes))
    ]
    receivers, senders = keep_one.shape
    return Wiring(title, layer_heads(senders, 0), layer_heads(receivers, 1), edges, **options)


def graph_figure(diagram: WiringDiagram, n_episodes: int) -> Figure:
    """Figure 11b, with the graph that the text reads from it."""
    limits = (0.2, 1.0)
    edges = wired(diagram.keep_one["value"], n_episodes)
    marked = [(int(row), int(column)) for row, column in np.argwhere(edges)]
    return Figure(
        "Figure 11b",
        "Accuracy with one head active in each layer. Where values are preserved, the head of "
        "layer 0 serves the match: outlined pairs, drawn as a graph, are above 0.5 by more than "
        "sampling error. Which head does what differs between initialisations.",
        "Appendix E, Figure 11b",
        [
            heatmap(
                "Values preserved",
                diagram.keep_one["value"],
                "accuracy",
                limits=limits,
                marked=marked,
            ),
            published_heatmap("fig11b.pv"),
            heatmap("Patterns preserved", diagram.keep_one["pattern"], "accuracy", limits=limits),
            published_heatmap("fig11b.pp"),
            graph("Wiring, values preserved", diagram.keep_one["value"], n_episodes),
            graph(
                "Published wiring, by the same rule",
                published_accuracies(),
                PAPER_EPISODES,
                origin="published",
            ),
        ],
    )


@pytest.mark.claim(
    id="wiring.many_to_many",
    statement="Previous-token heads and induction heads are wired many-to-many",
    source="Section 3.3; Appendix E, Figure 11b",
    controls=("wiring.random_layer_1.graph", "wiring.one_head.graph", "wiring.shuffled.graph"),
    runs=network(full),
)
def test_many_to_many(evidence, runs):
    run = runs["network"]
    diagram = diagram_of(run)
    measure_graph(evidence, training_episodes(run).size, diagram.keep_one["value"])
    evidence.figure(graph_figure(diagram, training_episodes(run).size))


@pytest.mark.control(
    id="wiring.random_layer_1.graph",
    statement="A layer 1 that was not trained is wired to no head of layer 0",
    must_fail=(RECEIVERS, SENDERS),
    runs=network(full),
)
def test_random_layer_1_is_not_wired(evidence, runs):
    run = runs["network"]
    episodes = some_episodes(run)
    keep_one = keep_one_accuracies(with_random_layer_1(run), episodes)
    measure_graph(evidence, episodes.size, keep_one)


@pytest.mark.control(
    id="wiring.one_head.graph",
    statement="In a network trained with a single head of layer 1, heads of layer 0 are not wired "
    "to several",
    must_fail=(RECEIVERS,),
    runs=network(one_head),
)
def test_one_head_is_not_many(evidence, runs):
    run = runs["network"]
    episodes = some_episodes(run)
    measure_graph(evidence, episodes.size, keep_one_accuracies(run.model(), episodes))


@pytest.mark.control(
    id="wiring.shuffled.graph",
    statement="With layer 0 head identities shuffled, so that each writes through another's "
    "output matrix, no heads are wired",
    must_fail=(RECEIVERS, SENDERS),
    runs=network(full),
)
def test_shuffled_heads_are_not_wired(evidence, runs):
    run = runs["network"]
    episodes = some_episodes(run)
    keep_one = keep_one_accuracies(with_shuffled_writers(run), episodes)
    measure_graph(evidence, episodes.size, keep_one)


# Redundancy hides the wiring from knock-outs, and weights alone are hard to interpret.

LARGE = {
    "pattern": "layer 0 heads that matter, patterns preserved",
    "value": "layer 0 heads that matter, values preserved",
}


def heads_that_matter(change: np.ndarray, keep_one: np.ndarray) -> int:
    """Heads of layer 0 without which some head of layer 1 changes by more than a third of the
    range of the accuracies with one head in each layer.
    """
    return int(np.sum(np.abs(change).max(axis=0) > np.ptp(keep_one) / 3))


def measure_knock_outs(evidence, changes: dict[str, np.ndarray], diagram: WiringDiagram) -> None:
    """State for how many heads of layer 0 turning them off shows."""
    for kept, abbreviation in (("value", "pv"), ("pattern", "pp")):
        paper_change, paper_keep_one = (
            np.array(published_heatmap(f"fig11{panel}.{abbreviation}").values) for panel in "ab"
        )
        evidence.check(
            LARGE[kept],
            heads_that_matter(changes[kept], diagram.keep_one[kept]),
            at_most=1,
            unit="heads",
            published=Reported(heads_that_matter(paper_change, paper_keep_one), "Figure 11"),
            note="turning one off changes the accuracy of some head of layer 1 by more than a "
            "third of the keep-one range, "
            f"{diagram.keep_one_range(kept):.3f} (changes up to "
            f"{np.abs(changes[kept]).max():.3f})",
        )


def show_composition(evidence, run: Run, diagram: WiringDiagram) -> None:
    """Record composition scores beside the ablations, without pass or fail."""
    panels = []
    for reading, kept, abbreviation in (("key", "value", "pv"), ("value", "pattern", "pp")):
        scores = composition_scores(run.model(), reading)
        found = pair_correlation(scores, diagram.keep_one[kept])
        published = [published_heatmap(f"fig11c.{reading}"), f"fig11b.{abbreviation}"]
        of_paper = pair_correlation(
            np.array(published[0].values), np.array(published_heatmap(published[1]).values)
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
        panels += [
            heatmap(
                f"{reading.capitalize()} composition",
                scores,
                "composition score",
                limits=(0.09, 0.16),
            ),
            published[0],
        ]
    evidence.figure(
        "Figure 11c",
        caption="Composition scores, from the weights alone: the Frobenius norm of the product of "
        "what a head of layer 1 reads with and a head of layer 0 writes with, over the product of "
        "their norms. Random matrices give about 0.125. The published ones are clipped to 0.09 to "
        "0.16 by their colour scale.",
        source="Appendix E, Figure 11c",
        panels=panels,
    )


def knock_out_figure(diagram: WiringDiagram) -> Figure:
    """Figure 11a."""
    panels = []
    for kept, abbreviation in (("value", "pv"), ("pattern", "pp")):
        title = f"One head of layer 0 off, {kept}s preserved"
        panels += [
            heatmap(title, diagram.removed(kept), "change of accuracy", limits=(-0.2, 0.1)),
            published_heatmap(f"fig11a.{abbreviation}"),
        ]
    return Figure(
        "Figure 11a",
        "Change of the accuracy of each head of layer 1 alone when a single head of layer 0 is "
        "turned off: the others stand in for it.",
        "Appendix E, Figure 11a",
        panels,
    )


@pytest.mark.claim(
    id="wiring.redundancy",
    statement="Redundancy hides the wiring from knock-outs of single heads",
    source="Appendix E, Figure 11a",
    controls=("wiring.stripped",),
    runs=network(full),
)
def test_redundancy(evidence, runs):
    run = runs["network"]
    diagram = diagram_of(run)
    changes = {kept: diagram.removed(kept) for kept in diagram.remove_one}
    measure_knock_outs(evidence, changes, diagram)
    evidence.figure(knock_out_figure(diagram))
    show_composition(evidence, run, diagram)


@pytest.mark.control(
    id="wiring.stripped",
    statement="Where the other heads of layer 0 are off too and cannot stand in, it shows",
    must_fail=tuple(LARGE.values()),
    runs=network(full),
)
def test_stripped_of_the_others_it_shows(evidence, runs):
    diagram = diagram_of(runs["network"])
    changes = {kept: diagram.stripped(kept) for kept in diagram.keep_one}
    measure_knock_outs(evidence, changes, diagram)


_diagrams: dict[str, WiringDiagram] = {}


def diagram_of(run: Run) -> WiringDiagram:
    """The 264 ablations of a run's network; three tests of a worker share them."""
    if run.spec.key not in _diagrams:
        _diagrams[run.spec.key] = wiring_diagram(run.model(), training_episodes(run))
    return _diagrams[run.spec.key]
