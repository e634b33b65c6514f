"""Clusters of dask.distributed: one on this machine, or one that is there.

`distributed` is an extra: it is imported when it is used, here and in the modules beside.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Generator
from typing import Any

CONNECT_SECONDS = 10
_LOCAL = {
    # One run at a time is sent to a worker, so that none is blamed for the death of another.
    "distributed.scheduler.worker-saturation": 1.0,
    # A worker that compiles still tells that it lives; a machine that swaps may take a while.
    "distributed.scheduler.worker-ttl": "10 minutes",
}


class NoCluster(RuntimeError):
    """There is no cluster to be had; the message says what to do about it."""


class LocalCluster:
    """A scheduler and workers on this machine, until it is closed."""

    def __init__(self, workers: int) -> None:
        """Raises: NoCluster."""
        if workers < 1:
            raise ValueError(f"workers is {workers}, but must be at least 1")
        dask = _dask()
        with _quietly(), dask.config.set(_LOCAL):
            import distributed

            start: Any = distributed.LocalCluster
            self._cluster = start(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                dashboard_address=None,
                silence_logs="CRITICAL",
            )
        self.address: str = self._cluster.scheduler_address
        """Where its scheduler is."""

    def close(self) -> None:
        """End its processes."""
        with _quietly():
            self._cluster.close(timeout=10)


def connected(address: str) -> Any:
    """A client of the cluster whose scheduler is there.

    Raises:
        NoCluster: nobody answers, or `distributed` is not installed.
    """
    _dask()
    from distributed import Client

    try:
        with _quietly():
            return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"no scheduler answers at {address} ({error}); start one with 'dask scheduler', which "
            "prints its address, such as tcp://10.0.0.1:8786"
        ) from error


def require_fit(client: Any, fingerprint: str) -> None:
    """Require that the workers that are there can make what this process would.

    Raises:
        NoCluster: one has several threads, or other source or libraries.
    """
    from icl_repro.training import dask_worker

    workers = client.scheduler_info(n_workers=-1)["workers"]
    for address, known in workers.items():
        if known["nthreads"] != 1:
            raise NoCluster(
                f"the worker {address} has {known['nthreads']} threads; start workers with "
                "--nthreads 1, and as many as there are cores (--nworkers)"
            )
    try:
        found = client.run(dask_worker.fingerprint, on_error="return")
    except (OSError, ValueError) as error:
        raise NoCluster(f"the workers of the cluster cannot be asked: {error}") from error
    for address, theirs in found.items():
        if isinstance(theirs, Exception):
            raise NoCluster(
                f"the worker {address} cannot import this package: {theirs!r}; install it there, "
                "exact versions included (constraints.txt)"
            ) from theirs
        if theirs != fingerprint:
            raise NoCluster(
                f"the worker {address} has other source or libraries (fingerprint {theirs[:12]}, "
                f"here {fingerprint[:12]}): install the same there, exact versions included "
                "(constraints.txt)"
            )


def _dask() -> Any:
    try:
        import dask

        importlib.import_module("distributed")
    except ImportError as error:
        raise NoCluster(
            "dask.distributed is not installed: pip install -c constraints.txt -e '.[distributed]' "
            "in a checkout, or pip install 'icl-repro[distributed]' anywhere"
        ) from error
    return dask


@contextlib.contextmanager
def _quietly() -> Generator[None]:
    """Without warnings of others' libraries, which are no failure of a session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
