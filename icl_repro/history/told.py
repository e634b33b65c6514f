"""Trends as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from icl_repro.history.line import Line
from icl_repro.history.trends import Compared, conditions
from icl_repro.numbers import apart, count, sparkline
from icl_repro.verification.past import Trend, step_sentence

_WIDTH = 24
"""How many of the newest sessions a trend is drawn for."""


@dataclass(frozen=True)
class Told:
    """A line of text; `worse` where it tells of a change for the worse, `name` where it is one."""

    text: str
    worse: bool = False
    name: bool = False


def head(chosen: Compared) -> list[str]:
    """Which sessions are compared, and which were left out."""
    newest = chosen.lines[-1]
    on = next((line for line in reversed(chosen.lines) if line.basis), newest)
    span = _when(newest) if len(chosen.lines) == 1 else f"{_when(chosen.lines[0])} to "
    span += _when(newest) if len(chosen.lines) > 1 else ""
    lines = [f"{count(len(chosen.lines), 'session')} of {conditions(on)}: {span}"]
    return [*lines, chosen.sentence] if chosen.sentence else lines


def lines(found: Sequence[Trend]) -> Iterator[Told]:
    """Trends by claim: a line each with its last value and what changed since the session before,
    and one for each step.
    """
    for claim, group in groupby(found, key=lambda trend: trend.claim):
        yield Told(claim or "all claims", name=True)
        for trend in group:
            yield Told(f"  {drawn(trend):<{_WIDTH}}  {_last(trend)}  {_named(trend)}".rstrip())
            for step in trend.steps:
                yield Told(f"  {'':{_WIDTH}}  step: {step_sentence(trend, step)}", bool(step.worse))


def tail(found: Sequence[Trend], shown: Sequence[Trend]) -> str:
    """How many quantities there are, and in how many of them steps."""
    with_steps = [trend for trend in found if trend.steps]
    steps = sum(len(trend.steps) for trend in with_steps)
    worse = sum(step.worse is True for trend in with_steps for step in trend.steps)
    text = f"{count(len(found), 'quantity', 'quantities')}, of which {len(shown)} shown; "
    return text + f"{count(steps, 'step')} in {len(with_steps)} of them, {worse} to worse"


def drawn(trend: Trend) -> str:
    """The newest values as a line of small bars; a verdict is as high as it is for the claim."""
    values = trend.values
    if trend.verdicts:  # both ends of the scale, so that a bar means the same in each
        return sparkline([0.0, 2.0, *values[-_WIDTH:]])[2:]
    return sparkline(values[-_WIDTH:])


def _last(trend: Trend) -> str:
    if trend.verdicts:
        return trend.verdicts[-1]
    last = trend.values[-1]
    before = trend.values[-2] if len(trend.values) > 1 else None
    if len(trend.values) < 2:
        since = "first"
    elif last == before:
        since = "unchanged"
    elif last is None or before is None:
        since = f"{apart(before, [last])} before"
    else:
        since = f"{'+' if last > before else ''}{apart(last - before, [0.0])}"
    return f"{apart(last, [before])} ({since})"


def _named(trend: Trend) -> str:
    row = f" [{trend.row}]" if trend.row and trend.row not in trend.check else ""
    unit = f", {trend.unit}" if trend.unit else ""
    seeds = (
        f", mean of seeds {', '.join(trend.seeds)}, which alone are finite" if trend.seeds else ""
    )
    return f"{trend.name}{row}{unit}{seeds}"


def _when(line: Line) -> str:
    commit = line.commit_shown
    day = line.started[:16].replace("T", " ")
    return f"{day} ({commit})" if commit else day
