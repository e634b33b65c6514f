"""How long runs will take: from how long those took that are like them, or from a short timing."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from icl_repro.planning.suite import PlannedRun, StoredTime
from icl_repro.storage.files import write_whole
from icl_repro.storage.programs import processor

Basis = Literal["same", "alike", "any", "timed", "unknown"]
"""What an estimate rests on: stored runs that differ by seeds alone, stored ones of the same kind,
whatever is stored, a timing on this machine, or nothing.
"""

_FILE = "timings.json"
_FEW = 3
"""Of fewer times, the range is the middle one halved and doubled."""
_EARLIEST, _LATEST = 0.2, 2.0
"""From what part of what a timing gives to how many times that a run may take: it may end early."""


class Span(msgspec.Struct, frozen=True):
    """Seconds: the likely number, and from where to where it may well be."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def __add__(self, other: Span) -> Span:
        """Both, one after the other, as if what makes one long made the other long, too."""
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)


class Estimate(NamedTuple):
    """How long one run takes, and what that rests on."""

    seconds: Span
    basis: Basis


class Times:
    """Estimates from stored runs or, where there are none, from timings."""

    def __init__(
        self, stored: Iterable[StoredTime], timings: Mapping[str, float] | None = None
    ) -> None:
        """`timings` are units a second on this machine, by what runs have in common."""
        self._same: dict[str, list[float]] = {}
        self._alike: dict[str, list[float]] = {}
        self._any: list[float] = []
        self._timings = dict(timings or {})
        for one in stored:
            self._same.setdefault(one.same, []).append(one.seconds)
            self._alike.setdefault(one.alike, []).append(one.seconds / one.units)
            self._any.append(one.seconds / one.units)

    def of(self, run: PlannedRun) -> Estimate:
        """How long a run takes."""
        if run.same in self._same:
            return Estimate(_span(self._same[run.same]), "same")
        if run.alike in self._alike:
            return Estimate(_span(self._alike[run.alike], run.units), "alike")
        if self._any:
            return Estimate(_span(self._any, run.units), "any")
        rate = self._timings.get(run.alike) or next(iter(self._timings.values()), None)
        if rate is not None:
            seconds = run.units / rate
            return Estimate(Span(_EARLIEST * seconds, seconds, _LATEST * seconds), "timed")
        return Estimate(Span(), "unknown")


def to_time(runs: Iterable[PlannedRun], times: Times) -> PlannedRun | None:
    """The run whose kind a timing would tell most about: that of the most units, of those that take
    no weights from others; none where something is known of all.
    """
    unknown = [run for run in runs if times.of(run).basis == "unknown" and not run.after]
    units: dict[str, int] = {}
    for run in unknown:
        units[run.alike] = units.get(run.alike, 0) + run.units
    return max(unknown, key=lambda run: (units[run.alike], run.units), default=None)


def makespan(
    seconds: Mapping[str, float], workers: int, after: Mapping[str, str] | None = None
) -> float:
    """When the last run ends if each worker takes the longest that is free, as the session does.

    Args:
        seconds: how long each run takes, by key.
        workers: how many there are, one at least.
        after: which run has to end before another starts, where one has to.

    Raises:
        ValueError: there is no worker.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}, but must be at least 1")
    needs = {key: one for key, one in (after or {}).items() if key in seconds and one in seconds}
    first = set(needs.values())
    waiting = sorted(seconds, key=lambda key: (key not in first, -seconds[key], key))
    done: dict[str, float] = {}
    free = [0.0] * workers
    while waiting:
        now = heapq.heappop(free)
        ready = [key for key in waiting if key not in needs or done.get(needs[key], now + 1) <= now]
        if not ready:
            # Whoever is free waits for the next run to end.
            heapq.heappush(free, min(end for end in done.values() if end > now))
            continue
        waiting.remove(ready[0])
        done[ready[0]] = now + seconds[ready[0]]
        heapq.heappush(free, done[ready[0]])
    return max(done.values(), default=0.0)


def kept_timings(store: Path) -> dict[str, float]:
    """The timings that this kind of processor has left in a store; what cannot be read is none."""
    return _read(store).get(processor(), {})


def keep_timing(store: Path, alike: str, units_per_second: float) -> None:
    """Keep a timing in a store.

    Raises:
        OSError: it cannot be written.
    """
    everywhere = _read(store)
    everywhere.setdefault(processor(), {})[alike] = units_per_second
    store.mkdir(parents=True, exist_ok=True)
    write_whole(store / _FILE, msgspec.json.format(msgspec.json.encode(everywhere)) + b"\n")


def _read(store: Path) -> dict[str, dict[str, float]]:
    try:
        return msgspec.json.decode((store / _FILE).read_bytes(), type=dict[str, dict[str, float]])
    except (OSError, msgspec.MsgspecError):
        return {}


def _span(values: Sequence[float], times: float = 1.0) -> Span:
    """From a tenth from below to a tenth from above, with the median between."""
    middle = statistics.median(values)
    low, high = middle / 2, middle * 2
    if len(values) >= _FEW:
        tenths = statistics.quantiles(values, n=10, method="inclusive")
        low, high = tenths[0], tenths[-1]
    return Span(times * low, times * middle, times * high)
