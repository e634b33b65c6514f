"""The recorder behind the ``evidence`` fixture: the only way for a claim to state a threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, SupportsFloat, cast, overload

import msgspec

from icl_repro.nearest import nearest
from icl_repro.statistics.intervals import Interval, Limits, cut, mean
from icl_repro.verification.diagram import Diagram
from icl_repro.verification.evidence import (
    Check,
    Condition,
    Direction,
    EvidenceRecord,
    Kind,
    Quantity,
    lies_within,
)
from icl_repro.verification.pictures import Bars, Figure, Heatmap, Panel, Table, Wiring
from icl_repro.verification.plain_data import (
    MisusedEvidence,
    is_text,
    plain,
    require_name,
    shown,
)
from icl_repro.verification.reported import Reported
from icl_repro.verification.stated_numbers import (
    bounds_of,
    ends_of,
    limits_of,
    mean_of,
    number_of,
    values_by_seed,
)
from icl_repro.verification.wording import unmet_sentence

__all__ = ["Evidence", "KeepCurve", "LookUp", "MisusedEvidence"]

KeepCurve = Callable[[str, Any, Any], None]
"""Takes the name, x and y of a curve that is to be compared with its snapshot."""


LookUp = Callable[[str], Reported | None]
"""Takes the id of a published value and returns it, or ``None`` if it knows none of that id.

