"""The networks of a record beside the published ones of the same seeds, head by head.

All of ours is read from figures that the record holds, so that nothing is trained or loaded:

- induction strengths, from that of :data:`STRENGTHS` (Figure 3b);
- each head of layer 1 alone, and the full network, from :data:`ALONE` (Figure 4b);
- what is clamped, from :data:`CLAMPED` (Figure 5b), on the head that is fastest alone there and on
  the one that the authors clamped.

By the published streams a network starts from the authors' initial weights, so that its heads have
the paper's names. By ours names mean nothing: what is alike then is what chance gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from claims.networks.clamped import CURVES_5B, HEADS
from claims.published import MAIN_SEED, SEEDS, published_series
from claims.published.other_seeds import of_other_seed
from icl_repro.measures.curves.crossings import first_rise, time_to
from icl_repro.measures.curves.phase_change import HALF_LOSS
from icl_repro.report.markdown import table
from icl_repro.statistics.ranks import pooled_rank_correlation, spearman
from icl_repro.verification.pictures import Panel, Series
from icl_repro.verification.record import VerificationRecord

STRENGTHS = "emergence.induction_heads_rise"
ALONE = "race.capacity"
CLAMPED = "subcircuits.phase_change"
PANEL_OF_CLAMPED = "Loss under clamping"
"""The panel of its figure that has whole curves."""

AUTHORS_CLAMP = 3
"""The head that they keep in Figure 5b, on every seed, whether or not it is fast there."""
RISEN = 0.1
"""The induction strength at which a head has emerged."""
POINTS = 1_000
"""So many, evenly over sequences, are curves compared at."""

Curve = tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]
"""Sequences seen, and what was measured then."""
NO_CURVE: Curve = (np.array([np.nan]), np.array([np.nan]))


class Beside(NamedTuple):
    """A number of ours and the published one; NaN where it is not known, infinite for a time that
    does not come.
    """

    ours: float
    published: float


class CurveBeside(NamedTuple):
    """A loss curve beside the published one: when each falls to 0.35, and the mean distance (nats)
    up to where the shorter ends; NaN where there is none.
    """

    half_time: Beside
    apart: float


class HeadBeside(NamedTuple):
    """A head of layer 1, which has the same number in the paper's Layer 2.

    Attributes:
        head: its number.
        strength: induction strength in the end of the full network.
        place: among the heads by that, 1 for the strongest.
        emerged: sequences at which the strength reaches 0.1.
        apart: mean distance of its strength from the published curve over training.
        alone: the network that keeps this head alone.
    """

    head: int
    strength: Beside
    place: Beside
    emerged: Beside
    apart: float
    alone: CurveBeside


class SeedBeside(NamedTuple):
    """The networks of a seed. `others_apart` is the mean distance of a strength curve from the
    published ones of the other heads, `nearest` how many heads are nearest to that of their own;
    `clamped` are the networks of Figure 5b, on the heads of layer 1 `clamped_head`: ours is the
    fastest alone, -1 where it is not known.
    """

    seed: int
    heads: list[HeadBeside]
    others_apart: float
    nearest: int
    whole: CurveBeside
    clamped: dict[str, CurveBeside]
    clamped_head: Beside

    def pairs(self, measure: str) -> Float[np.ndarray, "heads 2"]:
        """Ours and the published of each head, of one of :data:`MEASURES`; a time that does not
        come is later than any.
        """
        found = np.array([MEASURES[measure](head) for head in self.heads], float)
        return np.where(np.isposinf(found), np.finfo(float).max, found)

    def correlation(self, measure: str) -> float:
        """Rank correlation over heads of ours with the published; NaN where one is not known."""
        ours, theirs = self.pairs(measure).T
        return float(spearman(ours, theirs)) if np.isfinite([ours, theirs]).all() else math.nan


MEASURES: Mapping[str, Callable[[HeadBeside], Beside]] = {
    "strength in the end": lambda head: head.strength,
    f"when strength reaches {RISEN}": lambda head: head.emerged,
    "half-time alone": lambda head: head.alone.half_time,
}
"""What is ranked over heads."""


def beside_published(record: VerificationRecord) -> list[SeedBeside]:
    """Each published seed of which the record has induction strengths.

    Raises:
        ValueError: it has them of none.
    """
    found = [
        _of_seed(record, seed) for seed in SEEDS if _measured(record, STRENGTHS, seed, "layer ")
    ]
    if not found:
        raise ValueError(
            f"the record has no figure of {STRENGTHS} on seeds {SEEDS[0]} to {SEEDS[-1]}, which "
            f"heads are read from: judge {STRENGTHS}, {ALONE} and {CLAMPED} on them"
        )
    return found


def published_curve(curve_id: str, seed: int) -> Curve:
    """A published curve of a seed."""
    main = seed == MAIN_SEED
    series = published_series(curve_id) if main else of_other_seed(curve_id, seed)
    return np.array(series.x, float), np.array(series.y, float)


def _of_seed(record: VerificationRecord, seed: int) -> SeedBeside:
    rises = _measured(record, STRENGTHS, seed, "layer ")
    ours = [next(c for label, c in rises.items() if label.endswith(f" {head}")) for head in HEADS]
    theirs = [published_curve(f"fig3b.main.l2_head_{head}", seed) for head in HEADS]
    apart = np.array([[_apart(one, other) for other in theirs] for one in ours])
    losses = _measured(record, ALONE, seed)
    places = np.array([_places(curves) for curves in (ours, theirs)])
    heads = [
        HeadBeside(
            head=head,
            strength=Beside(float(ours[head][1][-1]), float(theirs[head][1][-1])),
            place=Beside(*places[:, head].tolist()),
            emerged=Beside(*(_risen(curves[head]) for curves in (ours, theirs))),
            apart=float(apart[head, head]),
            alone=_compared(
                losses.get(f"head {head} alone", NO_CURVE),
                published_curve(f"fig4b.main.only_l2_head_{head}", seed),
            ),
        )
        for head in HEADS
    ]
    clamped = _measured(record, CLAMPED, seed, panel=PANEL_OF_CLAMPED)
    return SeedBeside(
        seed=seed,
        heads=heads,
        others_apart=float(apart[~np.eye(len(HEADS), dtype=bool)].mean()),
        nearest=int(np.sum(apart.argmin(axis=1) == np.arange(len(HEADS)))),
        whole=_compared(
            losses.get("all heads", NO_CURVE), published_curve("fig3a.main.train", seed)
        ),
        clamped={
            name: _compared(clamped.get(name, NO_CURVE), published_curve(curve_id, seed))
            for name, curve_id in CURVES_5B.items()
        },
        clamped_head=Beside(_fastest(heads), AUTHORS_CLAMP),
    )


def _measured(
    record: VerificationRecord, claim: str, seed: int, label: str = "", panel: str = ""
) -> dict[str, Curve]:
    """The measured curves of a claim's figures on a seed by their labels, of those that begin so;
    of one panel, or of the first that has each.
    """
    found: dict[str, Curve] = {}
    for trial in (t for one in record.claims if one.id == claim for t in one.trials):
        for series in _series(trial.evidence.figures if trial.seed == seed else (), panel):
            if series.origin == "measured" and series.label.startswith(label):
                found.setdefault(series.label, (np.array(series.x), np.array(series.y)))
    return found


def _series(figures: Sequence[object], panel: str) -> Iterator[Series]:
    for figure in figures:
        for one in getattr(figure, "panels", ()):
            if isinstance(one, Panel) and panel in ("", one.title):
                yield from one.series


def _compared(ours: Curve, theirs: Curve) -> CurveBeside:
    """Of an unknown curve the half-time is not known either; one that ends above 0.35 has none."""
    known = bool(np.isfinite(ours[1]).all())
    half_time = time_to(*ours, HALF_LOSS) if known else math.nan
    return CurveBeside(
        Beside(half_time, time_to(*theirs, HALF_LOSS)), _apart(ours, theirs) if known else math.nan
    )


def _apart(ours: Curve, theirs: Curve) -> float:
    begin, end = max(ours[0][0], theirs[0][0]), min(ours[0][-1], theirs[0][-1])
    grid = np.linspace(begin, end, POINTS)
    return float(np.abs(np.interp(grid, *ours) - np.interp(grid, *theirs)).mean())


def _risen(curve: Curve) -> float:
    at = first_rise(*curve, RISEN)
    return math.inf if math.isnan(at) else at


def _places(curves: Sequence[Curve]) -> Float[np.ndarray, " heads"]:
    order = np.argsort([-y[-1] for _, y in curves])
    places = np.empty(len(order))
    places[order] = np.arange(1, len(order) + 1)
    return places


def _fastest(heads: Sequence[HeadBeside]) -> int:
    times = np.array([head.alone.half_time.ours for head in heads])
    return -1 if np.isnan(times).any() else int(times.argmin())


# In words.

_HEADS = (
    "head", "strength", "place", "reaches 0.1 at", "strength apart", "alone: half-time",
    "alone: loss apart",
)  # fmt: skip
_CURVES = ("network", "half-time", "over published", "loss apart, nats")

SUMMARY: Mapping[str, Callable[[SeedBeside], float]] = {
    "strength apart from the published one of the same head, mean": lambda one: float(
        np.mean([head.apart for head in one.heads])
    ),
    "the same from those of the other heads": lambda one: one.others_apart,
    f"heads that are nearest to the published one of their own, of {len(HEADS)}": lambda one: (
        one.nearest
    ),
    "half-time of the full network over published": lambda one: _ratio(one.whole.half_time),
    "its loss apart from the published one, nats": lambda one: one.whole.apart,
}
"""The rows of the summary below those of :data:`MEASURES`."""


def summary(found: Sequence[SeedBeside]) -> Iterator[str]:
    """What is alike on each seed, as a Markdown table with a column for each, and the mean; of rank
    correlations with the probability that heads in any order have as large a mean.
    """
    rows = [
        [
            f"{measure}, rank correlation",
            *(_shown(one.correlation(measure)) for one in found),
            _pooled([one.pairs(measure) for one in found]),
        ]
        for measure in MEASURES
    ]
    for name, measured in SUMMARY.items():
        values = [measured(one) for one in found]
        rows.append([name, *map(_shown, values), _shown(float(np.mean(values)))])
    yield from table(["", *(f"seed {one.seed}" for one in found), "mean"], rows)
    yield ""


def _pooled(sets: Sequence[Float[np.ndarray, "heads 2"]]) -> str:
    known = [(pairs[:, 0], pairs[:, 1]) for pairs in sets if np.isfinite(pairs).all()]
    if not known:
        return _shown(math.nan)
    found = pooled_rank_correlation(known)
    return f"{_shown(found.value)} (p = {found.chance:.2g})"


def of_seed(found: SeedBeside) -> Iterator[str]:
    """A seed as two Markdown tables: its heads, and its other networks. Each cell has ours, then
    the published; times are in thousand sequences.
    """
    yield from table(
        _HEADS,
        [
            [
                str(one.head),
                _pair(one.strength),
                _pair(one.place),
                _times(one.emerged),
                _shown(one.apart),
                _times(one.alone.half_time),
                _shown(one.alone.apart),
            ]
            for one in found.heads
        ],
    )
    yield ""
    ours, theirs = found.clamped_head
    if ours >= 0:
        yield f"Below *all heads*, ours keep head {ours}, the authors' keep head {theirs}."
        yield ""
    networks = {"all heads": found.whole} | found.clamped
    yield from table(
        _CURVES,
        [
            [
                name,
                _times(one.half_time),
                _shown(_ratio(one.half_time)),
                _shown(one.apart),
            ]
            for name, one in networks.items()
        ],
    )
    yield ""


def _ratio(times: Beside) -> float:
    """NaN where either does not come or is not known."""
    return times.ours / times.published if np.isfinite(times).all() else math.nan


def _pair(pair: Beside) -> str:
    return f"{_shown(pair.ours)} ({_shown(pair.published)})"


def _times(pair: Beside) -> str:
    return f"{_time(pair.ours)} ({_time(pair.published)})"


def _time(sequences: float) -> str:
    return "never" if math.isinf(sequences) else _shown(sequences / 1_000, digits=0)


def _shown(value: float, digits: int = 3) -> str:
    if not math.isfinite(value):
        return "—"
    return f"{value:.0f}" if value == round(value) else f"{value:.{digits}f}".replace("-", "−")
