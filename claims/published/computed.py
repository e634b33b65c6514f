"""What the paper's own curves and values come to when they are measured as ours are.

Each has an id that starts with ``calc.``, so that a claim names it like a value that is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from statistics import fmean
from typing import SupportsFloat

import numpy as np

from claims.comparisons import (
    STRONG,
    WELL,
    all_but_the_first,
    place_in_time,
    place_of,
    place_of_second,
    share_closed,
    spread_ratio,
    strength_and_earliness,
)
from claims.published import (
    MAIN_SEED,
    SEEDS,
    as_reported,
    of_seeds,
    published_series,
)
from claims.published.by_head import HEADS, STRONGEST, by_head, value
from icl_repro.measures.curves.apart import area_between
from icl_repro.statistics.ranks import pooled_rank_correlation, spearman
from icl_repro.verification.reported import Reported

OTHERS = [head for head in HEADS if head != STRONGEST]


def _curve(curve_id: str) -> tuple[np.ndarray, np.ndarray]:
    found = published_series(curve_id)
    return np.array(found.x, float), np.array(found.y, float)


def _notebooks(quantity: str) -> np.ndarray:
    """What the authors' notebook of each seed prints."""
    seeds = ("seed5" if seed == MAIN_SEED else f"is{seed}" for seed in SEEDS)
    return np.array([value(f"nb.{seed}.{quantity}") for seed in seeds])


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


def _mean(values: Iterable[SupportsFloat], where: str) -> Reported:
    """The mean over seeds, and those of all: for a claim that is judged over all seeds at once."""
    over_seeds = [float(value) for value in values]
    return _read_off(fmean(over_seeds), f"{where}, mean of five seeds", over_seeds)


def _by_head(quantity: str) -> np.ndarray:
    """What the notebooks print of each head; a row for each seed."""
    return np.array([_notebooks(f"{quantity}.h{head}") for head in HEADS]).T


def _read_of_heads(pattern: str) -> np.ndarray:
    """What is read off a figure of each head, NaN where it cannot be; a row for each seed."""
    return np.array([of_seeds(pattern.format(head)) for head in HEADS]).T


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
    return _read_of_heads("dig.fig4a.remove_head.h{}")


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


def _alone(measure: str) -> np.ndarray:
    """What is known of the network with each head alone; a row for each seed. What has not come
    when the figure ends comes later than anything that has.
    """
    return np.nan_to_num(_read_of_heads(f"dig.fig4b.main.only_l2_head_{{}}.{measure}"), nan=np.inf)


def _slower_alone() -> np.ndarray:
    """How many heads are slower alone than all heads together, of each seed."""
    full = of_seeds("dig.fig4b.main.all_heads.t_0.4ln2")
    return np.sum(_alone("t_0.4ln2") > full[:, None], axis=1)


def _over_the_full_network(of_heads: Callable[..., np.ndarray]) -> Reported:
    """A learning time of the heads of each seed over that of the full network."""
    full = of_seeds("dig.fig4b.main.all_heads.t_0.4ln2")
    return _main_first(of_heads(_alone("t_0.4ln2"), axis=1) / full, "Figure 4b")


def learning_time_alone(place: int) -> Reported:
    """The learning time of a single head by its place, 1 for the fastest."""
    return _main_first(np.sort(_alone("t_0.4ln2"), axis=1)[:, place - 1], "Figure 4b")


def _rises(measure: str) -> np.ndarray:
    """When each head gets to a strength of its own or of all, infinite for one that never does; a
    row for each seed.
    """
    return np.nan_to_num(_read_of_heads(f"dig.fig3b.main.l2_head_{{}}.{measure}"), nan=np.inf)


def _emerged() -> np.ndarray:
    """When each head emerges."""
    return _rises("t_0.1")


def orders_alone() -> list[tuple[np.ndarray, np.ndarray]]:
    """When all heads but the first emerge, and when they learn alone, of each seed."""
    pairs = zip(_emerged(), _alone("t_0.4ln2"), strict=True)
    return [
        (emerged[rest], times[rest])
        for emerged, times in pairs
        for rest in [all_but_the_first(emerged)]
    ]


def _order_of_strength() -> list[float]:
    """How the order in which all heads but the first emerge follows their strength."""
    pairs = zip(_emerged(), _by_head("strength"), strict=True)
    return [
        float(spearman(emerged[rest], -strengths[rest]))
        for emerged, strengths in pairs
        for rest in [all_but_the_first(emerged)]
    ]


