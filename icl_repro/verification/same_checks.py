"""Whether tests state the same checks and conditions, and hold them to the same bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from icl_repro.verification.by_seed import stated_all
from icl_repro.verification.evidence import Check, Condition, same_bound
from icl_repro.verification.record import Trial
from icl_repro.verification.wording import on_seeds, threshold


def same_threshold(one: Check | Condition, other: Check | Condition) -> bool:
    """Whether two checks, or two conditions, are held to one bound."""
    alike = (one.direction, _kind(one)) == (other.direction, _kind(other))
    return alike and same_bound(one.low, other.low) and same_bound(one.high, other.high)


def _kind(stated: Check | Condition) -> str:
    return stated.kind if isinstance(stated, Check) else "condition"


def differences_between_seeds(trials: Sequence[Trial]) -> list[str]:
    """A sentence for each check or condition that a claim does not state alike on every seed.

    On a seed where a check is left out it would count as holding, and where a condition is left out
    as met. Bounds of its own for each seed could follow the values.
    """
    rows: dict[str, list[Trial]] = {}
    for trial in trials:
        if stated_all(trial):
            rows.setdefault(trial.row, []).append(trial)
    return [
        f"{f'row {row}: ' if row else ''}{difference}"
        for row, of_row in rows.items()
        for difference in _differences(of_row)
    ]


def _differences(trials: Sequence[Trial]) -> Iterator[str]:
    checks = {trial.seed: trial.evidence.checks for trial in trials}
    yield from _unlike("check", "threshold", checks)
    conditions = {trial.seed: trial.evidence.conditions for trial in trials}
    yield from _unlike("condition", "bound", conditions)


def _unlike(
    what: str, bound: str, by_seed: Mapping[int | None, Sequence[Check | Condition]]
) -> Iterator[str]:
    """What is not stated on every seed, and what has another bound on some."""
    alike = f"; a claim states the same {what}s, with the same {bound}s, on every seed"
    stated: dict[str, dict[int | None, Check | Condition]] = {}
    for seed, of_seed in by_seed.items():
        for each in of_seed:
            stated.setdefault(each.name, {})[seed] = each
    for name, on in stated.items():
        without = [seed for seed in by_seed if seed not in on]
        if without:
            yield f"the {what} {name!r} is not stated{on_seeds(without)}{alike}"
        first = next(iter(on.values()))
        others = {seed: each for seed, each in on.items() if not same_threshold(first, each)}
        if others:
            yield (
                f"the {what} {name!r} has another {bound}{on_seeds(list(others))}: "
                f"{threshold(next(iter(others.values())))}, not {threshold(first)}{alike}"
            )
