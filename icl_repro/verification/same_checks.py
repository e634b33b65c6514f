"""Whether tests state the same checks, and hold them to the same thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from icl_repro.verification.by_seed import JUDGED, names
from icl_repro.verification.evidence import Check, same_bound
from icl_repro.verification.record import Trial
from icl_repro.verification.wording import on_seeds, threshold


def same_threshold(one: Check, other: Check) -> bool:
    """Whether two checks are held to one threshold."""
    alike = (one.direction, one.kind) == (other.direction, other.kind)
    return alike and same_bound(one.low, other.low) and same_bound(one.high, other.high)


def differences_between_seeds(trials: Sequence[Trial]) -> list[str]:
    """A sentence for each check that the trials of a claim do not state alike on every seed.

    On a seed where a check is left out it would count as holding, and thresholds of its own for
    each seed could follow the values.
    """
    rows: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.outcome in JUDGED:
            rows.setdefault(trial.row, []).append(trial)
    return [
        f"{f'row {row}: ' if row else ''}{difference}; a claim states the same checks, with the "
        "same thresholds, on every seed"
        for row, of_row in rows.items()
        for difference in _differences(of_row)
    ]


def _differences(trials: Sequence[Trial]) -> Iterator[str]:
    for name in dict.fromkeys(name for trial in trials for name in names(trial)):
        stated = [
            (trial, check)
            for trial in trials
            for check in trial.evidence.checks
            if check.name == name
        ]
        without = [trial.seed for trial in trials if name not in names(trial)]
        if without:
            yield f"the check {name!r} is not stated{on_seeds(without)}"
        first = stated[0][1]
        others = [(trial, check) for trial, check in stated if not same_threshold(first, check)]
        if others:
            where = on_seeds([trial.seed for trial, _ in others])
            yield (
                f"the check {name!r} has another threshold{where}: {threshold(others[0][1])}, not "
                f"{threshold(first)}"
            )
