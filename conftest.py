"""What pytest needs at the root: one thread a process, and how workers share the tests."""

import os

import psutil
import pytest

from icl_repro import threads

threads.use_one()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """As many workers as this process may use physical cores; what the user set goes first."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS") or config.option.numprocesses == "logical":
        return None
    cores = psutil.cpu_count(logical=False) or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return cores


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """The tests of a file on one worker, because they share what they measure, and files in the
    order of the paper; what the user set goes first.
    """
    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