def _beside_strength(panel: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The points of a panel of Figure 18, of each seed; the larger the better."""
    sign = 1 if panel == "accuracy" else -1
    points = [_curve(f"fig18.{panel}.seed{seed}") for seed in SEEDS]
    return [(sign * values, strengths) for values, strengths in points]


def _strength_and(panel: str) -> np.ndarray:
    """The rank correlation of a panel of Figure 18, of each seed."""
    return np.array([spearman(*points) for points in _beside_strength(panel)])


def _above_chance(panel: str) -> np.ndarray:
    """The same less what one shuffle of the heads in twenty reaches, all seeds pooled."""
    return _strength_and(panel) - pooled_rank_correlation(_beside_strength(panel)).by_chance


def _speed_is_weaker() -> np.ndarray:
    return np.minimum(_strength_and("accuracy"), _strength_and("loss")) - _strength_and("time")


def _induction_heads(strengths: np.ndarray) -> int:
    return int(np.sum(strengths >= STRONG))


def _emergence(measure: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The final strength of each head, and when it rises; for each seed."""
    return [*zip(_by_head("strength"), _rises(measure), strict=True)]


def _strength_and_emergence(measure: str) -> list[np.ndarray]:
    """The rank correlation of strength and earliness among induction heads, for each seed."""
    return [spearman(*strength_and_earliness(*heads)) for heads in _emergence(measure)]


def _times_of_pairs(level: str) -> tuple[np.ndarray, float, float]:
    """Learning times of the published pairs, of the strongest head alone and of all heads."""
    return (
        by_head(f"dig.fig17.main.heads_{STRONGEST}_and_{{}}.{level}", OTHERS),
        value(f"dig.fig4b.main.only_l2_head_{STRONGEST}.{level}"),
        value(f"dig.fig17.main.all_heads.{level}"),
    )


def _order_of_pairs(values: np.ndarray) -> float:
    """How an order of all heads but the strongest follows that of their pairs with it."""
    return float(spearman(_times_of_pairs("t_0.4ln2")[0], values[OTHERS]))


def _distance_of_pairs(alone: Collection[int]) -> Reported:
    """How far the curve of a pair is from that of the full network, over those of single heads."""
    whole = _curve("fig17.main.all_heads")
    pairs = [f"fig17.main.heads_{STRONGEST}_and_{head}" for head in OTHERS]
    single = [f"fig4b.main.only_l2_head_{head}" for head in alone]
    of_pairs, of_single = (
        np.median([area_between(_curve(curve), whole) for curve in curves])
        for curves in (pairs, single)
    )
    return _read_off(of_pairs / of_single, PAIRS)


PAIRS = "Figures 4b and 17"
COMPUTED: dict[str, Callable[[], Reported]] = {
    "calc.plateau_length": lambda: _main_first(
        of_seeds("dig.fig3a.main.train.plateau_length"), "Figure 3a, by its loss alone"
    ),
    "calc.rise_over_fall": lambda: _read_off(
        value(f"dig.fig3b.main.l2_head_{STRONGEST}.half_rise")
        / value("dig.fig3a.main.train.half_time"),
        "Figures 3a and 3b",
        of_seeds("dig.fig3b.main.strongest.half_rise") / of_seeds("dig.fig3a.main.train.half_time"),
    ),
    "calc.induction_heads": lambda: _read_off(
        _induction_heads(by_head("dig.fig3b.main.l2_head_{}.final_strength")),
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
    "calc.learned_alone": lambda: _main_first(
        of_seeds("dig.fig4b.main.single_heads.learned"), "Figure 4b"
    ),
    "calc.loss_alone": lambda: _main_first(
        of_seeds("dig.fig4b.main.single_heads.median_final_loss"), "Figure 4b"
    ),
    "calc.near_perfect_alone": lambda: _main_first(
        of_seeds("dig.fig4b.main.single_heads.near_perfect"),
        "Section 3.2 and, of five seeds, Figure 4b by its losses",
    ),
    "calc.slower_alone": lambda: _main_first(_slower_alone(), "Figure 4b"),
    "calc.median_alone": lambda: _over_the_full_network(np.median),
    "calc.fastest_alone": lambda: _over_the_full_network(np.min),
    "calc.place_of_fastest": lambda: _of_seeds(
        "time",
        "Section 3.2; of five seeds, Figure 18",
        lambda times, strengths: place_of(int(times.argmin()), strengths),
    ),
    "calc.place_of_strongest": lambda: _of_seeds(
        "time", "Figure 18", lambda times, strengths: place_of(int(strengths.argmax()), -times)
    ),
    "calc.over_seeds.strength_and_accuracy": lambda: _mean(_strength_and("accuracy"), "Figure 18"),
    "calc.over_seeds.strength_and_loss": lambda: _mean(_strength_and("loss"), "Figure 18"),
    "calc.over_seeds.strength_and_speed": lambda: _mean(_strength_and("time"), "Figure 18"),
    "calc.over_seeds.strength_and_accuracy_above_chance": lambda: _mean(
        _above_chance("accuracy"), "Figure 18"
    ),
    "calc.over_seeds.strength_and_loss_above_chance": lambda: _mean(
        _above_chance("loss"), "Figure 18"
    ),
    "calc.over_seeds.strength_and_speed_above_chance": lambda: _mean(
        _above_chance("time"), "Figure 18"
    ),
    "calc.over_seeds.speed_is_weaker": lambda: _mean(_speed_is_weaker(), "Figure 18"),
    "calc.over_seeds.order_alone": lambda: _mean(
        [float(spearman(*orders)) for orders in orders_alone()], "Figures 3b and 4b"
    ),
    "calc.over_seeds.order_of_strength": lambda: _mean(_order_of_strength(), "Figure 3b"),
    "calc.over_seeds.second_alone": lambda: _mean(
        [*map(place_of_second, _emerged(), _alone("t_0.4ln2"))], "Figures 3b and 4b"
    ),
    "calc.order_of_pairs.emergence": lambda: _read_off(
        _order_of_pairs(_emerged()[0]), "Figures 3b and 17"
    ),
    "calc.order_of_pairs.strength": lambda: _read_off(
        _order_of_pairs(-_by_head("strength")[0]), "Figures 3b and 17"
    ),
    "calc.distance_of_pairs": lambda: _distance_of_pairs([STRONGEST]),
    "calc.distance_of_pairs_and_single_heads": lambda: _distance_of_pairs(HEADS),
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
