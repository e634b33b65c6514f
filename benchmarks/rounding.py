"""How far trainings differ by rounding alone: the same claims judged on neighbours.

A neighbour of a run begins with every weight moved to the next number of 32 bits, as far as two
processors are apart after a few steps. Judge the claims on the runs and on a few neighbours,

    pytest claims/ -n auto --icl-report own
    pytest claims/ -n auto --icl-neighbour 1 --icl-report one

and compare the records:

    python benchmarks/rounding.py own/verification.json one/verification.json

For each check and seed: its values, their standard deviation, and how many of those lie between
the mean and the nearest bound. Checks within :data:`EDGE` of them are on their edge: a finding
about them has to say so (``edge = true`` in the ledger).
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icl_repro.numbers import number
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import VerificationRecord, read_record

EDGE = 2.0
"""How many standard deviations of rounding from its bound a check is on its edge."""


class Place(NamedTuple):
    """Where a check is stated."""

    claim: str
    check: str
    seed: int | None


def checks_of(record: VerificationRecord) -> dict[Place, Check]:
    """All checks of the claims of a record."""
    return {
        Place(claim.id, check.name, trial.seed): check
        for claim in record.claims
        for trial in claim.trials
        for check in trial.evidence.checks
    }


def distance(values: Iterable[float], check: Check) -> tuple[float, float]:
    """The standard deviation of the values, and the distance of their mean to the nearest bound in
    units of it.
    """
    measured = np.array([*values])
    spread = float(measured.std(ddof=1)) if measured.size > 1 else math.nan
    bounds = [bound for bound in (check.low, check.high) if bound is not None]
    nearest = min(abs(float(measured.mean()) - bound) for bound in bounds)
    return spread, nearest / spread if spread else math.inf


def main() -> None:
    """Print a line for each check, those nearest to their bounds first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("records", nargs="+", type=Path, help="records of the same seeds")
    values: dict[Place, list[float]] = defaultdict(list)
    checks: dict[Place, Check] = {}
    for path in parser.parse_args().records:
        for place, check in checks_of(read_record(path)).items():
            checks[place] = check
            if check.value is not None:
                values[place].append(check.value)
    lines = []
    for place, measured in values.items():
        spread, away = distance(measured, checks[place])
        lines.append((away, spread, place, measured))
    for away, spread, place, measured in sorted(lines, key=lambda line: line[0]):
        shown = ", ".join(number(value) for value in measured)
        mark = "EDGE" if away < EDGE else "    "
        print(
            f"{mark} {away:8.1f} spreads of {number(spread)} from the bound: {place.claim}, "
            f"{place.check}, seed {place.seed}: {shown}"
        )


if __name__ == "__main__":
    main()
