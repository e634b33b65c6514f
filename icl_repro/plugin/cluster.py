"""The cluster that trains for a session, where the user asks for one.

The process that runs the tests, or under xdist the controller, looks for it or starts it before
there are workers of xdist; each of these is then a client of it and asks for all the runs of the
session. The scheduler trains each once.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from icl_repro.plugin import library
from icl_repro.plugin.declared_options import DASK, EXECUTOR_FLAG, SCHEDULER_FLAG
from icl_repro.plugin.session import is_worker, runs_tests, state_of


def prepare(config: pytest.Config) -> None:
    """Find the cluster, or start one on this machine, if the session is to train on one.

    Raises:
        pytest.UsageError: there is none to be had.
    """
    state = state_of(config)
    settings = state.settings
    if is_worker(config) or settings.executor != DASK or settings.no_train:
        return
    if not runs_tests(config):
        return
    clusters = library.clusters()
    try:
        if settings.scheduler:
            clusters.connected(settings.scheduler).close()
            state.scheduler = settings.scheduler
        else:
            state.cluster = clusters.LocalCluster(_workers(config))
            state.scheduler = state.cluster.address
    except clusters.NoCluster as error:
        flag = SCHEDULER_FLAG if settings.scheduler else EXECUTOR_FLAG
        raise pytest.UsageError(f"{flag}: {error}") from error


def close(config: pytest.Config) -> None:
    """End the cluster that this process has started."""
    state = state_of(config)
    cluster, state.cluster = state.cluster, None
    if cluster is not None:
        cluster.close()


def _workers(config: pytest.Config) -> int:
    """As many as xdist starts, else one a core."""
    asked: Any = config.getoption("numprocesses", None)
    if asked:
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
