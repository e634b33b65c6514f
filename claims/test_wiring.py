"""What layer 0 feeds: previous-token heads the match, the others the copy (Section 3.3; Appendix E;
Table 1).

On all 78,400 training sequences: what is lost when heads of layer 0 (the paper's Layer 1) are
turned off while layer 1 (its Layer 2) keeps the attention patterns, or the values, that it had.
Which heads are previous-token heads is measured on every network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from claims.comparisons import SHARE
from claims.figures.wiring import score_figure, table_1, table_1_curve
from claims.networks.plain import full, random_layer_1, untrained
from claims.published import reported
from claims.sequences import every_sequence
from claims.wired_paths import PAPER_HEADS, say_if_none_stands_out
from icl_repro import Evidence, Reported, claim, control
from icl_repro.episodes import Episodes
from icl_repro.measures.heads.previous_token import (
    MAJORITY,
    previous_token_heads,
    previous_token_scores,
)
from icl_repro.measures.heads.wiring import Answers, answers_without_layer_0, without_heads
from icl_repro.training import Run

PATTERN, VALUE, BOTH, ON = range(4)
"""What is preserved, in the order of :func:`without_heads`; `ON` where layer 0 is not off."""


def training_episodes(run: Run) -> Episodes:
    """All 78,400 training sequences."""
    return every_sequence(run)


# Previous-token heads: layer 0 heads that attend from each label to the token before it.


@claim(
    "wiring.previous_token_heads",
    source="Section 3.3; Appendix D.1.1",
    on=full,
    fails_on=control("A network that does not learn has no previous-token heads", untrained),
)
def test_previous_token_heads(run: Run, evidence: Evidence) -> None:
    """Layer 0 (the paper's Layer 1) has multiple previous-token heads."""
    scores = previous_token_scores(run.model(), training_episodes(run))
    found = previous_token_heads(scores)
    evidence.check(
        "previous-token heads in layer 0",
        len(found),
        at_least=2,
        unit="heads",
        published=Reported(len(PAPER_HEADS), "Section 3.3"),
        limits=(0, len(scores)),
        note=f"heads {', '.join(map(str, found)) or '(none)'}: those above the natural break of "
        "the eight scores that attend from the labels to the token before more than to all others "
        f"together (a score above {MAJORITY}); the paper goes by inspection",
    )
    for head, score in enumerate(scores):
        evidence.quantity(f"previous-token score of layer 0 head {head}", score)
    evidence.figure(score_figure(scores, found))


# Table 1: previous-token heads serve the match (patterns), the others the copy (values).

TABLE_1 = [
    # off, its bounds (at least, at most) with patterns and with values preserved, and in the paper
    ("previous-token heads", (0.95, None), (None, 0.85), "1_2_5"),
    ("the rest", (None, 0.75), (0.95, None), "0_3_4_6_7"),
]
Bounds = tuple[float | None, float | None]
COUNTS = (1, 2, 3, 4)
"""How many heads are taken for the previous-token heads."""
IN_PAPER = COUNTS.index(len(PAPER_HEADS))


@claim(
    "wiring.table_1",
    source="Appendix E, Table 1",
    on=full,
    fails_on=[
        control(
            "As many other heads, taken for the previous-token heads, do not divide the labour "
            "that way",
            id="other_heads",
            given={"highest_first": False},
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
    highest_first: bool = True,
    preserved: tuple[int, int] = (PATTERN, VALUE),
) -> None:
    """Previous-token heads of layer 0 (the paper's Layer 1) serve the attention patterns of layer 1
    (its Layer 2; the match), the other heads of layer 0 its values (the copy).
    """
    model, episodes = run.model(), training_episodes(run)
    scores = previous_token_scores(model, episodes)
    say_if_none_stands_out(evidence, previous_token_heads(scores))
    order = np.argsort(-scores if highest_first else scores, kind="stable").tolist()
    sets = [order[:count] for count in COUNTS] + [order[count:] for count in COUNTS]
    found = without_heads(model, episodes, sets)[:, list(preserved)]
    is_rest = off == "the rest"
    curve = found[len(COUNTS) :] if is_rest else found[: len(COUNTS)]
    top = f"heads {', '.join(map(str, order[: len(PAPER_HEADS)]))}"
    paper = [f"paper.table1.{kept}_ablate_{in_paper}" for kept in ("pp", "vp")]
    for index, (kept, (low, high)) in enumerate((("patterns", patterns), ("values", values))):
        name = f"accuracy without {off}, {kept} preserved"
        evidence.check(
            name,
            curve[IN_PAPER, index],
            at_least=low,
            at_most=high,
            published=paper[index],
            limits=SHARE,
            note=f"previous-token heads: the {len(PAPER_HEADS)} of layer 0 with the highest "
            f"score, as many as in the paper: {top}",
        )
        for count, accuracy in zip(COUNTS, curve[:, index], strict=True):
            if count != len(PAPER_HEADS):
                heads = "head" if count == 1 else "heads"
                evidence.quantity(f"{name}, were they the top {count} {heads}", accuracy)
    evidence.table(table_1(off, f"all but {top}" if is_rest else top, curve[IN_PAPER], paper))
    evidence.figure(table_1_curve(off, COUNTS, curve, paper))


# All heads of layer 0: layer 1 needs them for its patterns, and for its values too.

LOST = "share of accuracy above its floor that is lost, {}s preserved"
MORE = "share lost with values preserved less that with patterns preserved"


def share_lost(intact: float, left: float, floor: float) -> float:
    """How much of an accuracy above a floor is lost: more than all where a network is wrong more
    often than that.
    """
    return (intact - left) / (intact - floor)


def shares_lost(run: Run, preserved: tuple[int, int]) -> tuple[Answers, list[float]]:
    """What is answered without layer 0, and the shares lost: with the first preserved from a floor
    of one in five, with the second from one of one half.
    """
    found = answers_without_layer_0(run.model(), training_episodes(run))
    intact = float(found.accuracy[ON])
    return found, [
        share_lost(intact, float(found.accuracy[kept]), floor)
        for kept, floor in zip(preserved, (1 / 5, 1 / 2), strict=True)
    ]


def lost_in_the_paper(of_patterns: str, of_values: str) -> list[Reported]:
    """The shares lost by the accuracies of Appendix E, and the difference."""
    intact = reported("paper.final_accuracy").value
    copy, match = (
        share_lost(intact, reported(name).value, floor)
        for name, floor in ((of_patterns, 1 / 5), (of_values, 1 / 2))
    )
    where = "Appendix E, from its accuracies"
    return [Reported(value, where, True) for value in (copy, match, match - copy)]


def if_exchanged(shares: Sequence[Reported]) -> list[str]:
    """What the published shares would be, were the two printed accuracies exchanged."""
    return [
        f"the two accuracies that the paper prints look exchanged (published.without_layer_1): "
        f"then its number is {share.value:.2f}"
        for share in shares
    ]


@claim(
    "wiring.v_composition",
    source="Section 4.1, footnote 14; Appendix E",
    on=full,
    fails_on=control(
        "With both patterns and values preserved, nothing is lost without layer 0",
        id="direct_path",
        given={"preserved": (BOTH, BOTH)},
    ),
)
def test_v_composition(
    run: Run, evidence: Evidence, preserved: tuple[int, int] = (PATTERN, VALUE)
) -> None:
    """Layer 0 feeds both the patterns and the values of layer 1: accuracy drops substantially
    without either.
    """
    found, (copy, match) = shares_lost(run, preserved)
    of_copy, of_match, _ = lost_in_the_paper("paper.pp_all", "paper.vp_all")
    copy_else, match_else, _ = if_exchanged(lost_in_the_paper("paper.vp_all", "paper.pp_all"))
    evidence.check(
        LOST.format("pattern"),
        copy,
        at_least=0.5,
        published=of_copy,
        note="V-composition: what layer 0 writes is read as values. From one in five, a guess "
        f"among all labels; accuracy without layer 0 {found.accuracy[preserved[0]]:.4f}; "
        + copy_else,
    )
    evidence.check(
        LOST.format("value"),
        match,
        at_least=0.5,
        published=of_match,
        note="what layer 0 writes decides where is attended to. From one half, a guess between "
        f"the two labels in context; accuracy without layer 0 {found.accuracy[preserved[1]]:.4f}; "
        + match_else,
    )


@claim(
    "wiring.match_matters_more",
    source="Appendix E",
    on=full,
    fails_on=control(
        "Patterns and values preserved together lose no more than patterns preserved",
        id="patterns_against_both",
        given={"preserved": (PATTERN, BOTH)},
    ),
)
def test_match_matters_more(
    run: Run, evidence: Evidence, preserved: tuple[int, int] = (PATTERN, VALUE)
) -> None:
    """Of both, the part of layer 0 in the match (patterns) matters more than that in the copy
    (values).

    The paper concludes so from accuracies of 55 % and 11 %, which look exchanged. Each is set
    against what a guess leaves there. With patterns preserved a network may well be wrong more
    often than a guess among all labels, so that its share can be more than one, which that with
    values preserved hardly can.
    """
    _, (copy, match) = shares_lost(run, preserved)
    *_, of_difference = lost_in_the_paper("paper.pp_all", "paper.vp_all")
    *_, exchanged = if_exchanged(lost_in_the_paper("paper.vp_all", "paper.pp_all"))
    evidence.check(
        MORE,
        match - copy,
        at_least=0,
        published=of_difference,
        note="any difference in the paper's direction, all training sequences being counted; "
        + exchanged,
    )


# What is left is different: a guess between the right labels, or none that is a label in context.

GUESS = "accuracy without layer 0, values preserved"
AMONG = "accuracy among the labels in context without layer 0, values preserved"
IN_CONTEXT = "answers without layer 0 that are a label in context, {}s preserved"


@claim(
    "wiring.floors",
    source="Appendix E (ours: what is left on each path; the paper prints 11 % and 55 %)",
    on=full,
    fails_on=[
        control(
            "With both patterns and values preserved, all is left",
            id="direct_path",
            given={"preserved": (BOTH, BOTH)},
            only=(GUESS, AMONG, IN_CONTEXT.format("pattern")),
        ),
        control(
            "A layer 1 that was not trained copies no label of the context, whatever is preserved",
            transform=random_layer_1,
            only=IN_CONTEXT.format("value"),
        ),
    ],
)
def test_floors(
    run: Run, evidence: Evidence, preserved: tuple[int, int] = (PATTERN, VALUE)
) -> None:
    """Without layer 0, a guess between the two labels in context is left if values are preserved,
    and no knowledge of these labels if patterns are.
    """
    found = answers_without_layer_0(run.model(), training_episodes(run))
    pattern, value = preserved
    evidence.check(
        GUESS,
        found.accuracy[value],
        between=(0.3, 0.7),
        published="paper.vp_all",
        limits=SHARE,
    )
    evidence.check(AMONG, found.among_labels[value], at_most=0.7, note="a guess gives one half")
    evidence.check(IN_CONTEXT.format("value"), found.in_context[value], at_least=0.8, limits=SHARE)
    evidence.check(
        IN_CONTEXT.format("pattern"),
        found.in_context[pattern],
        at_most=0.7,
        limits=SHARE,
        note="a guess between all five labels gives two in five",
    )
    evidence.quantity(
        "accuracy without layer 0, patterns preserved",
        found.accuracy[pattern],
        published="paper.pp_all",
    )
    evidence.quantity(
        "accuracy among the labels in context without layer 0, patterns preserved",
        found.among_labels[pattern],
    )
    attention = np.asarray(found.attention).mean(axis=-1)
    for state, (right, wrong) in (
        ("with layer 0", attention[ON]),
        ("without layer 0, values preserved", attention[value]),
    ):
        evidence.quantity(
            f"attention from the query to the labels {state}",
            right + wrong,
            note=f"mean over heads of layer 1; to the right label {right:.3f}, to the other "
            f"{wrong:.3f}",
        )
