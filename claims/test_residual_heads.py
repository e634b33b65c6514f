"""Do weaker heads fit what the strongest leaves over? (Appendix H; Tables 2 and 3; Figure 16).

The paper calls its own evidence for this hypothesis mixed. Both tables and the figure are shown as
evidence without pass or fail, except for two findings that carry its argument. Trained: the network
of Section 3. Measured: which of all 78,400 training sequences each head of layer 1 (the paper's
Layer 2) gets wrong on its own, as it is and with its match perfected (its attention from the query
set to 1 on the label of the query's class), so that only its copying can fail.

Heads are put beside the paper's by rank: from the strongest, by induction strength.
"""

from __future__ import annotations

import numpy as np
import pytest

from claims.networks.plain import full
from claims.published import published_series, reported
from icl_repro.measures.datasets.performance import performance
from icl_repro.measures.heads.ablation import order_of_strength
from icl_repro.measures.heads.mistakes import (
    SingleHeadAnswers,
    concentration_by_chance,
    mistakes_by_label,
    single_head_answers,
)
from icl_repro.training import Run
from icl_repro.verification.pictures import (
    Bars,
    Cell,
    Figure,
    Heatmap,
    Panel,
    ReferenceLine,
    Series,
    Table,
)
from icl_repro.verification.reported import Reported

SUBSETS = 999
"""Random sets of sequences that stand for chance."""
SHUFFLES = 99
"""Times that mistakes are dealt out to other sequences."""


def network(seed: int):
    """The trained network of Section 3."""
    return {"network": full(seed)}


class Heads:
    """What the heads of layer 1 of a run's network answer, and how strong they are.

    Attributes:
        strengths: induction strength of each head on all training sequences.
        order: heads from the strongest to the weakest.
        answers: whether each head alone answers each sequence rightly.
        targets: the label that each sequence asks for.
        n_labels: how many labels there are.
    """

    def __init__(self, run: Run) -> None:
        model, episodes = run.model(), run.samplers()["train"].enumerate()
        self.strengths = np.asarray(performance(model, episodes).induction_strength, np.float64)
        self.order = order_of_strength(self.strengths)
        self.answers: SingleHeadAnswers = single_head_answers(model, episodes)
        self.targets = np.asarray(episodes.targets)
        self.n_labels = model.n_labels

    @property
    def strongest(self) -> int:
        """The head that comes first."""
        return self.order[0]

    @property
    def others(self) -> list[int]:
        """All heads but the strongest, from stronger to weaker."""
        return list(self.order[1:])

    @property
    def episodes_by_label(self) -> np.ndarray:
        """How many sequences ask for each label."""
        return np.bincount(self.targets, minlength=self.n_labels)

    def mistakes(self, answers: np.ndarray) -> np.ndarray:
        """How many sequences of each label each head gets wrong."""
        return mistakes_by_label(~answers, self.targets, self.n_labels)


def paper_order() -> list[int]:
    """The paper's Layer 2 heads from the strongest to the weakest (Figure 4a)."""
    return list(order_of_strength(np.array(published_series("fig4a.only_head").x)))


