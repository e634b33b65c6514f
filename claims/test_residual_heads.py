"""Do weaker heads fit what the strongest leaves over? (Appendix H; Tables 2 and 3; Figure 16).

The paper calls its own evidence for this hypothesis mixed. Both tables and the figure are shown as
evidence without pass or fail, except for two findings that carry its argument. Measured on the
network of Section 3: which of all 78,400 training sequences each head of layer 1 (the paper's
Layer 2) gets wrong on its own, as it is and with its match perfected (its attention from the query
set to 1 on the label of the query's class), so that only its copying can fail.

Heads are put beside the paper's by rank: from the strongest, by induction strength.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from claims.figures.residual_heads import figure_16, mistakes_table
from claims.networks.plain import full
from icl_repro import Evidence, Reported, claim, control
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.mistakes import (
    SingleHeadAnswers,
    concentration_by_chance,
    losses_of_head_alone,
    mistakes_by_label,
    single_head_answers,
)
from icl_repro.training import Run

SUBSETS = 999
"""Random sets of sequences that stand for chance."""


class Heads(NamedTuple):
    """The heads of layer 1 of a network: induction strengths, order from the strongest to the
    weakest, what each alone answers; and the label that each sequence asks for, with their counts.
    """

    strengths: np.ndarray
    order: tuple[int, ...]
    answers: SingleHeadAnswers
    targets: np.ndarray
    by_label: np.ndarray

    @property
    def strongest(self) -> int:
        """The head that comes first."""
        return self.order[0]


def heads_of(run: Run) -> Heads:
    """What the heads of layer 1 of a run's network answer, and how strong they are."""
    model, episodes = run.model(), run.samplers()["train"].enumerate()
    strengths = np.asarray(performance(model, episodes).induction_strength, np.float64)
    targets = np.asarray(episodes.targets)
    return Heads(
        strengths,
        order_of_strength(strengths),
        single_head_answers(model, episodes),
        targets,
        np.bincount(targets, minlength=model.n_labels),
    )


def worse_heads(heads: Heads, answers: np.ndarray, chosen: np.ndarray) -> float:
    """How many heads but the strongest are worse on the chosen sequences (a mask or numbers) than
    overall; NaN where none are chosen.
    """
    others = answers[list(heads.order[1:])]
    there = others[:, chosen]
    return float(np.sum(there.mean(axis=1) < others.mean(axis=1))) if there.size else float("nan")


# Against the hypothesis: what the strongest head gets wrong is harder for the others too.


def mistakes(run: Run, heads: Heads) -> np.ndarray:
    """The sequences that the strongest head alone gets wrong."""
    return ~heads.answers.alone[heads.strongest]


def surest(run: Run, heads: Heads) -> np.ndarray:
    """As many sequences of each label as the strongest head alone gets wrong, but those that it
    gets right with the lowest loss.
    """
    episodes = run.samplers()["train"].enumerate()
    loss = losses_of_head_alone(run.model(), episodes, heads.strongest)
    wrong, chosen = mistakes(run, heads), np.zeros(len(loss), bool)
    for label in range(len(heads.by_label)):
        of_label = np.flatnonzero(heads.targets == label)
        surest_first = of_label[np.argsort(loss[of_label], kind="stable")]
        chosen[surest_first[: wrong[of_label].sum()]] = True
    return chosen


def worse_by_chance(heads: Heads, size: int) -> np.ndarray:
    """How many heads are worse on each of many random sets of sequences."""
    rng, alone = np.random.default_rng(0), heads.answers.alone
    sets = (rng.choice(alone.shape[1], size, replace=False, shuffle=False) for _ in range(SUBSETS))
    return np.array([worse_heads(heads, alone, chosen) for chosen in sets])


@claim(
    "residual_heads.shared_mistakes",
    source="Appendix H, Table 2",
    on=full,
    fails_on=control(
        "Sequences of the same labels that the strongest head is surest of are not harder for the "
        "others",
        id="surest_sequences",
        given={"chosen": surest},
    ),
)
def test_shared_mistakes(
    run: Run, evidence: Evidence, chosen: Callable[[Run, Heads], np.ndarray] = mistakes
) -> None:
    """Sequences that the strongest head alone gets wrong are harder for the other heads too
    (evidence against residual heads).
    """
    heads = heads_of(run)
    subset = chosen(run, heads)
    worse = worse_heads(heads, heads.answers.alone, subset)
    evidence.check(
        "heads that are worse on the strongest head's mistakes than overall",
        worse,
        at_least=5,
        unit=f"of {len(heads.order) - 1} heads",
        published=Reported(7, "Table 2"),
        note=f"strongest: layer 1 head {heads.strongest}",
    )
    evidence.quantity(
        "sequences that the strongest head alone gets wrong",
        subset.sum(),
        unit="sequences",
        published="paper.h3_mistakes",
    )
    by_chance = worse_by_chance(heads, int(subset.sum()))
    note = f"{SUBSETS} random sets of training sequences"
    evidence.quantity(
        "share of random sets of that size on which as many heads are worse",
        np.mean(by_chance >= worse),
        note=note,
    )
    evidence.quantity(
        "share of random sets of that size on which 5 heads or more are worse",
        np.mean(by_chance >= 5),
        note=f"{note}: how often chance alone would pass, since heads are worse together",
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
    source="Appendix H, Figure 16 and Table 3",
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
        wrong = np.random.default_rng(run.spec.init_seed).permutation(wrong, axis=1)
    by_label = mistakes_by_label(wrong, heads.targets, len(heads.by_label))
    of_strongest = by_label[heads.strongest]
    evidence.check(
        "p value of mistakes spread over labels by chance",
        concentration_by_chance(of_strongest, heads.by_label),
        at_most=0.01,
        note="permutation test of Pearson's chi-squared: mistakes dealt out to any sequences, so "
        f"that a label asked for more often gets more of them; layer 1 head {heads.strongest}: "
        f"{', '.join(map(str, of_strongest))} mistakes of {', '.join(map(str, heads.by_label))} "
        f"sequences with labels 0 to {len(heads.by_label) - 1}; undefined without mistakes",
    )
    if not of_strongest.any():
        evidence.inconclusive("with perfected match the strongest head makes no mistake")
    evidence.quantity(
        "sequences that the strongest head gets wrong with perfected match",
        of_strongest.sum(),
        unit="sequences",
        published="nb.seed5.table3.total_missed_h3",
    )
    rates = by_label / heads.by_label
    hardest = np.argsort(-rates[heads.strongest], kind="stable")[:2]
    evidence.quantity(
        "share of its mistakes on the two labels with the highest mistake rate",
        of_strongest[hardest].sum() / of_strongest.sum() if of_strongest.any() else np.nan,
        note=f"labels {', '.join(map(str, hardest))}; these are asked for in "
        f"{heads.by_label[hardest].sum() / heads.by_label.sum():.1%} of the sequences",
    )
    evidence.quantity(
        "heads that are worse on the strongest head's mistakes than overall, perfected match",
        worse_heads(heads, ~wrong, wrong[heads.strongest]),
        unit=f"of {len(heads.order) - 1} heads",
        published=Reported(6, "Table 3"),
    )
    evidence.table(
        mistakes_table(
            "Table 3",
            "As Table 2, with perfected match: accuracy of each head alone on the sequences that "
            "the strongest head gets wrong with perfected match, and overall.",
            heads.order,
            ~wrong,
            "nb.seed5.table3.{}.h{}",
        )
    )
    evidence.figure(figure_16(heads.order, heads.strengths, heads.answers, rates))
