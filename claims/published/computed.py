"""What the paper's own curves and values come to when they are measured as ours are.

Each has an id that starts with ``calc.``, so that a claim names it like a value that is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import numpy as np

from claims import comparisons
from icl_repro.statistics.ranks import spearman
from icl_repro.verification.reported import Reported

if TYPE_CHECKING:
    from claims.published import PublishedData

MAIN_SEED = 5
"""The seed of the paper's own figures."""
SEEDS = range(5, 10)
"""Those of which something is published."""
HEADS = range(8)
STRONGEST = 3
"""The strongest head of the main seed (Section 3.1), which is also the quickest alone."""
OTHERS = [head for head in HEADS if head != STRONGEST]


class Published:
    """The values and curves that the computations below read, as arrays."""

    def __init__(self, data: PublishedData) -> None:
        self._data = data

    def value(self, value_id: str) -> float:
        """A single value."""
        return self._data.values[value_id].value

    def values(self, pattern: str, choices: Collection[int] = HEADS) -> np.ndarray:
        """The values of an id with ``{}`` in place of each of `choices`."""
        return np.array([self.value(pattern.format(choice)) for choice in choices])

    def curve(self, curve_id: str) -> tuple[np.ndarray, np.ndarray]:
        """The x and y of a curve or of a row of points."""
        found = self._data.curves.get(curve_id) or self._data.points[curve_id]
        return np.array(found.x), np.array(found.y)

    def notebooks(self, value: str) -> list[float]:
        """What the authors' notebook of each seed prints of a value."""
        return [self.value(f"nb.{_notebook(seed)}.{value}") for seed in SEEDS]


def _notebook(seed: int) -> str:
    return "seed5" if seed == MAIN_SEED else f"is{seed}"


def _read_off(value: float, source: str, over_seeds: Collection[float] = ()) -> Reported:
    return Reported(float(value), f"{source}, digitized", True, [float(v) for v in over_seeds])


def _plateau_length(paper: Published) -> Reported:
    length = comparisons.plateau_length(*paper.curve("fig3a.main.train"))
    return Reported(length, "Figure 3a, digitized, by its loss alone", approximate=True)


def _rise_over_fall(paper: Published) -> Reported:
    rise = paper.value(f"dig.fig3b.main.l2_head_{STRONGEST}.half_rise")
    return _read_off(rise / paper.value("dig.fig3a.main.train.half_time"), "Figures 3a and 3b")


def _induction_heads(paper: Published) -> Reported:
    strengths = paper.values("dig.fig3b.main.l2_head_{}.final_strength")
    of_seeds = [paper.curve(f"fig18.accuracy.seed{seed}")[1] for seed in SEEDS]
    return _read_off(np.sum(strengths >= 0.25), "Figure 3b", [np.sum(s >= 0.25) for s in of_seeds])


def _direct_path(paper: Published) -> Reported:
    _, rise = paper.curve("fig12.top_ablating_l1_output_connection.train_loss_delta")
    return _read_off(rise.max(), "Figure 12")


def _lost_by_removing(paper: Published) -> Reported:
    kept = paper.values("dig.fig4a.remove_head.h{}", OTHERS)
    return _read_off(paper.value("nb.seed5.final_accuracy") - kept.min(), "Figure 4a")


def _lost_by_removing_on_average(paper: Published) -> Reported:
    kept = paper.values("dig.fig4a.remove_head.h{}", OTHERS)
    return _read_off(paper.value("nb.seed5.final_accuracy") - kept.mean(), "Figure 4a")


def _strongest_alone(paper: Published) -> Reported:
    of_seeds = [paper.curve(f"fig18.accuracy.seed{seed}") for seed in SEEDS]
    alone = [float(accuracy[strengths.argmax()]) for accuracy, strengths in of_seeds]
    return Reported(alone[0], "Figures 4a and 18, as the notebooks print it", over_seeds=alone)


def _strength_and_accuracy_alone(paper: Published) -> Reported:
    of_seeds = [float(spearman(*paper.curve(f"fig18.accuracy.seed{seed}"))) for seed in SEEDS]
    return Reported(of_seeds[0], "Figures 4a and 18", over_seeds=of_seeds)


def _spread(paper: Published) -> Reported:
    _, alone = paper.curve("fig4a.only_head")
    _, without = paper.curve("fig4a.remove_head")
    return _read_off(comparisons.spread_ratio(without[OTHERS], alone[OTHERS]), "Figure 4a")


