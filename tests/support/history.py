"""Sessions of a history, made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icl_repro.history.line import Line, Measured

BEGAN = datetime(2026, 11, 1, 6, tzinfo=UTC)


def measured(mean: float | None, claim: str = "a.one", check: str = "length", **fields) -> Measured:
    """A check that has to be at least 8, measured on two seeds if not said otherwise; no count."""
    by_seed = {"5": mean and mean - 0.5**3, "6": mean and mean + 0.5**3}
    given = {"by_seed": by_seed, "direction": "at_least", "low": 8.0} | fields
    return Measured(claim=claim, check=check, mean=mean, **given)


def session(number: int, value: float | None = 9.0, padding: int = 0, **fields) -> Line:
    """The session of the day of that number, at a commit of that number."""
    given = {
        "started": (BEGAN + timedelta(days=number)).isoformat(timespec="seconds"),
        "duration": float(number),
        "commit": f"{number:04d}" * 10,
        "dirty": False,
        "profile": "standard",
        "seeds": [5],
        "basis": ["usual"],
        "processor": "P",
        "cores": 2,
        "workers": 2,
        "versions": {"python": "3.11", "pad": "x" * padding},
        "trained": 0,
        "seconds": 0.0,
        "unit": "steps",
        "outcomes": {"passed": 1},
        "verdicts": {"a.one": "consistent"},
        "values": [measured(value)],
    } | fields
    return Line(**given)