def accuracy_on(answers: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Accuracy of each head on the chosen sequences; NaN if there are none."""
    subset = answers[:, chosen]
    return subset.mean(axis=1) if subset.shape[1] else np.full(len(answers), np.nan)


def heads_worse(answers: np.ndarray, chosen: np.ndarray, heads: list[int]) -> float:
    """How many of the heads are worse on the chosen sequences than overall."""
    subset = accuracy_on(answers, chosen)[heads]
    if np.isnan(subset).any():
        return float("nan")
    return float(np.sum(subset < answers.mean(axis=1)[heads]))


def worse_by_chance(heads: Heads, answers: np.ndarray) -> np.ndarray:
    """How many heads are worse on each of many random sets as large as the strongest's mistakes."""
    size = int((~answers[heads.strongest]).sum())
    rng = np.random.default_rng(0)
    return np.array(
        [
            heads_worse(
                answers,
                rng.choice(answers.shape[1], size, replace=False, shuffle=False),
                heads.others,
            )
            for _ in range(SUBSETS)
        ]
    )


# Against the hypothesis: what the strongest head gets wrong is harder for the others too.

WORSE = "heads that are worse on the strongest head's mistakes than overall"


def mistakes_table(heads: Heads, answers: np.ndarray, name: str, caption: str, ids: str) -> Table:
    """Accuracy of each other head on the strongest head's mistakes, and overall."""
    published = paper_order()[1:]
    on_subset = accuracy_on(answers, ~answers[heads.strongest])
    rows = []
    for label, of_row, values in (
        ("On the subset", "subset", on_subset),
        ("Overall", "overall", answers.mean(axis=1)),
    ):
        cells = [
            Cell(
                float(values[ours]) if np.isfinite(values[ours]) else None,
                reported(ids.format(of_row, theirs)),
            )
            for ours, theirs in zip(heads.others, published, strict=True)
        ]
        rows.append((label, cells))
    columns = [
        f"rank {rank}: head {ours} (paper: {theirs})"
        for rank, (ours, theirs) in enumerate(zip(heads.others, published, strict=True), start=2)
    ]
    return Table(name, caption, f"Appendix H, {name}", columns, rows)


def measure_shared_mistakes(evidence, heads: Heads, worse: float, note: str) -> None:
    """State how many heads are worse where the strongest is wrong."""
    evidence.check(
        WORSE,
        worse,
        at_least=5,
        unit=f"of {len(heads.others)} heads",
        published=Reported(7, "Table 2"),
        note=note,
    )


@pytest.mark.claim(
    id="residual_heads.shared_mistakes",
    statement="Sequences that the strongest head alone gets wrong are harder for the other heads "
    "too (evidence against residual heads)",
    source="Appendix H, Table 2",
    controls=("residual_heads.random_sequences",),
    runs=network,
)
def test_shared_mistakes(evidence, runs):
    heads = Heads(runs["network"])
    alone = heads.answers.alone
    worse = heads_worse(alone, ~alone[heads.strongest], heads.others)
    measure_shared_mistakes(evidence, heads, worse, f"strongest: layer 1 head {heads.strongest}")
    evidence.quantity(
        "sequences that the strongest head alone gets wrong",
        np.sum(~alone[heads.strongest]),
        unit="sequences",
        published=reported("paper.h3_mistakes"),
    )
    evidence.quantity(
        "share of random sets of that size on which as many heads are worse",
        np.mean(worse_by_chance(heads, alone) >= worse),
        note=f"{SUBSETS} random sets of training sequences",
    )
    evidence.table(
        mistakes_table(
            heads,
            alone,
            "Table 2",
            "Accuracy of each head alone on the sequences that the strongest head alone gets "
            "wrong, and overall. Heads by induction strength, ours and the paper's.",
            "paper.table2.{}.h{}",
        )
    )


@pytest.mark.control(
    id="residual_heads.random_sequences",
    statement="On random sequences instead of the strongest head's mistakes, the other heads are "
    "not worse",
    must_fail=(WORSE,),
    runs=network,
)
def test_random_sequences_are_not_harder(evidence, runs):
    heads = Heads(runs["network"])
    by_chance = worse_by_chance(heads, heads.answers.alone)
    measure_shared_mistakes(
        evidence, heads, float(np.median(by_chance)), f"median of {SUBSETS} random sets as large"
    )


# For the hypothesis: with perfected match, what heads cannot copy is a matter of certain labels.

CONCENTRATED = "p value of mistakes spread over labels by chance"


def measure_concentration(evidence, p_value: float, note: str) -> None:
    """State whether the strongest head's mistakes with perfected match concentrate on labels."""
    evidence.check(
        CONCENTRATED,
        p_value,
        at_most=0.01,
        note="permutation test of Pearson's chi-squared: mistakes dealt out to any sequences, so "
        f"that a label asked for more often gets more of them; {note}",
    )


def rates(mistakes: np.ndarray, episodes: np.ndarray) -> np.ndarray:
    """Share of the sequences of each label that are wrong; NaN for a label never asked for."""
    return np.divide(mistakes, episodes, out=np.full(mistakes.shape, np.nan), where=episodes > 0)


def figure_16(heads: Heads) -> Figure:
    """Figure 16: what perfected match gains, and which labels are copied wrongly."""
    perfected = heads.answers.perfected
    rate = rates(heads.mistakes(perfected), heads.episodes_by_label)
    labels = [str(label) for label in range(heads.n_labels)]

    def points(label: str, answers: np.ndarray, style: str, group: str) -> Series:
        accuracy = answers.mean(axis=1).tolist()
        return Series(label, heads.strengths.tolist(), accuracy, style=style, group=group)

    return Figure(
        "Figure 16",
        "Heads of layer 1 alone, as they are and with perfected match, by induction strength; then "
        "the share of sequences that the strongest head copies wrongly with perfected match, by "
        "the label they ask for, and the same for every head, from the strongest down. For the "
        "last two the paper gives no numbers. Which labels are hard differs between "
        "initialisations; in the paper, 1 and 3 for the strongest head.",
        "Appendix H, Figure 16",
        [
            Panel(
                "Accuracy alone",
                "induction strength",
                "accuracy",
                [
                    points("alone", heads.answers.alone, "circles", "alone"),
                    published_series("fig4a.only_head", group="alone"),
                    points("perfected match", perfected, "points", "perfected"),
                    published_series("fig16a.perfected_match", group="perfected"),
                ],
                y_limits=(0, 1),
            ),
            Bars(
                f"Mistakes of the strongest, head {heads.strongest}, perfected match",
                "label",
                "mistake rate",
                labels,
                [
                    Series(
                        "mistake rate",
                        [float(label) for label in range(heads.n_labels)],
                        rate[heads.strongest].tolist(),
                    )
                ],
                [ReferenceLine("all labels", float(1 - perfected[heads.strongest].mean()))],
            ),
            Heatmap(
                "Mistakes of every head, perfected match",
                "label",
                "head of layer 1, strongest first",
                labels,
                [str(head) for head in heads.order],
                rate[list(heads.order)].tolist(),
                "mistake rate",
                limits=(0, 1),
            ),
        ],
    )


@pytest.mark.claim(
    id="residual_heads.hard_labels",
    statement="With perfected match, mistakes of the strongest head concentrate on few labels "
    "(evidence for residual heads)",
    source="Appendix H, Figure 16 and Table 3",
    controls=("residual_heads.shuffled_mistakes",),
    runs=network,
)
def test_hard_labels(evidence, runs):
    heads = Heads(runs["network"])
    perfected, episodes = heads.answers.perfected, heads.episodes_by_label
    mistakes = heads.mistakes(perfected)[heads.strongest]
    measure_concentration(
        evidence,
        concentration_by_chance(mistakes, episodes),
        f"layer 1 head {heads.strongest}: {', '.join(map(str, mistakes))} mistakes of "
        f"{', '.join(map(str, episodes))} sequences with labels 0 to {heads.n_labels - 1}; "
        "undefined without mistakes",
    )
    if not mistakes.any():
        evidence.inconclusive("with perfected match the strongest head makes no mistake")
    evidence.quantity(
        "sequences that the strongest head gets wrong with perfected match",
        mistakes.sum(),
        unit="sequences",
        published=reported("nb.seed5.table3.total_missed_h3"),
    )
    hardest = np.argsort(-rates(mistakes, episodes), kind="stable")[:2]
    evidence.quantity(
        "share of its mistakes on the two labels with the highest mistake rate",
        mistakes[hardest].sum() / mistakes.sum() if mistakes.any() else np.nan,
        note=f"labels {', '.join(map(str, hardest))}; these are asked for in "
        f"{episodes[hardest].sum() / episodes.sum():.1%} of the sequences",
    )
    evidence.quantity(
        "heads that are worse on the strongest head's mistakes than overall, perfected match",
        heads_worse(perfected, ~perfected[heads.strongest], heads.others),
        unit=f"of {len(heads.others)} heads",
        published=Reported(6, "Table 3"),
    )
    evidence.table(
        mistakes_table(
            heads,
            perfected,
            "Table 3",
            "As Table 2, with perfected match: accuracy of each head alone on the sequences that "
            "the strongest head gets wrong with perfected match, and overall.",
            "nb.seed5.table3.{}.h{}",
        )
    )
    evidence.figure(figure_16(heads))


@pytest.mark.control(
    id="residual_heads.shuffled_mistakes",
    statement="As many mistakes, dealt out to random sequences, do not concentrate on labels",
    must_fail=(CONCENTRATED,),
    runs=network,
)
def test_shuffled_mistakes_do_not_concentrate(evidence, runs):
    heads = Heads(runs["network"])
    wrong = ~heads.answers.perfected[heads.strongest]
    rng = np.random.default_rng(1)
    p_values = [
        concentration_by_chance(
            mistakes_by_label(rng.permutation(wrong), heads.targets, heads.n_labels),
            heads.episodes_by_label,
            draws=999,
        )
        for _ in range(SHUFFLES)
    ]
    measure_concentration(evidence, float(np.median(p_values)), f"median of {SHUFFLES} shuffles")
