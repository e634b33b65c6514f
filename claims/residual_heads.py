"""What heads of layer 1 alone get wrong: how ours and the paper's are counted (Appendix H).

The paper's counts follow from Tables 2 and 3 and from Figure 16c, whose accuracies by label give
whole numbers of the sequences that ask for each label.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from claims.published import reported
from claims.sequences import every_sequence
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.mistakes import (
    SingleHeadAnswers,
    SubsetCounts,
    mistakes_by_label,
    single_head_answers,
)
from icl_repro.training import Run

SIGNIFICANT = 0.05
"""The level of tests over sequences, corrected for the number of heads."""
HARDEST = 2
"""How many labels count as those that the strongest head copies worst: the paper names two."""


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

    @property
    def others(self) -> list[int]:
        """All but the strongest, in order."""
        return list(self.order[1:])


def heads_of(run: Run) -> Heads:
    """What the heads of layer 1 of a run's network answer, and how strong they are."""
    model, episodes = run.model(), every_sequence(run)
    strengths = np.asarray(performance(model, episodes).induction_strength, np.float64)
    targets = np.asarray(episodes.targets)
    return Heads(
        strengths,
        order_of_strength(strengths),
        single_head_answers(model, episodes),
        targets,
        np.bincount(targets, minlength=model.n_labels),
    )


def significant(p_values: list[float]) -> int:
    """How many of corrected p values are significant."""
    return sum(p <= SIGNIFICANT for p in p_values)


# Mistakes by label (Figure 16).


class ByLabel(NamedTuple):
    """Mistakes of each head, the strongest first, by label; and the sequences of each label."""

    mistakes: np.ndarray
    sequences: np.ndarray

    @property
    def rates(self) -> np.ndarray:
        """The share of sequences of each label that each head gets wrong."""
        return self.mistakes / self.sequences

    @property
    def shares(self) -> np.ndarray:
        """The share of each head's mistakes that each label has (Figure 16b)."""
        all_labels = self.mistakes.sum(axis=1, keepdims=True)
        return self.mistakes / np.where(all_labels > 0, all_labels, np.nan)

    @property
    def hardest(self) -> np.ndarray:
        """The labels that the strongest copies worst."""
        return np.argsort(-self.rates[0], kind="stable")[:HARDEST]

    def of_others_on(self, labels: np.ndarray) -> SubsetCounts:
        """Mistakes of all heads but the strongest on some labels and on all."""
        others = self.mistakes[1:]
        return SubsetCounts(
            others[:, labels].sum(axis=1),
            int(self.sequences[labels].sum()),
            others.sum(axis=1),
            int(self.sequences.sum()),
        )

    def specialised(self, labels: np.ndarray) -> int:
        """How many heads but the strongest make significantly fewer of their mistakes on some
        labels than on the others.
        """
        return significant(self.of_others_on(labels).rarer())

    def by_chance(self) -> float:
        """The share of all choices of so many labels on which as many heads are specialised as on
        those that the strongest copies worst.
        """
        choices = combinations(range(len(self.sequences)), HARDEST)
        found = self.specialised(self.hardest)
        return float(np.mean([self.specialised(np.array(labels)) >= found for labels in choices]))

    def rates_on(self, labels: np.ndarray) -> np.ndarray:
        """The share of the sequences that ask for some labels that each head gets wrong."""
        return self.mistakes[:, labels].sum(axis=1) / self.sequences[labels].sum()

    def least_rate_over_strongest(self, labels: np.ndarray) -> float:
        """How many times as often as the strongest head that other head gets some labels wrong
        which does so the least; NaN where the strongest makes no mistake.
        """
        strongest, *others = self.rates_on(labels).tolist()
        return min(others) / strongest if strongest else float("nan")

    def least_share(self, labels: np.ndarray) -> float:
        """The least share of its mistakes that any head but the strongest makes on some labels;
        NaN where no head makes a mistake.
        """
        shares = self.shares[1:, labels].sum(axis=1)
        known = shares[np.isfinite(shares)]
        return float(known.min()) if known.size else float("nan")


def by_label(heads: Heads, wrong: np.ndarray) -> ByLabel:
    """The mistakes of our heads."""
    counts = mistakes_by_label(wrong, heads.targets, len(heads.by_label))
    return ByLabel(counts[list(heads.order)], heads.by_label)


# The paper's.

OF_PAPER = (3, 1, 2, 7, 5, 0, 4, 6)
"""The paper's heads, from the strongest to the weakest (Figure 4a)."""
SEQUENCES = 78_400
OF_LABELS = np.array([3, 3, 3, 3, 4]) * SEQUENCES // 16
"""How many sequences ask for each label in the paper: its held-out label pairs differ from ours."""


def published_by_label() -> ByLabel:
    """The mistakes of the paper's heads with perfected match."""
    accuracies = [
        [reported(f"dig.fig16c.head_{head}.label_{label}").value for label in range(len(OF_LABELS))]
        for head in OF_PAPER
    ]
    return ByLabel(np.rint((1 - np.array(accuracies)) * OF_LABELS).astype(int), OF_LABELS)


def published_counts(subset: str, overall: str, missed: str) -> SubsetCounts:
    """Right answers of the paper's heads but the strongest on its mistakes, and in all: from the
    ids of the cells, with a place for the head, and that of the number of mistakes.
    """
    size = round(reported(missed).value)

    def count(cell: str, of: int) -> np.ndarray:
        shares = [reported(cell.format(head)).value for head in OF_PAPER[1:]]
        return np.rint(np.array(shares) * of).astype(int)

    return SubsetCounts(count(subset, size), size, count(overall, SEQUENCES), SEQUENCES)


def table_2() -> SubsetCounts:
    """The counts of Table 2."""
    return published_counts(
        "nb.seed5.accuracy_on_h3_missed.h{}",
        "nb.seed5.only_head_accuracy.h{}",
        "paper.h3_mistakes",
    )


def table_3() -> SubsetCounts:
    """The counts of Table 3, with the accuracy of head 5 that the notebook prints."""
    return published_counts(
        "nb.seed5.table3.subset.h{}",
        "nb.seed5.table3.overall.h{}",
        "nb.seed5.table3.total_missed_h3",
    )
