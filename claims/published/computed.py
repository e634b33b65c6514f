"""What the paper's own curves and values come to when they are measured as ours are.

Each has an id that starts with ``calc.``, so that a claim names it like a value that is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import SupportsFloat

import numpy as np

from claims.comparisons import (
    STRONG,
    WELL,
    place_in_time,
    place_of,
    plateau_length,
    share_closed,
    spread_ratio,
    strength_and_earliness,
)
from claims.published import (
    MAIN_SEED,
    SEEDS,
    as_reported,
    of_seeds,
    published_data,
    published_series,
)
from icl_repro.statistics.ranks import spearman
from icl_repro.verification.reported import Reported

STRONGEST = 3
"""The strongest head of the main seed (Section 3.1), which is also the quickest alone."""
HEADS = range(8)
OTHERS = [head for head in HEADS if head != STRONGEST]


def _value(value_id: str) -> float:
    return published_data().values[value_id].value


def _values(pattern: str, heads: Collection[int] = HEADS) -> np.ndarray:
    return np.array([_value(pattern.format(head)) for head in heads])


def _curve(curve_id: str) -> tuple[np.ndarray, np.ndarray]:
    found = published_series(curve_id)
    return np.array(found.x, float), np.array(found.y, float)


def _notebooks(value: str) -> np.ndarray:
    """What the authors' notebook of each seed prints."""
    seeds = ("seed5" if seed == MAIN_SEED else f"is{seed}" for seed in SEEDS)
    return np.array([_value(f"nb.{seed}.{value}") for seed in seeds])


def _read_off(
    value: SupportsFloat, where: str, over_seeds: Iterable[SupportsFloat] = ()
) -> Reported:
    return as_reported(value, f"{where}, digitized", map(float, over_seeds))


def _main_first(values: Sequence[SupportsFloat] | np.ndarray, where: str) -> Reported:
    """Those of all seeds, of which the first is the main one's."""
    return _read_off(values[0], where, values)


def _of_seeds(panel: str, where: str, measure: Callable[..., SupportsFloat]) -> Reported:
    """A measure of the rows of points of Figure 18; the main seed's, and all."""
    values = [float(measure(*_curve(f"fig18.{panel}.seed{seed}"))) for seed in SEEDS]
    return Reported(values[0], where, over_seeds=values)


def _by_head(value: str) -> np.ndarray:
    """What the notebooks print of each head; a row for each seed."""
    return np.array([_notebooks(f"{value}.h{head}") for head in HEADS]).T


def heads_by_strength(seed: int) -> list[int]:
    """The heads of a published network, the strongest first."""
    return np.argsort(-_by_head("strength")[SEEDS.index(seed)], kind="stable").tolist()


def _strongest() -> np.ndarray:
    """The strongest head of each seed."""
    return _by_head("strength").argmax(axis=1)


def _of_others(by_head: np.ndarray) -> np.ndarray:
    """What is known of all heads but the strongest; a row for each seed."""
    return np.array([np.delete(row, head) for row, head in zip(by_head, _strongest(), strict=True)])


def _without() -> np.ndarray:
    """The accuracy without each head; a row for each seed."""
    return np.array([of_seeds(f"dig.fig4a.remove_head.h{head}") for head in HEADS]).T


def _without_the_strongest() -> np.ndarray:
    return np.take_along_axis(_without(), _strongest()[:, None], axis=1)[:, 0]


def _lost_by_removing() -> np.ndarray:
    """The accuracy lost without each head but the strongest; a row for each seed."""
    return _notebooks("final_accuracy")[:, None] - _of_others(_without())


def _spread_without_over_alone() -> list[float]:
    pairs = zip(_of_others(_without()), _of_others(_by_head("only_head_accuracy")), strict=True)
    return [spread_ratio(without, alone) for without, alone in pairs]


def _others_doing_well() -> np.ndarray:
    """How many heads but the strongest do well alone, of each seed."""
    return np.sum(_of_others(_by_head("only_head_accuracy")) >= WELL, axis=1, dtype=float)


def _slower_alone() -> np.ndarray:
    """How many heads are slower alone than all heads together, of each seed."""
    alone = np.array([of_seeds(f"dig.fig4b.main.only_l2_head_{head}.t_0.4ln2") for head in HEADS])
    # What has not learned when the figure ends is slower than what has.
    return np.sum(~(alone <= of_seeds("dig.fig4b.main.all_heads.t_0.4ln2")), axis=0)


def _induction_heads(strengths: np.ndarray) -> int:
    return int(np.sum(strengths >= STRONG))


