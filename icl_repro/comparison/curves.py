"""Curves of figures that are otherwise than their counterparts.

Compared as snapshots are: in a tube around each other, in time and in value at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from icl_repro.comparison.pairs import Gaps, Pair, place
from icl_repro.verification.compared import CurveChange
from icl_repro.verification.pictures import Figure, Panel, Series
from icl_repro.verification.record import ClaimRecord, Trial
from icl_repro.verification.snapshots import Curve, Tolerance, UnusableCurve, compare, curve

_Name = tuple[str, str, str, str, str, str]
"""Case, row, seed, figure, panel and series."""

_TOLERANCE = Tolerance()


def changes(
    pairs: Sequence[Pair], gaps: Gaps, *, comparable: bool
) -> tuple[list[CurveChange], int]:
    """The curves that leave the tube around their counterparts, and how many were compared.

    Lines that were measured are curves. Points, bars, heat maps and diagrams are not; what is
    stated of them is a check.

    Args:
        pairs: the claims that both records have.
        gaps: takes what cannot be compared.
        comparable: false where the runs are others, whose curves say nothing of these.
    """
    found: list[CurveChange] = []
    amount = 0
    for pair in pairs:
        before, now = _curves(pair.old), _curves(pair.new)
        if not comparable:
            if before and now:
                gaps.add("curves", "the runs of the records are not the same ones", pair.new.id)
            continue
        for name, new in now.items():
            old = before.get(name)
            if old is None:
                continue
            drift, usable = _drift(old, new)
            if not usable:
                gaps.add("curves", "points that make no curve", _place(pair.new.id, name))
            amount += usable
            if drift is not None:
                found.append(_named(drift, pair.new.id, name))
        found_before, found_now = {name[:3] for name in before}, {name[:3] for name in now}
        for here, there, tests, which in (
            (before, now, found_now, "new"),
            (now, before, found_before, "old"),
        ):
            for name in sorted(here.keys() - there.keys()):
                # A test without any curve did not run, or not on that seed: told elsewhere.
                if name[:3] in tests:
                    why = f"the {which} record has no such curve"
                    gaps.add("curves", why, _place(pair.new.id, name))
    return found, amount


def _drift(old: Series, new: Series) -> tuple[CurveChange | None, bool]:
    """How a curve drifted, if it did, and whether both are curves at all."""
    if (old.x, old.y) == (new.x, new.y) and len(new.x) > 1:
        return None, True
    try:
        stored, curve_ = _points(old), _points(new)
    except UnusableCurve:
        return None, False
    if _agree_point_by_point(curve_, stored):
        return None, True
    drift = compare(curve_, stored, _TOLERANCE)
    if drift is None:
        return None, True
    return CurveChange(
        *("",) * 7,
        outside=drift.outside,
        points=drift.points,
        side="now" if drift.side == "new" else "before",
        at=drift.at,
        value=drift.value,
        low=drift.low,
        high=drift.high,
    ), True


def _agree_point_by_point(new: Curve, stored: Curve) -> bool:
    """Whether both have the same x and values so close that no tube has to be asked."""
    if new.x != stored.x:
        return False
    y = np.asarray(stored.y)
    near = _TOLERANCE.value_of_range * np.ptp(y) + _TOLERANCE.value_of_size * np.abs(y).max()
    return bool(np.abs(np.asarray(new.y) - y).max() <= near)


def _points(series: Series) -> Curve:
    """The finite points of a series.

    Raises:
        UnusableCurve: they make no curve.
    """
    points = [(x, y) for x, y in zip(series.x, series.y, strict=True) if None not in (x, y)]
    return curve([x for x, _ in points], [y for _, y in points])


def _curves(claim: ClaimRecord) -> dict[_Name, Series]:
    cases = [("", claim.trials), *((one.id, one.trials) for one in claim.controls)]
    return {
        (case, trial.row, _seed(trial), *name): series
        for case, trials in cases
        for trial in trials
        for name, series in _lines(trial.evidence.figures)
    }


def _lines(figures: Sequence[Figure]) -> Iterator[tuple[tuple[str, str, str], Series]]:
    for figure in figures:
        for index, panel in enumerate(figure.panels, start=1):
            if not isinstance(panel, Panel):
                continue
            for series in panel.series:
                if series.origin == "measured" and series.style == "line":
                    yield (figure.name, panel.title or f"panel {index}", series.label), series


def _seed(trial: Trial) -> str:
    return ",".join(map(str, trial.seeds)) if trial.seed is None else str(trial.seed)


def _place(claim: str, name: _Name) -> str:
    case, row, seed, figure, panel, series = name
    where = place(claim, case, row) + (f", seed {seed}" if seed else "")
    return f"{where}: {figure}, {panel}, {series}"


def _named(drift: CurveChange, claim: str, name: _Name) -> CurveChange:
    case, row, seed, figure, panel, series = name
    return msgspec.structs.replace(
        drift,
        claim=claim,
        case=case,
        row=row,
        seed=seed,
        figure=figure,
        panel=panel,
        series=series,
    )
