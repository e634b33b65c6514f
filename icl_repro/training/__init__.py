"""Training: what a run is, the compiled engine, the store of finished runs, and plans.

Each name is imported when it is first used, so that what decides a run
(:mod:`icl_repro.training.provenance`) can be told without JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icl_repro.training.executors import Executor, More, Outcome, Progress
    from icl_repro.training.local_executor import LocalExecutor
    from icl_repro.training.plan import Plan
    from icl_repro.training.run import Run
    from icl_repro.training.schedule import Schedule
    from icl_repro.training.spec import Optimiser, RunSpec, Stop, Transplant
    from icl_repro.training.store import DivergedRun, MissingRun, RunStore, UnusableStore

__all__ = [
    "DivergedRun",
    "Executor",
    "LocalExecutor",
    "MissingRun",
    "More",
    "Optimiser",
    "Outcome",
    "Plan",
    "Progress",
    "Run",
    "RunSpec",
    "RunStore",
    "Schedule",
    "Stop",
    "Transplant",
    "UnusableStore",
]

_MODULES = {
    **dict.fromkeys(("Executor", "More", "Outcome", "Progress"), "executors"),
    "LocalExecutor": "local_executor",
    "Plan": "plan",
    "Run": "run",
    "Schedule": "schedule",
    **dict.fromkeys(("Optimiser", "RunSpec", "Stop", "Transplant"), "spec"),
    **dict.fromkeys(("DivergedRun", "MissingRun", "RunStore", "UnusableStore"), "store"),
}
"""Where each name is defined."""


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
