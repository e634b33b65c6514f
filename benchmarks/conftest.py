"""Benchmarks run on one thread of one core, each in turns with what it is compared with."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from icl_repro import threads

threads.use_one()  # as the workers of pytest do; before anything imports JAX

ROUNDS = 7


class Row(NamedTuple):
    """One line of the table at the end: medians, and the median of the ratios within a round."""

    group: str
    name: str
    seconds: float
    units_a_second: float | None
    unit: str
    against: str
    ratio: float | None


_rows = pytest.StashKey[list[Row]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--any-core", action="store_true", help="do not keep to one core")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_rows] = []
    if not config.getoption("--any-core") and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def pytest_report_header() -> str:
    import equinox
    import jax

    cores = f"{os.cpu_count()} cores"
    if hasattr(os, "sched_getaffinity"):
        cores += f", kept to {len(os.sched_getaffinity(0))} of them"
    return (
        f"{platform.system()} {platform.machine()}, {cores}; Python {platform.python_version()}, "
        f"jax {jax.__version__}, equinox {equinox.__version__}"
    )


class Beside:
    """Times a contestant and what it is compared with in turns, so that whatever else the machine
    does meets both alike.
    """

    def __init__(self, benchmark, rows: list[Row]) -> None:
        self._benchmark, self._rows = benchmark, rows

    def __call__(
        self,
        name: str,
        contestant: Callable[[], object],
        *,
        group: str,
        against: tuple[str, Callable[[], object]] | None = None,
        per: float = 1,
        against_per: float | None = None,
        unit: str = "",
        rounds: int = ROUNDS,
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Time `contestant`; what it and the other return is waited for.

        Args:
            name: of the contestant.
            contestant: does `per` units of work.
            group: heads the table that this is a line of.
            against: name of what it is compared with, which does `against_per` units (`per` if
                that is not given).
            per: units of work in one go.
            against_per: see `against`.
            unit: of the work; none if only times are of interest.
            rounds: goes of each.
            clock: processor time unless something else is said.
        """
        contestant()
        others: list[float] = []
        if against is not None:
            against[1]()

        def take_turns() -> None:
            if against is not None:
                others.append(_seconds(against[1], clock))

        self._benchmark.group = group
        self._benchmark.extra_info |= {"name": name, "unit": unit, "per": per}
        self._benchmark.pedantic(contestant, setup=take_turns, rounds=rounds, iterations=1)
        if self._benchmark.stats is None:  # --benchmark-disable
            return
        own = self._benchmark.stats.stats.data
        seconds, ratio = statistics.median(own), None
        if against is not None:
            work = per / (against_per or per)
            ratio = statistics.median(
                work * other / mine for mine, other in zip(own, others[-len(own) :], strict=True)
            )
            self._benchmark.extra_info |= {"against": against[0], "times as fast": ratio}
        rate = per / seconds if unit else None
        if rate is not None:
            self._benchmark.extra_info["units a second"] = rate
        other_name = "" if against is None else against[0]
        self._rows.append(Row(group, name, seconds, rate, unit, other_name, ratio))


def _seconds(do: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    do()
    return clock() - started


@pytest.fixture
def beside(benchmark, request: pytest.FixtureRequest) -> Beside:
    return Beside(benchmark, request.config.stash[_rows])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[_rows]
    for group in dict.fromkeys(row.group for row in rows):
        terminalreporter.section(group)
        for row in (row for row in rows if row.group == group):
            terminalreporter.write_line(_line(row))


def _line(row: Row) -> str:
    rate = "" if row.units_a_second is None else f"{row.units_a_second:,.0f} {row.unit}/s"
    ratio = "" if row.ratio is None else f"{row.ratio:.3g} times as fast as {row.against}"
    return f"{row.name:<44} {row.seconds * 1e3:>10.4g} ms {rate:>24}   {ratio}"