def _emergence(measure: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The final strength of each head, and when it gets to a strength of its own or of all; for
    each seed.
    """
    times = np.array([of_seeds(f"dig.fig3b.main.l2_head_{head}.{measure}") for head in HEADS]).T
    return [*zip(_by_head("strength"), times, strict=True)]


def _strength_and_emergence(measure: str) -> list[np.ndarray]:
    """The rank correlation of strength and earliness among induction heads, for each seed."""
    return [spearman(*strength_and_earliness(*heads)) for heads in _emergence(measure)]


def _times_of_pairs(level: str) -> tuple[np.ndarray, float, float]:
    """Learning times of the published pairs, of the strongest head alone and of all heads."""
    return (
        _values(f"dig.fig17.main.heads_{STRONGEST}_and_{{}}.{level}", OTHERS),
        _value(f"dig.fig4b.main.only_l2_head_{STRONGEST}.{level}"),
        _value(f"dig.fig17.main.all_heads.{level}"),
    )


def strength_and_speed(seeds: Collection[int]) -> Reported:
    """The rank correlation of Figure 18 in the mean over `seeds`, as far as they are published;
    that of the main one if none is.
    """
    known = [seed for seed in seeds if seed in SEEDS] or [MAIN_SEED]
    points = [_curve(f"fig18.time.seed{seed}") for seed in known]
    value = np.mean([spearman(strengths, -times) for times, strengths in points])
    where = f"Figure 18, seed {', '.join(map(str, known))}, times on a grid of 5,000"
    return Reported(float(value), where, approximate=True)


PAIRS = "Figures 4b and 17"
COMPUTED: dict[str, Callable[[], Reported]] = {
    "calc.plateau_length": lambda: Reported(
        plateau_length(*_curve("fig3a.main.train")),
        "Figure 3a, digitized, by its loss alone",
        True,
        of_seeds("dig.fig3a.main.train.plateau_length").tolist(),
    ),
    "calc.rise_over_fall": lambda: _read_off(
        _value(f"dig.fig3b.main.l2_head_{STRONGEST}.half_rise")
        / _value("dig.fig3a.main.train.half_time"),
        "Figures 3a and 3b",
        of_seeds("dig.fig3b.main.strongest.half_rise") / of_seeds("dig.fig3a.main.train.half_time"),
    ),
    "calc.induction_heads": lambda: _read_off(
        _induction_heads(_values("dig.fig3b.main.l2_head_{}.final_strength")),
        "Figure 3b",
        (_induction_heads(_curve(f"fig18.accuracy.seed{seed}")[1]) for seed in SEEDS),
    ),
    "calc.duration_over_half_time": lambda: _main_first(
        of_seeds("dig.fig3a.main.train.duration") / of_seeds("dig.fig3a.main.train.half_time"),
        "Figure 3a",
    ),
    "calc.emergence_of_the_strongest": lambda: _main_first(
        [place_in_time(int(strengths.argmax()), times) for strengths, times in _emergence("t_0.1")],
        "Figure 3b",
    ),
    "calc.strength_and_emergence": lambda: _main_first(
        _strength_and_emergence("t_0.1"), "Figure 3b"
    ),
    "calc.strength_and_half_rise": lambda: _main_first(
        _strength_and_emergence("half_rise"), "Figure 3b"
    ),
    "calc.direct_path_on_the_plateau": lambda: _read_off(
        _curve("fig12.top_ablating_l1_output_connection.train_loss_delta")[1].max(), "Figure 12"
    ),
    "calc.lost_by_removing": lambda: _main_first(_lost_by_removing().max(axis=1), "Figure 4a"),
    "calc.lost_by_removing_on_average": lambda: _main_first(
        _lost_by_removing().mean(axis=1), "Figure 4a"
    ),
    "calc.strongest_alone": lambda: _of_seeds(
        "accuracy",
        "Figures 4a and 18, as the notebooks print it",
        lambda accuracy, strengths: accuracy[strengths.argmax()],
    ),
    "calc.others_alone": lambda: Reported(
        float(_others_doing_well()[0]),
        "Figures 4a and 18, as the notebooks print it",
        over_seeds=_others_doing_well().tolist(),
    ),
    "calc.strength_and_accuracy_alone": lambda: _of_seeds(
        "accuracy", "Figures 4a and 18", spearman
    ),
    "calc.spread_without_over_alone": lambda: _main_first(
        _spread_without_over_alone(), "Figure 4a"
    ),
    "calc.rise_from_strongest": lambda: _read_off(
        np.diff(_curve("fig14.left")[1]).max(), "Figure 14"
    ),
    "calc.rise_from_second": lambda: _read_off(
        np.diff(_curve("fig14.right")[1]).max(), "Figure 14"
    ),
    "calc.slower_alone": lambda: _main_first(_slower_alone(), "Figure 4b"),
    "calc.place_of_fastest": lambda: _of_seeds(
        "time",
        "Section 3.2; of five seeds, Figure 18",
        lambda times, strengths: place_of(int(times.argmin()), strengths),
    ),
    "calc.pairs_faster": lambda: _read_off(
        np.sum(_times_of_pairs("half_time")[0] < _times_of_pairs("half_time")[1]), PAIRS
    ),
    "calc.fastest_pair": lambda: _read_off(_times_of_pairs("half_time")[0].min(), "Figure 17"),
    "calc.slowest_pair": lambda: _read_off(_times_of_pairs("half_time")[0].max(), "Figure 17"),
    "calc.delay_closed": lambda: _read_off(share_closed(*_times_of_pairs("half_time")), PAIRS),
    "calc.delay_closed_to_0.4ln2": lambda: _read_off(
        share_closed(*_times_of_pairs("t_0.4ln2")), PAIRS
    ),
}
"""How each is computed."""

OVER_SEEDS: dict[str, Callable[[], np.ndarray]] = {
    "paper.final_accuracy": lambda: _notebooks("final_accuracy"),
    "paper.no_l1_output_drop": lambda: (
        _notebooks("final_accuracy") - _notebooks("no_l1_output_accuracy")
    ),
    f"dig.fig4a.remove_head.h{STRONGEST}": _without_the_strongest,
}
"""What is published of all seeds where the id names the main one's: what the authors' notebooks
print, and what is left without the strongest head, which is another on each seed.
"""
