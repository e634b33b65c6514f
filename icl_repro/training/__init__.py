"""Training: what a run is, the compiled engine, the store of finished runs, and plans.

Each name is imported when it is first used, so that what decides a run
(:mod:`icl_repro.training.provenance`) can be told without JAX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icl_repro.lazy import attributes

if TYPE_CHECKING:
    from icl_repro.training.executors import Executor, More, Outcome, Progress
    from icl_repro.training.language_run import LanguageRun
    from icl_repro.training.language_spec import LanguageSpec, TextSchedule
    from icl_repro.training.local_executor import LocalExecutor
    from icl_repro.training.plan import Plan
    from icl_repro.training.run import Run
    from icl_repro.training.schedule import Schedule
    from icl_repro.training.spec import Optimiser, RunSpec, Stop, Transplant
    from icl_repro.training.store import DivergedRun, MissingRun, RunStore, UnusableStore

__all__ = [
    "DivergedRun",
    "Executor",
    "LanguageRun",
    "LanguageSpec",
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
    "TextSchedule",
    "Transplant",
    "UnusableStore",
]

_MODULES = {
    **dict.fromkeys(("Executor", "More", "Outcome", "Progress"), "executors"),
    "LanguageRun": "language_run",
    **dict.fromkeys(("LanguageSpec", "TextSchedule"), "language_spec"),
    "LocalExecutor": "local_executor",
    "Plan": "plan",
    "Run": "run",
    "Schedule": "schedule",
    **dict.fromkeys(("Optimiser", "RunSpec", "Stop", "Transplant"), "spec"),
    **dict.fromkeys(("DivergedRun", "MissingRun", "RunStore", "UnusableStore"), "store"),
}
"""Where each name is defined."""

__getattr__ = attributes(__name__, _MODULES)
