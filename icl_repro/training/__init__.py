"""Training: what a run is, the compiled engine, the store of finished runs, and plans."""

from icl_repro.training.executors import Executor, LocalExecutor, More, Outcome, Progress
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
