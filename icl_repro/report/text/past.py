"""What the report says of the sessions before this one: how verdicts went, and which steps."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from icl_repro.numbers import count, sparkline
from icl_repro.report.text import verdicts, words
from icl_repro.verification.past import Past, Trend, step_sentence

_WIDTH = 24
"""How many of the newest values a trend is drawn for."""

_SESSIONS = 10
"""How many of the newest sessions are listed."""


class StepView(msgspec.Struct, frozen=True):
    """A step in a sentence, and its tone."""

    sentence: str
    tone: str


class TrendView(msgspec.Struct, frozen=True):
    """A trend that has steps: its claim (empty for the speed), what it is of, and its picture."""

    claim: str
    name: str
    picture: str
    steps: list[StepView]


class SessionView(msgspec.Struct, frozen=True):
    """One session: when it began, its commit, and how many claims had each verdict."""

    started: str
    commit: str
    verdicts: list[tuple[verdicts.VerdictWords, str, int]]


def past_note(past: Past | None) -> str:
    """With how many sessions this one is compared, and what was found; empty without any."""
    if past is None or len(past.sessions) < 2:
        return ""
    found = [step for trend in past.trends for step in trend.steps]
    worse = sum(step.worse is True for step in found)
    steps = count(len(found), "step") if found else "no step"
    worse_told = f", {worse} of them to worse" if found else ""
    before = count(len(past.sessions) - 1, "session")
    seen = count(past.looked_at, "quantity", "quantities")
    left_out = f" {words.as_full_sentence(past.left_out)}" if past.left_out else ""
    return (
        f"Beside {before} before it with the same seeds, profile and basis: {steps} in {seen}"
        f"{worse_told}.{left_out}"
    )


def new_steps(past: Past | None) -> list[str]:
    """The steps in this very session, a sentence each."""
    if past is None:
        return []
    newest = len(past.sessions) - 1
    return [
        f"{_whose(trend)}: {step_sentence(trend, step)}"
        for trend in past.trends
        for step in trend.steps
        if trend.sessions[step.at] == newest
    ]


def trend_views(past: Past | None) -> list[TrendView]:
    """The trends that have steps."""
    return [
        TrendView(
            trend.claim,
            _named(trend),
            # Verdicts go from 0 to 2 whichever there were, so that a bar always means the same.
            sparkline([0.0, 2.0, *trend.values[-_WIDTH:]])[2:]
            if trend.verdicts
            else sparkline(trend.values[-_WIDTH:]),
            [
                StepView(
                    words.as_full_sentence(step_sentence(trend, step)),
                    {True: "bad", False: "good", None: "none"}[step.worse],
                )
                for step in trend.steps
            ],
        )
        for trend in (past.trends if past else [])
    ]


def session_views(past: Past | None) -> list[SessionView]:
    """The newest sessions, the last of them this one."""
    return [
        SessionView(words.moment(one.started), one.commit or "", list(_tally(one.verdicts)))
        for one in (past.sessions[-_SESSIONS:] if past else [])
    ]


def _tally(counts: dict[str, int]) -> Iterator[tuple[verdicts.VerdictWords, str, int]]:
    for verdict, said in verdicts.VERDICTS.items():
        if counts.get(verdict):
            yield said, verdict, counts[verdict]


def _whose(trend: Trend) -> str:
    return f"{trend.claim}: {_named(trend)}" if trend.claim else _named(trend)


def _named(trend: Trend) -> str:
    unit = words.shown_unit(trend.unit, trend.name)
    return f"{trend.name} ({unit})" if unit else trend.name
