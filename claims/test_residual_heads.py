"""Do weaker heads fit what the strongest leaves over? (Appendix H; Tables 2 and 3; Figure 16).

The paper calls its own evidence for this hypothesis mixed. Measured on the network of Section 3:
which of all 78,400 training sequences each head of layer 1 (the paper's Layer 2) gets wrong on its
own, as it is and with its match perfected (its attention from the query set to 1 on the label of
the query's class), so that only its copying can fail.

Whether a head is worse, or better, on some sequences than on the others is tested for each head by
Fisher's exact test over sequences, corrected for the number of heads: heads are worse together, so
that how many are worse in a set says little, while of a random set hardly any is significantly so.

Heads are put beside the paper's by rank: from the strongest, by induction strength.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from claims.comparisons import NOT_NEGATIVE, SHARE
from claims.figures.residual_heads import figure_16, mistakes_table
from claims.networks.plain import full
from claims.residual_heads import (
    SIGNIFICANT,
    Heads,
    by_label,
    heads_of,
    published_by_label,
    significant,
    table_2,
    table_3,
)
from claims.sequences import every_sequence
from icl_repro import Evidence, Reported, claim, control
from icl_repro.measures.heads.mistakes import (
    concentration_by_chance,
    counts_on,
    losses_of_head_alone,
)
from icl_repro.statistics.subsets import more_frequent
from icl_repro.training import Run

Subset = Callable[[Run, Heads], np.ndarray]
"""Chooses sequences: a mask."""


# Against the hypothesis: what the strongest head gets wrong is harder for the others too.


def mistakes(run: Run, heads: Heads) -> np.ndarray:
    """The sequences that the strongest head alone gets wrong."""
    return ~heads.answers.alone[heads.strongest]


def surest(run: Run, heads: Heads) -> np.ndarray:
    """As many sequences of each label as the strongest head alone gets wrong, but those that it
    gets right with the lowest loss.
    """
    episodes = every_sequence(run)
    loss = losses_of_head_alone(run.model(), episodes, heads.strongest)
    wrong, chosen = mistakes(run, heads), np.zeros(len(loss), bool)
    for label in range(len(heads.by_label)):
        of_label = np.flatnonzero(heads.targets == label)
        surest_first = of_label[np.argsort(loss[of_label], kind="stable")]
        chosen[surest_first[: wrong[of_label].sum()]] = True
    return chosen


NONE_WITH_PERFECTED_MATCH = "with perfected match the strongest head makes no mistake"


def say_if_none(evidence: Evidence, mistakes: int, why: str) -> None:
    """Leave open what is said of mistakes if there are none."""
    evidence.inconclusive(why, unless="number of mistakes", value=mistakes, at_least=1)


def at_random(wrong: np.ndarray, seed: int) -> np.ndarray:
    """As many mistakes of each head, dealt out to random sequences."""
    return np.random.default_rng(seed).permutation(wrong, axis=-1)


@claim(
    "residual_heads.shared_mistakes",
    source="Appendix H, Table 2",
    on=full,
    fails_on=[
        control(
            "Sequences of the same labels that the strongest head is surest of are not harder for "
            "the others",
            id="surest_sequences",
            given={"chosen": surest},
        ),
        control(
            "As many random sequences are not harder for the others",
            id="random_sequences",
            given={
                "chosen": lambda run, heads: at_random(mistakes(run, heads), run.spec.init_seed)
            },
        ),
    ],
)
def test_shared_mistakes(run: Run, evidence: Evidence, chosen: Subset = mistakes) -> None:
    """Sequences that the strongest head alone gets wrong are harder for the other heads too
    (evidence against residual heads).
    """
    heads = heads_of(run)
    counts = counts_on(heads.answers.alone[heads.others], chosen(run, heads))
    say_if_none(evidence, counts.size, "the strongest head alone makes no mistake")
    evidence.check(
        "heads that are significantly worse on the strongest head's mistakes than elsewhere",
        significant(counts.rarer()) if counts.size else np.nan,
        at_least=5,
        unit=f"of {len(heads.others)} heads",
        published=Reported(significant(table_2().rarer()), "Table 2"),
        limits=(0, len(heads.others)),
        note=f"strongest: layer 1 head {heads.strongest}; Fisher's exact test, corrected by Holm's "
        "method; at least one of random sequences would be in one case of twenty",
    )
    evidence.quantity(
        "heads that are significantly better there",
        significant(counts.more_frequent()),
        unit=f"of {len(heads.others)} heads",
        published=Reported(significant(table_2().more_frequent()), "Table 2"),
    )
    evidence.quantity(
        "sequences that the strongest head alone gets wrong",
        counts.size,
        unit="sequences",
        published="paper.h3_mistakes",
    )
    evidence.table(
        mistakes_table(
            "Table 2",
            "Accuracy of each head alone on the sequences that the strongest head alone gets "
            "wrong, and overall. Heads by induction strength, ours and the paper's.",
            heads.order,
            heads.answers.alone,
            "paper.table2.{}.h{}",
        )
    )


# For the hypothesis: with perfected match, what heads cannot copy is a matter of certain labels.


@claim(
    "residual_heads.hard_labels",
    source="Appendix H, Figure 16",
    on=full,
    fails_on=control(
        "As many mistakes, dealt out to random sequences, do not concentrate on labels",
        id="shuffled_mistakes",
        given={"shuffled": True},
    ),
)
def test_hard_labels(run: Run, evidence: Evidence, shuffled: bool = False) -> None:
    """With perfected match, mistakes of the strongest head concentrate on few labels (evidence for
    residual heads).
    """
    heads = heads_of(run)
    wrong = ~heads.answers.perfected
    if shuffled:
        # One shuffle: the median of many would be one half whatever the test does.
        wrong = at_random(wrong, run.spec.init_seed)
    ours, paper = by_label(heads, wrong), published_by_label()
    of_strongest = ours.mistakes[0]
    say_if_none(evidence, of_strongest.sum(), NONE_WITH_PERFECTED_MATCH)
    evidence.check(
        "p value of mistakes spread over labels by chance",
        concentration_by_chance(of_strongest, heads.by_label),
        at_most=0.01,
        published=Reported(
            concentration_by_chance(paper.mistakes[0], paper.sequences), "Figure 16", True
        ),
        limits=SHARE,
        note="permutation test of Pearson's chi-squared: mistakes dealt out to any sequences, so "
        f"that a label asked for more often gets more of them; layer 1 head {heads.strongest}: "
        f"{', '.join(map(str, of_strongest))} mistakes of {', '.join(map(str, heads.by_label))} "
        f"sequences with labels 0 to {len(heads.by_label) - 1}; undefined without mistakes",
    )
    evidence.quantity(
        "sequences that the strongest head gets wrong with perfected match",
        of_strongest.sum(),
        unit="sequences",
        published="nb.seed5.table3.total_missed_h3",
    )
    evidence.quantity(
        "share of its mistakes on the two labels that it copies worst",
        ours.shares[0, ours.hardest].sum(),
        published=Reported(paper.shares[0, paper.hardest].sum(), "Figure 16b", True),
        note=f"labels {', '.join(map(str, ours.hardest))}; these are asked for in "
        f"{heads.by_label[ours.hardest].sum() / heads.by_label.sum():.1%} of the sequences",
    )
    evidence.figure(figure_16(heads.order, heads.strengths, heads.answers, ours, paper))


@claim(
    "residual_heads.specialised",
    source="Appendix H, Figure 16",
    on=full,
    fails_on=control(
        "Where mistakes are dealt out to random sequences, no head is better at any label",
        id="shuffled_mistakes",
        given={"shuffled": True},
    ),
)
def test_specialised(run: Run, evidence: Evidence, shuffled: bool = False) -> None:
    """Labels that the strongest head copies worst are those on which some other heads make hardly
    any mistake, as if they had specialised to them (evidence for residual heads).
    """
    heads = heads_of(run)
    wrong = ~heads.answers.perfected
    if shuffled:
        wrong = at_random(wrong, run.spec.init_seed)
    ours, paper = by_label(heads, wrong), published_by_label()
    shares = ours.shares[1:, ours.hardest].sum(axis=1)
    proportion = heads.by_label[ours.hardest].sum() / heads.by_label.sum()
    listed = ", ".join(
        f"head {head} {share:.3f}" for head, share in zip(heads.others, shares, strict=True)
    )
    say_if_none(evidence, ours.mistakes[0].sum(), NONE_WITH_PERFECTED_MATCH)
    evidence.check(
        "heads that make significantly fewer of their mistakes on the two labels that the "
        "strongest copies worst",
        ours.specialised(ours.hardest),
        at_least=2,
        unit=f"of {len(heads.others)} heads",
        published=Reported(paper.specialised(paper.hardest), "Figure 16c", True),
        limits=(0, len(heads.others)),
        note=f"fewer than {proportion:.3f} of them; labels {', '.join(map(str, ours.hardest))}: "
        f"{listed}",
    )
    evidence.check(
        "least share of its mistakes that a head makes on these labels",
        ours.least_share(ours.hardest),
        at_most=0.1,
        published=Reported(paper.least_share(paper.hardest), "Figure 16b", True),
        limits=SHARE,
        note="in the paper, head 1; of head 5, for which its text says virtually 0 as well, Figure "
        "16b shows 0.20, and Figure 16c mistake rates of 6 % and 19 % on the two labels",
    )
    rates, of_paper = ours.rates_on(ours.hardest), paper.rates_on(paper.hardest)
    evidence.check(
        "least mistake rate of another head on these labels over that of the strongest",
        ours.least_rate_over_strongest(ours.hardest),
        at_most=1,
        published=Reported(paper.least_rate_over_strongest(paper.hardest), "Figure 16c", True),
        note="whether any head copies better what the strongest copies worst; in the order of "
        f"strength, heads get {', '.join(f'{rate:.2%}' for rate in rates)} of these wrong",
        limits=NOT_NEGATIVE,
    )
    for whose, rate, published in (
        ("the strongest head", rates[0], of_paper[0]),
        ("the other head that has the least", rates[1:].min(), of_paper[1:].min()),
    ):
        evidence.quantity(
            f"mistake rate on these labels of {whose}",
            rate,
            published=Reported(published, "Figure 16c", True),
        )
    evidence.quantity(
        "share of pairs of labels on which as many heads make fewer",
        ours.by_chance(),
        published=Reported(paper.by_chance(), "Figure 16c", True),
        note="heads differ from one another on any labels: how often chance alone would choose "
        "labels on which so many are better",
    )


# Inconclusive: the second strongest head is better where the strongest fails, but no other is.


def copied_wrongly(run: Run, heads: Heads) -> np.ndarray:
    """The sequences that the strongest head alone gets wrong with perfected match."""
    return ~heads.answers.perfected[heads.strongest]


BETTER = "p value of the second strongest being so much better by chance"
WORSE = "heads that are significantly worse on the strongest head's mistakes than elsewhere"


@claim(
    "residual_heads.second_strongest",
    source="Appendix H, Table 3 (ours: better beyond chance, which the paper's counts do not show)",
    on=full,
    fails_on=[
        control(
            "On mistakes of the weakest head, in place of the strongest, it is not better",
            id="mistakes_of_the_weakest",
            given={"chosen": lambda run, heads: ~heads.answers.perfected[heads.others[-1]]},
            only=BETTER,
        ),
        control(
            "As many random sequences are not harder for the others",
            id="random_sequences",
            given={
                "chosen": lambda run, heads: at_random(
                    copied_wrongly(run, heads), run.spec.init_seed
                )
            },
            only=WORSE,
        ),
    ],
)
def test_second_strongest(run: Run, evidence: Evidence, chosen: Subset = copied_wrongly) -> None:
    """With perfected match, the second strongest head is better on the strongest head's mistakes
    than overall, and the other heads are worse.
    """
    heads = heads_of(run)
    counts = counts_on(heads.answers.perfected[heads.others], chosen(run, heads))
    paper = table_3()
    second = heads.others[0]
    say_if_none(evidence, counts.size, NONE_WITH_PERFECTED_MATCH)
    evidence.check(
        BETTER,
        more_frequent(*counts.of_head(0)) if counts.size else np.nan,
        at_most=SIGNIFICANT,
        published=Reported(more_frequent(*paper.of_head(0)), "Table 3"),
        limits=SHARE,
        note="Fisher's exact test, not corrected for the number of heads: it is about one; layer 1 "
        f"head {second}: {counts.within[0]} of {counts.size} sequences, with perfected match",
    )
    evidence.check(
        WORSE,
        significant(counts.rarer()) if counts.size else np.nan,
        at_least=4,
        unit=f"of {len(heads.others)} heads",
        published=Reported(significant(paper.rarer()), "Table 3"),
        limits=(0, len(heads.others)),
        note="with perfected match; Fisher's exact test, corrected by Holm's method",
    )
    evidence.quantity(
        "accuracy of the second strongest on the strongest head's mistakes over its overall",
        counts.ratio[0],
        published="nb.seed5.table3.ratio.h1",
        note="above 1 on every second set of sequences, were they drawn at random",
    )
    evidence.quantity(
        "heads that are significantly better there",
        significant(counts.more_frequent()),
        unit=f"of {len(heads.others)} heads",
        published=Reported(significant(paper.more_frequent()), "Table 3"),
    )
    evidence.table(
        mistakes_table(
            "Table 3",
            "As Table 2, with perfected match: accuracy of each head alone on the sequences that "
            "the strongest head gets wrong with perfected match, and overall. Of the paper's head "
            "5 the notebook's number is shown, because Table 3 prints its ratio instead (65.42%).",
            heads.order,
            heads.answers.perfected,
            "nb.seed5.table3.{}.h{}",
        )
    )
