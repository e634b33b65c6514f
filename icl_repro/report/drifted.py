"""Curves that drifted, as pictures: how each was, and how it is."""

from __future__ import annotations

import msgspec

from icl_repro.report.pictures.figures import FigureView, view_figure
from icl_repro.verification.compared import Comparison, CurveChange
from icl_repro.verification.pictures import Figure, Panel, Series
from icl_repro.verification.record import Trial, VerificationRecord

MOST = 12
"""So many are drawn, of those that drifted."""


def drifted_figures(
    comparison: Comparison, old: VerificationRecord, new: VerificationRecord
) -> list[FigureView]:
    """A picture of each of the first curves that drifted, with that before."""
    found: list[FigureView] = []
    for number, change in enumerate(comparison.curves[:MOST]):
        before, now = _found(old, change), _found(new, change)
        if before is not None and now is not None:
            found.append(view_figure(_beside(change, before, now), f"drifted-{number}"))
    return found


def _beside(change: CurveChange, before: Panel, now: Panel) -> Figure:
    """Both curves on the axes of the one that is."""
    series = [
        Series(label, one.x, one.y, group=label)
        for label, panel in (("before", before), ("now", now))
        for one in panel.series
    ]
    names = (
        f"control {change.case}" if change.case else "",
        f"row {change.row}" if change.row else "",
        f"seed {change.seed}" if change.seed else "",
        change.figure,
    )
    where = ", ".join(filter(None, names))
    panel = msgspec.structs.replace(now, title=change.series, series=series, ordered=False)
    return Figure(change.figure, f"{change.claim}: {where}", "", [panel])


def _found(record: VerificationRecord, change: CurveChange) -> Panel | None:
    """The panel that a curve stands in, with that curve alone."""
    for trial in _trials(record, change):
        seed = ",".join(map(str, trial.seeds)) if trial.seed is None else str(trial.seed)
        if (trial.row, seed) != (change.row, change.seed):
            continue
        for figure in trial.evidence.figures:
            for number, panel in enumerate(figure.panels, start=1):
                if not isinstance(panel, Panel) or figure.name != change.figure:
                    continue
                own = [one for one in panel.series if one.label == change.series]
                own = [one for one in own if (one.origin, one.style) == ("measured", "line")]
                if own and change.panel == (panel.title or f"panel {number}"):
                    return msgspec.structs.replace(panel, series=own[:1])
    return None


def _trials(record: VerificationRecord, change: CurveChange) -> list[Trial]:
    for claim in record.claims:
        if claim.id == change.claim and not change.case:
            return claim.trials
        for control in claim.controls:
            if (claim.id, control.id) == (change.claim, change.case):
                return control.trials
    return []
