"""What workers of a test's cluster load first: runs are then made up and not trained.

A line is appended to the file that ``ICL_TEST_LOG`` names when a run begins, ends or is given up,
with the process that does so. What else happens is said by the seed of the run's data.
"""

import os
import time
from pathlib import Path

from icl_repro.storage.files import append_line
from tests.support.tiny import made_up_run

HANGS_ONCE, KILLS, LASTS, WAITS = 101, 102, 103, 104
PAUSE_SECONDS = 0.2


def dask_setup(worker) -> None:
    from icl_repro.training import engine

    engine.train = made_up


def made_up(specs, cache, on_step, load):
    (spec,) = specs
    note("begins", spec)
    on_step(0)
    if spec.data_seed == HANGS_ONCE and noted("begins", spec) == 1:
        time.sleep(600)
    while spec.data_seed == WAITS and not Path(os.environ["ICL_TEST_LOG"] + ".go").exists():
        time.sleep(0.02)
    if spec.data_seed == KILLS:
        time.sleep(0.1)
        os._exit(1)
    for _ in range(600 if spec.data_seed == LASTS else 1):
        time.sleep(PAUSE_SECONDS)
        try:
            on_step(10)
        except BaseException:
            note("gives-up", spec)
            raise
    if spec.transplant is not None:
        load(spec.transplant.source)
    note("ends", spec)
    return [made_up_run(spec, spec.init_seed)]


def note(what: str, spec) -> None:
    append_line(Path(os.environ["ICL_TEST_LOG"]), f"{what} {spec.key} {os.getpid()}")


def noted(what: str, spec) -> int:
    lines = Path(os.environ["ICL_TEST_LOG"]).read_text().splitlines()
    return sum(line.startswith(f"{what} {spec.key} ") for line in lines)
