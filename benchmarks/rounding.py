"""How far trainings of one seed differ, by rounding or by the processor: measured from records.

A neighbour of a run begins with every weight moved to the next number of 32 bits, as far as two
processors are apart after a few steps. Judge the claims on the runs and on a few neighbours, on
other processors if there are any, and pack the records into ``reports/spread``:

    pytest claims/ -n auto --icl-neighbour 1 --icl-report own
    gzip -c own/verification.json > reports/spread/neighbour-1.json.gz

Then compare them, with those that are there, and write what the ledger holds its edges against:

    python benchmarks/rounding.py --write claims/spread.json reports/*.json* reports/spread/*

It takes any number of records, of any seeds, packed with gzip or not. For each check it compares
the values of every two of them on the same seed, and says of each record what it could not compare.
One training that gives one value again says nothing. Between records of two commits, the claims may
have changed: there a check is compared only if the ledger says the same of its threshold in both,
and its networks are the same. Checks are listed by how far their values lie from the nearest bound
in units of the largest difference; a finding about one marked EDGE may say so (``edge = true``).
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from icl_repro.numbers import count, number
from icl_repro.verification.evidence import Check
from icl_repro.verification.record import ThresholdEntry, Trial, VerificationRecord, read_record
from icl_repro.verification.spreads import REACH, Source, Spread, write

_NEIGHBOUR = re.compile(r",? ?neighbour[= ](\d+)(?: by rounding)?")
"""As runs are described, and as older records describe them."""

ALONE = "in no other record of these seeds"
CHANGED = "of another commit, with another threshold or other networks"
SAME = "of a training that is there already, with the same value"
INFINITE = "finite in one record and not in the other"


class Place(NamedTuple):
    """Where a check is stated: in a claim or one of its controls, on a seed or on several."""

    claim: str
    case: str
    check: str
    seeds: tuple[int, ...]


class Value(NamedTuple):
    """What one record says of a check.

    `history` is what its ledger said of the threshold, `networks` are those that were read, in
    words, `neighbour` is which of their neighbours was trained.
    """

    source: int
    check: Check
    history: tuple[ThresholdEntry, ...]
    networks: frozenset[str]
    neighbour: int


class Found(NamedTuple):
    """A spread, and how near the values lie to a bound, in units of it."""

    spread: Spread
    away: float
    values: list[float]


def source_of(record: VerificationRecord) -> Source:
    """Which record it is, in the file of spreads."""
    numbers = [int(found) for run in record.runs.values() for found in _NEIGHBOUR.findall(run)]
    environment = record.environment
    return Source(
        machine=environment.processor,
        neighbour=max(numbers, default=0),
        date=record.started,
        commit=None if environment.uncommitted_changes else environment.commit,
        seeds=list(record.profile.seeds),
    )


def values_of(record: VerificationRecord, source: int) -> Iterator[tuple[Place, Value]]:
    """Every check of a record that was measured."""
    for claim in record.claims:
        histories = {check.name: tuple(check.thresholds) for check in claim.checks}
        cases = {"": claim.trials} | {control.id: control.trials for control in claim.controls}
        for case, trials in cases.items():
            for trial in trials:
                networks, neighbour = _networks(record, trial)
                seeds = tuple(trial.seeds) if trial.seed is None else (trial.seed,)
                for check in trial.evidence.checks if trial.outcome != "error" else ():
                    history = histories.get(check.name, ())
                    place = Place(claim.id, case, check.name, seeds)
                    yield place, Value(source, check, history, networks, neighbour)


def compare(
    records: Sequence[VerificationRecord],
) -> tuple[list[Source], list[Found], list[Counter[str]]]:
    """The spread of each check, and of each record how many of its values could not be compared,
    by why.
    """
    sources = [source_of(record) for record in records]
    by_place: dict[Place, list[Value]] = defaultdict(list)
    for at, record in enumerate(records):
        for place, value in values_of(record, at):
            by_place[place].append(value)
    pairs: dict[tuple[str, str, str], list[tuple[Value, Value]]] = defaultdict(list)
    left_out: list[Counter[str]] = [Counter() for _ in records]
    for place, values in by_place.items():
        reasons: dict[int, str] = {value.source: ALONE for value in values}
        compared: set[int] = set()
        for one, other in combinations(values, 2):
            why = _why_not(one, other, sources)
            if why:
                reasons |= {one.source: why, other.source: why}
                continue
            compared |= {one.source, other.source}
            pairs[place[:3]].append((one, other))
        for source, why in reasons.items():
            left_out[source][why] += source not in compared
    return sources, [_found(*place, found) for place, found in pairs.items()], left_out


def _networks(record: VerificationRecord, trial: Trial) -> tuple[frozenset[str], int]:
    """The networks that a trial read, whichever neighbour they are, and which that is."""
    runs = [record.runs.get(key, key) for key in trial.runs]
    numbers = [int(found) for run in runs for found in _NEIGHBOUR.findall(run)]
    return frozenset(_NEIGHBOUR.sub("", run) for run in runs), max(numbers, default=0)


def _why_not(one: Value, other: Value, sources: Sequence[Source]) -> str:
    """Why two values cannot be compared, or an empty text."""
    first, second = sources[one.source], sources[other.source]
    if first.commit is None or first.commit != second.commit:
        same_history = one.history and one.history == other.history
        if not same_history or one.networks != other.networks:
            return CHANGED
    if (one.check.value is None) != (other.check.value is None):
        return INFINITE
    same_training = (first.machine, one.neighbour) == (second.machine, other.neighbour)
    return SAME if same_training and one.check.value == other.check.value else ""


def _found(claim: str, case: str, check: str, pairs: Sequence[tuple[Value, Value]]) -> Found:
    values = {id(value): value for pair in pairs for value in pair}.values()
    finite = [value.check.value for value in values if value.check.value is not None]
    differences = [
        abs(one.check.value - other.check.value)
        for one, other in pairs
        if one.check.value is not None and other.check.value is not None
    ]
    largest = max(differences, default=0.0)
    spread = Spread(
        claim=claim,
        case=case,
        check=check,
        largest=largest,
        pairs=len(pairs),
        sources=sorted({value.source for value in values}),
    )
    room = min((_room(value.check) for value in values), default=math.inf)
    away = room / largest if largest else 0.0 if room == 0 else math.inf
    return Found(spread, away, sorted(finite))


def _room(check: Check) -> float:
    """How far a value lies from the nearest bound of its check, on either side."""
    ends = [end for end in (check.low, check.high) if end is not None]
    value = math.inf if check.value is None else check.value
    return min(abs(value - end) for end in ends)


def _told(path: Path, total: int, left_out: Counter[str]) -> str:
    reasons = "; ".join(f"{amount:,} {why}" for why, amount in left_out.most_common() if amount)
    compared = total - left_out.total()
    return f"{path}: {compared:,} of {count(total, 'value')} compared" + (
        f"; {reasons}" if reasons else ""
    )


def main() -> None:
    """Print a line for each check, those nearest to their bounds first, and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("records", nargs="+", type=Path, help="records, packed with gzip or not")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where to write the spreads")
    given = parser.parse_args()
    records = [read_record(path) for path in given.records]
    for path, record in zip(given.records, records, strict=True):
        if not record.profile.meaningful:
            parser.error(f"{path} is of the {record.profile.name} profile, which cuts runs short")
        if record.basis.label != records[0].basis.label:
            parser.error(f"{path} is of runs on another basis than {given.records[0]}")
    sources, found, left_out = compare(records)
    for one in sorted(found, key=lambda one: one.away):
        spread = one.spread
        place = f"{spread.claim}{f', control {spread.case}' if spread.case else ''}: {spread.check}"
        shown = ", ".join(map(number, [one.values[0], one.values[-1]] if one.values else []))
        on_edge = spread.largest and one.away <= REACH
        print(
            f"{'EDGE' if on_edge else '    '} {number(one.away, 2):>8} x "
            f"{number(spread.largest)} ({count(spread.pairs, 'pair')}): {place}: {shown}"
        )
    for path, record, left in zip(given.records, records, left_out, strict=True):
        total = len(list(values_of(record, 0)))
        print(_told(path, total, left))
    if given.write:
        spreads = sorted((one.spread for one in found), key=lambda one: (one.claim, one.check))
        write(given.write, sources, spreads)


if __name__ == "__main__":
    main()