It may raise a :class:`LookupError` instead, whose message names the nearest id.
"""


def _ignore(said: str) -> None:
    """What is done with a sentence that nobody asked for."""


class Evidence:
    """Gathers what one test measures.

    A check that fails raises nothing, so that all the evidence is there when the test is judged,
    after its body.
    """

    def __init__(self, keep_curve: KeepCurve | None = None, look_up: LookUp | None = None) -> None:
        self._checks: list[Check] = []
        self._quantities: list[Quantity] = []
        self._figures: list[Figure] = []
        self._tables: list[Table] = []
        self._curves: set[str] = set()
        self._undecided = ""
        self._conditions: list[Condition] = []
        self._closed = ""
        self._on_late: Callable[[str], None] = _ignore
        self._by_itself = ""
        self._keep_curve = keep_curve
        self._look_up = look_up

    @property
    def evidence(self) -> EvidenceRecord:
        """All that was recorded so far."""
        return EvidenceRecord(
            list(self._checks),
            list(self._quantities),
            list(self._figures),
            list(self._tables),
            self._undecided,
            list(self._conditions),
        )

    @property
    def by_itself(self) -> str:
        """Why the test says that it can tell neither way, where it says so without a condition."""
        return self._by_itself

    def close(self, why: str, on_late: Callable[[str], None] = _ignore) -> None:
        """Take nothing more, as the test is judged: what came later would count for nothing.

        `on_late` hears of whatever comes, also where the error is caught.
        """
        self._closed, self._on_late = why, on_late

    def check(
        self,
        name: str,
        value: SupportsFloat | Mapping[int, SupportsFloat],
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        between: tuple[float, float] | None = None,
        unit: str = "",
        published: Reported | str | None = None,
        interval: Interval | None = None,
        note: str = "",
        limits: Limits = (None, None),
    ) -> bool:
        """Hold a measurement against a threshold.

        Args:
            name: what is measured, in words; unique within the test.
            value: the measurement. One that is not finite never holds. A claim that is judged over
                all seeds at once gives one by seed: their mean is held against the threshold, and
                from five seeds on the verdict comes from a test of that mean.
            at_least: the value holds when it is this or more.
            at_most: the value holds when it is this or less.
            between: the value holds when it lies between the two, ends included. Exactly one of
                `at_least`, `at_most` and `between` has to be given.
            unit: the unit of the value and of the threshold.
            published: the paper's value for the same quantity, or its id.
            interval: an interval around the measurement; by default, around a mean over seeds, that
                of Student's t.
            note: a remark for the reader.
            limits: the least and the greatest value that the quantity can have, such as 0 and 1 for
                a share; ``None`` for an end where it has none. Intervals are cut there.

        Returns:
            Whether the check holds.

        Raises:
            MisusedEvidence: no threshold or several, one that is not a finite number, a name that
                is empty or was used before, a value that is not a number or lies beyond its limits,
                an id of no published value, or anything that a record cannot carry.
        """
        direction, low, high = bounds_of(name, at_least, at_most, between)
        return self._check(
            name, value, direction, low, high, unit, published, interval, note, limits, "threshold"
        )

    def equivalent(
        self,
        name: str,
        value: SupportsFloat | Mapping[int, SupportsFloat],
        *,
        margin: tuple[float, float],
        unit: str = "",
        published: Reported | str | None = None,
        interval: Interval | None = None,
        note: str = "",
        limits: Limits = (None, None),
    ) -> bool:
        """Hold a difference, or a ratio, against the margin within which it counts as none.

        On one seed it holds when it lies within the margin, ends included. Over five seeds or more
        the claim is supported only if two one-sided tests show that the mean does, too.

        Args:
            name: what is measured, in words; unique within the test.
            value: the measurement, or those by seed, as for :meth:`check`.
            margin: the ends of the margin, the lower one first.
            unit: the unit of the value and of the margin.
            published: the paper's value for the same quantity, or its id.
            interval: an interval around the measurement.
            note: a remark for the reader.
            limits: as for :meth:`check`.

        Returns:
            Whether the check holds.

        Raises:
            MisusedEvidence: as for :meth:`check`, or a margin without width.
        """
        low, high = ends_of(name, "margin", margin)
        if low == high:
            raise MisusedEvidence(f"check {name!r}: margin={margin} has no width")
        return self._check(
            name,
            value,
            "between",
            low,
            high,
            unit,
            published,
            interval,
            note,
            limits,
            "equivalence",
        )

    def quantity(
        self,
        name: str,
        value: SupportsFloat,
        *,
        unit: str = "",
        published: Reported | str | None = None,
        interval: Interval | None = None,
        note: str = "",
    ) -> None:
        """Record a measurement that nothing depends on, for the reader of the report.

        Raises:
            MisusedEvidence: a name that is empty or was used before, a value that is not a number,
                an id of no published value, or anything that a record cannot carry.
        """
        measured = number_of(name, value)
        self._require_new(name)
        paper = self._published(name, published)
        quantity = Quantity(name, measured, unit, paper, interval, note)
        self._quantities.append(plain(quantity))

    @overload
    def figure(self, figure: Figure, /) -> None: ...

    @overload
    def figure(
        self,
        figure: str,
        /,
        *,
        caption: str,
        source: str,
        panels: Sequence[Panel | Heatmap | Wiring | Bars | Diagram],
    ) -> None: ...

    def figure(
        self,
        figure: Figure | str,
        /,
        *,
        caption: str = "",
        source: str = "",
        panels: Sequence[Panel | Heatmap | Wiring | Bars | Diagram] = (),
    ) -> None:
        """Record a figure: a whole one, or its name with `caption`, `source` and `panels`.

        Raises:
            MisusedEvidence: the name is empty, a figure of that name was recorded before, it has no
                panel, or it holds something that a record cannot carry.
        """
        if not isinstance(figure, Figure):
            require_name("figure", figure)
            figure = Figure(figure, caption, source, list(panels))
        elif caption or source or panels:
            raise MisusedEvidence(
                f"figure {figure.name!r} is given whole; leave out caption, source and panels"
            )
        self._require_open("figure", figure.name)
        require_name("figure", figure.name)
        if not figure.panels:
            raise MisusedEvidence(f"figure {figure.name!r} has no panel")
        if any(known.name == figure.name for known in self._figures):
            raise MisusedEvidence(f"there is already a figure named {figure.name!r}")
        self._figures.append(plain(figure))

    def table(self, table: Table) -> None:
        """Record a table drawn like one of the paper, with the paper's numbers in its cells.

        Raises:
            MisusedEvidence: the name is empty, a table of that name was recorded before, or it
                holds something that a record cannot carry.
        """
        # Claims need not be checked by types.
        if not isinstance(table, Table):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise MisusedEvidence(f"table takes a Table, not {shown(table)}")
        self._require_open("table", table.name)
        require_name("table", table.name)
        if any(known.name == table.name for known in self._tables):
            raise MisusedEvidence(f"there is already a table named {table.name!r}")
        self._tables.append(plain(table))

    def inconclusive(
        self,
        reason: str,
        *,
        unless: str = "",
        value: SupportsFloat | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        between: tuple[float, float] | None = None,
        unit: str = "",
    ) -> None:
        """Say that what is stated from here on can tell neither way, always or on a condition.

        A condition is a measurement with the bound within which it decides, for the ledger to hold
        as it holds thresholds. It is stated on every seed, whether or not it is met::

            evidence.inconclusive("nothing to close", unless="delay", value=0.2, at_least=0.1)

        The seed then counts against either verdict: as one on which the claim does not hold when it
        might be supported, as one on which it holds when it might be refuted. Checks that were
        stated before are not taken back: if one of them fails, the test does.

        Args:
            reason: why, in words; the checks that follow are kept for the reader.
            unless: what is measured to decide, in words; unique within the test. Without, the test
                decides by itself, and says so only where it can tell neither way: an error where a
                ledger holds the thresholds, as nothing holds this one.
            value: the measurement. One that is not a number decides nothing; an infinite one may.
            at_least: what follows can be judged where the value is this or more.
            at_most: where it is this or less.
            between: where it lies between the two, ends included. With `unless`, exactly one of
                `at_least`, `at_most` and `between` has to be given.
            unit: the unit of the value and of the bound.

        Raises:
            MisusedEvidence: no reason, a second one, a value or bound without `unless`, or what
                :meth:`check` refuses of a name, a value and a threshold.
        """
        if not is_text(reason):
            raise MisusedEvidence(f"inconclusive needs a reason, in words, not {shown(reason)}")
        if unless != "":
            condition = self._condition(
                unless, value, bounds_of(unless, at_least, at_most, between), unit
            )
            if not (condition.met or self._undecided):
                self._undecided = f"{reason}: {unmet_sentence(condition)}"
            return
        if any(given is not None for given in (value, at_least, at_most, between)):
            raise MisusedEvidence(
                "inconclusive has a value or a bound, but does not say what is measured: unless"
            )
        self._require_open("reason", reason)
        if self._undecided:
            raise MisusedEvidence(f"it is inconclusive already: {self._undecided}")
        self._undecided = self._by_itself = reason

    def curve_snapshot(self, name: str, x: Any, y: Any) -> None:
        """Compare a curve with the one stored beside the claims, or store it.

        Args:
            name: what the curve shows; unique within the test.
            x: where it was measured, increasing, such as steps taken.
            y: what was measured there.

        Raises:
            MisusedEvidence: the name is empty, or a curve of that name was recorded before.
        """
        self._require_open("curve", name)
        require_name("curve", name)
        if name in self._curves:
            raise MisusedEvidence(f"there is already a curve named {name!r}")
        self._curves.add(name)
        if self._keep_curve is not None:
            self._keep_curve(name, x, y)

    def unstated(self, names: Sequence[str]) -> list[str]:
        """A sentence for each of `names` that no check has."""
        stated = [check.name for check in self._checks]
        return [
            f"no check is named {name!r}; {nearest(name, stated)}"
            for name in names
            if name not in stated
        ]

    def _check(
        self,
        name: str,
        value: SupportsFloat | Mapping[int, SupportsFloat],
        direction: Direction,
        low: float | None,
        high: float | None,
        unit: str,
        published: Reported | str | None,
        interval: Interval | None,
        note: str,
        limits: Limits,
        kind: Kind,
    ) -> bool:
        over_seeds = values_by_seed(name, value) if isinstance(value, Mapping) else {}
        measured = mean_of(over_seeds) if over_seeds else number_of(name, value)
        finite = [each for each in over_seeds.values() if each is not None]
        limits = limits_of(name, limits, finite if over_seeds else [measured])
        if interval is None and len(finite) == len(over_seeds) > 1:
            interval = cut(mean(finite).interval, limits)
        self._require_new(name)
        paper = self._published(name, published)
        holds = measured is not None and lies_within(measured, low, high)
        check = Check(
            name=name,
            value=measured,
            direction=direction,
            low=low,
            high=high,
            holds=holds,
            unit=unit,
            published=paper,
            interval=interval,
            note=note,
            kind=kind,
            over_seeds=over_seeds,
            undecided=bool(self._undecided),
            limits=limits,
        )
        self._checks.append(plain(check))
        return holds

    def _condition(
        self,
        name: str,
        value: SupportsFloat | None,
        bounds: tuple[Direction, float | None, float | None],
        unit: str,
    ) -> Condition:
        direction, low, high = bounds
        self._require_new(name)
        measured = number_of(name, cast(SupportsFloat, value))
        as_is = math.nan if value is None else float(value)
        met = lies_within(as_is, low, high)
        condition = Condition(name, measured, direction, low, high, met, unit)
        self._conditions.append(plain(condition))
        return condition

    def _published(self, name: str, published: Reported | str | None) -> Reported | None:
        """The published value that `name` is to be set beside."""
        if published is None or isinstance(published, Reported):
            return published
        if not is_text(published):
            raise MisusedEvidence(
                f"{name!r}: published must be the id of a published value or a Reported, not "
                f"{shown(published)}"
            )
        if self._look_up is None:
            raise MisusedEvidence(
                f"{name!r}: nothing says what the published value {published!r} is"
            )
        try:
            found = self._look_up(published)
        except LookupError as error:
            raise MisusedEvidence(f"{name!r}: {error}") from error
        if found is None:
            raise MisusedEvidence(f"{name!r}: there is no published value {published!r}")
        return msgspec.structs.replace(found, id=published)

    def _require_open(self, of: str, name: str) -> None:
        if self._closed:
            said = (
                f"the {of} {shown(name)} comes too late: {self._closed}; all that counts is stated "
                "in the body of the test"
            )
            self._on_late(said)
            raise MisusedEvidence(said)

    def _require_new(self, name: str) -> None:
        self._require_open("check or quantity", name)
        require_name("check or quantity", name)
        taken = {known.name for known in (*self._checks, *self._quantities, *self._conditions)}
        if name in taken:
            raise MisusedEvidence(f"there is already a check or a quantity named {name!r}")
