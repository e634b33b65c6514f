"""A short timing where the store tells nothing, kept in the store for the kind of processor."""

from __future__ import annotations

from collections.abc import Callable

from icl_repro.planning.suite import Suite
from icl_repro.planning.times import Times, keep_timing, kept_timings, to_time

SECONDS = 3.0
"""How long a timing trains; compiling comes on top."""


def times_of(
    suite: Suite, *, take: bool = True, tell: Callable[[str], None] = lambda said: None
) -> Times:
    """How long the runs of a suite take: by those that the store has and by timings it has kept,
    or else by one that is taken now.

    Args:
        suite: what is declared, and how to time it.
        take: whether a timing may be taken.
        tell: hears in a sentence that one is taken, or that it failed.
    """
    timings = kept_timings(suite.store)
    times = Times(suite.times, timings)
    run = to_time((run for run in suite.runs.values() if not run.stored), times)
    if run is None or suite.timing is None or not take:
        return times
    tell(f"timing a run for {SECONDS:g} seconds: {run.about}")
    try:
        rate = suite.timing(run.key, SECONDS)
        keep_timing(suite.store, run.alike, rate)
    except Exception as error:
        # A plan without it is worth more than none.
        tell(f"the timing failed: {type(error).__name__}: {error}")
        return times
    return Times(suite.times, timings | {run.alike: rate})
