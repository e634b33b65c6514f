"""icl-repro: the published claims of a paper, verified by running them.

The names that claims are written with. Each is imported when it is first used: importing this
package imports neither JAX nor NumPy, and declaring claims does not import JAX either. Only what
describes and stores training runs (`RunSpec` and what follows it in `__all__`) does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icl_repro.lazy import attributes

if TYPE_CHECKING:
    from icl_repro.statistics.intervals import Interval
    from icl_repro.training.run import Run
    from icl_repro.training.schedule import Schedule
    from icl_repro.training.spec import Optimiser, RunSpec, Stop, Transplant
    from icl_repro.training.store import RunStore
    from icl_repro.verification.declare import claim, control, networks, networks_by_row
    from icl_repro.verification.diagram import Diagram
    from icl_repro.verification.pictures import (
        Bars,
        Cell,
        Figure,
        Heatmap,
        Panel,
        ReferenceLine,
        Series,
        Table,
        Wiring,
    )
    from icl_repro.verification.recorder import Evidence
    from icl_repro.verification.reported import Reported

__all__ = [
    "Bars",
    "Cell",
    "Diagram",
    "Evidence",
    "Figure",
    "Heatmap",
    "Interval",
    "Optimiser",
    "Panel",
    "ReferenceLine",
    "Reported",
    "Run",
    "RunSpec",
    "RunStore",
    "Schedule",
    "Series",
    "Stop",
    "Table",
    "Transplant",
    "Wiring",
    "claim",
    "control",
    "networks",
    "networks_by_row",
]

_PICTURES = (
    "Bars",
    "Cell",
    "Figure",
    "Heatmap",
    "Panel",
    "ReferenceLine",
    "Series",
    "Table",
    "Wiring",
)
_MODULES = {
    **dict.fromkeys(("claim", "control", "networks", "networks_by_row"), "verification.declare"),
    **dict.fromkeys(_PICTURES, "verification.pictures"),
    "Diagram": "verification.diagram",
    "Evidence": "verification.recorder",
    "Interval": "statistics.intervals",
    "Reported": "verification.reported",
    **dict.fromkeys(("Optimiser", "RunSpec", "Stop", "Transplant"), "training.spec"),
    "Run": "training.run",
    "RunStore": "training.store",
    "Schedule": "training.schedule",
}
"""Where each public name is defined."""

__getattr__ = attributes(__name__, _MODULES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