def _rise_when_added(panel: str) -> Callable[[Published], Reported]:
    return lambda paper: _read_off(np.diff(paper.curve(f"fig14.{panel}")[1]).max(), "Figure 14")


def _slower_alone(paper: Published) -> Reported:
    alone = paper.values("dig.fig4b.main.only_l2_head_{}.t_0.4ln2")
    slower = alone > paper.value("dig.fig4b.main.all_heads.t_0.4ln2")
    return _read_off(np.sum(slower), "Figure 4b")


def _place_of_fastest(paper: Published) -> Reported:
    of_seeds = [paper.curve(f"fig18.time.seed{seed}") for seed in SEEDS]
    places = [comparisons.place_of(int(time.argmin()), strengths) for time, strengths in of_seeds]
    return Reported(1, "Section 3.2; of five seeds, Figure 18", over_seeds=list(map(float, places)))


def strength_and_speed(paper: Published, seeds: Collection[int]) -> Reported:
    """The rank correlation of Figure 18 in the mean over `seeds`, those of the paper as far as they
    are among them, else its main one.
    """
    known = [seed for seed in seeds if seed in SEEDS] or [MAIN_SEED]
    of_seeds = []
    for seed in known:
        times, strengths = paper.curve(f"fig18.time.seed{seed}")
        of_seeds.append(float(spearman(strengths, -times)))
    where = f"Figure 18, seeds {', '.join(map(str, known))}, times on a grid of 5,000"
    return Reported(float(np.mean(of_seeds)), where, approximate=True)


def _times_of_pairs(paper: Published, level: str) -> tuple[np.ndarray, float, float]:
    """Learning times of the published pairs, of the strongest head alone and of all heads."""
    return (
        paper.values(f"dig.fig17.main.heads_{STRONGEST}_and_{{}}.{level}", OTHERS),
        paper.value(f"dig.fig4b.main.only_l2_head_{STRONGEST}.{level}"),
        paper.value(f"dig.fig17.main.all_heads.{level}"),
    )


def _pairs_faster(paper: Published) -> Reported:
    pairs, one, _ = _times_of_pairs(paper, "half_time")
    return _read_off(np.sum(pairs < one), "Figures 4b and 17")


def _fastest_pair(paper: Published) -> Reported:
    return _read_off(_times_of_pairs(paper, "half_time")[0].min(), "Figure 17")


def _slowest_pair(paper: Published) -> Reported:
    return _read_off(_times_of_pairs(paper, "half_time")[0].max(), "Figure 17")


def _delay_closed(level: str) -> Callable[[Published], Reported]:
    return lambda paper: _read_off(
        comparisons.share_closed(*_times_of_pairs(paper, level)), "Figures 4b and 17"
    )


COMPUTED = {
    "calc.plateau_length": _plateau_length,
    "calc.rise_over_fall": _rise_over_fall,
    "calc.induction_heads": _induction_heads,
    "calc.direct_path_on_the_plateau": _direct_path,
    "calc.lost_by_removing": _lost_by_removing,
    "calc.lost_by_removing_on_average": _lost_by_removing_on_average,
    "calc.strongest_alone": _strongest_alone,
    "calc.strength_and_accuracy_alone": _strength_and_accuracy_alone,
    "calc.spread_without_over_alone": _spread,
    "calc.rise_from_strongest": _rise_when_added("left"),
    "calc.rise_from_second": _rise_when_added("right"),
    "calc.slower_alone": _slower_alone,
    "calc.place_of_fastest": _place_of_fastest,
    "calc.pairs_faster": _pairs_faster,
    "calc.fastest_pair": _fastest_pair,
    "calc.slowest_pair": _slowest_pair,
    "calc.delay_closed": _delay_closed("half_time"),
    "calc.delay_closed_to_0.4ln2": _delay_closed("t_0.4ln2"),
}
"""How each is computed."""

OVER_SEEDS: dict[str, Callable[[Published], list[float]]] = {
    "paper.final_accuracy": lambda paper: paper.notebooks("final_accuracy"),
    "paper.no_l1_output_drop": lambda paper: [
        intact - ablated
        for intact, ablated in zip(
            paper.notebooks("final_accuracy"), paper.notebooks("no_l1_output_accuracy"), strict=True
        )
    ],
}
"""What the authors' notebooks print on all five seeds of a value that the text gives for one."""
