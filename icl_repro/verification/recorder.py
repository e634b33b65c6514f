"""The recorder behind the ``evidence`` fixture: the only way for a claim to state a threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat, TypeVar, overload

import msgspec

from icl_repro.nearest import nearest
from icl_repro.statistics.intervals import Interval
from icl_repro.verification.diagram import Diagram
from icl_repro.verification.evidence import Check, Direction, EvidenceRecord, Quantity
from icl_repro.verification.pictures import Bars, Figure, Heatmap, Panel, Table, Wiring
from icl_repro.verification.reported import Reported

_Recorded = TypeVar("_Recorded", Check, Quantity, Figure, Table)

KeepCurve = Callable[[str, Any, Any], None]
"""Takes the name, x and y of a curve that is to be compared with its snapshot."""


LookUp = Callable[[str], Reported | None]
"""Takes the id of a published value and returns it, or ``None`` if it knows none of that id.

It may raise a :class:`LookupError` instead, whose message names the nearest id.
"""


class MisusedEvidence(ValueError):
    """A call on the recorder that states no usable evidence."""


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
        )

    def check(
        self,
        name: str,
        value: SupportsFloat,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        between: tuple[float, float] | None = None,
        unit: str = "",
        published: Reported | str | None = None,
        interval: Interval | None = None,
        note: str = "",
    ) -> bool:
        """Hold a measurement against a threshold.

        Args:
            name: what is measured, in words; unique within the test.
            value: the measurement. One that is not finite never holds.
            at_least: the value holds when it is this or more.
            at_most: the value holds when it is this or less.
            between: the value holds when it lies between the two, ends included. Exactly one of
                `at_least`, `at_most` and `between` has to be given.
            unit: the unit of the value and of the threshold.
            published: the paper's value for the same quantity.
            interval: an interval around the measurement.
            note: a remark for the reader.

        Returns:
            Whether the check holds.

        Raises:
            MisusedEvidence: no threshold or several, a threshold that is not finite, a name that
                was used before, or a value that is not a number.
        """
        direction, low, high = _direction(name, at_least, at_most, between)
        measured = _number(name, value)
        self._require_new(name)
        holds = (
            measured is not None
            and (low is None or measured >= low)
            and (high is None or measured <= high)
        )
        check = Check(name, measured, direction, low, high, holds, unit, published, interval, note)
        self._checks.append(_plain(check))
        return holds

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
            MisusedEvidence: a name that was used before, or a value that is not a number.
        """
        measured = _number(name, value)
        self._require_new(name)
        quantity = Quantity(name, measured, unit, published, interval, note)
        self._quantities.append(_plain(quantity))

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
            MisusedEvidence: a figure of that name was recorded before, it has no panel, or it
                holds something that its fields do not allow.
        """
        if isinstance(figure, str):
            figure = Figure(figure, caption, source, list(panels))
        elif caption or source or panels:
            raise MisusedEvidence(
                f"figure {figure.name!r} is given whole; leave out caption, source and panels"
            )
        if not figure.panels:
            raise MisusedEvidence(f"figure {figure.name!r} has no panel")
        if any(known.name == figure.name for known in self._figures):
            raise MisusedEvidence(f"there is already a figure named {figure.name!r}")
        self._figures.append(_plain(figure))

    def table(self, table: Table) -> None:
        """Record a table drawn like one of the paper, with the paper's numbers in its cells.

        Raises:
            MisusedEvidence: a table of that name was recorded before, or it holds something that
                its fields do not allow.
        """
        if any(known.name == table.name for known in self._tables):
            raise MisusedEvidence(f"there is already a table named {table.name!r}")
        self._tables.append(_plain(table))

    def inconclusive(self, reason: str) -> None:
        """Say that what was measured can tell neither way: the seed counts for nothing.

        Args:
            reason: why, in words; the checks are kept for the reader.

        Raises:
            MisusedEvidence: no reason, or a second one.
        """
        if not reason.strip():
            raise MisusedEvidence("inconclusive needs a reason, in words")
        if self._undecided:
            raise MisusedEvidence(f"it is inconclusive already: {self._undecided}")
        self._undecided = reason

    def curve_snapshot(self, name: str, x: Any, y: Any) -> None:
        """Compare a curve with the one stored beside the claims, or store it.

        Args:
            name: what the curve shows; unique within the test.
            x: where it was measured, increasing, such as sequences seen.
            y: what was measured there.

        Raises:
            MisusedEvidence: a curve of that name was recorded before.
        """
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

    def _require_new(self, name: str) -> None:
        taken = {check.name for check in self._checks} | {known.name for known in self._quantities}
        if name in taken:
            raise MisusedEvidence(f"there is already a check or a quantity named {name!r}")


def _direction(
    name: str,
    at_least: float | None,
    at_most: float | None,
    between: tuple[float, float] | None,
) -> tuple[Direction, float | None, float | None]:
    given = [threshold for threshold in (at_least, at_most, between) if threshold is not None]
    if len(given) != 1:
        raise MisusedEvidence(
            f"check {name!r} needs exactly one of at_least, at_most and between, "
            f"but got {len(given)}"
        )
    if between is not None:
        low, high = (_threshold(name, end) for end in between)
        if low > high:
            raise MisusedEvidence(f"check {name!r}: between={between} ends before it starts")
        return "between", low, high
    if at_least is not None:
        return "at_least", _threshold(name, at_least), None
    assert at_most is not None
    return "at_most", None, _threshold(name, at_most)


def _threshold(name: str, value: float) -> float:
    threshold = float(value)
    if not math.isfinite(threshold):
        raise MisusedEvidence(f"check {name!r}: the threshold {threshold} is not finite")
    return threshold


def _number(name: str, value: SupportsFloat) -> float | None:
    try:
        measured = float(value)
    except (TypeError, ValueError) as error:
        raise MisusedEvidence(f"{name!r} must be one number, but is {value!r}") from error
    return measured if math.isfinite(measured) else None


def _plain(recorded: _Recorded) -> _Recorded:
    """`recorded` with NumPy's numbers and arrays as plain ones, and every type checked.

    Otherwise a wrong one would only come to light when the record is written, far from the claim.
    """
    kind = type(recorded)
    try:
        return msgspec.convert(msgspec.to_builtins(recorded, enc_hook=_of_numpy), kind)
    except (TypeError, NotImplementedError, msgspec.ValidationError) as error:
        raise MisusedEvidence(
            f"{kind.__name__.lower()} {recorded.name!r} cannot be recorded: {error}"
        ) from error


def _of_numpy(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is neither a number, text nor a list of it")
