"""The failures of a record as known failures for the ledger, of the kind of its runs.

    python -m benchmarks.known_failures RECORD --why 'not explained yet' \
        > claims/ledger/LABEL.toml

prints an entry for each check that failed, and for each control that did not fail a check that it
must, with values by seed and the bound; those that were expected are left out. `basis` is the label
of what the runs were made from, so that they are expected of that kind alone. **What it prints is a
draft**: an entry has to say why, which nobody but its author knows. `within` is 1 % of the smallest
value, or less where the bound is nearer. Where nothing fails it prints nothing.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from icl_repro.verification.evidence import Check
from icl_repro.verification.record import Trial, VerificationRecord, read_record
from icl_repro.verification.wording import bounds

SLACK = 0.01
"""The share of a value within which it is the known one."""
TO_BOUND = 0.9
"""At most so much of the distance to the bound."""


class Failed(NamedTuple):
    """A check of a claim, or of one of its controls (`case`), with what it was by seed."""

    claim: str
    case: str
    name: str


def failures(record: VerificationRecord) -> dict[Failed, dict[str, Check]]:
    """What failed and was not expected to, by the key of the seeds as the ledger writes it.

    A check that a test states on several rows has the value of the first one that failed.
    """
    known = {
        (Failed(one.claim, one.case, one.check), seeds)
        for one in (finding.known for finding in record.findings)
        for seeds in one.values
    }
    found: dict[Failed, dict[str, Check]] = {}
    for claim in record.claims:
        for trial in claim.trials:
            for check in _stated(trial):
                if not check.holds:
                    _note(found, Failed(claim.id, "", check.name), trial, check)
        for control in claim.controls:
            for trial in control.trials:
                for check in _stated(trial):
                    if check.holds and (not control.only or check.name in control.only):
                        _note(found, Failed(claim.id, control.id, check.name), trial, check)
    left = {
        failed: {
            seeds: check
            for seeds, check in by_seed.items()
            if not known & {(failed, seeds), (failed, "")}
        }
        for failed, by_seed in found.items()
    }
    return {failed: by_seed for failed, by_seed in left.items() if by_seed}


def entries(record: VerificationRecord, why: str) -> Iterator[str]:
    """The lines of a file of the ledger."""
    label, day = record.basis.label, record.started.partition("T")[0]
    commit = record.environment.commit or "unknown"
    for at, (failed, by_seed) in enumerate(failures(record).items()):
        first = next(iter(by_seed.values()))
        known = {seed: check.value for seed, check in by_seed.items()}
        asked = bounds(first.direction, first.low, first.high, first.kind)
        yield from ([""] if at else [])
        yield "[[findings]]"
        yield f"claim = {_text(failed.claim)}"
        yield from ([f"case = {_text(failed.case)}"] if failed.case else [])
        yield f"check = {_text(failed.name)}"
        yield from ([f"basis = {_text(label)}"] if label else [])
        shown = ", ".join(f"{_key(seed)} = {_number(value)}" for seed, value in known.items())
        yield f"values = {{ {shown} }}"
        yield f"within = {_within(by_seed)!r}"
        yield f"date = {day}"
        yield f"why = {_text(why)}"
        measured = f"commit {commit[:7]}: must be {asked}{_everywhere(record, failed)}"
        yield f"evidence = {_text(measured)}"


def _stated(trial: Trial) -> list[Check]:
    """Of a test that failed, the checks that were decided."""
    decided = [check for check in trial.evidence.checks if not check.undecided]
    return decided if trial.outcome == "failed" else []


def _note(
    found: dict[Failed, dict[str, Check]], failed: Failed, trial: Trial, check: Check
) -> None:
    at_once = ",".join(map(str, sorted(trial.seeds)))
    key = at_once if trial.seed is None else str(trial.seed)
    found.setdefault(failed, {}).setdefault(key, check)


def _everywhere(record: VerificationRecord, failed: Failed) -> str:
    """What the check was on every seed, of the claim itself."""
    measured = [
        f"{value:.4g} on seed {seed}" if seed else f"{value:.4g}"
        for claim in record.claims
        if claim.id == failed.claim and not failed.case
        for check in claim.checks
        if check.name == failed.name
        for seed, value in check.values.items()
        if value is not None
    ]
    return f"; measured {', '.join(measured)}" if measured else ""


def _within(by_seed: dict[str, Check]) -> float:
    limits = [math.inf]
    for check in by_seed.values():
        if check.value is not None:
            ends = [end for end in (check.low, check.high) if end is not None]
            limits += [TO_BOUND * abs(check.value - end) for end in ends]
            limits += [SLACK * abs(one) for one in (check.value, *ends) if one][:1]
    least = min(limits)
    return SLACK if math.isinf(least) else _cut(least)


def _cut(value: float) -> float:
    """Two significant digits, never more than it was."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.floor(value / unit + 1e-9) * unit:.2g}")


def _number(value: float | None) -> str:
    return "nan" if value is None else repr(float(f"{value:.6g}"))


def _key(seeds: str) -> str:
    return _text(seeds) if "," in seeds else seeds or '"-"'


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Print the entries of the record that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="the verification.json of a session")
    parser.add_argument("--why", required=True, help="what each entry says of the reason")
    options = parser.parse_args()
    try:
        record = read_record(options.record)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    for line in entries(record, options.why):
        print(line)


if __name__ == "__main__":
    main()
