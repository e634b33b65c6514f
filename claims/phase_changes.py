"""Phase changes of runs and of published curves, measured in the same way and stated as evidence.

See :mod:`icl_repro.measures.curves.phase_change` for what is measured.
"""

from __future__ import annotations

import numpy as np

from claims.published import published_data, published_series
from icl_repro.measures.curves.phase_change import PhaseChange, half_time, phase_change
from icl_repro.training import Run
from icl_repro.verification.pictures import Series
from icl_repro.verification.reported import Reported

SEQUENCES = "training sequences seen"


def of_run(run: Run, curve: str = "train.loss") -> PhaseChange:
    """The phase change of a run, by its train loss or another of its curves."""
    return phase_change(run.sequences, run.curves[curve])


def of_published(curve_id: str) -> PhaseChange:
    """The phase change of a published curve."""
    published = published_series(curve_id)
    return phase_change(np.array(published.x), np.array(published.y))


def half_time_of(run: Run) -> float:
    """Sequences until the train loss of a run is 0.35; NaN if it never is."""
    return half_time(run.sequences, run.curves["train.loss"])


def as_published(curve_id: str, value: float) -> Reported:
    """A number that was measured on a published curve, which may be a not-a-number."""
    figure = published_data().curves[curve_id].figure
    return Reported(float(value), f"{figure}, digitized", approximate=True)


def check_acceleration(
    evidence,
    name: str,
    found: PhaseChange,
    curve_id: str | None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> None:
    """Hold an acceleration ratio against a threshold, beside that of a published curve."""
    evidence.check(
        name,
        found.acceleration.value,
        at_least=at_least,
        at_most=at_most,
        published=None
        if curve_id is None
        else as_published(curve_id, of_published(curve_id).acceleration.value),
        interval=found.acceleration.interval,
        note=note,
    )


def state_phase_change(evidence, what: str, found: PhaseChange, curve_id: str) -> None:
    """State every measure of a curve beside that of a published one."""
    published = of_published(curve_id)
    for name, unit in (
        ("half-time", "sequences"),
        ("duration", "sequences"),
        ("plateau", "nats"),
        ("acceleration", ""),
    ):
        ours, theirs = (getattr(one, name.replace("-", "_")) for one in (found, published))
        evidence.quantity(
            f"{what}: {name}{' ratio' if name == 'acceleration' else ''}",
            ours.value,
            unit=unit,
            published=as_published(curve_id, theirs.value) if np.isfinite(theirs.value) else None,
            interval=ours.interval,
        )
    evidence.quantity(
        f"{what}: criterion of an S-shape less that of exponentials",
        found.preference.against_s,
        published=as_published(curve_id, published.preference.against_s),
        interval=found.preference.against_s_interval,
        note=f"{preferred(found)}; the published curve {preferred(published)}",
    )


def preferred(found: PhaseChange) -> str:
    """Which shape a curve prefers, in words."""
    shape, support = found.preference.shape, found.preference.support
    if shape is None:
        return "too few points to prefer a shape"
    return f"prefers {shape}, and so do {support:.0%} of curves with as much noise again"


def loss_line(label: str, run: Run, group: str) -> Series:
    """The train loss of a run as a line of a figure."""
    return Series(label, run.sequences.tolist(), run.curves["train.loss"].tolist(), group=group)
