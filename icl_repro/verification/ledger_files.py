"""Reading the files of a ledger: TOML, held against what it may say."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

import msgspec

from icl_repro.nearest import nearest
from icl_repro.numbers import count, number, percent
from icl_repro.verification.record import KnownFailure, Retired, ThresholdEntry
from icl_repro.verification.spreads import REACH, SLACK, Spreads
from icl_repro.verification.toml_files import converted, tables_of
from icl_repro.verification.wording import bounds

Origin = Literal["stated in the paper", "read off a figure with slack", "ours"]

_TABLES = ("thresholds", "findings", "retired")
_SEEDS = re.compile(r"-|\d+(,\d+)*")
_Read = TypeVar("_Read", bound=msgspec.Struct)


class UnusableLedger(ValueError):
    """A ledger that cannot be read; the message is one sentence with file and key."""


@dataclass(frozen=True)
class Threshold:
    """What the ledger says of one check.

    Attributes:
        history: its bounds over time, newest last, at least one. An entry may repeat the bounds of
            the one before it, where a rule of the check or a control of it was changed.
        published: the published value that the check is set beside: its id, or itself, rounded.
        published_fails: why the published value itself does not hold, where it does not.
        condition: that it is none of a check, but a bound from which on checks can be judged.
        no_control: why no control fails the check, by the seeds on which none does, as they are
            written of known failures.
    """

    history: tuple[ThresholdEntry, ...]
    published: str | float | None = None
    published_fails: str = ""
    condition: bool = False
    no_control: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Contents:
    """All that the files of a ledger say."""

    thresholds: dict[tuple[str, str], Threshold] = field(
        default_factory=dict[tuple[str, str], Threshold]
    )
    findings: list[KnownFailure] = field(default_factory=list[KnownFailure])
    retired: list[Retired] = field(default_factory=list[Retired])


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    origin: Origin
    date: datetime.date
    seen: bool
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    margin: tuple[float, float] | None = None
    reason: str = ""
    commit: str = ""


class _Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    history: list[_Entry]
    published: str | float | None = None
    published_fails: str = ""
    condition: bool = False
    no_control: dict[str, str] = {}
    each: list[str] | None = None


class _Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: str
    check: str
    values: dict[str, float]
    within: float
    date: datetime.date
    why: str
    evidence: str
    case: str = ""
    basis: str = ""
    edge: bool = False


class _Retired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: str
    date: datetime.date
    seen: bool
    why: str
    check: str = ""
    case: str = ""
    commit: str = ""
    history: list[_Entry] = []


def read(path: Path, spreads: Spreads) -> Contents:
    """Read a TOML file, or all of a folder.

    Args:
        path: the file or folder.
        spreads: against which it is held what is said to lie on the edge of its threshold.

    Raises:
        UnusableLedger: a file that is missing, is not TOML or holds something else.
    """
    if not path.exists():
        raise UnusableLedger(f"there is no ledger at {path}: neither a folder nor a file")
    contents = Contents()
    places: list[str] = []
    for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
        tables = _tables(file)
        for claim, checks in _named(tables.get("thresholds", {}), f"{file}: thresholds"):
            for name, said in _named(checks, f'{file}: thresholds."{claim}"'):
                place = f'{file}: thresholds."{claim}"."{name}"'
                threshold, names = _thresholds(name, said, place)
                for one in names:
                    if (claim, one) in contents.thresholds:
                        raise UnusableLedger(
                            f"{place} is in another file of the ledger too"
                            if one == name
                            else f"{place}: {one!r} has a threshold of its own too"
                        )
                    contents.thresholds[claim, one] = threshold
        for place, said in _listed(tables, "findings", file, "finding"):
            known = _finding(said, place)
            _require_new(known, contents.findings, place)
            contents.findings.append(known)
            places.append(place)
        for place, said in _listed(tables, "retired", file, "retired"):
            contents.retired.append(_retired(said, place))
    for at, (place, known) in enumerate(zip(places, contents.findings, strict=True)):
        threshold = contents.thresholds.get((known.claim, known.check))
        if threshold is not None:
            if threshold.condition:
                raise UnusableLedger(f"{place}: {known.check!r} is a condition, and no check")
            _require_fitting(known, threshold.history[-1], place)
        if known.edge and threshold is not None:
            contents.findings[at] = _on_edge(known, threshold.history[-1], spreads, place)
        elif not known.edge:
            _require_narrow(known, threshold, spreads, place)
    for one in contents.retired:
        if (one.claim, one.check) in contents.thresholds:
            raise UnusableLedger(
                f"{path}: {one.check!r} of {one.claim} is retired and has a threshold too"
            )
    return contents


def _tables(file: Path) -> dict[str, Any]:
    tables = tables_of(file, UnusableLedger)
    for key in tables:
        if key not in _TABLES:
            raise UnusableLedger(f"{file}: there is no table {key!r}; {nearest(key, _TABLES)}")
    return tables


def _named(table: object, place: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(table, dict):
        raise UnusableLedger(f"{place} must be a table, not {table!r}")
    return cast("dict[str, Any]", table).items()


def _listed(
    tables: dict[str, Any], table: str, file: Path, one: str
) -> Iterator[tuple[str, object]]:
    """Each of the tables of one name, with where it stands."""
    found = tables.get(table, [])
    if not isinstance(found, list):
        raise UnusableLedger(f"{file}: {table} must be tables headed [[{table}]]")
    for at, said in enumerate(cast("list[object]", found), start=1):
        yield f"{file}: {one} {at}", said


PLACE = "{}"
"""What stands in the name of a threshold of several checks for that in which they differ."""


def _thresholds(name: str, said: object, place: str) -> tuple[Threshold, list[str]]:
    """A threshold, and the checks that it is of: one, or one for each thing that it lists."""
    read_ = _convert(said, _Threshold, place)
    if (read_.each is not None) != (PLACE in name):
        raise UnusableLedger(
            f"{place}: a threshold of several checks has {PLACE} in its name for what each lists, "
            "and one of a single check has neither"
        )
    if read_.each is None:
        return _threshold(read_, place), [name]
    if not read_.each or len(set(read_.each)) < len(read_.each):
        raise UnusableLedger(f"{place}: each must list something, and nothing twice")
    return _threshold(read_, place), [name.replace(PLACE, one) for one in read_.each]


def _threshold(read_: _Threshold, place: str) -> Threshold:
    if not read_.history:
        raise UnusableLedger(f"{place}: history must have an entry: what the threshold is")
    if isinstance(read_.published, float) and not math.isfinite(read_.published):
        raise UnusableLedger(f"{place}: published must be finite")
    published = None if read_.published == "" else read_.published
    if read_.condition and (published is not None or read_.published_fails):
        raise UnusableLedger(f"{place} is a condition, beside which no published value is set")
    if read_.condition and read_.no_control:
        raise UnusableLedger(f"{place} is a condition, which no control has to fail")
    for key, why in read_.no_control.items():
        _require_seeds(key, f"{place}: no_control")
        if not why.strip():
            raise UnusableLedger(f"{place}: no_control: {key!r} must say why no control fails it")
    return Threshold(
        _history(read_.history, place),
        published,
        read_.published_fails,
        read_.condition,
        {_seeds(key): why for key, why in read_.no_control.items()},
    )


def _history(entries: list[_Entry], place: str) -> tuple[ThresholdEntry, ...]:
    for at, entry in enumerate(entries):
        here = f"{place}: history[{at}]"
        stated = [(entry.at_least,), (entry.at_most,), entry.between or (), entry.margin or ()]
        given = [ends for each in stated if (ends := [end for end in each if end is not None])]
        if len(given) != 1:
            raise UnusableLedger(
                f"{here} needs exactly one of at_least, at_most, between and margin"
            )
        if not all(map(math.isfinite, given[0])):
            raise UnusableLedger(f"{here}: the threshold must be finite")
        if at and not entry.reason.strip():
            raise UnusableLedger(f"{here} changes the threshold and must say why: reason")
        if at and entry.date < entries[at - 1].date:
            raise UnusableLedger(f"{here} is older than the entry before it; the newest comes last")

    def plain(entry: _Entry) -> dict[str, Any]:
        return {**msgspec.structs.asdict(entry), "date": entry.date.isoformat()}

    return tuple(ThresholdEntry(**plain(entry)) for entry in entries)


def _retired(said: object, place: str) -> Retired:
    read_ = _convert(said, _Retired, place)
    for name in ("claim", "why"):
        if not getattr(read_, name).strip():
            raise UnusableLedger(f"{place}: {name} must say something")
    if bool(read_.check) == bool(read_.case):
        raise UnusableLedger(f"{place} must name a check, or a control (case), and not both")
    if bool(read_.check) != bool(read_.history):
        raise UnusableLedger(f"{place}: a check has a history: what its threshold was; no control")
    return Retired(
        claim=read_.claim,
        date=read_.date.isoformat(),
        seen=read_.seen,
        why=read_.why,
        check=read_.check,
        case=read_.case,
        commit=read_.commit,
        thresholds=list(_history(read_.history, place)),
    )


def _finding(said: object, place: str) -> KnownFailure:
    read_ = _convert(said, _Finding, place)
    for name in ("claim", "check", "why", "evidence"):
        if not getattr(read_, name).strip():
            raise UnusableLedger(f"{place}: {name} must say something")
    if not read_.values:
        raise UnusableLedger(f"{place}: values must name a seed, or '-' for a claim without seeds")
    for key in read_.values:
        _require_seeds(key, f"{place}: values")
    if not (math.isfinite(read_.within) and read_.within >= 0):
        raise UnusableLedger(f"{place}: within must be 0 or more, not {read_.within}")
    values = {
        _seeds(key): value if math.isfinite(value) else None for key, value in read_.values.items()
    }
    fields: dict[str, Any] = msgspec.structs.asdict(read_)
    fields |= {"values": values, "date": read_.date.isoformat()}
    return KnownFailure(**fields)


def _require_seeds(key: str, place: str) -> None:
    if not _SEEDS.fullmatch(key):
        raise UnusableLedger(
            f"{place}: {key!r} is no seed; write a seed (5), the seeds of a claim over all at once "
            "('5,6,7') or '-' for any or none"
        )


def _seeds(key: str) -> str:
    """The key of the seeds of a trial that the ledger writes so."""
    return "" if key == "-" else key


def _require_new(known: KnownFailure, others: Iterable[KnownFailure], place: str) -> None:
    for other in others:
        if _what(other) == _what(known) and (both := other.values.keys() & known.values.keys()):
            raise UnusableLedger(
                f"{place} is about the same as one before it: {known.claim}, {known.check!r}, "
                f"{min(both) or '-'}"
            )


def _what(known: KnownFailure) -> tuple[str, ...]:
    """What it is that is known to fail."""
    return known.basis, known.claim, known.case, known.check


def _require_fitting(known: KnownFailure, newest: ThresholdEntry, place: str) -> None:
    """Require that known values fail the newest threshold (of a control: hold), and whatever counts
    as the same too. Those that are said to lie on its edge may lie on either side of it, but near.
    """
    direction, low, high = newest.bounds
    asked = bounds(direction, low, high, newest.kind)
    lower, upper = -math.inf if low is None else low, math.inf if high is None else high
    on_edge: list[str] = []
    for key, value in known.values.items():
        if value is None:
            continue
        said = _known_value(key, value)
        if not (known.edge or known.case) and lower <= value <= upper:
            raise UnusableLedger(f"{place}: {said} is no failure: the check asks for {asked}")
        if known.case and not known.edge and not lower <= value <= upper:
            raise UnusableLedger(
                f"{place}: {said} does fail, as it must in a control: the check asks for {asked}"
            )
        least, most = value - known.within, value + known.within
        holds_all, holds_some = lower <= least and most <= upper, lower <= most and least <= upper
        if holds_some and not holds_all:
            on_edge.append(said)
    if on_edge and not known.edge:
        raise UnusableLedger(
            f"{place}: within {number(known.within)} of {on_edge[0]} lies the threshold, {asked}; "
            "make within smaller, or say edge = true if trainings differ as much"
        )
    if known.edge and len(on_edge) < len(known.values):
        raise UnusableLedger(
            f"{place}: edge = true says that the threshold, {asked}, lies within "
            f"{number(known.within)} of each known value, but it does not"
        )


def _require_narrow(
    known: KnownFailure, threshold: Threshold | None, spreads: Spreads, place: str
) -> None:
    """Require that what counts as the known value is no wider than trainings of one seed differ.

    Raises:
        UnusableLedger: for one of the values, `within` is more than `REACH` times the measured
            spread, more than `SLACK` of the value or of its nearest bound, and, of a whole number,
            more than one half.
    """
    spread = spreads.of(known.claim, known.case, known.check)
    measured = 0.0 if spread is None else REACH * spread.largest
    for key, value in known.values.items():
        if value is None:
            continue
        bound = 0.0 if threshold is None else _nearest_bound(value, threshold.history[-1])
        share = SLACK * max(abs(value), abs(bound))
        widest = max(measured, share, 0.5 if value.is_integer() else 0.0)
        if known.within > widest and not math.isclose(known.within, widest):
            raise UnusableLedger(
                f"{place}: within {number(known.within)} is wider than {_known_value(key, value)} "
                f"may differ, {number(widest)}: {number(REACH)} times what trainings were measured "
                f"to, {percent(SLACK)} of it or of its bound, or 0.5 of a whole number"
            )


def _on_edge(
    known: KnownFailure, newest: ThresholdEntry, spreads: Spreads, place: str
) -> KnownFailure:
    """What lies on the edge of a threshold, with the spread that puts it there.

    Raises:
        UnusableLedger: no spread was measured, or the value lies farther from the threshold, or may
            lie farther from the known one, than `REACH` times as much.
    """
    spread = spreads.of(known.claim, known.case, known.check)
    if spread is None:
        raise UnusableLedger(
            f"{place}: edge = true says that trainings of one seed differ by more than the value "
            f"of {known.check!r} lies from its threshold, but how far they differ in it was not "
            "measured (icl_spread); measure it, or say what holds without edge"
        )
    if not spread.largest:
        raise UnusableLedger(
            f"{place}: edge = true, but in {known.check!r} trainings of one seed do not differ "
            f"({count(spread.pairs, 'pair')} compared); it is a known failure, or none, without "
            "edge"
        )
    differ = (
        f"{number(REACH)} times {number(spread.largest)}, the largest difference between trainings "
        f"of one seed ({count(spread.pairs, 'pair')} compared)"
    )
    distances: list[tuple[float, float]] = []
    for key, value in known.values.items():
        assert value is not None, "a value that is not finite lies on no edge"
        bound = _nearest_bound(value, newest)
        away = abs(value - bound)
        distances.append((away, bound))
        if away > REACH * spread.largest:
            raise UnusableLedger(
                f"{place}: edge = true, but {_known_value(key, value)} lies {number(away)} from "
                f"its bound, {number(bound)}, farther than {differ}; it is a known failure, or "
                "none, without edge"
            )
    if known.within > REACH * spread.largest:
        raise UnusableLedger(
            f"{place}: within {number(known.within)} is wider than {differ}; make it smaller"
        )
    return msgspec.structs.replace(
        known, bound=min(distances)[1], spread=spread.largest, pairs=spread.pairs
    )


def _known_value(key: str, value: float) -> str:
    """A value of a known failure in words, with the seed that it is of."""
    return f"the known value {number(value)}" + (f" on seed {key}" if key else "")


def _nearest_bound(value: float, newest: ThresholdEntry) -> float:
    ends = [end for end in newest.bounds[1:] if end is not None]
    return min(ends, key=lambda end: abs(value - end))


def _convert(said: object, kind: type[_Read], place: str) -> _Read:
    return converted(said, kind, place, UnusableLedger, get_args(Origin), {"history": _Entry})
