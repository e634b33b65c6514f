"""Clusters of dask.distributed: one on this machine, or one that is there.

`distributed` is an extra: it is imported when it is used, here and in the modules beside.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import warnings
from collections.abc import Generator
from typing import Any

from icl_repro.nearest import nearest_number

CONNECT_SECONDS = 10
ASK_SECONDS = 30
"""How long workers may take to tell what they have."""
USUAL_PORT, LAST_PORT = 8786, 65535
_ADDRESS = re.compile(
    r"((?P<scheme>\w+)://)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[\w.-]+)(:(?P<port>[0-9]{1,5}))?", re.ASCII
)
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
                # Its pages are served all the same: at any port, not at one that may be taken.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
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
        NoCluster: that is no address, nobody answers, or `distributed` is not installed.
    """
    _dask()
    # First: dask waits for what it cannot reach, and a client that was not made is none to close.
    _require_address(address)
    from distributed import Client

    try:
        with _quietly():
            return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(
            f"no scheduler answers at {address} ({error}); start one with 'dask scheduler', which "
            "prints its address, such as tcp://10.0.0.1:8786"
        ) from error


class Fitness:
    """Which workers of a cluster can make what this process would; each is asked once."""

    def __init__(self, client: Any, fingerprint: str) -> None:
        """`fingerprint` is that of this process: its source and libraries."""
        self._client = client
        self._fingerprint = fingerprint
        self._misfits: dict[str, str] = {}
        self._fit: set[str] = set()

    def require(self) -> None:
        """Require that all workers that are there fit.

        Raises:
            NoCluster: one has several threads, or other source or libraries.
        """
        try:
            misfits = self.misfits()
        except (OSError, ValueError) as error:
            raise NoCluster(f"the workers of the cluster cannot be asked: {error}") from error
        for why in misfits.values():
            raise NoCluster(why)

    def misfits(self) -> dict[str, str]:
        """The addresses of the workers that are there and do not fit, each with a sentence that
        says why not.

        Raises:
            OSError, ValueError: they cannot be asked now.
        """
        there = self._look()
        return {address: why for address, why in self._misfits.items() if address in there}

    def fit(self) -> list[str]:
        """The addresses of the workers that are there and fit.

        Raises:
            OSError, ValueError: they cannot be asked now.
        """
        return sorted(self._look() & self._fit)

    def _look(self) -> set[str]:
        """Ask those that have joined; gives the addresses of all that are there."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        new = [address for address in workers if address not in self._fit | self._misfits.keys()]
        for address, theirs in (self._asked(new) if new else {}).items():
            why = self._why_not(address, workers[address]["nthreads"], theirs)
            if why:
                self._misfits[address] = why
            elif why is not None:
                self._fit.add(address)
        return set(workers)

    def _asked(self, workers: list[str]) -> dict[str, Any]:
        from icl_repro.training import dask_worker

        client = self._client
        # Not `run`, which waits for ever for a worker that stands still.
        return client.sync(
            client._run,
            dask_worker.fingerprint,
            workers=workers,
            on_error="return",
            callback_timeout=ASK_SECONDS,
        )

    def _why_not(self, address: str, threads: int, theirs: Any) -> str | None:
        """Why a worker does not fit; empty if it does, and None if nobody can tell."""
        from distributed.comm.core import CommClosedError

        if threads != 1:
            return (
                f"the worker {address} has {threads} threads; start workers with "
                "--nthreads 1, and as many as there are cores (--nworkers)"
            )
        if isinstance(theirs, (CommClosedError, TimeoutError)):
            return None  # it has just gone
        if isinstance(theirs, Exception):
            return (
                f"the worker {address} cannot import this package: {theirs!r}; install it there, "
                "exact versions included (constraints.txt)"
            )
        if theirs != self._fingerprint:
            return (
                f"the worker {address} has other source or libraries (fingerprint {theirs[:12]}, "
                f"here {self._fingerprint[:12]}): install the same there, exact versions included "
                "(constraints.txt)"
            )
        return ""


def _require_address(address: str) -> None:
    """Require that a scheduler can be where that says.

    Raises:
        NoCluster: it cannot.
    """
    found = _ADDRESS.fullmatch(address)
    if found and found["scheme"] == "tcp" and 0 < int(found["port"] or 0) <= LAST_PORT:
        return
    meant = "tcp://10.0.0.1:8786"
    if found and found["scheme"] in (None, "tcp", "http"):
        port = nearest_number(int(found["port"] or USUAL_PORT), 1, LAST_PORT)
        meant = f"tcp://{found['host']}:{port}"
    raise NoCluster(
        f"{address!r} is not where a scheduler can be; write tcp://HOST:PORT, the one kind of "
        f"address that is supported, as in {meant}"
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
